"""Hypothesis strategies: architectures that fit, of every kind of layer."""

from __future__ import annotations

from hypothesis import strategies as st

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
    ReLU,
    Repeat,
    Residual,
    Sigmoid,
    SiLU,
    Tanh,
    Volume,
)
from convscope.errors import ShapeError

small = st.integers(1, 3)
pairs = st.tuples(small, small)
decimals = st.integers(0, 99_999).map(lambda n: n / 100_000)

convs = st.builds(
    Conv,
    channels=st.integers(1, 9),
    kernel=pairs,
    stride=pairs,
    padding=st.tuples(st.integers(0, 2), st.integers(0, 2)),
    dilation=pairs,
    bias=st.booleans(),
)
same_convs = st.builds(Conv, st.integers(1, 9), pairs, padding=st.just("same"), dilation=pairs)
windows = st.tuples(st.integers(2, 3), st.integers(2, 3))
pools = st.one_of(
    st.builds(MaxPool, windows, pairs, st.tuples(st.integers(0, 1), st.integers(0, 1))),
    st.builds(AvgPool, windows, pairs, st.tuples(st.integers(0, 1), st.integers(0, 1))),
    st.builds(L2Pool, pairs, pairs),
    st.builds(DistancePool, pairs, pairs, decimals),
)
plain = st.one_of(
    st.sampled_from([BatchNorm(), ReLU(), Sigmoid(), Tanh(), GELU(), SiLU()]),
    st.builds(LeakyReLU, decimals),
    st.builds(Dropout, decimals),
)
aligned = st.builds(Conv, st.integers(1, 9), st.just((3, 3)), padding=st.just((1, 1)))


def _blocks(steps: st.SearchStrategy[Layer]) -> st.SearchStrategy[Layer]:
    bodies = st.lists(steps, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(Residual, bodies), st.builds(Repeat, st.integers(1, 3), bodies))


kept = st.recursive(st.one_of(plain, aligned), _blocks, max_leaves=4)
heads = st.lists(
    st.one_of(
        st.builds(FullyConnected, st.one_of(st.integers(1, 20), st.just("classes")), st.booleans()),
        plain,
    ),
    max_size=3,
)


@st.composite
def architectures(draw: st.DrawFn) -> Architecture:
    """Any architecture that fits its input: layers that would not fit are left out."""
    volume = Volume(draw(st.integers(8, 40)), draw(st.integers(8, 40)), draw(st.integers(1, 4)))
    layers: list[Layer] = []
    for layer in draw(
        st.lists(st.one_of(convs, same_convs, pools, plain, kept), min_size=1, max_size=6)
    ):
        try:
            Architecture(volume, (*layers, layer))
        except ShapeError:
            continue
        layers.append(layer)
    layers += draw(st.sampled_from([[], [GlobalAvgPool()], [Flatten()]]))
    layers += draw(heads)
    auto = draw(st.booleans())
    return Architecture(None if auto else volume, tuple(layers or [ReLU()]))
