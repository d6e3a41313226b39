"""The geometric receptive field of some units: by arithmetic where it can be, else by trying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.architecture.fields import Field, fields, reach
from convscope.architecture.pixels import Box
from convscope.data.progress import Tell
from convscope.inspection.effective import Place
from convscope.inspection.reaching import Side, reached
from convscope.inspection.subject import Subject
from convscope.network.build import Network

__all__ = ["Geometry", "geometry_of"]


@dataclass(frozen=True, slots=True)
class Geometry:
    """Height and width of a field with their derivations, empty where it was found by trying.

    ``box`` are the real pixels of the one unit; ``everything`` says that all units of the
    layer see all there is.
    """

    sides: tuple[Side, Side]
    derivation: tuple[str, str]
    everything: bool
    box: Box | None


def geometry_of(
    subject: Subject, places: Mapping[str, Place], progress: Tell | None = None
) -> dict[str, Geometry]:
    """The geometric field of one unit of each layer, by the layer's name."""
    # Of a foreign module the architecture may count its layers under other names.
    if subject.architecture is not None and isinstance(subject.module, Network):
        known = fields(subject.architecture)
        return {
            name: _worked_out(
                known[name], reach(subject.architecture, name, place.row, place.column)
            )
            for name, place in places.items()
        }
    units = {name: (place.row, place.column) for name, place in places.items()}
    tried = reached(subject.module, subject.volume, units, progress)
    return {
        name: Geometry(each.sides, ("", ""), each.everything, each.box)
        for name, each in tried.items()
    }


def _worked_out(field: Field, box: Box | None) -> Geometry:
    height, width = (
        Side(span.size.value, None if span.jump is None else span.jump.value, whole=True)
        for span in (field.height, field.width)
    )
    derivation = (str(field.height.size), str(field.width.size))
    return Geometry((height, width), derivation, field.everything, box)
