"""The graph of a module by torch.fx: its nodes, what they are, and the shapes in it."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional

from convscope.architecture.layers import Volume
from convscope.inspection.foreign.expressible import MODULES
from convscope.inspection.recording import borrowed

__all__ = [
    "IMAGES",
    "Shapes",
    "around",
    "calls_of",
    "function_of",
    "is_number",
    "is_sum",
    "measured",
    "needed_for",
    "traced",
]

IMAGES = 2
"""So many are sent through to see the shapes; more than one, to see that they stay apart."""

Shapes = Mapping[fx.Node, tuple[int, ...]]
_ADDITIONS = ("add", "iadd")


class _Tracer(fx.Tracer):
    """torch's own modules and those that the notation knows are not looked into."""

    trace_asserts = True

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return type(m) in MODULES or super().is_leaf_module(m, module_qualified_name)


def traced(module: nn.Module) -> fx.Graph:
    """The graph of the module in use; raises whatever its forward raises.

    That runs with stand-ins for tensors; attributes in which it keeps any are put back.
    """
    kept = {each: dict(vars(each)) for each in module.modules()}
    unheard = StringIO()  # what it prints of stand-ins says nothing to anybody
    with borrowed(module), redirect_stdout(unheard), redirect_stderr(unheard):
        try:
            return _Tracer().trace(module)
        finally:
            for each, attributes in kept.items():
                vars(each).clear()
                vars(each).update(attributes)


def measured(module: nn.Module, graph: fx.Graph, volume: Volume) -> Shapes:
    """The shape of every tensor of the graph for one image, where it keeps images apart."""
    shapes: dict[fx.Node, tuple[int, ...]] = {}

    class Measuring(fx.Interpreter):
        def run_node(self, n: fx.Node) -> Any:
            value = super().run_node(n)
            if isinstance(value, Tensor) and value.ndim > 1 and len(value) == IMAGES:
                shapes[n] = tuple(value.shape[1:])
            return value

    images = torch.zeros(IMAGES, volume.channels, volume.height, volume.width)
    with borrowed(module), torch.no_grad():
        Measuring(module, graph=graph).run(images)
    return shapes


def calls_of(graph: fx.Graph) -> dict[fx.Node, str]:
    """Every call of a module by the name that ``recording.trace`` gives it."""
    counts: Counter[str] = Counter()
    calls = {}
    for node in graph.nodes:
        if node.op == "call_module":
            name = str(node.target)
            counts[name] += 1
            calls[node] = name if counts[name] == 1 else f"{name}:{counts[name]}"
    return calls


def needed_for(end: fx.Node) -> list[fx.Node]:
    """The tensors that lead to a node, and itself, in order of execution."""
    wanted, open_ends = set(), [end]
    while open_ends:
        node = open_ends.pop()
        if node not in wanted and not is_number(node):
            wanted.add(node)
            open_ends += node.all_input_nodes
    return [node for node in end.graph.nodes if node in wanted]


def is_number(node: fx.Node) -> bool:
    """Whether it is a size of a tensor, or reckoned from sizes: no value of the network."""
    name = function_of(node)
    if name == "getattr":
        return node.args[1] in ("shape", "ndim", "dtype", "device")
    if name in ("size", "dim", "ndimension", "numel"):
        return True
    reckons = getattr(node.target, "__module__", "") == operator.add.__module__
    inputs = node.all_input_nodes
    return bool(reckons and inputs) and all(is_number(each) for each in inputs)


def is_sum(node: fx.Node) -> bool:
    """Whether it adds two values of the network."""
    values = [each for each in node.args if isinstance(each, fx.Node) and not is_number(each)]
    if len(values) != 2 or len(node.args) != 2 or node.kwargs.get("alpha", 1) != 1:
        return False
    return function_of(node) in _ADDITIONS


def function_of(node: fx.Node) -> str:
    """The name of a function of torch or a method of tensors, without what says in place.

    Empty for modules; a function of somebody's own is said to be one, whatever its name.
    """
    if node.op == "call_method":
        return str(node.target).rstrip("_")
    if node.op != "call_function":
        return ""
    name = str(getattr(node.target, "__name__", node.target))
    homes = (torch, functional, torch._C._nn, operator)
    known = node.target is getattr or any(
        getattr(home, name, None) is node.target for home in homes
    )
    return name.strip("_") if known else f"{name} (no function of torch)"


def around(node: fx.Node) -> str:
    """The module in whose forward a function stands; empty for the network itself."""
    stack = list((node.meta.get("nn_module_stack") or {}).values())
    return str(stack[-1][0]) if stack else ""
