"""Mean average precision and average recall of detections, as COCO counts them.

The numbers are those of pycocotools' COCOeval (Lin et al., 2014) for boxes of all sizes, to
the last bit: the order of ties, objects that are ``difficult`` (its ``iscrowd``: neither
required nor punished), images without anything and classes that are absent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convscope.applications.detection.detections import Detections
from convscope.applications.detection.matching import Flags, Floats, matched, ranked, required
from convscope.data.annotated import Objects
from convscope.errors import UsageError

__all__ = ["MOST", "RECALLS", "THRESHOLDS", "ClassPrecision", "Precision", "average_precision"]

THRESHOLDS: Floats = np.linspace(0.5, 0.95, 10)
"""Overlaps (intersection over union) from which a detection counts as right: T of them."""
RECALLS: Floats = np.linspace(0.0, 1.0, 101)
"""Recalls at which precision is read: R of them."""
MOST = (1, 10, 100)
"""Detections of a class that count in an image, the surest first: M limits."""


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """One class: its average precision over all thresholds and at an overlap of 0.5.

    ``recall`` is over all thresholds, ``objects`` how many were to be found (those that are
    difficult left out).  All three are None where there were none.
    """

    name: str
    objects: int
    average_precision: float | None
    at_half: float | None
    recall: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Precision:
    """What COCOeval calls precision (T×R×K) and recall (T×K×M), of K classes.

    NaN, where COCOeval writes −1, marks a class of which nothing was to be found; means
    leave it out.  ``images`` is how many images were looked at.
    """

    classes: tuple[str, ...]
    objects: tuple[int, ...]
    precision: Floats
    recall: Floats
    images: int

    def __repr__(self) -> str:
        return (
            f"<Precision: mAP@0.5 {self.at(0.5):.3f}, mAP@[.5:.95] {self.mean:.3f}, "
            f"{self.images:,} images>"
        )

    @property
    def mean(self) -> float:
        """mAP@[.5:.95]: the mean over thresholds, recalls and classes; NaN without objects."""
        return _mean(self.precision)

    def at(self, threshold: float) -> float:
        """mAP at one of ``THRESHOLDS``, such as 0.5."""
        return _mean(self.precision[_place(threshold)])

    def average_recall(self, most: int = MOST[-1]) -> float:
        """AR: the mean over thresholds and classes, of at most ``most`` detections a class."""
        if most not in MOST:
            raise UsageError(f"recall is known for {MOST} detections an image, not for {most}")
        return _mean(self.recall[:, :, MOST.index(most)])

    @property
    def per_class(self) -> tuple[ClassPrecision, ...]:
        """Class by class."""
        half = _place(0.5)
        return tuple(
            ClassPrecision(
                name,
                count,
                _number(_mean(self.precision[:, :, place])),
                _number(_mean(self.precision[half, :, place])),
                _number(_mean(self.recall[:, place, -1])),
            )
            for place, (name, count) in enumerate(zip(self.classes, self.objects, strict=True))
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON; null where nothing was to be found."""
        return {
            "mean_average_precision": _number(self.mean),
            "at_0.5": _number(self.at(0.5)),
            "at_0.75": _number(self.at(0.75)),
            "average_recall": {str(most): _number(self.average_recall(most)) for most in MOST},
            "images": self.images,
            "classes": [
                {
                    "name": each.name,
                    "objects": each.objects,
                    "average_precision": each.average_precision,
                    "at_0.5": each.at_half,
                    "recall": each.recall,
                }
                for each in self.per_class
            ],
        }


def average_precision(
    found: Sequence[Detections], truth: Sequence[Objects], classes: Sequence[str]
) -> Precision:
    """Measures what was ``found`` in images whose objects are known (``truth``).

    A detection is right where it overlaps an object of its class by the threshold or more
    that no surer detection has taken; precision at a recall is the best one at this recall
    or beyond.  AP = (1/R) Σ_r precision(r), over the thresholds of ``THRESHOLDS``.
    """
    if len(found) != len(truth):
        raise UsageError(f"{len(truth)} images need as many lists of detections, not {len(found)}")
    names = tuple(classes)
    answers, objects = ranked(found, len(names), MOST[-1]), required(truth, len(names))
    right, ignored = matched(answers, objects, THRESHOLDS)
    shape = (len(THRESHOLDS), len(RECALLS), len(names))
    precision, recall = np.full(shape, math.nan), np.full((shape[0], shape[2], len(MOST)), math.nan)
    counts = np.bincount(objects.label[~objects.difficult], minlength=len(names))
    for label in np.flatnonzero(counts):
        own = np.flatnonzero(answers.label == label)
        own = own[np.argsort(-answers.score[own], kind="stable")]
        hits = right[own] & ~ignored[own]
        misses = ~right[own] & ~ignored[own]
        precision[:, :, label] = _curve(hits, misses, int(counts[label]))
        for place, most in enumerate(MOST):
            counted = hits[answers.rank[own] < most].sum(0)
            recall[:, label, place] = counted / counts[label]
    return Precision(names, tuple(counts.tolist()), precision, recall, len(truth))


def _curve(hits: Flags, misses: Flags, count: int) -> Floats:
    """Precision at each of ``RECALLS`` (T×R) of detections in their order (D×T each)."""
    true = np.cumsum(hits, 0, dtype=np.float64)
    false = np.cumsum(misses, 0, dtype=np.float64)
    exact = true / (false + true + np.spacing(1))
    best = np.maximum.accumulate(exact[::-1], 0)[::-1]  # the best at this recall or beyond
    best = np.concatenate([best, np.zeros((1, best.shape[1]))])  # recalls that are not reached
    recall = true / count
    places = [np.searchsorted(recall[:, t], RECALLS, side="left") for t in range(len(THRESHOLDS))]
    return np.stack([best[place, t] for t, place in enumerate(places)])


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def _place(threshold: float) -> int:
    places = np.flatnonzero(np.isclose(THRESHOLDS, threshold))
    if not len(places):
        raise UsageError(f"precision is known for overlaps of 0.5, 0.55, … 0.95, not {threshold}")
    return int(places[0])


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value
