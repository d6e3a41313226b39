"""What one unit sees of the picture, layer by layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from convscope.architecture.fields import Span
from convscope.inspection.fields.receptive import ReceptiveField
from convscope.report.elements import coarse, drawing, id_of
from convscope.report.html import Child, Html, tag
from convscope.report.lesson.chapter import Chapter, absent, chapter, paragraphs
from convscope.report.lesson.material import LessonMaterial
from convscope.report.lesson.network import PICTURES
from convscope.report.numbers import percent

__all__ = ["fields_chapter"]

_BLOCK = "fields"
_LAYERS = 16
_BYTES = 200_000


def fields_chapter(material: LessonMaterial) -> Chapter | None:
    """Geometric and effective fields on the picture."""
    if material.fields is None:
        return absent("fields", "What a unit sees", "There are no fields.", material)
    windows = [each for each in material.fields.fields if each.box and each.layer.spatial]
    height, width = material.subject.preprocessing.size
    most = max(1, min(_LAYERS, _BYTES // (height * width)))
    shown = [_layer(material, each) for each in _spread(windows, most)]
    remarks = [f"{text[0].upper()}{text[1:]}." for text in material.fields.remarks]
    if not shown:
        return None
    block = {"pictures": id_of(PICTURES), "layers": shown}
    return chapter(
        "fields",
        "What a unit sees",
        paragraphs(
            "A unit of the first convolution sees as much of the picture as its kernel covers. A "
            "unit of a later layer sees what all the units that it reads have seen together: its "
            "receptive field. The box is worked out from kernels, strides and paddings.",
            "Within the box not all pixels count alike. Beside it stands how strongly, on average "
            f"over {windows[0].count} pictures of {windows[0].images_from}, the unit in the middle "
            "depends on each of them: mostly on those in its own middle, for many ways lead there "
            "and few to the edge (Luo et al. 2016).",
        ),
        drawing("field-view", _BLOCK),
        _table(windows),
        paragraphs(*remarks),
        blocks={_BLOCK: block},
    )


def _spread(windows: list[ReceptiveField], most: int) -> list[ReceptiveField]:
    """At most so many, from the first to the last."""
    if len(windows) <= most:
        return windows
    return [windows[int(place)] for place in np.linspace(0, len(windows) - 1, most)]


def _layer(material: LessonMaterial, found: ReceptiveField) -> dict[str, Any]:
    assert found.box is not None
    name = found.layer.name
    peak = float(found.heat.max())
    shown: dict[str, Any] = {
        "name": name,
        "effective": coarse(found.heat / peak) if peak > 0 else None,
        "unit": list(found.at),
    }
    spans = _spans(material, name)
    if spans is not None:
        return {
            **shown,
            "size": list(found.layer.shape[1:]),
            "field": [span.size.value for span in spans],
            "start": [span.start.value for span in spans if span.start],
            "jump": [span.jump.value for span in spans if span.jump],
        }
    # Found by trying: of one unit alone.
    return {
        **shown,
        "only": True,
        "size": [1, 1],
        "field": [found.box.height, found.box.width],
        "start": [found.box.top, found.box.left],
        "jump": [1, 1],
    }


def _spans(material: LessonMaterial, name: str) -> tuple[Span, Span] | None:
    """One rule for all units of a layer, where there is one."""
    if material.explanation is None or not material.fields:
        return None
    cost = material.cost(name)
    by_rule = next(each for each in material.fields.fields if each.layer.name == name)
    if cost is None or not by_rule.by_arithmetic:
        return None
    spans = (cost.field.height, cost.field.width)
    return spans if all(span.jump and span.start for span in spans) else None


def _table(windows: list[ReceptiveField]) -> Html:
    heads = (
        "layer",
        "field",
        "holds 95 % of the gradient",
        "gradient in the middle half",
        "if all counted alike",
    )
    rows = [tag("tr", tag("th", each.layer.name, scope="row"), _cells(each)) for each in windows]
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", text, scope="col") for text in heads])),
        tag("tbody", rows),
        class_="numbers",
    )
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="fields")


def _cells(found: ReceptiveField) -> list[Child]:
    sides = "×".join(str(side.size) for side in found.sides)
    held = "" if found.effective is None else f"{found.effective.height}×{found.effective.width}"
    return [
        tag("td", sides),
        tag("td", held),
        tag("td", percent(found.middle) if np.isfinite(found.middle) else ""),
        tag("td", percent(found.middle_area)),
    ]
