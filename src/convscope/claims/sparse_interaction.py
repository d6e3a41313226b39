"""3. Sparse interaction: a convolution beside the dense layer in its place."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.network.build import build

__all__ = ["CLAIM", "paired_seconds"]

BATCH = 100


def measure(setting: Setting) -> dict[str, Any]:
    """Connections of conv1, counted, and seconds of it and of a dense layer in its place."""
    cost = explain(ZOO["article"].example)["conv1"]
    assert cost.dense is not None
    network = build(ZOO["article"].example, seed=0)
    repetitions = 7 if setting.quick else 31
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        images = torch.randn(BATCH, 1, 28, 28)
        flat = images.flatten(1)
        dense = nn.Linear(cost.input.size, cost.output.size, bias=False)
        seconds = paired_seconds((lambda: network[0](images), lambda: dense(flat)), repetitions)
    return {
        "connections": {"convolution": cost.multiply_adds.value, "dense": cost.dense.value},
        "weights": {"convolution": cost.weights.value, "dense": dense.weight.numel()},
        "seconds": {"convolution": seconds[0], "dense": seconds[1]},
        "batch": BATCH,
        "repetitions": repetitions,
    }


def paired_seconds(
    commands: tuple[Callable[[], object], Callable[[], object]], repetitions: int
) -> tuple[float, float]:
    """Median seconds of two commands, taken in turn after three to warm up."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repetitions + 3):
        for command, own in zip(commands, times, strict=True):
            start = time.perf_counter()
            command()
            own.append(time.perf_counter() - start)
    return statistics.median(times[0][3:]), statistics.median(times[1][3:])


def _ratio(values: Mapping[str, Any], what: str) -> float:
    return float(values[what]["dense"] / values[what]["convolution"])


def tell(values: Mapping[str, Any]) -> str:
    return (
        f"conv1 has {values['connections']['convolution']:,} connections, a dense layer in its "
        f"place {values['connections']['dense']:,}: {_ratio(values, 'connections'):.1f} times as "
        f"many; for {values['batch']} images it takes {_ratio(values, 'seconds'):.1f} times as long"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    fewer, faster = _ratio(values, "connections") > 1, _ratio(values, "seconds") > 1
    if fewer and faster:
        return Verdict("holds", "fewer connections, and less time")
    if fewer:
        return Verdict("holds when", "connections are counted; a dense layer was no slower here")
    return Verdict("not reproduced here", "the convolution has no fewer connections")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    names = ("weights", "connections", "seconds")
    return (
        Chart(
            "conv1 of the article, and a dense layer in its place",
            "",
            "dense layer / convolution",
            (Series("ratio", names, tuple(_ratio(values, name) for name in names)),),
            kind="bars",
            log_y=True,
            level=("equal", 1.0),
        ),
    )


CLAIM = Claim(
    name="sparse-interaction",
    title="Sparse interaction",
    says="a kernel smaller than the image means fewer connections to store and to compute",
    source="the article, after Goodfellow, Bengio, Courville 2016, section 9.2",
    rule="holds if conv1 has fewer connections than the dense layer of the same input and output, "
    "and takes less time; holds when counted if it is not faster; else not reproduced",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['repetitions']} timings",
    data=False,
)
