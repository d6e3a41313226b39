"""13. ReLU units die under a large learning rate, and a proper one avoids it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.claims.learning import learn
from convscope.experiments.table import Cell
from convscope.inspection.health.watch import Watch
from convscope.network.build import build
from convscope.training.recipe import Recipe

__all__ = ["CLAIM"]

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)
PROPER, LARGE = RATES[0], RATES[-1]
NETWORK = (
    "input auto -> conv 16 5x5 pad 2 -> relu -> maxpool 2 -> conv 32 5x5 pad 2 -> relu -> "
    "maxpool 2 -> fc 64 -> relu -> fc classes"
)


def measure(setting: Setting) -> dict[str, Any]:
    """The share of ReLU units that give 0 for all of 200 images, after training at each rate."""
    data, images = setting.data, setting.images(5000)

    def train(cell: Cell) -> dict[str, float]:
        seed = int(cell["seed"] or 0)
        architecture = find_architecture(NETWORK, example=False)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        rate = float(cell["rate"] or 0)
        recipe = Recipe(name="adam", learning_rate=rate, batch_size=50, precision="float32")
        watch = Watch(share=1.0)
        steps = 80 if setting.quick else 300
        learnt = learn(network, images, data, recipe, seed=seed, steps=steps, observe=watch.observe)
        last = watch.health().history.last.activations
        dead, units = sum(len(each.dead) for each in last), sum(each.units for each in last)
        return {"dead": dead / units, "accuracy": learnt.accuracy}

    cells: list[Cell] = [
        {"rate": rate, "seed": seed} for seed in setting.seeds(5) for rate in RATES
    ]
    table = setting.table("dying-relus", cells, train)
    rows = []
    for rate in RATES:
        dead, right = table.mean("dead", rate=rate), table.mean("accuracy", rate=rate)
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
    more = table.difference("dead", {"rate": LARGE}, {"rate": PROPER})
    return {"rows": rows, "more": [more.mean, more.low, more.high]}


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"rate {row['rate']:g}: {100 * row['dead']:.0f} % dead, {100 * row['accuracy']:.0f} % right"
        for row in values["rows"]
    ]
    return f"{'; '.join(parts)} (n = {values['rows'][0]['count']}, Adam)"


def judge(values: Mapping[str, Any]) -> Verdict:
    proper = values["rows"][0]
    if values["more"][1] <= 0:
        if proper["count"] < 3:
            return Verdict("too little data to say", f"{proper['count']} seeds leave it open")
        return Verdict("not reproduced here", "no more units die at the largest rate")
    if proper["dead"] < 0.05:
        return Verdict("holds", "units die at large rates and hardly any at a proper one")
    return Verdict("holds when", "more units die is meant: some are dead at a proper rate, too")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    rows = values["rows"]
    rates = tuple(row["rate"] for row in rows)
    return (
        Chart(
            "ReLU units that give 0 for every image, by the learning rate",
            "learning rate (Adam)",
            "share, %",
            (
                Series(
                    "dead units",
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
    rule="holds if more units are dead at a rate of 0.1 than at 0.001 (paired by seed, 95 % "
    "interval "
    "above 0) and fewer than 5 % at 0.001",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
)
