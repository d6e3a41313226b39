"""11. tanh saturates like sigmoid, but what it gives is centred at zero."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.claims.sigmoid_saturates import AT, slopes
from convscope.data.sources import preprocessing_of
from convscope.experiments.table import Cell
from convscope.inspection.recording import borrowed, recording
from convscope.network.build import build
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

__all__ = ["CLAIM"]

ACTIVATIONS = ("tanh", "sigmoid", "relu")


def notation(activation: str) -> str:
    """The article's network without batch normalisation."""
    stages = [f"conv {count} 5x5 pad 2 -> {activation} -> maxpool 2" for count in (16, 32)]
    return " -> ".join(["input auto", *stages, "fc classes"])


def measure(setting: Setting) -> dict[str, Any]:
    """The mean of what each activation gives, in deviations, in networks that have learnt."""
    data = setting.data
    images = setting.images(5000)
    probe = np.asarray(data.test.images[:500])
    normalise = Normalise(preprocessing_of(data))

    def train(cell: Cell) -> dict[str, float]:
        seed, activation = int(cell["seed"] or 0), str(cell["activation"])
        architecture = find_architecture(notation(activation), example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        recipe = Recipe(name="adam", batch_size=50, precision="float32")
        steps = 60 if setting.quick else 300
        learnt = learn(network, images, data, recipe, seed=seed, steps=steps)
        names = [f"{activation}{number}" for number in (1, 2)]
        with borrowed(network), torch.no_grad(), recording(network, names) as maps:
            network(normalise(torch.from_numpy(probe.copy())))
        means = [float(maps[name].mean() / maps[name].std()) for name in names]
        offset = max(means, key=abs)
        # Seeds of both signs must not cancel: how far counts, to whichever side.
        return {"offset": offset, "distance": abs(offset), "accuracy": learnt.accuracy}

    cells: list[Cell] = [
        {"activation": activation, "seed": seed}
        for seed in setting.seeds(5)
        for activation in ACTIVATIONS
    ]
    table = setting.table("tanh-is-centred", cells, train)
    tanh = slopes(nn.Tanh(), AT)
    offsets, distances = (
        {
            activation: [
                getattr(table.mean(column, activation=activation), key)
                for key in ("mean", "low", "high")
            ]
            for activation in ACTIVATIONS
        }
        for column in ("offset", "distance")
    )
    return {
        "xs": list(AT),
        "slopes": {"tanh": tanh, "sigmoid": slopes(nn.Sigmoid(), AT)},
        "tail": tanh[AT.index(-8.0)],
        "offsets": offsets,
        "distances": distances,
        "seeds": table.mean("offset", activation="tanh").count,
    }


def tell(values: Mapping[str, Any]) -> str:
    far = ", ".join(
        f"{name} {row[0]:.2f} ({values['offsets'][name][0]:+.2f})".replace("-", "−")
        for name, row in values["distances"].items()
    )
    return (
        f"slope at −8: {values['tail']:.1g}, at 0: 1; how far the mean of what a layer gives is "
        f"from zero, in deviations, the farther of two layers (with its sign): {far} "
        f"(n = {values['seeds']})"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    tanh, sigmoid = (values["distances"][name][0] for name in ("tanh", "sigmoid"))
    saturates = values["tail"] < 0.01
    if saturates and tanh < 0.5 and tanh < 0.5 * sigmoid:
        return Verdict("holds", "its tails are flat, its outputs lie around zero")
    if saturates and tanh < sigmoid:
        return Verdict("holds when", "the function is meant: learnt outputs are off zero, by less")
    return Verdict("not reproduced here", "it does not saturate, or is no nearer to zero")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    names = tuple(values["offsets"])
    rows = [values["offsets"][name] for name in names]
    return (
        Chart(
            "Where the outputs of an activation lie, after learning",
            "activation",
            "mean / deviation",
            (
                Series(
                    "offset",
                    names,
                    tuple(row[0] for row in rows),
                    tuple(row[1] for row in rows),
                    tuple(row[2] for row in rows),
                ),
            ),
            kind="bars",
            level=("centred", 0.0),
        ),
    )


CLAIM = Claim(
    name="tanh",
    title="tanh",
    says="tanh saturates too, but its output is zero-centred",
    source="the article and CS231n",
    rule="holds if the slope at −8 is below 1 % of that at 0, and in trained networks the mean "
    "of its outputs is within half a deviation of zero and less than half as far as sigmoid's; "
    "holds when the function is meant if it is at least nearer than sigmoid's; else not reproduced",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['seeds']} seeds",
    networks=tuple(Shown(name, notation(name)) for name in ACTIVATIONS),
)
