"""14. Batch normalisation saves from a bad initialisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.experiments.table import Cell
from convscope.network.build import build
from convscope.training.recipe import Recipe

__all__ = ["CLAIM"]

SCALES = (0.01, 0.1, 1.0, 10.0, 100.0)
HARM = 0.05
"""Accuracy that a bad beginning costs, beside torch's own."""


def notation(norm: bool) -> str:
    """The article's network, with its batch normalisations or without."""
    stages = " -> ".join(
        f"conv {count} 5x5 pad 2 -> {'batchnorm -> ' if norm else ''}relu -> maxpool 2"
        for count in (16, 32)
    )
    return f"input auto -> {stages} -> fc classes"


def measure(setting: Setting) -> dict[str, Any]:
    """Accuracy after equally many steps from convolutions' weights × scale, with and without."""
    data, images = setting.data, setting.images(5000)

    def train(cell: Cell) -> dict[str, float]:
        seed = int(cell["seed"] or 0)
        architecture = find_architecture(notation(bool(cell["norm"])), example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        with torch.no_grad():
            for module in network.modules():
                if isinstance(module, nn.Conv2d):
                    module.weight.mul_(float(cell["scale"] or 0))
        recipe = Recipe(
            name="sgd",
            optimizer="sgd",
            learning_rate=0.03,
            momentum=0.9,
            batch_size=50,
            precision="float32",
        )
        steps = 80 if setting.quick else 300
        learnt = learn(network, images, data, recipe, seed=seed, steps=steps)
        return {"accuracy": learnt.accuracy, "broke": learnt.broke}

    cells: list[Cell] = [
        {"norm": norm, "scale": scale, "seed": seed}
        for seed in setting.seeds(5)
        for scale in SCALES
        for norm in (True, False)
    ]
    table = setting.table("batchnorm-and-beginnings", cells, train)
    rows = []
    for scale in SCALES:
        row: dict[str, Any] = {"scale": scale}
        for name, norm in (("with", True), ("without", False)):
            mean = table.mean("accuracy", norm=norm, scale=scale)
            row[name] = [mean.mean, mean.low, mean.high]
            row["count"] = mean.count
        gain = table.difference(
            "accuracy", {"norm": True, "scale": scale}, {"norm": False, "scale": scale}
        )
        row["gain"] = [gain.mean, gain.low, gain.high]
        rows.append(row)
    return {"rows": rows}


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"× {row['scale']:g}: {100 * row['with'][0]:.0f} and {100 * row['without'][0]:.0f} %"
        for row in values["rows"]
    ]
    count = values["rows"][0]["count"]
    listed = "; ".join(parts)
    return f"accuracy by the scale of the first weights, with and without: {listed} (n = {count})"


def judge(values: Mapping[str, Any]) -> Verdict:
    ordinary = next(row for row in values["rows"] if row["scale"] == 1)
    own, bare = ordinary["with"][0], ordinary["without"][0]
    bad = [row for row in values["rows"] if row["scale"] != 1]
    harmed = [row for row in bad if row["without"][0] < bare - HARM]
    if not harmed:
        return Verdict("too little data to say", "no beginning was bad enough to do harm")
    saved = [row for row in harmed if row["gain"][1] > 0 and row["with"][0] > own - HARM]
    if len(saved) == len(harmed):
        return Verdict("holds", "with it, every beginning that did harm ends within 5 points")
    if saved:
        listed, lost = (
            ", ".join(f"{row['scale']:g}" for row in rows)
            for rows in (saved, [row for row in harmed if row not in saved])
        )
        return Verdict(
            "holds when", f"first weights are {listed} times torch's; not seen at {lost}"
        )
    if ordinary["count"] < 3:
        return Verdict("too little data to say", f"{ordinary['count']} seeds leave it open")
    return Verdict("not reproduced here", "it saved none of the bad beginnings")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    rows = values["rows"]

    def series(name: str, key: str) -> Series:
        return Series(
            name,
            tuple(row["scale"] for row in rows),
            tuple(100 * row[key][0] for row in rows),
            tuple(100 * row[key][1] for row in rows),
            tuple(100 * row[key][2] for row in rows),
        )

    return (
        Chart(
            "Bad beginnings, with batch normalisation and without",
            "first weights of the convolutions, × torch's own",
            "test accuracy, %",
            (series("with batchnorm", "with"), series("without", "without")),
            log_x=True,
        ),
    )


CLAIM = Claim(
    name="batchnorm",
    title="Batch normalisation",
    says="batch normalisation saves from bad initialisation by making activations unit Gaussian",
    source="the article; Ioffe and Szegedy 2015. Zero mean and unit variance per channel over "
    "the batch, then a learnt scale and shift. SGD, rate 0.03, momentum 0.9, both alike",
    rule="of the scales of first weights at which the network without it loses more than 5 points "
    "beside torch's own, holds if at all of them it is better with it (paired by seed, 95 % "
    "interval) and within 5 points of what it reaches from torch's own; holds when at some; not "
    "reproduced at none; too little data if no beginning did harm, or with fewer than 3 seeds",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['rows'][0]['count']} seeds",
    networks=(
        Shown("without batch normalisation", notation(norm=False)),
        Shown("with it", notation(norm=True)),
    ),
)
