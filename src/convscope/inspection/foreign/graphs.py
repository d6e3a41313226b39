"""A module's graph (torch.fx) → the chain of layers that it is, if it is one.

Ways may part and meet again, as in residual blocks: where two values are added, the
block begins at the nearest value that both come from (their common dominator), and one
of the two ways from there must be the notation's shortcut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from torch import fx, nn

from convscope.architecture.layers import Flatten, FullyConnected, Residual, Volume
from convscope.architecture.shapes import place as placed
from convscope.errors import ShapeError
from convscope.inspection.foreign.chain import Reading, Step, Unexpressed
from convscope.inspection.foreign.expressible import (
    CALLS,
    MODULES,
    Layers,
    Shape,
    UnexpressibleError,
    writable,
)
from convscope.inspection.foreign.reasons import reason_against
from convscope.inspection.foreign.tracing import (
    Shapes,
    around,
    calls_of,
    function_of,
    is_number,
    is_sum,
    needed_for,
)

__all__ = ["read"]

_SOFTMAX = {"softmax", "log_softmax"}


def read(module: nn.Module, graph: fx.Graph, shapes: Shapes | None) -> Reading:
    """The layers of the graph.  Without ``shapes``, what depends on these is not checked."""
    return _Reader(module, graph, shapes).reading()


@dataclass
class _Reader:
    module: nn.Module
    graph: fx.Graph
    shapes: Shapes | None
    layers: dict[fx.Node, Layers] = field(default_factory=dict)
    sums: dict[fx.Node, tuple[fx.Node, fx.Node]] = field(default_factory=dict)
    before: dict[fx.Node, fx.Node] = field(default_factory=dict)
    unexpressed: list[Unexpressed] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.modules = dict(self.module.named_modules(remove_duplicate=False))
        self.calls = calls_of(self.graph)
        self.placed: Counter[fx.Node] = Counter()

    def reading(self) -> Reading:
        try:
            end, tail = self._end()
            needed = needed_for(end)
            start = self._start(needed)
        except UnexpressibleError as error:
            whole = Unexpressed("", type(self.module).__name__, str(error))
            return Reading(unexpressed=(whole,))
        for node in needed:
            if node is not start:
                self._try(node)
        if self.unexpressed:
            return Reading(unexpressed=tuple(self.unexpressed), tail=tail)
        self._order(start, needed)
        try:
            steps = _without_implied(self._steps(start, end))
        except _AtNodeError as error:
            self._name(error.node, str(error))
            return Reading(unexpressed=tuple(self.unexpressed), tail=tail)
        return Reading(tuple(steps), tail=tail, idle=tuple(self.idle))

    def _end(self) -> tuple[fx.Node, str]:
        """The value that is given, without a softmax at the very end."""
        given = next(node for node in self.graph.nodes if node.op == "output").args[0]
        if not isinstance(given, fx.Node):
            kind = type(given).__name__.removeprefix("immutable_")
            raise UnexpressibleError(f"it gives a {kind}, not one tensor")
        softmax = self._softmax(given)
        return (given.all_input_nodes[0], softmax) if softmax else (given, "")

    def _start(self, needed: Sequence[fx.Node]) -> fx.Node:
        inputs = [node for node in needed if node.op == "placeholder"]
        if len(inputs) != 1:
            raise UnexpressibleError(f"it takes {len(inputs)} inputs, and the notation has one")
        return inputs[0]

    def _softmax(self, node: fx.Node) -> str:
        """softmax or log_softmax, over the classes; else nothing."""
        if node.op == "call_module":
            module = self.modules[str(node.target)]
            kinds = {nn.Softmax: "softmax", nn.LogSoftmax: "log_softmax"}
            name, dim = kinds.get(type(module), ""), getattr(module, "dim", None)
        else:
            name = function_of(node)
            name = name if name in _SOFTMAX else ""
            dim = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
        flat = self.shapes is None or len(self.shapes.get(node, ())) == 1
        return name if name and dim in (1, -1) and flat else ""

    def _try(self, node: fx.Node) -> None:
        try:
            self._take(node)
        except UnexpressibleError as error:
            self._name(node, str(error))
        except (TypeError, ValueError):
            self._name(node, "it is called in a way that is not understood here")

    def _take(self, node: fx.Node) -> None:
        """Files the node under its layers, or as a sum."""
        if node.op == "get_attr":
            raise UnexpressibleError("it stands in the network itself, outside of any layer")
        if is_sum(node):
            self.sums[node] = (node.args[0], node.args[1])  # type: ignore[assignment]
            self._apart(node)
            return
        reader = self._reader(node)
        values = [each for each in node.all_input_nodes if not is_number(each)]
        if len(values) != 1:
            raise UnexpressibleError("it is called with more than one value")
        self.before[node] = values[0]
        if self.shapes is None:
            self.layers[node] = writable(reader(None))
            return
        given = self.shapes.get(values[0])
        if given is None:
            return  # what made it is named already
        layers = writable(reader(given))
        made = self._apart(node)
        # A view may make anything; which it was is told by the shape that came out.
        if layers == (Flatten(),) and node.op != "call_module" and made != (prod(given),):
            raise UnexpressibleError("it does not lay each image out as one vector")
        if not layers and node.op == "call_module" and self._kind(node) != "Identity":
            self.idle.append(self.calls[node])
        self.layers[node] = layers

    def _apart(self, node: fx.Node) -> Shape:
        """The shape of what it makes of one image, where there is such a thing."""
        if self.shapes is not None and node not in self.shapes:
            raise UnexpressibleError("the images of a batch do not stay apart in it")
        return None if self.shapes is None else self.shapes[node]

    def _reader(self, node: fx.Node) -> Callable[[Shape], Layers]:
        """What gives the layers of a node, once the shape of its input is known."""
        if node.op != "call_module":
            name = function_of(node)
            if name not in CALLS:
                raise UnexpressibleError(reason_against(name))
            given = {key: value for key, value in node.kwargs.items() if key != "input"}
            return lambda shape: CALLS[name](shape, *node.args[1:], **given)
        module = self.modules[str(node.target)]
        if type(module) not in MODULES:
            raise UnexpressibleError(reason_against(type(module).__name__))
        uses = [each for each in self.calls if self.modules[str(each.target)] is module]
        if len(uses) > 1 and next(module.parameters(), None) is not None:
            raise UnexpressibleError(
                f"it is called {len(uses)} times with the same weights; in the notation each "
                "layer has its own"
            )
        return lambda shape: MODULES[type(module)](module, shape)

    def _order(self, start: fx.Node, needed: Sequence[fx.Node]) -> None:
        """``before``: the nearest value that all ways to a node lead through."""
        depth = {start: 0}
        for node in needed:
            if node is start:
                continue
            if node in self.sums:
                one, other = self.sums[node]
                while one is not other:
                    if depth[one] >= depth[other]:
                        one = self.before[one]
                    else:
                        other = self.before[other]
                self.before[node] = one
            depth[node] = depth[self.before[node]] + 1

    def _steps(self, start: fx.Node, end: fx.Node) -> list[Step]:
        """The layers behind ``start`` up to ``end``."""
        path = []
        while end is not start:
            path.append(end)
            end = self.before[end]
        steps: list[Step] = []
        for node in reversed(path):
            self.placed[node] += 1
            if self.placed[node] > 1:
                raise _AtNodeError(node, "what it makes is used on several ways")
            if node in self.sums:
                steps.append(self._residual(node))
            else:
                module = self.modules[str(node.target)] if node.op == "call_module" else None
                steps += [Step(each, self._theirs(node), module) for each in self.layers[node]]
        return steps

    def _residual(self, node: fx.Node) -> Step:
        fork = self.before[node]
        ways = [self._steps(fork, each) for each in self.sums[node]]
        # The longer one is more likely the body.
        ways.sort(key=len, reverse=True)
        for body, shortcut in (ways, ways[::-1]):
            layer = Residual(tuple(step.layer for step in body))
            if body and (self.shapes is None or self._fits(fork, layer, shortcut)):
                return Step(layer, self._theirs(node), None, tuple(body), tuple(shortcut))
        raise _AtNodeError(
            node,
            "a residual block adds its input, or where the body changes the volume a 1x1 "
            "convolution of it with the body's stride (and a batchnorm where the body has one)",
        )

    def _fits(self, fork: fx.Node, layer: Residual, shortcut: Sequence[Step]) -> bool:
        """Whether the notation's block has just this shortcut."""
        shape = self.shapes[fork] if self.shapes else ()
        if len(shape) != 3:
            return False
        try:
            (node,) = placed(Volume(shape[1], shape[2], shape[0]), (layer,))
        except ShapeError:
            return False
        return [each.layer for each in node.shortcut] == [step.layer for step in shortcut]

    def _name(self, node: fx.Node, why: str) -> None:
        name = str(node.target) if node.op == "call_module" else around(node)
        found = Unexpressed(name, self._kind(node), why)
        if found not in self.unexpressed:
            self.unexpressed.append(found)

    def _kind(self, node: fx.Node) -> str:
        """Conv2d, or torch.cat as ``cat``; for a parameter its name."""
        if node.op == "call_module":
            return type(self.modules[str(node.target)]).__name__
        return function_of(node) or str(node.target)

    def _theirs(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return self.calls[node]
        sign = "+" if node in self.sums else f"{function_of(node)}()"
        place = around(node)
        return f"{sign} in {place}" if place else sign


class _AtNodeError(Exception):
    """What stands against a chain, at a node of the graph."""

    def __init__(self, node: fx.Node, why: str) -> None:
        super().__init__(why)
        self.node = node


def _without_implied(steps: Sequence[Step]) -> list[Step]:
    """Without the functions that lay out as a vector right before fc, which does so itself."""
    following = [*steps[1:], None]
    return [
        step
        for step, after in zip(steps, following, strict=True)
        if not (
            isinstance(step.layer, Flatten)
            and step.module is None
            and after is not None
            and isinstance(after.layer, FullyConnected)
        )
    ]
