"""Random architectures, valid by construction, without asking the code under test.

Volumes are followed here by counting: the places of a window are those starts, one
stride apart, from which it still lies inside the padded input.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from random import Random

from convscope.architecture import Architecture
from convscope.architecture.layers import (
    GELU,
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    LeakyReLU,
    MaxPool,
    Pair,
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)

__all__ = ["KINDS", "kinds_in", "random_architecture", "random_architectures"]

KINDS: tuple[type, ...] = (
    *(Conv, BatchNorm, ReLU, LeakyReLU, Sigmoid, Tanh, GELU, SiLU),
    *(MaxPool, AvgPool, L2Pool, DistancePool, GlobalAvgPool),
    *(Dropout, Flatten, FullyConnected, Residual, Repeat),
)


def random_architectures(count: int, seed: int) -> list[Architecture]:
    """``count`` architectures; each kind of layer is put into every len(KINDS)-th on purpose."""
    random = Random(seed)
    return [random_architecture(random, KINDS[index % len(KINDS)]) for index in range(count)]


def random_architecture(random: Random, must: type | None = None) -> Architecture:
    """One architecture: some layers on images, then perhaps a head of vectors."""
    maps = _Maps(random, random.randint(3, 16), random.randint(3, 16), random.randint(1, 6))
    volume = Volume(maps.height, maps.width, maps.channels)
    layers: list[Layer] = []
    steps = [random.choice(_MAP_KINDS) for _ in range(random.randint(1, 6))]
    if must in _MAP_KINDS:
        steps[random.randrange(len(steps))] = must
    for kind in steps:
        layers.append(_on_maps(kind, maps, depth=0))
    layers += _head(random, must)
    return Architecture(volume, tuple(layers))


def kinds_in(layers: Iterable[Layer]) -> Counter[type]:
    """How often each kind is written, at any depth."""
    kinds: Counter[type] = Counter()
    for layer in layers:
        kinds[type(layer)] += 1
        if isinstance(layer, Residual | Repeat):
            kinds += kinds_in(layer.body)
    return kinds


@dataclass
class _Maps:
    """The volume so far, and the dice."""

    random: Random
    height: int
    width: int
    channels: int

    @property
    def sides(self) -> Pair:
        return self.height, self.width


_PLAIN: dict[type, Callable[[Random], Layer]] = {
    BatchNorm: lambda random: BatchNorm(),
    ReLU: lambda random: ReLU(),
    LeakyReLU: lambda random: LeakyReLU(random.choice((0.01, 0.2))),
    Sigmoid: lambda random: Sigmoid(),
    Tanh: lambda random: Tanh(),
    GELU: lambda random: GELU(),
    SiLU: lambda random: SiLU(),
    Dropout: lambda random: Dropout(random.choice((0.1, 0.5))),
}
_MAP_KINDS = (
    *(Conv, Conv, Conv),
    *(MaxPool, AvgPool, L2Pool, DistancePool),
    *_PLAIN,
    *(Residual, Repeat),
)


def _on_maps(kind: type, maps: _Maps, depth: int) -> Layer:
    if kind is Conv:
        return _conv(maps)
    if kind in (MaxPool, AvgPool, L2Pool, DistancePool):
        return _pool(kind, maps)
    if kind is Residual:
        return Residual(_aligned_body(maps, depth + 1))
    if kind is Repeat:
        count = maps.random.randint(2, 3)
        return Repeat(count, _repeated_body(maps, count, depth + 1))
    return _PLAIN[kind](maps.random)


def _conv(maps: _Maps) -> Conv:
    random = maps.random
    if random.random() < 0.25:
        return _same_conv(maps)
    axes = [_window(random, side, most_padding=3, most_dilation=3) for side in maps.sides]
    kernel, stride, padding, dilation, units = zip(*axes, strict=True)
    groups = random.choice([1, 1, *_divisors(maps.channels)])
    maps.height, maps.width = units
    maps.channels = groups * random.randint(1, 4)
    return Conv(maps.channels, kernel, stride, padding, dilation, groups, random.random() < 0.7)


def _same_conv(maps: _Maps) -> Conv:
    """``pad same``, with even kernels among them, whose taps can miss the unit's own place."""
    random = maps.random
    kernel = random.randint(1, 4), random.randint(1, 4)
    dilation = random.randint(1, 3), random.randint(1, 3)
    maps.channels = random.randint(1, 6)
    return Conv(maps.channels, kernel, padding="same", dilation=dilation)


def _pool(kind: type, maps: _Maps) -> Layer:
    random = maps.random
    padded = kind in (MaxPool, AvgPool)
    axes = [_window(random, side, most_padding=1 if padded else 0) for side in maps.sides]
    kernel, stride, padding = zip(*(axis[:3] for axis in axes), strict=True)
    maps.height, maps.width = (axis[4] for axis in axes)
    if padded:
        return (
            MaxPool(kernel, stride, padding)
            if kind is MaxPool
            else AvgPool(kernel, stride, padding)
        )
    if kind is L2Pool:
        return L2Pool(kernel, stride)
    return DistancePool(kernel, stride, random.choice((0.0, 0.5, 1.0)))


def _window(
    random: Random, side: int, *, most_padding: int, most_dilation: int = 1
) -> tuple[int, int, int, int, int]:
    """(kernel, stride, padding, dilation, places) along one axis; a pool's padding ≤ half."""
    while True:
        kernel, stride = random.randint(1, 5), random.randint(1, 3)
        dilation = random.randint(1, most_dilation)
        padding = random.randint(0, most_padding)
        if most_dilation == 1:
            padding = min(padding, kernel // 2)
        places = _places(side, kernel, stride, padding, dilation)
        if places:
            return kernel, stride, padding, dilation, places


def _places(side: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """Counted: from how many starts the window's last tap still lies in the padded input."""
    last_start = side + 2 * padding - 1 - dilation * (kernel - 1)
    return len(range(0, last_start + 1, stride))


def _aligned_body(maps: _Maps, depth: int) -> tuple[Layer, ...]:
    """Layers with odd windows padded by half: the side becomes ⌈side/stride⌉, as a shortcut's."""
    random = maps.random
    kinds = [Conv, Conv, *_PLAIN, MaxPool, AvgPool]
    if depth < 3:
        kinds += [Residual, Residual, Repeat]
    body: list[Layer] = []
    for _ in range(random.randint(1, 4)):
        kind = random.choice(kinds)
        if kind is Residual:
            body.append(Residual(_aligned_body(maps, depth + 1)))
        elif kind is Repeat:
            count = random.randint(2, 3)
            body.append(Repeat(count, _repeated_body(maps, count, depth + 1)))
        elif kind in (Conv, MaxPool, AvgPool):
            body.append(_aligned(kind, maps))
        else:
            body.append(_PLAIN[kind](random))
    return tuple(body)


def _aligned(kind: type, maps: _Maps) -> Layer:
    random = maps.random
    if kind is Conv and random.random() < 0.25:
        return _same_conv(maps)
    kernel = random.choice((1, 3, 5)), random.choice((1, 3, 5))
    stride = random.choice((1, 1, 1, 2)), random.choice((1, 1, 1, 2))
    dilation = (random.randint(1, 2), random.randint(1, 2)) if kind is Conv else (1, 1)
    padding = dilation[0] * (kernel[0] // 2), dilation[1] * (kernel[1] // 2)
    maps.height, maps.width = -(-maps.height // stride[0]), -(-maps.width // stride[1])
    if kind is MaxPool:
        return MaxPool(kernel, stride, padding)
    if kind is AvgPool:
        return AvgPool(kernel, stride, padding)
    if random.random() < 0.5:
        maps.channels = random.randint(1, 6)
    return Conv(maps.channels, kernel, stride, padding, dilation, bias=random.random() < 0.7)


def _repeated_body(maps: _Maps, count: int, depth: int) -> tuple[Layer, ...]:
    """A body that fits whatever it makes: aligned windows, no groups; sides only shrink."""
    start = maps.sides
    body = _aligned_body(maps, depth)
    # What one round does to the sides, the others do again.
    for axis in (0, 1):
        stride = _stride(body, axis)
        side = -(-start[axis] // stride**count)
        if axis == 0:
            maps.height = side
        else:
            maps.width = side
    return body


def _stride(layers: Sequence[Layer], axis: int) -> int:
    stride = 1
    for layer in layers:
        if isinstance(layer, Conv | MaxPool | AvgPool):
            stride *= layer.stride[axis]
        elif isinstance(layer, Residual):
            stride *= _stride(layer.body, axis)
        elif isinstance(layer, Repeat):
            stride *= _stride(layer.body, axis) ** layer.count
    return stride


def _head(random: Random, must: type | None) -> list[Layer]:
    layers: list[Layer] = []
    if must is GlobalAvgPool or random.random() < 0.15:
        layers.append(GlobalAvgPool())
    if must is Flatten or random.random() < 0.15:
        layers.append(Flatten())
    for _ in range(random.randint(1 if must is FullyConnected else 0, 2)):
        layers.append(FullyConnected(random.randint(1, 9), random.random() < 0.7))
        if random.random() < 0.4:
            layers.append(_PLAIN[random.choice(list(_PLAIN))](random))
    return layers


def _divisors(number: int) -> list[int]:
    return [divisor for divisor in range(1, number + 1) if number % divisor == 0]
