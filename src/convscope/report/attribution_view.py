"""Maps of attribution for the terminal: their labels of trust, and what the checks measured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import aligned, percent
from convscope.report.view import Say, View, labelled, widths_of
from convscope.report.walk_view import prepared

if TYPE_CHECKING:
    from convscope.inspection.attribution.attribution import Attribution, Attributions

__all__ = ["STYLES", "AttributionView", "AttributionsView", "class_words", "style_of"]

_WIDEST = 100

STYLES = {"passed": "#009E73", "failed": "bold #D55E00", "undecided": "dim", "": "dim"}
"""Styles of rich for a label, by its verdict."""


def style_of(attribution: Attribution) -> str:
    """The style of a map's label."""
    return STYLES["" if attribution.trust is None else attribution.trust.verdict]


def class_words(attribution: Attribution) -> str:
    """``Ankle boot, probability 99.8 %, which is the answer``"""
    if not math.isfinite(attribution.probability):
        return f"{attribution.target_name}; the network's scores are not finite, and no answer"
    told = f"{attribution.target_name}, probability {percent(attribution.probability, 1)}"
    if attribution.target == attribution.predicted:
        return f"{told}, which is the network's answer"
    return f"{told}; the network's answer is {attribution.predicted_name}"


@dataclass(frozen=True)
class AttributionView(View):
    """What ``rich.print`` shows of one Attribution."""

    attribution: Attribution

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.attribution, min(width, _WIDEST)
        head = f"{found.title} on {found.image.title}, {found.subject}"
        lines: list[Line] = [[(say(head), "bold")]]
        lines += labelled("class", say(class_words(found)), narrow)
        for label, text in prepared(found.image):
            lines += labelled(label, say(text), narrow)
        lines.append([(f"{'label':<13}", "dim"), (say(found.label), style_of(found))])
        for label, text in _facts(found):
            lines += labelled(label, say(text), narrow)
        return lines


def _facts(found: Attribution) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    if found.explanation:
        facts.append(("no map", f"{_NOTHING[found.state]}: {found.explanation}"))
    elif found.trust is not None:
        facts += [("check", reason) for reason in found.trust.reasons]
    facts.append(("values", found.unit))
    if found.state == "shown":
        rows, columns = divmod(int(found.values.argmax()), found.values.shape[1])
        facts.append(
            (
                "range",
                f"{_number(found.values.min())} to {_number(found.values.max())}, "
                f"the largest at row {rows}, column {columns}",
            )
        )
    if found.settings:
        facts.append(("settings", settings_words(found)))
    if found.note:
        facts.append(("note", found.note))
    return facts


_NOTHING = {
    "zero": "the map is 0 everywhere",
    "flat": "the map is flat",
    "not finite": "the map holds values that are not finite",
}


def settings_words(found: Attribution) -> str:
    """``baseline black, steps 32, sum 9.51, score difference 9.52``"""
    return ", ".join(
        f"{key.replace('_', ' ')} {_number(value) if isinstance(value, float) else value}"
        for key, value in found.settings.items()
    )


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


@dataclass(frozen=True)
class AttributionsView(View):
    """What ``rich.print`` shows of several: a line for each method, and why some fail."""

    attributions: Attributions

    def lines(self, width: int, say: Say) -> list[Line]:
        found, narrow = self.attributions.attributions, min(width, _WIDEST)
        lines: list[Line] = []
        if found:
            lines.append([(say(f"{found[0].subject} on {found[0].image.title}"), "bold")])
            lines += labelled("class", say(class_words(found[0])), narrow)
            for label, text in prepared(found[0].image):
                lines += labelled(label, say(text), narrow)
            lines.append([])
            rows: list[tuple[str, ...]] = [("method", "random ρ", "deletion", "by chance", "label")]
            rows += [_row(each) for each in found]
            columns = [[say(cell) for cell in column] for column in zip(*rows, strict=True)]
            for column in columns[1:-1]:
                column[1:] = aligned(column[1:])
            cells = list(zip(*columns, strict=True))
            widths = widths_of(cells)
            for number, row in enumerate(cells):
                text = "  ".join(
                    cell.rjust(size) if 0 < place < len(row) - 1 else cell.ljust(size)
                    for place, (cell, size) in enumerate(zip(row, widths, strict=True))
                )
                style = "dim" if number == 0 else style_of(found[number - 1])
                lines.append([(text.rstrip(), style)])
            lines.append([])
            lines += self._notes(narrow, say)
        for name, reason in self.attributions.left_out.items():
            lines += labelled("left out", say(f"{name}: {reason}"), narrow)
        return lines

    def _notes(self, width: int, say: Say) -> list[Line]:
        lines: list[Line] = []
        for each in self.attributions.attributions:
            if each.explanation:
                lines += labelled("no map", say(f"{each.title}: {each.explanation}"), width)
            if each.note:
                lines += labelled("note", say(f"{each.title}: {each.note}"), width)
        checked = next((each.trust for each in self.attributions.attributions if each.trust), None)
        if checked and checked.randomisation and checked.deletion:
            for label, text in _EXPLAINED:
                lines += labelled(label, say(text), width)
        return lines


_EXPLAINED = (
    (
        "random ρ",
        "mean rank correlation with the map of the same network as its weights become random, from "
        "the last layer down to all; at most 0.30 passes (Adebayo et al. 2018)",
    ),
    (
        "deletion",
        "mean probability of the class while the most attributed pixels are removed first; it "
        "passes where only 1 random order in 20 is as low",
    ),
)


def _row(found: Attribution) -> tuple[str, ...]:
    correlation = area = chance = "–"
    trust = found.trust
    if trust is not None and trust.randomisation is not None and trust.randomisation.stages:
        correlation = f"{round(trust.randomisation.likeness, 2) + 0.0:+.2f}".replace("-", "−")
    if trust is not None and trust.deletion is not None:
        area, chance = f"{trust.deletion.area:.3f}", f"{trust.deletion.random_area:.3f}"
    return found.title, correlation, area, chance, found.label
