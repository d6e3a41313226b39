"""13. ReLU units die under a large learning rate, and a proper one avoids it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.claims.learning import learn
from convscope.data.sources import preprocessing_of
from convscope.experiments.table import Cell
from convscope.inspection.health.vitals import take_vitals
from convscope.network.build import build
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise

__all__ = ["CLAIM", "silent_units"]

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
PROPER, LARGE = RATES[0], RATES[-1]
NETWORK = (
    "input auto -> conv 16 5x5 pad 2 -> relu -> maxpool 2 -> conv 32 5x5 pad 2 -> relu -> "
    "maxpool 2 -> fc 64 -> relu -> fc classes"
)
UNITS = 16 + 32 + 64


def silent_units(network: nn.Module, images: Tensor, labels: Tensor) -> set[tuple[str, int]]:
    """The ReLU units (channels, behind a convolution) that give 0 everywhere for all images."""
    vitals = take_vitals(network, images, labels)
    return {(each.name, unit) for each in vitals.activations for unit in each.dead}


def measure(setting: Setting) -> dict[str, Any]:
    """How many of the ReLU units that answered to some of 200 images have died at each rate.

    Those that were silent before the first step were not killed by it, and do not count.
    """
    data, images = setting.data, setting.images(5000)
    pixels = torch.from_numpy(np.array(images.images[:200]))
    probe = Normalise(preprocessing_of(replace(data, train=images)))(pixels)
    labels = torch.from_numpy(images.labels[:200])

    def train(cell: Cell) -> dict[str, float]:
        seed = int(cell["seed"] or 0)
        architecture = find_architecture(NETWORK, example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        rate = float(cell["rate"] or 0)
        recipe = Recipe(name="adam", learning_rate=rate, batch_size=50, precision="float32")
        steps = 80 if setting.quick else 300
        before = silent_units(network, probe, labels)
        learnt = learn(network, images, data, recipe, seed=seed, steps=steps)
        after = silent_units(learnt.network, probe, labels)
        return {
            "died": len(after - before) / (UNITS - len(before)),
            "silent_before": len(before) / UNITS,
            "accuracy": learnt.accuracy,
        }

    cells: list[Cell] = [
        {"rate": rate, "seed": seed} for seed in setting.seeds(5) for rate in RATES
    ]
    table = setting.table("dying-relus", cells, train)
    rows = []
    for rate in RATES:
        dead, right = table.mean("died", rate=rate), table.mean("accuracy", rate=rate)
        rows.append(
            {
                "rate": rate,
                "dead": dead.mean,
                "low": dead.low,
                "high": dead.high,
                "accuracy": right.mean,
                "count": dead.count,
            }
        )
    more = table.difference("died", {"rate": LARGE}, {"rate": PROPER})
    return {
        "rows": rows,
        "more": [more.mean, more.low, more.high],
        "silent_before": table.mean("silent_before").mean,
    }


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"rate {row['rate']:g}: {100 * row['dead']:.0f} % dead, {100 * row['accuracy']:.0f} % right"
        for row in values["rows"]
    ]
    return (
        "units that answered to some of 200 images before training and to none after it: "
        f"{'; '.join(parts)} (n = {values['rows'][0]['count']}, Adam); "
        f"{100 * values['silent_before']:.0f} % gave 0 before the first step and do not count"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    proper = values["rows"][0]
    if values["more"][1] <= 0:
        if proper["count"] < 3:
            return Verdict("too little data to say", f"{proper['count']} seeds leave it open")
        return Verdict("not reproduced here", "no more units die at the largest rate")
    if proper["dead"] < 0.05:
        return Verdict("holds", "units die at large rates and hardly any at a proper one")
    return Verdict("holds when", "more units die is meant: some die at a proper rate, too")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    rows = values["rows"]
    rates = tuple(row["rate"] for row in rows)
    return (
        Chart(
            "ReLU units that died, by the learning rate",
            "learning rate (Adam)",
            "share, %",
            (
                Series(
                    "units that died",
                    rates,
                    tuple(100 * row["dead"] for row in rows),
                    tuple(100 * row["low"] for row in rows),
                    tuple(100 * row["high"] for row in rows),
                ),
                Series("test accuracy", rates, tuple(100 * row["accuracy"] for row in rows)),
            ),
            log_x=True,
        ),
    )


CLAIM = Claim(
    name="dying-relus",
    title="Dying ReLUs",
    says="ReLU units can die when a large gradient flows through them; a proper learning rate "
    "avoids it",
    source="the article and CS231n",
    rule="holds if more units die at a rate of 0.1 than at 0.001 (paired by seed, 95 % interval "
    "above 0) and fewer than 5 % at 0.001; holds when more are meant if 5 % or more die at 0.001; "
    "else not reproduced, or too little data with fewer than 3 seeds",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['rows'][0]['count']} seeds",
)
