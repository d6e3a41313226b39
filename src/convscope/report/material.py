"""What a report is made of, gathered part by part: what fails leaves a reason in its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.layers import Conv, FullyConnected
from convscope.architecture.shapes import walk
from convscope.errors import ConvscopeError
from convscope.training.evaluate import Evaluation, evaluate, evaluated_images
from convscope.training.runs import Run

__all__ = ["Material", "gathered"]

MISTAKES = 24
"""Pictures of mistakes."""


@dataclass(frozen=True, eq=False)
class Material:
    """All that a report is made of; ``reasons`` say why a part is not there.

    ``sample`` is an image that was measured, ``pictures`` are those of the surest mistakes.
    """

    run: Run
    explanation: Explanation
    metrics: tuple[dict[str, Any], ...]
    evaluation: Evaluation | None = None
    sample: NDArray[np.uint8] | None = None
    pictures: tuple[NDArray[np.uint8], ...] = ()
    kernels: NDArray[np.float32] | None = None
    kernels_of: str = ""
    reasons: dict[str, str] = field(default_factory=dict)


def gathered(run: Run, evaluation: Evaluation | None) -> Material:
    """Everything there is to show, each part tried on its own."""
    reasons: dict[str, str] = {}
    weights, name = _first_weights(run, reasons)
    metrics = _metrics(run, reasons)
    if evaluation is None and run.finished:
        try:
            evaluation = evaluate(run)
        except ConvscopeError as error:
            reasons["evaluation"] = _sentence(error)
    elif evaluation is None:
        going = "is being trained now" if run.live else f"was cut off; {run.how_to_go_on}"
        reasons["evaluation"] = f"The training has not been finished: the run {going}."
    sample, pictures = _images_of(run, evaluation, reasons) if evaluation else (None, ())
    explanation = explain(run.architecture)
    return Material(run, explanation, metrics, evaluation, sample, pictures, weights, name, reasons)


def _metrics(run: Run, reasons: dict[str, str]) -> tuple[dict[str, Any], ...]:
    try:
        metrics = run.metrics()
    except ConvscopeError as error:
        reasons["curves"] = _sentence(error)
        return ()
    if not metrics:
        reasons["curves"] = "The run has no metrics.jsonl with at least one line."
    return metrics


def _sentence(error: ConvscopeError) -> str:
    text = str(error)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _images_of(
    run: Run, evaluation: Evaluation, reasons: dict[str, str]
) -> tuple[NDArray[np.uint8] | None, tuple[NDArray[np.uint8], ...]]:
    """An image, and those of the most confident mistakes, where the data still are those."""
    shown = evaluation.mistakes[:MISTAKES]
    try:
        data, images, _ = evaluated_images(run, split=evaluation.split)  # type: ignore[arg-type]
    except ConvscopeError as error:
        reasons["pictures"] = _sentence(error)
        return None, ()
    same = len(images) == evaluation.count and data.name == evaluation.data
    if not same or any(int(images.labels[m.index]) != m.true for m in shown):
        reasons["pictures"] = f"The images of {evaluation.data} are not those of this run's data."
        return None, ()
    return images.images[0], tuple(images.images[mistake.index] for mistake in shown)


def _first_weights(run: Run, reasons: dict[str, str]) -> tuple[NDArray[np.float32] | None, str]:
    """The weights that look at the image, N×C×H×W: of a convolution, or of an fc layer."""
    first = next(
        (n for n in walk(run.architecture.nodes) if isinstance(n.layer, Conv | FullyConnected)),
        None,
    )
    if first is None:
        reasons["kernels"] = "The network has no layer with kernels."
        return None, ""
    try:
        values = run.network().state_dict()[f"{first.name}.weight"].numpy()
    except ConvscopeError as error:
        reasons["kernels"] = _sentence(error)
        return None, first.name
    if isinstance(first.layer, FullyConnected):
        seen = run.architecture.nodes[0].input
        flat = first.input.flat and first.input.size == seen.size
        if first.input != seen and not flat:
            reasons["kernels"] = "The first layer with weights does not look at the image."
            return None, first.name
        values = values.reshape(-1, seen.channels, seen.height, seen.width)
    return values, first.name
