"""What a watch says: findings, and the history that they are found in."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.inspection.health.labels import LabelSignal
from convscope.inspection.health.vitals import Vitals

__all__ = ["Finding", "History"]

SETTLED = 40
"""Steps after which running statistics, rates and losses are judged."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong: what kind, where, how it shows, what to do."""

    kind: str
    place: str
    evidence: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.kind}, {self.place}: {self.evidence}: {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """What is known of a training: vitals and losses, each with the step it is of."""

    vitals: tuple[Vitals, ...]
    losses: tuple[tuple[int, float], ...] = ()
    architecture: Architecture | None = None
    labels: LabelSignal | None = None

    @property
    def last(self) -> Vitals:
        """The newest vitals."""
        return self.vitals[-1]

    @property
    def settled(self) -> bool:
        """Whether there were enough steps to judge how it goes."""
        return self.last.step >= SETTLED

    @property
    def recent_loss(self) -> float:
        """The median of the last tenth of the losses, of ten at least."""
        values = [loss for _, loss in self.losses] or [each.loss for each in self.vitals]
        return statistics.median(values[-max(10, len(values) // 10) :])

    def updates(self, name: str) -> list[float]:
        """A layer's relative change for each step, between all vitals."""
        found = [
            layer.update for each in self.vitals for layer in each.weights if layer.name == name
        ]
        return [update for update in found if update is not None]
