"""Receptive fields for the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import percent
from convscope.report.view import Say, View, labelled, widths_of
from convscope.report.walk_view import prepared

if TYPE_CHECKING:
    from convscope.architecture.pixels import Box
    from convscope.inspection.fields.receptive import ReceptiveField, ReceptiveFields

__all__ = ["FieldView", "FieldsView", "size_words"]

_WIDEST = 100
_ORANGE = "#D55E00"


def size_words(field: ReceptiveField) -> str:
    """``14×14, used 9×8``: the geometric size and the effective one."""
    used = "nothing" if field.effective is None else _box_size(field.effective)
    return f"{geometric_words(field)}, used {used}"


def geometric_words(field: ReceptiveField) -> str:
    """``14×14``, ``everything``, or ``≥ 224×224`` where the image was too small to tell."""
    if field.everything and not field.larger:
        return "everything"
    height, width = field.sides
    sign = "" if height.whole and width.whole else "≥ "
    return f"{sign}{height.size}×{width.size}"


def _box_size(box: Box) -> str:
    return f"{box.height}×{box.width}"


@dataclass(frozen=True)
class FieldsView(View):
    """What ``rich.print`` shows of ReceptiveFields: a line for each layer."""

    fields: ReceptiveFields

    def lines(self, width: int, say: Say) -> list[Line]:
        found = self.fields
        height, across = found.size
        first = found.fields[0]
        head = f"receptive fields of {found.subject}, images {height}×{across}"
        rows: list[tuple[str, ...]] = [
            ("layer", "unit", "geometric", "jump", "effective", "middle", "")
        ]
        rows += [_row(field) for field in found.fields]
        cells = [tuple(say(cell) for cell in row) for row in rows]
        widths = widths_of(cells)
        lines: list[Line] = [[(say(head), "bold")], []]
        for number, row in enumerate(cells):
            text = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
            flagged = number > 0 and found.fields[number - 1].larger
            lines.append([(text.rstrip(), "dim" if number == 0 else _ORANGE if flagged else "")])
        lines.append([])
        for label, text in _explained(first):
            lines += labelled(label, say(text), min(width, _WIDEST))
        for remark in found.remarks:
            lines += labelled("note", say(f"{remark}."), min(width, _WIDEST))
        return lines


def _row(field: ReceptiveField) -> tuple[str, ...]:
    jumps = [("–" if side.jump is None else str(side.jump)) for side in field.sides]
    jump = jumps[0] if jumps[0] == jumps[1] else "×".join(jumps)
    unit = f"{field.at[0]},{field.at[1]}" if field.layer.spatial else "all"
    effective = "–" if field.effective is None else _box_size(field.effective)
    middle = "–" if field.effective is None else percent(field.middle, 0)
    mark = "larger than the image" if field.larger else ""
    return field.layer.name, unit, geometric_words(field), jump, effective, middle, mark


def _explained(field: ReceptiveField) -> list[tuple[str, str]]:
    """What the columns mean, and how they were measured."""
    how = (
        "worked out from kernels, strides and paddings (convscope explain derives it)"
        if field.by_arithmetic
        else "found by trying every row and column of the image"
    )
    return [
        ("geometric", f"rows × columns that a unit can see, padding counted as image; {how}"),
        (
            "effective",
            "rows × columns that hold 95.45 % of the mean absolute gradient over "
            f"{field.count} images of {field.images_from}, drawn with seed {field.seed}",
        ),
        (
            "middle",
            "the gradient's share in the middle half of the field's height and width; "
            "a flat field would have about 25 %",
        ),
    ]


@dataclass(frozen=True)
class FieldView(View):
    """What ``rich.print`` shows of one ReceptiveField."""

    field: ReceptiveField

    def lines(self, width: int, say: Say) -> list[Line]:
        field, narrow = self.field, min(width, _WIDEST)
        channel = "all channels" if field.channel is None else f"channel {field.channel}"
        where = f", row {field.at[0]}, column {field.at[1]}" if field.layer.spatial else ""
        head = f"{field.subject}: receptive field of {field.layer.name}{where} ({channel})"
        lines: list[Line] = [[(say(head), "bold")]]
        for label, text in _facts(field):
            lines += labelled(label, say(text), narrow)
        return lines


def _facts(field: ReceptiveField) -> list[tuple[str, str]]:
    height, width = field.heat.shape
    facts = [("image", f"{field.image.title}, {height}×{width}"), *prepared(field.image)]
    if field.by_arithmetic and not field.everything:
        facts += [("height", field.derivation[0]), ("width", field.derivation[1])]
    facts.append(("geometric", f"{geometric_words(field)}: {_pixels(field)}"))
    if field.effective is None:
        facts.append(
            (
                "effective",
                f"none: the gradient is 0 on all {field.count} images of {field.images_from}",
            )
        )
        return facts
    box = field.effective
    facts += [
        (
            "effective",
            f"{_box_size(box)}: rows {box.top} to {box.bottom - 1}, columns {box.left} to "
            f"{box.right - 1} hold 95.45 % of the gradient each; "
            f"deviation {field.deviation[0]:.1f} rows, {field.deviation[1]:.1f} columns",
        ),
        (
            "gradient",
            f"{percent(field.inside)} of it inside the geometric field, {percent(field.middle)} in "
            f"the middle of that, where a flat field would have {percent(field.middle_area)}",
        ),
        (
            "measured",
            f"mean absolute gradient over {field.count} images of {field.images_from}, "
            f"drawn with seed {field.seed}",
        ),
    ]
    if field.larger:
        facts.append(("note", "the field is larger than the image: see convscope fields"))
    return facts


def _pixels(field: ReceptiveField) -> str:
    """Which real pixels the unit sees."""
    box = field.box
    if box is None:
        return "this unit sees padding alone"
    return (
        f"this unit sees rows {box.top} to {box.bottom - 1}, "
        f"columns {box.left} to {box.right - 1} of the image"
    )
