"""What a change of a network does to its answers: the same images before and after."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.intervals import Bootstrap, Estimate
from convscope.training.scores import mcnemar, paired_interval

__all__ = ["ClassEffect", "Effect", "effect_of"]


@dataclass(frozen=True, slots=True)
class ClassEffect:
    """The images of one class: the share that is right before and after, and the difference."""

    name: str
    count: int
    before: float
    after: float
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Effect:
    """What changed when ``what`` was done, on the same images.

    ``difference`` is accuracy after − before, with Newcombe's paired 95 % interval (1998,
    method 10); ``lost`` images were right before and are wrong after, ``gained`` the other
    way; ``p_value`` is McNemar's exact one.  ``probability`` is the mean change of the
    probability of the right class, with a bootstrap interval.  ``channel`` is None where more
    than one channel was touched.
    """

    what: str
    channel: int | None
    accuracy: float
    difference: float
    interval: tuple[float, float]
    lost: int
    gained: int
    p_value: float
    probability: Estimate
    per_class: tuple[ClassEffect, ...]

    @property
    def most_affected(self) -> ClassEffect | None:
        """The class whose share changed most, None where none changed."""
        changed = [each for each in self.per_class if each.difference]
        return max(changed, key=lambda each: abs(each.difference), default=None)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return {
            "what": self.what,
            "channel": self.channel,
            "accuracy": self.accuracy,
            "difference": self.difference,
            "interval": list(self.interval),
            "lost": self.lost,
            "gained": self.gained,
            "p_value": self.p_value,
            "probability": self.probability.as_dict(),
            "per_class": [
                {**asdict(each), "interval": list(each.interval)} for each in self.per_class
            ],
        }


def effect_of(
    what: str,
    before: NDArray[np.float32],
    after: NDArray[np.float32],
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    bootstrap: Bootstrap,
    channel: int | None = None,
) -> Effect:
    """The effect out of the probabilities, N×classes, before and after."""
    right, still = before.argmax(1) == labels, after.argmax(1) == labels
    images = np.arange(len(labels))
    change = after[images, labels].astype(float) - before[images, labels]
    lost, gained = int((right & ~still).sum()), int((~right & still).sum())
    return Effect(
        what=what,
        channel=channel,
        accuracy=float(still.mean()),
        difference=(gained - lost) / len(labels),
        interval=_interval(right, still),
        lost=lost,
        gained=gained,
        p_value=mcnemar(lost, gained),
        probability=bootstrap.mean(change),
        per_class=tuple(
            _class_effect(name, right[labels == number], still[labels == number])
            for number, name in enumerate(classes)
            if (labels == number).any()
        ),
    )


def _interval(right: NDArray[np.bool_], still: NDArray[np.bool_]) -> tuple[float, float]:
    cells = (right & still, right & ~still, ~right & still, ~right & ~still)
    return paired_interval(*(int(cell.sum()) for cell in cells))


def _class_effect(name: str, right: NDArray[np.bool_], still: NDArray[np.bool_]) -> ClassEffect:
    before, after = float(right.mean()), float(still.mean())
    difference = (int(still.sum()) - int(right.sum())) / len(right)
    return ClassEffect(name, len(right), before, after, difference, _interval(right, still))
