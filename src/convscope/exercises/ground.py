"""What questions are made of: a network worked out, and words for what stands in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import Explanation, LayerCost, explain
from convscope.architecture.layers import (
    AvgPool,
    Conv,
    DistancePool,
    L2Pool,
    Layer,
    MaxPool,
    Repeat,
    Residual,
    Volume,
)
from convscope.architecture.shapes import Node, walk
from convscope.errors import ConvscopeError
from convscope.exercises.dice import Dice
from convscope.exercises.question import Question, Step

__all__ = [
    "WINDOWS",
    "Ground",
    "Maker",
    "about",
    "alone",
    "called",
    "changed",
    "layer_at",
    "replaced",
    "side_steps",
]

WINDOWS = (Conv, MaxPool, AvgPool, L2Pool, DistancePool)


@dataclass(frozen=True)
class Ground:
    """A complete architecture, and its numbers."""

    architecture: Architecture

    @cached_property
    def explanation(self) -> Explanation:
        return explain(self.architecture)

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Every layer by its name."""
        return {node.name: node for node in walk(self.architecture.nodes)}

    def costs(self, *kinds: type) -> list[LayerCost]:
        """The layers of these kinds, those that are alike once."""
        found = {about(cost): cost for cost in reversed(self.explanation.layers)}
        return [cost for cost in reversed(found.values()) if isinstance(cost.layer, kinds)]

    def one(self, dice: Dice, *kinds: type) -> LayerCost | None:
        """One of them; None where there is none."""
        costs = self.costs(*kinds)
        return dice.one_of(costs) if costs else None

    def chain(self, name: str) -> list[LayerCost]:
        """The layers that the one of this name is made of, outside other blocks, and itself.

        Of a residual block that lies before, its body stands for it.
        """
        before = _leading(self.architecture.nodes, name)
        return [self.explanation[node.name] for node in before or ()]

    def volume_steps(self, name: str) -> tuple[Step, ...]:
        """How the volume came about: every layer that changes it, up to this one."""
        steps: list[Step] = []
        for cost in self.chain(name):
            inner = cost.kind == "residual" or cost.input == cost.output
            if not inner or cost.name == name:
                steps += side_steps(cost)
                steps.append(Step(cost.name, f"{cost.input} → {cost.output}"))
        return tuple(steps)


Maker = Callable[[Ground, Dice], Question | None]


def called(cost: LayerCost) -> str:
    """conv1 (`conv 16 5x5 pad 2`)"""
    if ".shortcut." in cost.name:
        return f"{cost.name} (the projection of its block, `{cost.notation}`)"
    if isinstance(cost.layer, Residual):
        return f"{cost.name} (a residual block)"
    return f"{cost.name} (`{cost.notation}`)"


def about(cost: LayerCost) -> tuple[str, ...]:
    """What makes two layers alike: their text and their volumes."""
    return cost.notation, str(cost.input), str(cost.output)


def side_steps(cost: LayerCost, *, named: bool = True) -> list[Step]:
    """H_out and W_out with the numbers put in; one line where both are the same."""
    if not cost.sides:
        return []
    name = f"{cost.name}: " if named else ""
    height, width = cost.sides
    if height.output == width.output:
        return [Step(f"{name}H_out = W_out", width.output)]
    return [Step(f"{name}{side.symbol}", side.output) for side in (height, width)]


def _leading(nodes: Sequence[Node], name: str) -> list[Node] | None:
    """The nodes from the input to the one of this name; blocks before it as one body."""
    passed: list[Node] = []
    for node in nodes:
        for way in (node.body, node.shortcut):
            inside = _leading(way, name)
            if inside is not None:
                return passed + inside
        if node.name == name:
            return [*passed, *(_flat(node.body) if node.body else []), node]
        passed += [*_flat(node.body), node] if node.body else [node]
    return None


def _flat(nodes: Sequence[Node]) -> list[Node]:
    found: list[Node] = []
    for node in nodes:
        found += [*_flat(node.body), node] if node.body else [node]
    return found


def layer_at(layers: Sequence[Layer], path: Sequence[int]) -> tuple[Layer, bool]:
    """The record at a path, and whether a repetition writes it out several times."""
    layer = layers[path[0]]
    repeated = isinstance(layer, Repeat) and layer.count > 1
    if len(path) == 1:
        return layer, False
    assert isinstance(layer, Repeat | Residual)
    inner, inside = layer_at(layer.body, path[1:])
    return inner, repeated or inside


def replaced(layers: Sequence[Layer], path: Sequence[int], new: Layer | None) -> tuple[Layer, ...]:
    """The layers with the one at ``path`` replaced, or left out."""
    place, rest = path[0], path[1:]
    own = layers[place]
    if rest:
        assert isinstance(own, Repeat | Residual)
        body = replaced(own.body, rest, new)
        new = Repeat(own.count, body) if isinstance(own, Repeat) else Residual(body)
    between = () if new is None else (new,)
    return (*layers[:place], *between, *layers[place + 1 :])


def changed(architecture: Architecture, path: Sequence[int], new: Layer | None) -> Ground | None:
    """The network with one layer replaced or left out; None where it does not fit any more."""
    try:
        other = Architecture(architecture.input, replaced(architecture.layers, path, new))
    except ConvscopeError:
        return None
    return Ground(other)


def alone(volume: Volume, layer: Layer) -> Ground | None:
    """A network of one layer; None where it does not fit the volume."""
    try:
        return Ground(Architecture(volume, (layer,)))
    except ConvscopeError:
        return None
