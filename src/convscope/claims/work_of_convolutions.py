"""2. The convolutions carry most of the computation: counted, and timed."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.inspection.recording import trace
from convscope.network.build import build

__all__ = ["CLAIM", "seconds_of_layers"]

BATCH = 100
NETWORKS = ("article", "lenet5", "vgg-small", "resnet20")


def measure(setting: Setting) -> dict[str, Any]:
    """The share of multiply-adds, and that of the seconds of a forward and a backward pass."""
    names = NETWORKS[:1] if setting.quick else NETWORKS
    counted = {name: explain(ZOO[name].example).share_of_kind("conv") for name in names}
    network = build(ZOO["article"].example, seed=0)
    volume = ZOO["article"].volume
    images = torch.zeros(BATCH, volume.channels, volume.height, volume.width)
    images.normal_(generator=torch.Generator().manual_seed(0))
    repetitions = 9 if setting.quick else 31
    seconds = seconds_of_layers(network, images, repetitions)
    return {"counted": counted, "seconds": seconds, "batch": BATCH, "repetitions": repetitions}


def seconds_of_layers(network: nn.Module, images: Tensor, repetitions: int) -> dict[str, float]:
    """Median seconds of each layer alone, forward and backward, on its own recorded input."""
    found: dict[str, float] = {}
    for call in trace(network, images):
        if not call.leaf:
            continue
        # As in training: nobody asks for the gradient of the image itself.
        given = call.input.detach().requires_grad_(call.source != "input")
        times = []
        for _ in range(repetitions + 3):
            given.grad = None
            call.module.zero_grad(set_to_none=True)
            start = time.perf_counter()
            output = call.module(given)
            if output.requires_grad:
                output.backward(torch.ones_like(output))
            times.append(time.perf_counter() - start)
        found[call.name] = statistics.median(times[3:])
    return found


def _timed_share(values: Mapping[str, Any]) -> float:
    seconds = values["seconds"]
    own = sum(value for name, value in seconds.items() if name.startswith("conv"))
    return float(own / sum(seconds.values()))


def tell(values: Mapping[str, Any]) -> str:
    counted = ", ".join(f"{name} {_percent(share)}" for name, share in values["counted"].items())
    return (
        f"share of the multiply-adds: {counted}; of the seconds of a training pass of the "
        f"article's network, layer by layer: {100 * _timed_share(values):.0f} %"
    )


def _percent(share: float) -> str:
    """A fully connected layer of 640 among 41 million is still not nothing."""
    text = f"{100 * share:.2f}"
    return "> 99.99 %" if share < 1 and text == "100.00" else f"{text} %"


def judge(values: Mapping[str, Any]) -> Verdict:
    timed, counted = _timed_share(values), values["counted"]["article"]
    if counted > 0.5 and timed > 0.5:
        return Verdict("holds", "counted and timed, more than half is theirs")
    if counted > 0.5:
        return Verdict(
            "holds when",
            f"operations are counted; of the time they take {100 * timed:.0f} %",
        )
    return Verdict("not reproduced here", "less than half of the operations is theirs")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    layers = tuple(values["seconds"])
    work = {cost.name: cost for cost in explain(ZOO["article"].example).layers}
    total_work = sum(cost.multiply_adds.value for cost in work.values())
    total_time = sum(values["seconds"].values())
    return (
        Chart(
            "The article's network: work and time, layer by layer",
            "layer",
            "share, %",
            (
                Series(
                    "multiply-adds",
                    layers,
                    tuple(100 * work[name].multiply_adds.value / total_work for name in layers),
                ),
                Series(
                    "seconds, forward and backward",
                    layers,
                    tuple(100 * values["seconds"][name] / total_time for name in layers),
                ),
            ),
            kind="bars",
        ),
    )


CLAIM = Claim(
    name="work-of-convolutions",
    title="Where the work is",
    says="the convolutional layers carry most of the computation",
    source="the article; CS231n; each layer timed alone on its own input, 100 images",
    rule="holds if convolutions have more than half of the article's network's multiply-adds and "
    "of the seconds; holds when counted if of the multiply-adds only; else not reproduced",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['repetitions']} timings",
    data=False,
    networks=tuple(Shown(name, name) for name in NETWORKS),
)
