"""The layers of somebody's module for the terminal: theirs beside ours, and what is not ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import thousands
from convscope.report.view import Say, View, labelled, widths_of

if TYPE_CHECKING:
    from convscope.inspection.foreign.chain import Unexpressed
    from convscope.inspection.foreign.extraction import Extraction
    from convscope.inspection.foreign.listing import Listing

__all__ = ["ExtractionView", "ListingView", "NamesView"]

_WIDEST = 100
_GAP = "  "
_NAMED = 6
"""So many places of one reason are named, then how many more there are."""


@dataclass(frozen=True)
class ListingView(View):
    """All layers in one table; ``explained`` says why there is no more than that."""

    listing: Listing
    explained: bool = False

    def lines(self, width: int, say: Say) -> list[Line]:
        listing, narrow = self.listing, min(width, _WIDEST)
        taken = f"takes {listing.input}, {thousands(listing.parameters)} parameters"
        lines: list[Line] = [[(listing.subject, "bold"), (say(f"  {taken}"), "")], []]
        lines += _table(listing, say)
        if listing.unexpressed:
            lines += [[], *_against(listing.unexpressed, narrow, say)]
        if self.explained:
            why = (
                "multiply-adds, memory and receptive fields are worked out from the notation; "
                "of a network that it does not hold, nothing is claimed of them"
            )
            lines += [[], *labelled("left out", say(why), narrow)]
        for note in listing.notes:
            lines += [[], *labelled("note", say(note), narrow)]
        return lines


@dataclass(frozen=True)
class NamesView(View):
    """Our names of the layers beside those of the module; what was left out of it."""

    name: str
    extraction: Extraction

    def lines(self, width: int, say: Say) -> list[Line]:
        narrow = min(width, _WIDEST)
        lines: list[Line] = [[(f"the layers of {self.name}", "bold")], []]
        pairs = self.extraction.names
        if all(ours == theirs for ours, theirs in pairs):
            lines += labelled("names", "each layer has the same name there and here", narrow)
        else:
            rows = [("here", "there"), *pairs]
            wide, _ = widths_of(rows)
            for at, (ours, theirs) in enumerate(rows):
                lines.append([(f"{ours:<{wide}}{_GAP}{theirs}", "" if at else "dim")])
        for remark in self.extraction.remarks:
            lines += labelled("note", say(remark), narrow)
        return [*lines, []]


@dataclass(frozen=True)
class ExtractionView(View):
    """The line of a module's architecture and its names; or all that keeps it from having one."""

    extraction: Extraction

    def lines(self, width: int, say: Say) -> list[Line]:
        extraction, narrow = self.extraction, min(width, _WIDEST)
        if extraction.architecture is not None:
            line = labelled("", say(str(extraction.architecture)), narrow, indent=0)
            return [*line, [], *NamesView("the module", extraction).lines(width, say)]
        lines: list[Line] = [[("no architecture", "bold")], []]
        if extraction.unexpressed:
            lines += _against(extraction.unexpressed, narrow, say)
        for remark in extraction.remarks:
            lines += labelled("note", say(remark), narrow)
        return lines


def _table(listing: Listing, say: Say) -> Iterator[Line]:
    head = ["layer", "kind", "output", "parameters", "here", ""]
    rows = [head]
    for each in listing.layers:
        output = "" if each.output is None else "×".join(map(str, _volume(each.output)))
        parameters = thousands(each.parameters) if each.parameters else ""
        # The name of a layer of ours is told where it is another.
        here = each.here if each.here and each.here != each.name else ""
        name = each.name or "(itself)"
        rows.append([name, each.kind, say(output), parameters, here, each.remark])
    if not any(row[4] for row in rows[1:]):
        for row in rows:
            row[4] = ""
    widths = widths_of(rows)
    for at, row in enumerate(rows):
        cells = [
            cell.rjust(wide) if column in (2, 3) else cell.ljust(wide)
            for column, (cell, wide) in enumerate(zip(row, widths, strict=True))
            if wide
        ]
        holds = at > 0 and not listing.layers[at - 1].leaf
        style = "bold" if at == 0 else "dim" if holds else ""
        yield [(_GAP.join(cells).rstrip(), style)]


def _volume(shape: Sequence[int]) -> Sequence[int]:
    """Height × width × channels, where it is such; else as torch has it."""
    return (shape[1], shape[2], shape[0]) if len(shape) == 3 else shape


def _against(unexpressed: Sequence[Unexpressed], width: int, say: Say) -> Iterator[Line]:
    """What the notation has no layer for, by kind and reason."""
    yield [("what the notation has no layer for", "bold")]
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in unexpressed:
        reasons.setdefault((each.what, each.why), []).append(each.name or "the network itself")
    for (what, why), names in reasons.items():
        named = ", ".join(names[:_NAMED])
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield [(f"  {what}: ", "bold"), (say(why), "")]
        yield from labelled("", f"{named}{more}", width, indent=4)
