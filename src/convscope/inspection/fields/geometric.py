"""The geometric receptive field of some units: by arithmetic where it can be, else by trying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from convscope.architecture.fields import Field, fields, reach
from convscope.architecture.pixels import Box
from convscope.architecture.shapes import Node, walk
from convscope.data.progress import Tell
from convscope.inspection.fields.effective import Place
from convscope.inspection.fields.reaching import Side, reached
from convscope.inspection.subject import Subject, shape_of

__all__ = ["Geometry", "geometry_of", "known_node"]


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
    """The geometric field of one unit of each layer, by the layer's name.

    Layers that a layer of the architecture stands for are worked out, the others tried.
    """
    nodes = {name: known_node(subject, name) for name in places}
    found: dict[str, Geometry] = {}
    if subject.architecture is not None:
        known = fields(subject.architecture)
        for name, node in nodes.items():
            if node is not None:
                box = reach(subject.architecture, node.name, places[name].row, places[name].column)
                found[name] = _worked_out(known[node.name], box)
    left = {name: (at.row, at.column) for name, at in places.items() if name not in found}
    if left:
        for name, each in reached(subject.module, subject.volume, left, progress).items():
            found[name] = Geometry(each.sides, ("", ""), each.everything, each.box)
    return found


def known_node(subject: Subject, layer: str) -> Node | None:
    """What the architecture says of a layer, where it holds for the module as it runs; or None."""
    if subject.architecture is None:
        return None
    if subject.names is not None:  # read out of the module, and checked layer by layer
        return subject.node(layer)
    nodes = [(each.name, shape_of(each)) for each in walk(subject.architecture.nodes)]
    names = {name for name, _ in nodes}
    called = [(each.name, each.shape) for each in subject.layers if each.name in names]
    return subject.node(layer) if called == nodes else None


def _worked_out(field: Field, box: Box | None) -> Geometry:
    height, width = (
        Side(span.size.value, None if span.jump is None else span.jump.value, whole=True)
        for span in (field.height, field.width)
    )
    derivation = (str(field.height.size), str(field.width.size))
    return Geometry((height, width), derivation, field.everything, box)
