"""What a detector says of a picture, for people and for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.applications.detection.detections import Detections, coco_entries
from convscope.applications.pictures import Picture

__all__ = ["DetectedObject", "DetectionPrediction", "coco_results"]

SCHEMA = "convscope.detection-prediction/1"


@dataclass(frozen=True, slots=True)
class DetectedObject:
    """An object by its class's name, how sure it is, and its box: left, top, right, bottom."""

    name: str
    score: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class DetectionPrediction:
    """The objects of one picture, the surest first.

    ``size`` is (height, width) of the picture as it was given, and ``given`` holds the boxes
    in its pixels; ``picture`` is what the network saw, C×H×W, and ``detections`` holds them
    in the pixels of that.
    """

    source: str
    size: tuple[int, int]
    classes: tuple[str, ...]
    given: Detections = field(repr=False)
    detections: Detections = field(repr=False)
    picture: NDArray[np.uint8] = field(repr=False)

    @classmethod
    def of(
        cls, picture: Picture, found: Detections, classes: tuple[str, ...], least: float
    ) -> DetectionPrediction:
        """Of what was found that which is as sure as ``least`` or surer."""
        keep = found.scores >= least
        kept = Detections(found.boxes[keep], found.labels[keep], found.scores[keep])
        down, across = picture.scale
        factors = np.array([across, down, across, down])
        boxes = (kept.boxes / factors).astype(np.float32)
        given = Detections(boxes, kept.labels, kept.scores)
        return cls(picture.name, picture.size, classes, given, kept, picture.pixels)

    def __repr__(self) -> str:
        return f"<DetectionPrediction of {self.source}: {self.words}>"

    @property
    def objects(self) -> tuple[DetectedObject, ...]:
        """Each object by its class's name."""
        return tuple(
            DetectedObject(self.classes[label], score, (box[0], box[1], box[2], box[3]))
            for label, score, box in zip(
                self.given.labels.tolist(),
                self.given.scores.tolist(),
                self.given.boxes.tolist(),
                strict=True,
            )
        )

    @property
    def words(self) -> str:
        """The classes with their numbers: ``2 Bag, 1 Coat``."""
        names = [each.name for each in self.objects]
        counts = {name: names.count(name) for name in dict.fromkeys(names)}
        return ", ".join(f"{count} {name}" for name, count in counts.items()) or "nothing"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "height": self.size[0],
            "width": self.size[1],
            "objects": [
                {"class": each.name, "score": each.score, "box": list(each.box)}
                for each in self.objects
            ],
        }


def coco_results(
    predictions: Sequence[DetectionPrediction], identifiers: Mapping[str, int] | None = None
) -> list[dict[str, Any]]:
    """COCO's format of results: one entry a box, ``[left, top, width, height]``.

    ``category_id`` counts the run's classes from 1; ``image_id`` counts the pictures from 1,
    or is what ``identifiers`` says of a picture's name.
    """
    found = []
    for number, prediction in enumerate(predictions, 1):
        image = number if identifiers is None else identifiers[prediction.source]
        found += coco_entries(prediction.given, image)
    return found
