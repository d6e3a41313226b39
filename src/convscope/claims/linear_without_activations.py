"""9. Without non-linearities between them, layers fall back to a linear network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.data.sources import preprocessing_of
from convscope.experiments.table import Cell
from convscope.inspection.recording import borrowed
from convscope.network.build import build
from convscope.training.recipe import read_recipe
from convscope.training.task import Normalise

__all__ = ["CLAIM", "bend_of"]

_STAGE = "conv {c} 5x5 pad 2 -> batchnorm{act} -> {pool} 2"
NETWORKS = {
    "ReLU, max pooling": (" -> relu", "maxpool"),
    "ReLU, average": (" -> relu", "avgpool"),
    "max pooling alone": ("", "maxpool"),
    "none: average": ("", "avgpool"),
}
LINEAR = "one linear layer"
RELU, NONE = "ReLU, average", "none: average"
AFFINE = 1e-4
"""Bend that is rounding."""
CLOSE = 0.015
"""Accuracy within which a network is as good as the linear classifier."""


def notation(name: str) -> str:
    """The network of that name; all have the article's layers but for what is named."""
    if name == LINEAR:
        return "input auto -> fc classes"
    activation, pool = NETWORKS[name]
    stages = [_STAGE.format(c=count, act=activation, pool=pool) for count in (16, 32)]
    return " -> ".join(["input auto", *stages, "fc classes"])


def bend_of(network: nn.Module, images: Tensor) -> float:
    """How far a network is from affine: ‖f((a+b)/2) − (f(a)+f(b))/2‖ / ‖f((a+b)/2)‖.

    a and b are the halves of N×C×H×W images; for an affine f it is rounding.
    """
    half = len(images) // 2
    first, second = images[:half], images[half : 2 * half]
    with borrowed(network), torch.no_grad():
        middle = network((first + second) / 2)
        between = (network(first) + network(second)) / 2
    return float((middle - between).norm() / middle.norm())


def measure(setting: Setting) -> dict[str, Any]:
    """Test accuracy with and without, beside that of a single linear layer; and how it bends."""
    data = setting.data

    def train(cell: Cell) -> dict[str, float]:
        architecture = find_architecture(notation(str(cell["network"])), example=False)
        seed = int(cell["seed"] or 0)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        settings = {"precision": "float32", "epochs": "4" if setting.quick else "2"}
        recipe = read_recipe("fast", settings)
        learnt = learn(network, data.train, data, recipe, seed=seed)
        pixels = torch.from_numpy(np.array(data.test.images[:100]))
        bend = bend_of(learnt.network, Normalise(preprocessing_of(data))(pixels))
        return {"accuracy": learnt.accuracy, "bend": bend}

    names = (*NETWORKS, LINEAR)
    cells: list[Cell] = [
        {"network": name, "seed": seed} for seed in setting.seeds(3) for name in names
    ]
    table = setting.table("linear-without-activations", cells, train)
    rows = []
    for name in names:
        mean = table.mean("accuracy", network=name)
        beside = table.difference("accuracy", {"network": name}, {"network": LINEAR})
        rows.append(
            {
                "network": name,
                "accuracy": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "count": mean.count,
                "above_linear": [beside.mean, beside.low, beside.high],
                "bend": table.mean("bend", network=name).mean,
            }
        )
    lift = table.difference("accuracy", {"network": RELU}, {"network": NONE})
    return {"rows": rows, "lift": [lift.mean, lift.low, lift.high]}


def tell(values: Mapping[str, Any]) -> str:
    parts = [f"{row['network']} {100 * row['accuracy']:.1f} %" for row in values["rows"]]
    bends = {row["network"]: row["bend"] for row in values["rows"]}
    return (
        f"{'; '.join(parts)} (n = {values['rows'][0]['count']}); ‖f((a+b)/2) − (f(a)+f(b))/2‖ "
        f"beside ‖f((a+b)/2)‖ for images a, b: {bends[NONE]:.1g} without non-linearities, "
        f"{bends[RELU]:.2f} with ReLU"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    rows = {row["network"]: row for row in values["rows"]}
    if rows[NONE]["bend"] > AFFINE:
        return Verdict("not reproduced here", "without them the network is not linear")
    gap, gain = rows[NONE]["above_linear"][0], values["lift"][1]
    if abs(gap) <= CLOSE < gain:
        return Verdict("holds", "without them no better than one linear layer; ReLU alone lifts it")
    if gain > 0:
        return Verdict(
            "holds when",
            "only the direction is meant: without them it is "
            f"{100 * gap:+.1f} points beside one linear layer, which computes the same functions "
            f"and is trained otherwise, and ReLU lifts it by {100 * values['lift'][0]:.1f}",
        )
    if rows[NONE]["count"] < 3:
        return Verdict("too little data to say", f"{rows[NONE]['count']} seeds leave it open")
    return Verdict("not reproduced here", "ReLU makes no difference")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    rows = values["rows"]
    series = Series(
        "test accuracy",
        tuple(row["network"] for row in rows),
        tuple(100 * row["accuracy"] for row in rows),
        tuple(100 * row["low"] for row in rows),
        tuple(100 * row["high"] for row in rows),
    )
    title = "The article's network with and without its non-linearities"
    return (Chart(title, "non-linearities", "test accuracy, %", (series,), kind="points"),)


CLAIM = Claim(
    name="linear-without-activations",
    title="Non-linearities",
    says="convolution is linear and images are not: non-linear layers are put behind convolutions",
    source="the article, section on non-linearity layers",
    rule="holds if, with average pooling, the network without activations is affine to rounding "
    "and within 1.5 points of one linear layer, and ReLU lifts it by more (paired by seed, 95 % "
    "interval); holds when only the direction is meant if ReLU lifts it; else not reproduced, or "
    "too little data with fewer than 3 seeds",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['rows'][0]['count']} seeds",
    networks=tuple(Shown(name, notation(name)) for name in (*NETWORKS, LINEAR)),
)
