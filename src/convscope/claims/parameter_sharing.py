"""4. Sharing weights: fewer of them, and more learnt from few images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.claims.learning import learn
from convscope.experiments.statistics import Estimate
from convscope.experiments.table import Cell, Table
from convscope.training.recipe import Recipe

__all__ = ["CLAIM", "LocallyConnected"]

SIZES = (300, 1000, 3000, 10000)
QUICK_SIZES = (200, 1000)
KERNEL, STRIDE, CHANNELS = 5, 2, 8
STEPS = 400


class LocallyConnected(nn.Module):
    """A convolution whose kernel is another one at every place (LeCun 1989).

    N×C×H×W → N×channels×H'×W', without padding; the weights are those of an unshared
    layer of the article: places · channels · (kernel² · C).
    """

    def __init__(self, side: int, inputs: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.kernel, self.stride = kernel, stride
        self.side = (side - kernel) // stride + 1
        fan = inputs * kernel * kernel
        bound = fan**-0.5  # torch's own for a convolution
        shape = (self.side * self.side, channels, fan)
        self.weight = nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(shape[1], shape[0]).uniform_(-bound, bound))

    def forward(self, images: Tensor) -> Tensor:
        patches: Tensor = functional.unfold(images, self.kernel, stride=self.stride)
        sums: Tensor = torch.einsum("nfp,pcf->ncp", patches, self.weight) + self.bias
        return sums.reshape(*sums.shape[:2], self.side, self.side)


def network(shared: bool, side: int, classes: int, seed: int) -> nn.Module:
    """One layer of either kind, ReLU, max pooling, fully connected."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first: nn.Module = nn.Conv2d(1, CHANNELS, KERNEL, STRIDE)
        if not shared:
            first = LocallyConnected(side, 1, CHANNELS, KERNEL, STRIDE)
        half = ((side - KERNEL) // STRIDE + 1) // 2
        rest = nn.Linear(CHANNELS * half * half, classes)
        return nn.Sequential(first, nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), rest)


def measure(setting: Setting) -> dict[str, Any]:
    """Test accuracy of both, trained alike on sets of several sizes."""
    sizes = QUICK_SIZES if setting.quick else SIZES
    steps = 150 if setting.quick else STEPS
    data = setting.data
    side, classes = data.size[0], len(data.classes)

    def train(cell: Cell) -> dict[str, float]:
        shared, seed = bool(cell["shared"]), int(cell["seed"] or 0)
        images = setting.images(int(cell["images"] or 0))
        recipe = Recipe(name="adam", learning_rate=0.002, batch_size=50, precision="float32")
        built = network(shared, side, classes, seed)
        found = learn(built, images, data, recipe, seed=seed, steps=steps)
        return {"accuracy": found.accuracy, "loss": found.losses[-1]}

    cells: list[Cell] = [
        {"images": size, "shared": shared, "seed": seed}
        for seed in setting.seeds(5)
        for size in sizes
        for shared in (True, False)
    ]
    table = setting.table("parameter-sharing", cells, train)
    weights = {
        kind: sum(p.numel() for p in network(shared, side, classes, 0)[0].parameters())  # type: ignore[index]
        for kind, shared in (("shared", True), ("unshared", False))
    }
    return {"weights": weights, "steps": steps, "sizes": [_size(table, size) for size in sizes]}


def _size(table: Table, size: int) -> dict[str, Any]:
    difference = table.difference(
        "accuracy", {"images": size, "shared": True}, {"images": size, "shared": False}
    )
    return {
        "images": size,
        "shared": _spread(table.mean("accuracy", images=size, shared=True)),
        "unshared": _spread(table.mean("accuracy", images=size, shared=False)),
        "difference": _spread(difference),
    }


def _spread(found: Estimate) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "count": found.count}


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"{row['images']:,}: {100 * row['shared']['mean']:.1f} and "
        f"{100 * row['unshared']['mean']:.1f} %"
        for row in values["sizes"]
    ]
    return (
        f"{values['weights']['shared']:,} parameters shared, {values['weights']['unshared']:,} "
        f"unshared; accuracy by training images, shared and unshared: {'; '.join(parts)} "
        f"(n = {values['sizes'][0]['shared']['count']} each; {values['steps']} steps of 50 images "
        "by Adam at 0.002)"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    weights = values["weights"]
    if weights["shared"] >= weights["unshared"]:
        return Verdict("not reproduced here", "sharing does not need fewer weights")
    better = [row["images"] for row in values["sizes"] if row["difference"]["low"] > 0]
    worse = [row["images"] for row in values["sizes"] if row["difference"]["high"] < 0]
    if len(better) == len(values["sizes"]):
        return Verdict("holds", "shared is better at every size, and has far fewer parameters")
    if better and not worse:
        listed = ", ".join(f"{size:,}" for size in better)
        return Verdict("holds when", f"there are {listed} images; else no difference was seen")
    if worse:
        listed = ", ".join(f"{size:,}" for size in worse)
        return Verdict("not reproduced here", f"unshared is better with {listed} images")
    return Verdict("too little data to say", "no difference is larger than its interval")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    def series(name: str) -> Series:
        rows = values["sizes"]
        return Series(
            name,
            tuple(row["images"] for row in rows),
            tuple(100 * row[name]["mean"] for row in rows),
            tuple(100 * row[name]["low"] for row in rows),
            tuple(100 * row[name]["high"] for row in rows),
        )

    return (
        Chart(
            "Shared and unshared kernels, learnt from few images and from many",
            "training images",
            "test accuracy, %",
            (series("shared"), series("unshared")),
            log_x=True,
        ),
    )


CLAIM = Claim(
    name="parameter-sharing",
    title="Parameter sharing",
    says="sharing a kernel over all places needs fewer weights and improves statistical efficiency",
    source="the article, after Goodfellow, Bengio, Courville 2016, section 9.2; unshared: LeCun "
    "1989",
    rule="holds if, trained alike on equally many images, the shared layer's accuracy is higher at "
    "every size (paired by seed, 95 % interval above 0), and it has fewer parameters; holds when "
    "at some and lower at none; not reproduced if lower at some; too little data if neither",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['sizes'][0]['shared']['count']} seeds a size",
)
