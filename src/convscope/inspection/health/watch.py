"""Who watches a training: a reader of its steps, with a forward pass of its own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from convscope.architecture.architecture import Architecture
from convscope.data.images import order
from convscope.inspection.health.findings import Finding, History
from convscope.inspection.health.labels import LabelSignal, label_signal
from convscope.inspection.health.rules import findings_of
from convscope.inspection.health.vitals import Vitals, take_vitals
from convscope.training.loop import Step, Training
from convscope.training.task import Task

__all__ = ["Health", "Watch", "probe_of"]

SCHEMA = "convscope.health/1"
PROBE = 200
"""Images of the probe."""
NEIGHBOURS = 600
"""Images in which nearest neighbours are looked for."""
SHARE = 0.06
"""The part of the training's time that watching may take."""
FEWEST_BETWEEN, MOST = 32, 24
"""Steps between two looks once the first are over, and about how many looks there are."""

_NO_EPOCH = 2**31 - 1
"""The probe's order is that of no epoch."""


@dataclass(frozen=True, slots=True, eq=False)
class Health:
    """What was found, and what it was found from; ``seconds`` is what watching took."""

    name: str
    findings: tuple[Finding, ...]
    history: History
    seconds: float

    def __repr__(self) -> str:
        kinds = ", ".join(dict.fromkeys(each.kind for each in self.findings))
        return f"<Health of {self.name or 'a training'}: {kinds or 'nothing was found'}>"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        last = self.history.last
        return {
            "schema": SCHEMA,
            "name": self.name,
            "findings": [finding.as_dict() for finding in self.findings],
            "steps": last.step,
            "images": last.count,
            "loss": last.loss,
            "accuracy": last.accuracy,
            "chance": last.chance,
            "activations": [
                {
                    "name": each.name,
                    "kind": each.kind,
                    "units": each.units,
                    "dead": list(each.dead),
                    "saturated": each.saturated,
                }
                for each in last.activations
            ],
            "weights": [
                {
                    "name": each.name,
                    "weight": each.weight,
                    "gradient": each.gradient,
                    "agreement": each.agreement,
                    "positive": each.positive,
                    "update": each.update,
                    "copies": each.copies,
                }
                for each in last.weights
            ],
            "norms": [
                {"name": each.name, "shift": each.shift, "scale": each.scale} for each in last.norms
            ],
            "seconds": round(self.seconds, 3),
        }


class Watch:
    """Observes the steps of a classifier's training and takes vitals now and then.

    After steps 1, 2, 4, 8, 16, 32 and then at equal distances, where those looks are left
    out that would take more than ``share`` of the training's time so far; and at the end.
    """

    def __init__(
        self, name: str = "", architecture: Architecture | None = None, *, share: float = SHARE
    ) -> None:
        self.name = name
        self.architecture = architecture
        self.share = share
        self.seconds = 0.0
        self._vitals: list[Vitals] = []
        self._losses: list[tuple[int, float]] = []
        self._probe: tuple[Tensor, Tensor] | None = None
        self._signal: LabelSignal | None = None

    @property
    def looks(self) -> int:
        """How many times vitals were taken."""
        return len(self._vitals)

    def observe(self, step: Step) -> None:
        """Takes in a step; give it to ``train(..., observe=watch.observe)``."""
        self._losses.append((step.step, step.loss))
        if step.training is not None and self._due(step):
            self._look(step.training, step.step)

    def broke(self, training: Training[Any]) -> None:
        """The training has stopped because of its numbers: a last look at them."""
        self._look(training, training.position)

    def health(self) -> Health:
        """What is to be said by now."""
        history = History(tuple(self._vitals), tuple(self._losses), self.architecture, self._signal)
        return Health(self.name, findings_of(history), history, self.seconds)

    def _look(self, training: Training[Any], step: int) -> None:
        start = time.perf_counter()
        if self._probe is None:
            self._probe, self._signal = probe_of(training.task, training.seed)
        before = self._vitals[-1] if self._vitals else None
        self._vitals.append(take_vitals(training.network, *self._probe, step=step, before=before))
        self.seconds += time.perf_counter() - start

    def _due(self, step: Step) -> bool:
        if step.step == step.steps:
            return True
        if step.step <= FEWEST_BETWEEN:
            return step.step & (step.step - 1) == 0
        between = max(FEWEST_BETWEEN, step.steps // MOST)
        return step.step % between == 0 and self.seconds <= self.share * step.seconds


def probe_of(task: Task[Any], seed: int) -> tuple[tuple[Tensor, Tensor], LabelSignal]:
    """Images as the network gets them, always the same ones, and what their labels tell."""
    chosen = order(task.count, seed, _NO_EPOCH)[:NEIGHBOURS]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        images, labels = task.batch(chosen)
    return (images[:PROBE], labels[:PROBE]), label_signal(images, labels)
