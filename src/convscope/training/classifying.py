"""Training a classifier, as a job for the session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from convscope.network.build import build
from convscope.network.fast import fast_forward
from convscope.training.evaluate import result_of
from convscope.training.prepare import Plan, with_dropout
from convscope.training.runs import Run
from convscope.training.session import Job
from convscope.training.task import Classification, Normalise

__all__ = ["classifying"]


def classifying(run: Run, plan: Plan) -> Job:
    """The network at its start, its task, and how the finished one is measured."""
    device = torch.device(run.conditions.device)
    # Drawn on the processor, so that the weights at the start are the same on any device.
    network = build(with_dropout(run.architecture, run.recipe.dropout), seed=run.seed)
    layout = torch.contiguous_format if device.type == "mps" else torch.channels_last
    network = network.to(device=device, memory_format=layout)  # type: ignore[call-overload]
    task = Classification(plan.train, plan.preprocessing, run.recipe, held=plan.held, device=device)

    def results(finished: nn.Module) -> Mapping[str, Any]:
        """The score on the held-out part, or else on the test set."""
        images = plan.held or plan.data.test
        return {
            "split": "validation" if plan.held else "test",
            **result_of(finished, images, Normalise(run.preprocessing, device)),
        }

    return Job(network, task, results, forward=fast_forward(network))
