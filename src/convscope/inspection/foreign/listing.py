"""The layers of any network: what each is, makes and learns, and which of ours it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.foreign.chain import Unexpressed
from convscope.inspection.foreign.extraction import Extraction
from convscope.inspection.foreign.foreign import words_of
from convscope.inspection.recording import Call, trace
from convscope.inspection.subject import Subject

__all__ = ["Listed", "Listing", "list_layers", "listing_of"]

SCHEMA = "convscope.layers/1"


@dataclass(frozen=True, slots=True)
class Listed:
    """One call of a module, or a module that holds parameters and was not recorded.

    ``output`` is the shape for one image (None where nothing was recorded), ``parameters``
    are those of the module itself, each counted where it is met first, and ``here`` is the
    name of the layer of ours that it is, if there is one.
    """

    name: str
    kind: str
    output: tuple[int, ...] | None
    parameters: int
    leaf: bool
    here: str | None
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """All layers of a network in the order of execution; modules that hold others come
    behind them.  ``unexpressed`` is what the notation has no layer for."""

    subject: str
    input: Volume
    layers: tuple[Listed, ...]
    parameters: int
    unexpressed: tuple[Unexpressed, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"<Listing of {self.subject}: "
            f"{len(self.layers)} layers, {self.parameters:,} parameters>"
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "input": [self.input.height, self.input.width, self.input.channels],
            "layers": [
                {**asdict(each), "output": None if each.output is None else list(each.output)}
                for each in self.layers
            ],
            "parameters": self.parameters,
            "unexpressed": [asdict(each) for each in self.unexpressed],
            "notes": list(self.notes),
        }


def list_layers(subject: Subject) -> Listing:
    """Every layer of a subject.

    >>> from convscope.inspection.subject import subject_of
    >>> listing = list_layers(subject_of("article"))
    >>> [(each.name, each.output, each.parameters) for each in listing.layers][:2]
    [('conv1', (16, 28, 28), 416), ('batch1', (16, 28, 28), 32)]
    """
    names = {each.name: node.name for each in subject.layers if (node := subject.node(each.name))}
    notes = (subject.note,) if subject.note else ()
    return _listing(subject.name, subject.module, subject.volume, names, subject.unexpressed, notes)


def listing_of(module: nn.Module, name: str, volume: Volume, extraction: Extraction) -> Listing:
    """The same of a module that need not be a classifier."""
    names = {theirs: ours for ours, theirs in extraction.names}
    return _listing(name, module, volume, names, extraction.unexpressed, extraction.remarks)


def _listing(
    name: str,
    module: nn.Module,
    volume: Volume,
    names: Mapping[str, str],
    unexpressed: tuple[Unexpressed, ...],
    notes: tuple[str, ...],
) -> Listing:
    shape = 1, volume.channels, volume.height, volume.width
    try:
        calls = trace(module, torch.rand(shape, generator=torch.Generator().manual_seed(0)))
    except Exception as error:
        raise UsageError(
            f"an image of {volume} does not go through it: {words_of(error)}", place=name
        ) from error
    layers = tuple(_rows(module, calls, names))
    parameters = sum(each.numel() for each in module.parameters())
    return Listing(name, volume, layers, parameters, unexpressed, notes)


def _rows(module: nn.Module, calls: tuple[Call, ...], names: Mapping[str, str]) -> Iterator[Listed]:
    counted: dict[int, str] = {}

    def own(each: nn.Module, name: str) -> tuple[int, str]:
        """The parameters that are met for the first time, and whose the others are."""
        values = list(each.parameters(recurse=False))
        new = [value for value in values if id(value) not in counted]
        old = sorted({counted[id(value)] for value in values if id(value) in counted})
        counted.update({id(value): name for value in new})
        shared = f"with the weights of {' and '.join(old)}" if old else ""
        return sum(value.numel() for value in new), shared

    for call in calls:
        parameters, shared = own(call.module, call.name)
        in_place = "in place" if getattr(call.module, "inplace", False) is True else ""
        remark = ", ".join(each for each in (shared, in_place) if each)
        yield Listed(
            call.name,
            type(call.module).__name__,
            tuple(call.output.shape[1:]),
            parameters,
            call.leaf,
            names.get(call.name),
            remark,
        )
    for name, each in module.named_modules():
        parameters, _ = own(each, name)
        if parameters:
            leaf = next(each.children(), None) is None
            remark = "not recorded: it is not called, or not with one tensor for one"
            yield Listed(
                name,
                type(each).__name__,
                None,
                parameters,
                leaf,
                None,
                remark if name else "parameters of the network itself",
            )
