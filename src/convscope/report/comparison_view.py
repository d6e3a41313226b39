"""Comparisons for the terminal: costs side by side, runs paired on the same images."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import duration, plain_percent, thousands
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.experiments.comparing import ArchitectureComparison, Pair, RunComparison

__all__ = ["ArchitectureComparisonView", "RunComparisonView", "chance"]

_ORANGE = "#D55E00"
_WIDEST = 100
_LONGEST = 24
"""Characters of a name in a table."""


@dataclass(frozen=True)
class ArchitectureComparisonView(View):
    """A row an architecture, then the layers in which each differs from the first."""

    comparison: ArchitectureComparison

    def lines(self, width: int, say: Say) -> list[Line]:
        comparison = self.comparison
        first, names = comparison.explanations[0], _short(comparison.names)
        head = ["", "parameters", "×", "multiply-adds", "×", "bytes in use", "in training"]
        rows = [
            [
                name,
                thousands(found.parameters.value),
                _times(found.parameters.value, first.parameters.value),
                thousands(found.multiply_adds.value),
                _times(found.multiply_adds.value, first.multiply_adds.value),
                thousands(found.memory_inference.value),
                thousands(found.memory_training.value),
            ]
            for name, found in zip(names, comparison.explanations, strict=True)
        ]
        lines = table_lines([head, *rows], say)
        for name, text in zip(names, comparison.names, strict=True):
            if name != text:
                lines += labelled(name, say(text), min(width, _WIDEST), len(name) + 2)
        for name, differences in zip(names[1:], comparison.differences[1:], strict=True):
            lines += [[], [(say(f"{name} beside {names[0]}"), "bold")]]
            for line in differences:
                lines += _difference(line, min(width, _WIDEST), say)
            lines += [] if differences else [[("  the same", "dim")]]
        note = "× is how many times the first one's. Memory is of one image's activations, float32."
        return [*lines, [], *labelled("", say(note), min(width, _WIDEST), 0)]


@dataclass(frozen=True)
class RunComparisonView(View):
    """A row a run, then every other one paired with the first, class by class."""

    comparison: RunComparison

    def lines(self, width: int, say: Say) -> list[Line]:
        comparison = self.comparison
        head = ["", "right %", "95 %", "trained in", "epochs", "seed"]
        rows = [
            [
                run.name,
                plain_percent(found.accuracy, 2),
                " to ".join(plain_percent(bound, 2) for bound in found.interval),
                duration(float(run.results["seconds"])),
                f"{run.epochs:g}",
                str(run.seed),
            ]
            for run, found in zip(comparison.runs, comparison.evaluations, strict=True)
        ]
        lines = table_lines([head, *rows], say)
        for pair in comparison.pairs:
            lines += [[], *self._pair(pair, min(width, _WIDEST), say)]
        text = (
            f"on the same {thousands(comparison.count)} test images of {comparison.data}, in "
            "float32; points are percentage points, with their 95 % interval; p is McNemar's, "
            "exact: how likely so uneven a split is if both are as good"
        )
        return [*lines, [], *labelled("measured", say(text), min(width, _WIDEST), 10)]

    def _pair(self, pair: Pair, width: int, say: Say) -> list[Line]:
        first, found = self.comparison.runs[0].name, pair.disagreement
        lines: list[Line] = [[(say(f"{first} − {pair.run}"), "bold")]]
        told = (
            f"{_points(found.difference)} points ({_points(found.low)} to {_points(found.high)}, "
            f"95 %); {found.only_first:,} images only {first} has right, {found.only_second:,} "
            f"only {pair.run}; p = {chance(found.p)}"
        )
        lines += labelled("accuracy", say(told), width, 10)
        lines += labelled("differ in", say("; ".join(pair.differences) or "nothing"), width, 10)
        head = ["class", f"{first} %", f"{pair.run} %", "points", "95 %", "p"]
        rows = [
            [
                each.name,
                plain_percent(each.first),
                plain_percent(each.second),
                _points(each.disagreement.difference, 1),
                f"{_points(each.disagreement.low, 1)} to {_points(each.disagreement.high, 1)}",
                chance(each.disagreement.p),
            ]
            for each in pair.classes
        ]
        return [*lines, *table_lines([head, *rows], say)]


def _short(names: Sequence[str]) -> list[str]:
    """Numbers in the place of names that would fill the line, such as notations."""
    return [
        name if len(name) <= _LONGEST else f"no. {number}" for number, name in enumerate(names, 1)
    ]


def _times(value: int, first: int) -> str:
    if not first:
        return "–"
    times = value / first
    return f"{times:,.0f}" if times >= 1000 else f"{times:.2f}"


def chance(value: float) -> str:
    """0.031; 6.0e−08: every p with as many digits as the others of its size."""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1e}".replace("-", "−")


def _points(share: float, digits: int = 2) -> str:
    """A difference of shares in percentage points, with its sign."""
    return f"{100 * share:+.{digits}f}".replace("-", "−")


def _difference(line: str, width: int, say: Say) -> list[Line]:
    """A line that is in one of the two, wrapped behind its sign."""
    style = _ORANGE if line.startswith("+") else "dim"
    wrapped = textwrap.wrap(
        say(line), max(width, 24), initial_indent="  ", subsequent_indent="    ",
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
    return [[(each, style)] for each in wrapped]
