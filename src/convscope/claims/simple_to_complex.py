"""8. Early layers answer to simple patterns, later ones to complex ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.data.sources import preprocessing_of
from convscope.experiments.statistics import Estimate
from convscope.experiments.table import Cell
from convscope.inspection.recording import borrowed, recording
from convscope.network.build import build
from convscope.training.recipe import read_recipe
from convscope.training.task import Normalise

__all__ = ["CLAIM", "edge_features", "explained_by_edges", "mean_explained"]

LAYERS = ("conv1", "conv2")
KINDS = ("trained", "random")
NEIGHBOURS = 5
"""Places over which edges are averaged for the coarser features."""


def edge_features(images: Tensor) -> Tensor:
    """Simple patterns at every pixel: N×1×H×W → N×F×H×W.

    Brightness, its two slopes, their size and the curvature (Sobel and Laplace), each at
    the pixel and averaged over 5×5: what a single edge detector can tell.
    """
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
    laplace = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
    kernels = torch.stack([sobel, sobel.T, laplace])[:, None]
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    slopes = functional.conv2d(padded, kernels)
    across, down, curve = slopes[:, :1], slopes[:, 1:2], slopes[:, 2:]
    fine = torch.cat([images, across, down, (across**2 + down**2).sqrt(), curve], 1)
    coarse = functional.avg_pool2d(fine, NEIGHBOURS, 1, NEIGHBOURS // 2)
    return torch.cat([fine, coarse], 1)


def explained_by_edges(maps: Tensor, images: Tensor) -> NDArray[np.float64]:
    """R² of each channel, predicted linearly from the edges at its place; held-out half.

    maps N×C×h×w, images N×1×H×W; features are averaged down to the map's size.
    """
    features = functional.adaptive_avg_pool2d(
        edge_features(images), (maps.shape[-2], maps.shape[-1])
    )
    columns = features.permute(0, 2, 3, 1).flatten(1, 2).double()
    values = maps.permute(0, 2, 3, 1).flatten(1, 2).double()
    half = len(images) // 2
    x, y = columns[:half].flatten(0, 1), values[:half].flatten(0, 1)
    x_new, y_new = columns[half:].flatten(0, 1), values[half:].flatten(0, 1)
    mean, deviation = x.mean(0), x.std(0).clamp_min(1e-9)

    def with_one(given: Tensor) -> Tensor:
        scaled = (given - mean) / deviation
        return torch.cat([scaled, torch.ones_like(scaled[:, :1])], 1)

    left = with_one(x)
    ridge = 1e-6 * len(left) * torch.eye(left.shape[1], dtype=torch.float64)
    weights = torch.linalg.solve(left.T @ left + ridge, left.T @ y)
    rest = ((y_new - with_one(x_new) @ weights) ** 2).sum(0)
    total = ((y_new - y_new.mean(0)) ** 2).sum(0)
    live = total > 1e-9 * len(y_new)
    shares: NDArray[np.float64] = (1 - rest[live] / total[live]).numpy()
    return shares


def measure(setting: Setting) -> dict[str, Any]:
    """R² by edges for both convolutions, of networks before and after they have learnt.

    The control is the same network before its first step: a fall from layer to layer that
    it shows already is one of depth, not of what was learnt.
    """
    data, count = setting.data, 200 if setting.quick else 1000
    normalise = Normalise(preprocessing_of(data))
    images = normalise(torch.from_numpy(np.array(data.test.images[:count])))

    def train(cell: Cell) -> dict[str, float]:
        seed = int(cell["seed"] or 0)
        architecture = find_architecture("article", example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        random = mean_explained(network, images)
        settings = {"precision": "float32", "epochs": "6" if setting.quick else "2"}
        learnt = learn(network, data.train, data, read_recipe("fast", settings), seed=seed)
        trained = mean_explained(learnt.network, images)
        return {
            **{f"random {layer}": value for layer, value in random.items()},
            **{f"trained {layer}": value for layer, value in trained.items()},
            "random fall": random["conv1"] - random["conv2"],
            "trained fall": trained["conv1"] - trained["conv2"],
            "more": trained["conv1"] - trained["conv2"] - random["conv1"] + random["conv2"],
            "accuracy": learnt.accuracy,
        }

    seeds = setting.seeds(5)
    table = setting.table("simple-to-complex", [{"seed": seed} for seed in seeds], train)
    return {
        "images": count,
        "seeds": len(seeds),
        **{
            kind: {layer: _spread(table.mean(f"{kind} {layer}")) for layer in (*LAYERS, "fall")}
            for kind in KINDS
        },
        "more": _spread(table.mean("more")),
    }


def mean_explained(network: nn.Module, images: Tensor) -> dict[str, float]:
    """R² of each convolution, the mean over its channels."""
    with borrowed(network), torch.no_grad(), recording(network, LAYERS) as maps:
        network(images)
        return {layer: float(explained_by_edges(maps[layer], images).mean()) for layer in LAYERS}


def _spread(found: Estimate) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "count": found.count}


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"{words} {' and '.join(format(values[kind][layer]['mean'], '.2f') for layer in LAYERS)}"
        for kind, words in (("trained", "trained"), ("random", "before the first step"))
    ]
    more = values["more"]
    return (
        "variance of the activations that edges at the same place explain (R², conv1 and conv2, "
        f"mean over channels, {values['images']:,} images): {', '.join(parts)}; it falls by "
        f"{more['mean']:+.2f} more after training ({more['low']:+.2f} to {more['high']:+.2f}, "
        f"n = {values['seeds']})"
    ).replace("-", "−")


def judge(values: Mapping[str, Any]) -> Verdict:
    falls = values["trained"]["fall"]["low"] > 0
    if falls and values["more"]["low"] > 0:
        return Verdict("holds", "edges explain the second layer less, by training")
    if values["seeds"] < 3:
        return Verdict("too little data to say", f"{values['seeds']} seeds leave it open")
    if falls:
        return Verdict(
            "holds when",
            "depth alone is meant: with random weights it falls as far from layer to layer",
        )
    return Verdict("not reproduced here", "edges explain the second layer as well as the first")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    series = tuple(
        Series(
            kind if kind == "trained" else "before the first step",
            LAYERS,
            tuple(values[kind][layer]["mean"] for layer in LAYERS),
            tuple(values[kind][layer]["low"] for layer in LAYERS),
            tuple(values[kind][layer]["high"] for layer in LAYERS),
        )
        for kind in KINDS
    )
    title = "What simple patterns explain of each layer"
    return (Chart(title, "layer", "R² by brightness and edges", series, kind="bars"),)


CLAIM = Claim(
    name="simple-to-complex",
    title="From simple to complex",
    says="early layers detect simple patterns such as lines, later ones more complex ones",
    source="the article; Zeiler and Fergus 2014. The measure is ours: how much of a channel a "
    "linear model of brightness and edges at the same place explains on other images",
    rule="holds if R² falls from conv1 to conv2 of trained networks (95 % interval over seeds), "
    "and by more than before the first step (paired by seed); holds when depth alone is meant if "
    "it falls, but not by more; else not reproduced, or too little data with fewer than 3 seeds",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['seeds']} seeds",
    networks=(Shown("trained", "example"), Shown("random", "example", step=0)),
)
