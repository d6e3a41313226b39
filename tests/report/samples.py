"""Evaluations and runs for the tests of the report, made by the real makers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convscope.training.conditions import Conditions
from convscope.training.evaluate import Evaluation, Mistake
from convscope.training.runs import Run
from convscope.training.scores import (
    class_scores,
    confusion_matrix,
    expected_calibration_error,
    reliability,
    wilson_interval,
)

HERE = Conditions("cpu", "float32", 2, "a processor", "Linux x86_64", {"torch": "2.0"})
NOTATION = "input auto -> conv 4 5x5 pad 2 -> batchnorm -> relu -> maxpool 4 -> fc classes"
HOSTILE = '<b onclick="x()">&amp; "quoted" $\\frac{1$'


def evaluation(
    classes: int | tuple[str, ...] = 4, count: int = 400, *, right: float = 0.8, seed: int = 0
) -> Evaluation:
    """Answers drawn at random, a part of them right, evaluated as a run's would be."""
    names = classes if isinstance(classes, tuple) else tuple(f"class {i}" for i in range(classes))
    number = len(names)
    draw = np.random.default_rng(seed)
    true = draw.integers(0, number, count)
    hit = draw.random(count) < right
    answers = np.where(hit, true, (true + draw.integers(1, max(2, number), count)) % number)
    confidence = draw.uniform(1 / number, 1, count)
    correct = answers == true
    matrix = confusion_matrix(true, answers, number)
    bins = reliability(confidence, correct)
    wrong = np.flatnonzero(~correct)
    wrong = wrong[np.argsort(-confidence[wrong], kind="stable")][:100]
    return Evaluation(
        run="some-run",
        data="some-data",
        split="test",
        classes=names,
        count=count,
        accuracy=float(correct.mean()),
        interval=wilson_interval(int(correct.sum()), count),
        per_class=class_scores(matrix, names),
        confusion=matrix,
        calibration_error=expected_calibration_error(bins),
        bins=bins,
        mistakes=tuple(
            Mistake(int(k), int(true[k]), int(answers[k]), float(confidence[k])) for k in wrong
        ),
        predictions=answers,
        conditions=HERE,
    )


def metrics(lines: int = 80, *, accuracy: bool = False) -> tuple[dict[str, object], ...]:
    """A training's lines, the loss falling, with scores at the end of every epoch if asked."""
    made: list[dict[str, object]] = []
    for step in range(1, lines + 1):
        line: dict[str, object] = {
            "step": step,
            "epoch": step / 20,
            "loss": 2.3 * 0.97**step + 0.1 * (step % 3),
            "learning_rate": 0.01 * min(1.0, step / 10),
        }
        if accuracy and step % 20 == 0:
            line["scores"] = {"accuracy": 1 - 1 / (1 + step)}
        made.append(line)
    return tuple(made)


def trained(folder: Path, **settings: object) -> Run:
    """A very small network, trained for a moment on fashion-mini."""
    from convscope.training.train import train

    return train(
        NOTATION,
        data="fashion-mini",
        recipe="fast",
        settings={"epochs": 0.5, "validation": 0.1, **settings},
        out=folder,
    )
