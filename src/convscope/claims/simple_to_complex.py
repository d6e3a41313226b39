"""8. Early layers answer to simple patterns, later ones to complex ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.experiments.statistics import Estimate, estimate
from convscope.inspection.recording import borrowed, recording
from convscope.inspection.subject import Subject, subject_of

__all__ = ["CLAIM", "edge_features", "explained_by_edges"]

LAYERS = ("conv1", "conv2")
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
    """R² by edges for both convolutions, of the trained example and of random weights."""
    count, draws = (200, 2) if setting.quick else (1000, 5)
    trained = _layers(subject_of("example"), count)
    random = [
        _layers(subject_of(find_architecture("article"), seed=seed), count) for seed in range(draws)
    ]
    return {
        "images": count,
        "draws": draws,
        "trained": {layer: _spread(estimate(trained[layer])) for layer in LAYERS},
        "random": {
            layer: _spread(estimate([float(np.mean(found[layer])) for found in random]))
            for layer in LAYERS
        },
    }


def _layers(subject: Subject, count: int) -> dict[str, list[float]]:
    pixels = np.asarray(subject.images[:count])
    images = subject.tensor(pixels)
    with borrowed(subject.module), torch.no_grad(), recording(subject.module, LAYERS) as maps:
        subject.module(images)
        return {layer: explained_by_edges(maps[layer], images).tolist() for layer in LAYERS}


def _spread(found: Estimate) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "count": found.count}


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"{kind} {values[kind][layer]['mean']:.2f} ({layer})"
        for kind in ("trained", "random")
        for layer in LAYERS
    ]
    return (
        "variance of the activations that edges at the same place explain (R², mean over "
        f"channels, {values['images']} images): {', '.join(parts)}; random weights: "
        f"{values['draws']} draws"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    first, second = (values["trained"][layer] for layer in LAYERS)
    falls = first["low"] > second["high"]
    by_training = second["high"] < values["random"]["conv2"]["low"]
    if falls and by_training:
        return Verdict("holds", "edges explain the first layer, far less the second, by training")
    if falls:
        return Verdict(
            "holds when",
            "depth alone is meant: with random weights edges explain the second layer no better",
        )
    return Verdict("not reproduced here", "edges explain the second layer as well as the first")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    series = tuple(
        Series(
            kind,
            LAYERS,
            tuple(values[kind][layer]["mean"] for layer in LAYERS),
            tuple(values[kind][layer]["low"] for layer in LAYERS),
            tuple(values[kind][layer]["high"] for layer in LAYERS),
        )
        for kind in ("trained", "random")
    )
    title = "What simple patterns explain of each layer"
    return (Chart(title, "layer", "R² by brightness and edges", series, kind="bars"),)


CLAIM = Claim(
    name="simple-to-complex",
    title="From simple to complex",
    says="early layers detect simple patterns such as lines, later ones more complex ones",
    source="the article; Zeiler and Fergus 2014. The measure is ours: how much of a channel a "
    "linear "
    "model of brightness and edges at the same place explains on other images",
    rule="holds if R² falls from conv1 to conv2 of the trained network (95 % intervals apart) and "
    "conv2's is below that of random weights; holds when depth alone does it if not below",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
)
