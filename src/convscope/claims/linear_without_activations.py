"""9. Without non-linearities between them, layers fall back to a linear network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.claims.learning import learn
from convscope.experiments.table import Cell
from convscope.network.build import build
from convscope.training.recipe import read_recipe

__all__ = ["CLAIM"]

_STAGE = "conv {c} 5x5 pad 2 -> batchnorm{act} -> {pool} 2"
NETWORKS = {
    "ReLU, max pooling": (" -> relu", "maxpool"),
    "ReLU, average": (" -> relu", "avgpool"),
    "max pooling alone": ("", "maxpool"),
    "none: average": ("", "avgpool"),
}
LINEAR = "one linear layer"
NONE = "none: average"
CLOSE = 0.015
"""Accuracy within which a network is as good as the linear classifier."""


def notation(name: str) -> str:
    """The network of that name; all have the article's layers but for what is named."""
    if name == LINEAR:
        return "input auto -> fc classes"
    activation, pool = NETWORKS[name]
    stages = [_STAGE.format(c=count, act=activation, pool=pool) for count in (16, 32)]
    return " -> ".join(["input auto", *stages, "fc classes"])


def measure(setting: Setting) -> dict[str, Any]:
    """Test accuracy with and without, beside that of a single linear layer."""
    data = setting.data

    def train(cell: Cell) -> dict[str, float]:
        architecture = find_architecture(notation(str(cell["network"])), example=False)
        seed = int(cell["seed"] or 0)
        network = build(architecture.completed(data.volume, len(data.classes)), seed=seed)
        settings = {"precision": "float32", "epochs": "4" if setting.quick else "2"}
        recipe = read_recipe("fast", settings)
        return {"accuracy": learn(network, data.train, data, recipe, seed=seed).accuracy}

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
            }
        )
    return {"rows": rows}


def tell(values: Mapping[str, Any]) -> str:
    parts = [f"{row['network']} {100 * row['accuracy']:.1f} %" for row in values["rows"]]
    return f"{'; '.join(parts)} (n = {values['rows'][0]['count']})"


def judge(values: Mapping[str, Any]) -> Verdict:
    rows = {row["network"]: row for row in values["rows"]}
    gap = rows[NONE]["above_linear"][0]
    gain = rows["ReLU, average"]["above_linear"][1]
    if abs(gap) <= CLOSE < gain:
        return Verdict("holds", "without them no better than one linear layer; ReLU alone lifts it")
    if gain > CLOSE:
        return Verdict(
            "holds when",
            "only the direction is meant: without them it is "
            f"{100 * gap:+.1f} points beside one linear layer, which computes the same functions "
            "and is trained otherwise",
        )
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
    return (Chart(title, "non-linearities", "test accuracy, %", (series,), kind="bars"),)


CLAIM = Claim(
    name="linear-without-activations",
    title="Non-linearities",
    says="convolution is linear and images are not: non-linear layers are put behind convolutions",
    source="the article, section on non-linearity layers",
    rule="holds if, with average pooling, the network without activations is within 1.5 points of "
    "one linear layer and ReLU lifts it by more (95 % interval)",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
)
