"""What a detector says of one image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.errors import DataError

__all__ = ["Detections", "coco_entries"]


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """Boxes with a class and a score each, of one image.

    ``boxes`` is N×4, float32: left, top, right, bottom in pixels at the edges, as in
    ``Objects``; ``labels`` are N classes by number; ``scores`` say how sure, larger is surer.
    """

    boxes: NDArray[np.float32]
    labels: NDArray[np.int64]
    scores: NDArray[np.float32]

    def __post_init__(self) -> None:
        count = len(self.labels)
        if self.boxes.shape != (count, 4) or self.scores.shape != (count,):
            raise DataError(
                f"{count} labels need as many boxes of four numbers, not {self.boxes.shape}, "
                f"and as many scores, not {self.scores.shape}"
            )

    def __len__(self) -> int:
        return len(self.labels)

    def scaled(self, down: float, across: float) -> Detections:
        """The same in an image of ``down`` times the height and ``across`` times the width."""
        factors = np.array([across, down, across, down], np.float32)
        return Detections(self.boxes * factors, self.labels, self.scores)


def coco_entries(
    found: Detections, image: int | str, categories: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """COCO's format of results: one entry a box, ``[left, top, width, height]``.

    ``categories`` are the numbers of the classes, by default counted from 1.
    """
    return [
        {
            "image_id": image,
            "category_id": label + 1 if categories is None else categories[label],
            "bbox": [left, top, right - left, bottom - top],
            "score": score,
        }
        for (left, top, right, bottom), label, score in zip(
            found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True
        )
    ]
