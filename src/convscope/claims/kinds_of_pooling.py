"""7. Max pooling beside average, L2 and distance-weighted: accuracy, time, and what they save."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.claims.learning import learn
from convscope.experiments.table import Cell
from convscope.network.build import build
from convscope.training.recipe import Recipe, read_recipe

__all__ = ["CLAIM"]

KINDS = ("maxpool", "avgpool", "l2pool", "distancepool")
WINDOWS = ("2", "3 stride 2")


def notation(kind: str, window: str) -> str:
    """The article's network with another pooling in both places."""
    conv = "conv {c} 5x5 pad 2 -> batchnorm -> relu -> {kind} {window}"
    stages = [conv.format(c=count, kind=kind, window=window) for count in (16, 32)]
    return " -> ".join(["input auto", *stages, "fc classes"])


def measure(setting: Setting) -> dict[str, Any]:
    """The article's network trained with each kind and window, paired by seed."""
    data = setting.data

    def train(cell: Cell) -> dict[str, float]:
        text = notation(str(cell["kind"]), str(cell["window"]))
        architecture = find_architecture(text, example=False)
        network = build(
            architecture.completed(data.volume, len(data.classes)), seed=int(cell["seed"] or 0)
        )
        epochs = {"epochs": "2" if setting.quick else "1", "precision": "float32"}
        recipe: Recipe = read_recipe("fast", epochs)
        found = learn(network, data.train, data, recipe, seed=int(cell["seed"] or 0))
        return {"accuracy": found.accuracy, "training_seconds": found.seconds}

    cells: list[Cell] = [
        {"kind": kind, "window": window, "seed": seed}
        for seed in setting.seeds(5)
        for window in WINDOWS
        for kind in KINDS
    ]
    table = setting.table("kinds-of-pooling", cells, train)
    rows = []
    for window in WINDOWS:
        for kind in KINDS:
            mean = table.mean("accuracy", kind=kind, window=window)
            row: dict[str, Any] = {
                "kind": kind,
                "window": window,
                "accuracy": mean.mean,
                "low": mean.low,
                "high": mean.high,
                "count": mean.count,
                "seconds": table.mean("training_seconds", kind=kind, window=window).mean,
            }
            if kind != "maxpool":
                own, other = (
                    {"kind": "maxpool", "window": window},
                    {"kind": kind, "window": window},
                )
                difference = table.difference("accuracy", own, other)
                row["behind_max"] = [difference.mean, difference.low, difference.high]
            rows.append(row)
    return {"rows": rows, "saving": _saving()}


def _saving() -> dict[str, int]:
    """What the two poolings of the article save: work and weights with them and without."""
    article = ZOO["article"]
    bare = find_architecture(article.notation.replace(" -> maxpool 2", ""), example=False)
    own = explain(article.example)
    other = explain(bare.completed(article.volume, article.classes))
    return {
        "multiply_adds": own.multiply_adds.value,
        "multiply_adds_without": other.multiply_adds.value,
        "weights": own.weights.value,
        "weights_without": other.weights.value,
    }


def tell(values: Mapping[str, Any]) -> str:
    parts = [
        f"{row['kind']} {row['window']} {100 * row['accuracy']:.2f} %, {row['seconds']:.0f} s"
        for row in values["rows"]
    ]
    saving = values["saving"]
    return (
        f"{'; '.join(parts)} (n = {values['rows'][0]['count']}); the two poolings of the article "
        f"save {saving['multiply_adds_without'] / saving['multiply_adds']:.1f} times the work and "
        f"{saving['weights_without'] / saving['weights']:.1f} times the weights"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    saving = values["saving"]
    if any(saving[what] >= saving[f"{what}_without"] for what in ("multiply_adds", "weights")):
        return Verdict("not reproduced here", "pooling saves no work, or no weights")
    others = [row for row in values["rows"] if "behind_max" in row]
    ahead = [f"{row['kind']} {row['window']}" for row in others if row["behind_max"][1] > 0]
    behind = [f"{row['kind']} {row['window']}" for row in others if row["behind_max"][2] < 0]
    if len(ahead) == len(others):
        return Verdict("holds", "max is the most accurate, and pooling saves work and weights")
    if behind and not ahead:
        return Verdict("not reproduced here", f"more accurate than max: {', '.join(behind)}")
    if ahead:
        told = f"max is more accurate than {', '.join(ahead)}"
        told += f", and less than {', '.join(behind)}" if behind else "; no difference to others"
        return Verdict("holds when", f"{told}; pooling saves work and weights in every case")
    return Verdict("too little data to say", "no kind differs from max by more than the interval")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    def series(window: str) -> Series:
        rows = [row for row in values["rows"] if row["window"] == window]
        return Series(
            window.replace(" stride ", "×3, stride ") if "stride" in window else "2×2, stride 2",
            tuple(row["kind"] for row in rows),
            tuple(100 * row["accuracy"] for row in rows),
            tuple(100 * row["low"] for row in rows),
            tuple(100 * row["high"] for row in rows),
        )

    title = "The article's network with four kinds of pooling"
    bars = tuple(series(window) for window in WINDOWS)
    return (Chart(title, "pooling", "test accuracy, %", bars, kind="points"),)


CLAIM = Claim(
    name="kinds-of-pooling",
    title="Kinds of pooling",
    says="max pooling is the most popular of four kinds; pooling cuts the computation and the "
    "weights that come after it",
    source="the article, section on pooling; Boureau, Ponce, LeCun 2010 on max and average",
    rule="holds if max is more accurate than each other kind with the same window (paired by seed, "
    "95 % interval) and pooling saves work and weights; holds when for those that it beats; not "
    "reproduced if it beats none and one beats it, or nothing is saved; too little data if none "
    "differs. Popularity cannot be measured: accuracy stands in for it",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['rows'][0]['count']} seeds",
    networks=tuple(Shown(kind, notation(kind, WINDOWS[-1])) for kind in KINDS),
)
