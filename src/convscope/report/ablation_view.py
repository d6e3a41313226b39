"""An Ablation for the terminal: the channels ranked, and what each class loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import aligned, percent, plain_percent, thousands
from convscope.report.view import Say, View, labelled

if TYPE_CHECKING:
    from convscope.inspection.changes.ablation import Ablation
    from convscope.inspection.changes.effects import Effect

__all__ = ["AblationView", "ablation_title", "points", "right_word"]

_WIDEST = 100
_GAP = "  "
_HOW = {"zero": "set to zero", "mean": "set to its mean over the images"}


def points(share: float, digits: int = 1) -> str:
    """−0.017 → −1.7, in percentage points"""
    text = f"{100 * share:+.{digits}f}".replace("-", "−")
    return "0" if float(f"{100 * share:.{digits}f}") == 0 else text


def right_word(ablation: Ablation) -> str:
    """What the share counts: ``right``, or ``as before`` where the own answers are the measure."""
    return "right" if ablation.against == "labels" else "as before"


def ablation_title(ablation: Ablation) -> str:
    """``relu1: what its channels are good for``"""
    if not ablation.layer:
        return ablation.whole.what if ablation.whole else ""
    if not ablation.effects:
        return f"{ablation.layer}, the whole layer {_HOW[ablation.how]}"
    return f"{ablation.layer}, each channel alone {_HOW[ablation.how]}"


@dataclass(frozen=True)
class AblationView(View):
    """What ``rich.print`` shows of an Ablation; ``rows`` is how many channels at most."""

    ablation: Ablation
    rows: int = 20

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.ablation, min(width, _WIDEST)
        lines: list[Line] = [[(say(ablation_title(found)), "bold")]]
        for label, text in self._head():
            lines += labelled(label, say(text), narrow) if text else []
        if found.effects:
            lines += [[], [(say(self._told()), "bold")], *self._ranking(narrow, say)]
        if found.whole is not None:
            title = f"classes, {found.whole.what}" + (" off" if found.layer else "")
            lines += [[], [(say(title), "bold")], *_classes(found.whole, say)]
        return lines

    def _head(self) -> list[tuple[str, str]]:
        found, word = self.ablation, right_word(self.ablation)
        images = f"{thousands(found.count)} images of {found.images_from}"
        low, high = plain_percent(found.accuracy.low, 2), plain_percent(found.accuracy.high, 2)
        before = f"{percent(found.accuracy.value, 2)} {word} (95 % interval {low} to {high} %)"
        if found.against == "own answers":
            before = "every answer counts as right that the network gave before"
        rows = [
            ("measured", f"{found.subject}, {images}, drawn with seed {found.seed}"),
            ("before", before),
        ]
        if found.whole is not None:
            label = "layer off" if found.layer else "after"
            rows.append((label, f"{percent(found.whole.accuracy, 2)} {word}, {_sum(found.whole)}"))
        rows.append(
            (
                "intervals",
                "95 %, of the paired difference (Newcombe 1998); p is McNemar's, exact; neither is "
                f"corrected for {len(found.effects)} comparisons"
                if len(found.effects) > 1
                else "95 %, of the paired difference (Newcombe 1998); p is McNemar's, exact",
            )
        )
        rows.append(("note", found.note))
        return rows

    def _told(self) -> str:
        count, shown = len(self.ablation.effects), min(self.rows, len(self.ablation.effects))
        first = f"the {shown} of {count} channels that are missed most" if shown < count else ""
        return first or f"{count} channels, the one that is missed most first"

    def _ranking(self, width: int, say: Say) -> list[Line]:
        """The ranked channels; columns that do not fit are left out, the last named first."""
        shown = self.ablation.ranked[: self.rows]
        columns = {
            "channel": [str(each.channel) for each in shown],
            f"{right_word(self.ablation)} %": aligned(
                [plain_percent(each.accuracy, 2) for each in shown]
            ),
            "points": aligned([points(each.difference, 2) for each in shown]),
            "95 % interval": [_bounds(each.interval) for each in shown],
            "lost": [str(each.lost) for each in shown],
            "gained": [str(each.gained) for each in shown],
            "p": [_chance(each.p_value) for each in shown],
            "probability": [f"{each.probability.value:+.3f}".replace("-", "−") for each in shown],
            "class most affected": [_most(each) for each in shown],
        }
        lines = _table(columns, say)
        for name in ("probability", "p", "gained", "lost"):
            if sum(len(text) for text, _ in lines[0]) <= width:
                break
            del columns[name]
            lines = _table(columns, say)
        return lines


def _sum(effect: Effect) -> str:
    changed = f"{points(effect.difference, 2)} points [{_bounds(effect.interval)}]"
    return f"{changed}, {effect.lost} lost, {effect.gained} gained, p {_chance(effect.p_value)}"


def _bounds(interval: tuple[float, float]) -> str:
    return f"{points(interval[0], 2)} to {points(interval[1], 2)}"


def _chance(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _most(effect: Effect) -> str:
    found = effect.most_affected
    return f"{found.name} {points(found.difference)}" if found else "none"


def _classes(effect: Effect, say: Say) -> list[Line]:
    shown = effect.per_class
    columns = {
        "": [each.name for each in shown],
        "before %": aligned([plain_percent(each.before) for each in shown]),
        "after %": aligned([plain_percent(each.after) for each in shown]),
        "points": aligned([points(each.difference) for each in shown]),
        "95 % interval": [_bounds(each.interval) for each in shown],
        "images": [thousands(each.count) for each in shown],
    }
    return _table(columns, say)


def _table(columns: Mapping[str, Sequence[str]], say: Say) -> list[Line]:
    """Columns with their heads; classes stand to the left, all else to the right."""
    cells = [[say(text) for text in (head, *texts)] for head, texts in columns.items()]
    lefts = [head in ("", "class most affected") for head in columns]
    laid = [
        [f"{text:<{width}}" if left else f"{text:>{width}}" for text in column]
        for column, left, width in zip(cells, lefts, map(_widest, cells), strict=True)
    ]
    rows = [_GAP.join(row).rstrip() for row in zip(*laid, strict=True)]
    return [[(row, "" if number else "dim")] for number, row in enumerate(rows)]


def _widest(texts: Sequence[str]) -> int:
    return max(map(len, texts))
