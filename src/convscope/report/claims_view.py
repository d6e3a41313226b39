"""Claims for the terminal: what the article says, what was measured, what follows."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import count_of, duration
from convscope.report.view import Say, View, labelled

if TYPE_CHECKING:
    from convscope.claims.claim import Claim, Outcome

__all__ = ["ClaimsView", "ListedClaims", "OutcomeView", "ShortClaimsView", "conditions_text"]

_STYLES = {
    "holds": "bold #009E73",
    "holds when": "bold #0072B2",
    "not reproduced here": "bold #D55E00",
    "too little data to say": "dim",
}
_WIDEST = 132
_SHARES = (0.28, 0.44, 0.28)
"""Of the width, for the three columns."""
_NARROW = 90
"""Below so many columns the three stand below one another."""
_HEADS = ("the article says", "what we measured", "verdict")


def conditions_text(outcome: Outcome) -> str:
    """``5 seeds, 312 s, fashion-mnist, 2 threads, torch 2.6.0``, as far as it applies."""
    conditions = outcome.conditions
    torch = conditions["versions"].get("torch", "?")
    parts = [
        outcome.sample,
        str(conditions["data"] or ""),
        duration(outcome.seconds),
        count_of(conditions["threads"], "thread"),
        f"torch {torch}",
        "quick" if conditions["quick"] else "",
    ]
    return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class ClaimsView(View):
    """The table, a claim below the other, each with its conditions and its rule."""

    outcomes: Sequence[Outcome]

    def lines(self, width: int, say: Say) -> list[Line]:
        narrow = min(width, _WIDEST)
        lines: list[Line] = []
        for outcome in self.outcomes:
            head: Line = [(say(outcome.title), "bold"), (say(f"  {outcome.name}"), "dim")]
            style = _STYLES[outcome.verdict.word]
            cells = [outcome.says, outcome.measured, str(outcome.verdict)]
            lines += [[]] if lines else []
            lines.append(head)
            if narrow < _NARROW:
                for label, text in zip(("says", "measured", "verdict"), cells, strict=True):
                    lines += labelled(f"  {label}", say(text), narrow, 12)
            else:
                lines += _columns(_HEADS, "dim", narrow, say)
                lines += _columns(cells, style, narrow, say)
            lines += labelled("  under", say(conditions_text(outcome)), narrow, 12)
            lines += labelled("  rule", say(outcome.rule), narrow, 12)
            lines += labelled("  source", say(outcome.source), narrow, 12)
        return lines


@dataclass(frozen=True)
class OutcomeView(View):
    """One claim alone."""

    outcome: Outcome

    def lines(self, width: int, say: Say) -> list[Line]:
        return ClaimsView((self.outcome,)).lines(width, say)


@dataclass(frozen=True)
class ShortClaimsView(View):
    """A line for each: its name and the verdict."""

    outcomes: Sequence[Outcome]

    def lines(self, width: int, say: Say) -> list[Line]:
        indent = max((len(outcome.name) for outcome in self.outcomes), default=0) + 2
        lines: list[Line] = []
        for outcome in self.outcomes:
            found = labelled(outcome.name, say(str(outcome.verdict)), min(width, _WIDEST), indent)
            found[0][1] = (found[0][1][0], _STYLES[outcome.verdict.word])
            lines += found
        return lines


@dataclass(frozen=True)
class ListedClaims(View):
    """All claims with their rules, and the verdicts that are stored."""

    claims: Sequence[Claim]
    stored: Mapping[str, Outcome]

    def lines(self, width: int, say: Say) -> list[Line]:
        narrow = min(width, _WIDEST)
        lines: list[Line] = []
        for number, claim in enumerate(self.claims, 1):
            lines += [[]] if lines else []
            lines.append([(f"{number:>2}  ", "dim"), (claim.name, "bold")])
            lines += labelled("    says", say(claim.says), narrow, 14)
            lines += labelled("    rule", say(claim.rule), narrow, 14)
            outcome = self.stored.get(claim.name)
            if outcome is not None:
                lines += labelled("    measured", say(outcome.measured), narrow, 14)
                found = labelled("    verdict", say(str(outcome.verdict)), narrow, 14)
                found[0][1] = (found[0][1][0], _STYLES[outcome.verdict.word])
                lines += [*found, *labelled("    under", say(conditions_text(outcome)), narrow, 14)]
        return [*lines, [], *labelled("", say(self._note()), narrow, 0)]

    def _note(self) -> str:
        known = (
            "the verdicts above were measured before, and are in the package"
            if self.stored
            else "nothing has been measured and stored yet"
        )
        return (
            f"{known}: convscope claims NAME measures one here, convscope claims --all all of "
            "them, with --quick within minutes"
        )


def _columns(cells: Sequence[str], style: str, width: int, say: Say) -> list[Line]:
    """Three texts beside one another, each wrapped between words; the last has the style."""
    widths = [max(int(share * (width - 6)), 12) for share in _SHARES]
    wrapped = [
        textwrap.wrap(say(cell), room, break_long_words=False, break_on_hyphens=False) or [""]
        for cell, room in zip(cells, widths, strict=True)
    ]
    lines: list[Line] = []
    for row in _filled(wrapped):
        first, second, third = row
        plain = f"  {first.ljust(widths[0])}  {second.ljust(widths[1])}  "
        lines.append([(plain, "dim" if style == "dim" else ""), (third, style)])
    return lines


def _filled(columns: Sequence[Sequence[str]]) -> Iterable[list[str]]:
    for number in range(max(map(len, columns))):
        yield [column[number] if number < len(column) else "" for column in columns]
