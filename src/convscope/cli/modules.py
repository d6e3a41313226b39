"""``layers``, and what ``explain`` does with a module of somebody's own: with torch.

``cli.explain`` names this file in a string only, so that the contract "explain-without-torch"
goes on to hold for all that an architecture needs; whoever brings a module has torch.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convscope.architecture.arithmetic import explain
from convscope.cli.console import show, show_json
from convscope.cli.options import Json, SeedOption, ShapeOption, SubjectArgument
from convscope.cli.subjects import open_subject, read_shape
from convscope.report.explanation import ExplanationView
from convscope.report.listing_view import ListingView, NamesView

__all__ = ["explain_module", "layers"]


def layers(
    subject: SubjectArgument = "example",
    shape: ShapeOption = None,
    seed: SeedOption = 0,
    json: Json = False,
) -> None:
    """List the layers of a network by the names that the other commands take.

    What each is, what it makes of one image, how many parameters it has; of a module of
    yours also the layer of ours that it is, and what cannot be expressed as one.
    """
    from convscope.inspection.foreign.listing import list_layers

    listing = list_layers(open_subject(subject, shape=shape, seed=seed))
    if json:
        show_json(listing.as_dict())
    else:  # the note was told when the subject was opened
        show(ListingView(replace(listing, notes=())))


def explain_module(reference: str, *, shape: str | None, table: bool, json: bool) -> None:
    """A module as an architecture, worked out; where it is none, its layers and why."""
    from convscope.inspection.foreign.extraction import architecture_of
    from convscope.inspection.foreign.foreign import load_module, own_copy
    from convscope.inspection.foreign.listing import listing_of
    from convscope.inspection.sources import ask_for_shape
    from convscope.inspection.subject import Subject

    loaded = load_module(reference)
    module = loaded.module if isinstance(loaded, Subject) else own_copy(loaded, reference)
    volume = read_shape(shape)
    if volume is None and isinstance(loaded, Subject):
        volume = loaded.volume
    extraction = architecture_of(module, volume)
    if extraction.volume is None:
        raise ask_for_shape(reference, extraction)
    if extraction.architecture is None:
        listing = listing_of(module, reference, extraction.volume, extraction)
        if json:
            show_json(listing.as_dict())
        else:
            show(ListingView(listing, explained=True))
        return
    explanation = explain(extraction.architecture)
    if json:
        names = [{"here": ours, "there": theirs} for ours, theirs in extraction.names]
        about: dict[str, Any] = {
            "name": reference,
            "names": names,
            "remarks": list(extraction.remarks),
        }
        show_json({**explanation.as_dict(), "module": about})
    else:
        show(NamesView(reference, extraction), ExplanationView(explanation, steps=not table))
