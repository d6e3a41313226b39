"""What needs no detector: a threshold, connected components, and the trained classifier.

Where things are bright on a dark, even ground this finds them.  It stands beside every
detector, so that a number says how much of the task is really one of detection.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu

from convscope.applications.detection.detections import Detections
from convscope.data.annotated import Split
from convscope.data.preprocessing import fit_image
from convscope.errors import UsageError
from convscope.training.runs import Run
from convscope.training.task import Normalise, probabilities

__all__ = ["Baseline", "bright_things"]

SIDE = 8
"""Pixels of the shorter side below which a component is a speck."""
CLOSED = np.ones((3, 3), bool)
"""Pixels that touch at a side or a corner hang together."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Baseline:
    """Threshold, components, classifier; ``seconds`` an image of proposals and heads.

    ``classifier`` is a run on single things whose classes are called as those of the data.
    """

    classifier: Run

    def detected(
        self, split: Split, classes: Sequence[str]
    ) -> tuple[tuple[Detections, ...], dict[str, float]]:
        """What it finds in each image, and the seconds that an image takes it."""
        labels = self._labels(classes)
        start = time.perf_counter()
        things = [bright_things(image) for image in split.images]
        crops = [self._fitted(crop) for _, found in things for crop in found]
        proposed = time.perf_counter()
        answers = np.zeros((0, len(classes)), np.float32)
        if crops:
            network, prepared = self.classifier.network(), self.classifier.preprocessing
            answers = probabilities(network, np.stack(crops), Normalise(prepared))[:, labels]
        found, place = [], 0
        for boxes, own in things:
            part = answers[place : place + len(own)]
            place += len(own)
            best = part.argmax(1) if len(part) else np.zeros(0, np.int64)
            scores = part[np.arange(len(part)), best]
            order = np.argsort(-scores, kind="stable")
            found.append(Detections(boxes[order], best[order].astype(np.int64), scores[order]))
        count = max(1, len(split))
        seconds = {
            "proposals": (proposed - start) / count,
            "features": 0.0,
            "heads": (time.perf_counter() - proposed) / count,
        }
        return tuple(found), seconds

    def _labels(self, classes: Sequence[str]) -> list[int]:
        """Where the classifier has each class of the data."""
        known = self.classifier.classes
        missing = [name for name in classes if name not in known]
        if missing:
            raise UsageError(
                f"the classifier does not know {', '.join(missing[:3])}",
                place=self.classifier.name,
                remedy="the baseline needs one that tells the same classes apart",
            )
        return [known.index(name) for name in classes]

    def _fitted(self, crop: Pixels) -> Pixels:
        """H×W as the classifier's own pictures are: C×H×W."""
        prepared = self.classifier.preprocessing
        return fit_image(Image.fromarray(crop), prepared.size, prepared.channels, prepared.fit)


def bright_things(image: Pixels) -> tuple[NDArray[np.float32], list[Pixels]]:
    """Boxes M×4 of what is brighter than Otsu's threshold (1979), and M pictures of it.

    ``image`` is C×H×W.  In its picture (H×W) a component lies on black, its darkest pixel
    taken for black and its brightest for white, as the classifier's own pictures have it.
    """
    grey = image.mean(0)
    if grey.min() == grey.max():
        return np.zeros((0, 4), np.float32), []
    threshold = threshold_otsu(grey)  # type: ignore[no-untyped-call]
    named, _ = ndimage.label(grey > threshold, CLOSED)
    boxes, pictures = [], []
    for number, place in enumerate(ndimage.find_objects(named), 1):
        rows, columns = place
        if min(rows.stop - rows.start, columns.stop - columns.start) < SIDE:
            continue
        inside = ndimage.binary_fill_holes(named[place] == number)
        values = grey[place]
        low, high = values[inside].min(), values[inside].max()
        stretched = 255.0 * (values - low) / max(1.0, high - low)
        pictures.append(np.where(inside, stretched, 0.0).round().astype(np.uint8))
        boxes.append([columns.start, rows.start, columns.stop, rows.stop])
    return np.array(boxes, np.float32).reshape(-1, 4), pictures
