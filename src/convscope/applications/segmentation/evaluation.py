"""A trained segmenter, measured on a part of the data."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from convscope.applications.runs import ApplicationRun
from convscope.applications.segmentation.scores import SegmentationScores
from convscope.applications.segmentation.task import require_regions, scored
from convscope.data.annotated import Annotated
from convscope.errors import DataError
from convscope.training.conditions import Conditions, resolve
from convscope.training.task import Normalise

__all__ = ["SegmentationEvaluation", "judged"]


@dataclass(frozen=True, slots=True, eq=False)
class SegmentationEvaluation:
    """The scores of a run on ``split`` of ``data``, in float32; ``seconds`` are for all images,
    the answers and their judging together."""

    run: str
    method: str
    data: str
    split: str
    scores: SegmentationScores
    seconds: float
    conditions: Conditions

    def __repr__(self) -> str:
        return (
            f"<SegmentationEvaluation of {self.run}: mean IoU {self.scores.mean_iou:.3f} on "
            f"{self.scores.images:,} {self.split} images of {self.data}>"
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.segmentation-evaluation/1",
            "run": self.run,
            "method": self.method,
            "data": self.data,
            "split": self.split,
            **self.scores.as_dict(),
            "seconds": self.seconds,
            "conditions": self.conditions.as_dict(),
        }


def judged(
    run: ApplicationRun, network: nn.Module, data: Annotated, split: str, device: torch.device
) -> SegmentationEvaluation:
    """The network's answers to one part of the data, beside its masks.

    DataError where the data's regions are not those of the run, or there are no images.
    """
    part = data.split(split)
    if data.regions != run.regions:
        raise DataError(
            f"the run knows the regions {', '.join(run.regions)}, and these are "
            f"{', '.join(data.regions)}",
            place=data.place,
            remedy="give data with the regions of the training",
        )
    if not len(part):
        raise DataError("there are no images to be judged", place=f"{data.place}, {split}")
    require_regions(part, len(run.regions), data.place)
    start = time.perf_counter()
    scores = scored(network, part, Normalise(run, device), run.regions)
    seconds = time.perf_counter() - start
    return SegmentationEvaluation(
        run.name, run.method, data.name, split, scores, round(seconds, 3),
        resolve(device.type, "float32"),
    )  # fmt: skip
