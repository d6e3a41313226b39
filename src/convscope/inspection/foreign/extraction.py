"""A module as an architecture of ours, where it can be expressed as one, and checked.

torch.fx tells what the module does; each piece must be a layer of the notation in every
number.  Then our network of that architecture gets the module's weights, and must make
the same of random images, layer by layer.  Whatever fails is named, and nothing is
claimed of the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.counts import number
from convscope.architecture.layers import FullyConnected, GlobalAvgPool, Layer, Volume
from convscope.architecture.shapes import Node, place, walk
from convscope.errors import ConvscopeError, ShapeError
from convscope.inspection.foreign.chain import Reading, Step, Unexpressed, unrolled
from convscope.inspection.foreign.foreign import words_of
from convscope.inspection.foreign.graphs import read
from convscope.inspection.foreign.tracing import measured, traced
from convscope.inspection.recording import borrowed, recording
from convscope.network.build import Network, build
from convscope.network.pooling import DistancePool2d

__all__ = ["Extraction", "Unexpressed", "architecture_of"]

LARGEST_SIDE = 1024
"""Of a square image that is looked for."""
TOLERANCE = 1e-5
"""Of the largest output of a layer; the same sums, perhaps in another order."""
_NAMED = 3
"""So many kinds of what is no layer of ours stand in the one line of an Extraction."""

Pairs = Sequence[tuple[Node, Step]]


@dataclass(frozen=True, slots=True)
class Extraction:
    """A module as an ``architecture``, or what in it is ``unexpressed``.

    ``volume`` is what it takes, as it was given or follows from the layers; None where it
    must be said.  ``names`` are pairs: our layer's name, and theirs (a call as in a
    trace, or a function).  ``remarks`` say what the architecture leaves out, and what was
    taken for granted.
    """

    architecture: Architecture | None
    volume: Volume | None
    names: tuple[tuple[str, str], ...] = ()
    unexpressed: tuple[Unexpressed, ...] = ()
    remarks: tuple[str, ...] = ()

    def __repr__(self) -> str:
        if self.architecture is not None:
            return f"<Extraction: {len(self.architecture.layers)} layers, {self.volume}>"
        kinds = list(dict.fromkeys(each.what for each in self.unexpressed))
        more = ", …" if len(kinds) > _NAMED else ""
        return f"<Extraction: no architecture: {', '.join(kinds[:_NAMED])}{more}>"


def architecture_of(module: nn.Module, shape: Volume | None = None) -> Extraction:
    """The module as an architecture; ``shape`` where its layers do not tell what it takes.

    The module is given back as it was: mode, attributes, random state.

    >>> network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 10))
    >>> str(architecture_of(network).architecture)
    'input 8x8x1 -> conv 4 3x3 -> relu -> flatten -> fc 10'
    """
    try:
        graph = traced(module)
    except Exception as error:
        why = f"torch.fx cannot follow its forward: {words_of(error)}"
        return _refused(shape, [Unexpressed("", type(module).__name__, why)])
    needed = [node.name for node in graph.nodes if node.op == "placeholder" and not node.args]
    if len(needed) != 1:
        why = f"it takes {' and '.join(needed) or 'nothing'}, and the notation has one input"
        return _refused(shape, [Unexpressed("", type(module).__name__, why)])
    remarks: list[str] = []
    volume = shape
    if volume is None:
        first = read(module, graph, None)
        volume, remark = _inferred(first)
        if volume is None:
            return _refused(None, first.unexpressed)
        remarks += [remark]
    try:
        shapes = measured(module, graph, volume)
    except Exception as error:
        why = f"an image of {volume} does not go through it: {words_of(error, lines=1)}"
        return _refused(volume, [Unexpressed("", type(module).__name__, why)])
    reading = read(module, graph, shapes)
    if reading.unexpressed:
        return _refused(volume, reading.unexpressed)
    return replace(
        _checked(module, volume, reading), remarks=(*remarks, *_left_out(module, reading))
    )


def _refused(volume: Volume | None, unexpressed: Sequence[Unexpressed]) -> Extraction:
    return Extraction(None, volume, unexpressed=tuple(unexpressed))


def _inferred(reading: Reading) -> tuple[Volume | None, str]:
    """The smallest square image that gives the first fc as many numbers as it takes."""
    steps = list(reading.steps)
    at = next((k for k, s in enumerate(steps) if isinstance(s.layer, FullyConnected)), None)
    # Behind a global average any size fits.
    if at is None or any(isinstance(step.layer, GlobalAvgPool) for step in steps[:at]):
        return None, ""
    module = steps[at].module
    wanted = int(module.in_features) if isinstance(module, nn.Linear) else 0
    channels = _channels(steps[:at])
    before = tuple(step.layer for step in steps[:at])
    # Without a convolution: of one and three channels only one can make a square.
    for depth in (1, 3) if channels is None else (channels,):
        sides = [side for side, size in _sizes(before, depth, wanted) if size == wanted]
        if sides:
            volume = Volume(sides[0], sides[0], depth)
            remark = f"it takes {volume}: its first fc takes {number(wanted)} numbers"
            if len(sides) > 1:
                remark += f"; squares up to {sides[-1]}×{sides[-1]} give as many"
            return volume, remark
    return None, ""


def _sizes(before: Sequence[Layer], channels: int, wanted: int) -> Iterator[tuple[int, int]]:
    """(side, numbers that come out) for growing squares, until they are too many."""
    for side in range(1, LARGEST_SIDE + 1):
        try:
            nodes = place(Volume(side, side, channels), before)
        except ShapeError:
            continue
        size = nodes[-1].output.size if nodes else side * side * channels
        if size > wanted:
            return
        yield side, size


def _channels(steps: Sequence[Step]) -> int | None:
    for step in unrolled(steps):
        if isinstance(step.module, nn.Conv2d):
            return step.module.in_channels
        if isinstance(step.module, nn.BatchNorm2d):
            return step.module.num_features
    return None


def _left_out(module: nn.Module, reading: Reading) -> list[str]:
    remarks = [f"{name} changes nothing at this size, and is left out" for name in reading.idle]
    if reading.tail:
        remarks.append(f"the {reading.tail} at its end is left out: here the loss holds it")
    used = {id(value) for step in unrolled(reading.steps) for value in _values(step.module)}
    for name, each in module.named_modules():
        idle = sum(p.numel() for p in each.parameters(recurse=False) if id(p) not in used)
        if idle:
            whose = f"{name} is never called: its" if name else "outside of its layers"
            remarks.append(f"{whose} {number(idle)} parameters are not counted")
    return remarks


def _values(module: nn.Module | None) -> list[nn.Parameter]:
    return [] if module is None else list(module.parameters())


def _checked(module: nn.Module, volume: Volume, reading: Reading) -> Extraction:
    """The architecture, if it is the module in every number that can be compared."""
    try:
        architecture = Architecture(volume, tuple(step.layer for step in reading.steps))
    except ConvscopeError as error:
        whole = Unexpressed("", type(module).__name__, error.problem)
        return _refused(volume, [whole])
    pairs = list(zip(walk(architecture.nodes), unrolled(reading.steps), strict=True))
    found = _other_parameters(architecture, pairs)
    if found is None:
        try:
            found = _other_outputs(module, volume, _twin(architecture, pairs), pairs, reading.tail)
        except RuntimeError as error:
            found = Unexpressed(
                "", type(module).__name__, f"it cannot be checked: {words_of(error)}"
            )
    if found is not None:
        return _refused(volume, [found])
    return Extraction(architecture, volume, tuple((node.name, step.theirs) for node, step in pairs))


def _other_parameters(architecture: Architecture, pairs: Pairs) -> Unexpressed | None:
    """The first layer that has not the parameters of ours, or shares some with another."""
    seen: dict[int, str] = {}
    explanation = explain(architecture)
    for node, step in pairs:
        kind = type(step.module).__name__
        for value in _values(step.module):
            if id(value) in seen:
                why = f"it shares its weights with {seen[id(value)]}"
                return Unexpressed(step.theirs, kind, why)
            seen[id(value)] = step.theirs
        theirs = sum(value.numel() for value in _values(step.module))
        ours = explanation[node.name].parameters.value
        if theirs != ours and not node.body:
            why = f"it has {number(theirs)} parameters, and the layer of ours {number(ours)}"
            return Unexpressed(step.theirs, kind, why)
    return None


def _twin(architecture: Architecture, pairs: Pairs) -> Network:
    """Our network with the module's own weights, not copied."""
    with torch.device("meta"):
        network = build(architecture)
    for node, step in pairs:
        if isinstance(step.module, DistancePool2d):  # its weights lie in no state_dict
            parent, _, name = node.name.rpartition(".")
            setattr(network.get_submodule(parent), name, step.module)
        elif step.module is not None:
            ours = network.get_submodule(node.name)
            ours.load_state_dict(step.module.state_dict(), strict=True, assign=True)
    return network.eval()


def _other_outputs(
    module: nn.Module, volume: Volume, twin: Network, pairs: Pairs, tail: str
) -> Unexpressed | None:
    """The first layer that does not make of random images what ours makes of them."""
    shape = 2, volume.channels, volume.height, volume.width
    images = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    called = [(node.name, step) for node, step in pairs if step.module is not None]
    in_place = any(getattr(step.module, "inplace", False) is True for _, step in called)
    with (
        borrowed(module),
        torch.no_grad(),
        recording(module, [step.theirs for _, step in called]) as theirs,
        recording(twin, [name for name, _ in called]) as ours,
    ):
        their_end, our_end = module(images.clone()), twin(images)
    for name, step in called:
        if why := _difference(theirs[step.theirs], ours[name]):
            why += "; what works in place may have changed its input" if in_place else ""
            return Unexpressed(step.theirs, type(step.module).__name__, why)
    if tail:
        our_end = getattr(torch, tail)(our_end, 1)
    why = _difference(their_end, our_end)
    return Unexpressed("", type(module).__name__, why) if why else None


def _difference(theirs: Tensor, ours: Tensor) -> str:
    """Why two outputs are not the same; empty where they are."""
    if theirs.numel() != ours.numel():
        return f"it makes {tuple(theirs.shape[1:])}, and the layer of ours {tuple(ours.shape[1:])}"
    if not bool(torch.isfinite(theirs).all()):
        return "what it makes is not finite, so that it cannot be compared with ours"
    apart = float((theirs - ours.reshape(theirs.shape)).abs().max())
    if apart <= TOLERANCE * max(1e-30, float(theirs.abs().max())):
        return ""
    return f"what it makes differs from the layer of ours, by up to {apart:.3g}"
