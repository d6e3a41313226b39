"""The one training loop: a generator of steps, for whatever task.

A step is a pure function of (the state before it, seed, step): which examples, how they
are changed, what dropout drops.  So a training that was cut off at any step and goes on
from a checkpoint ends in the same bits.
"""

from __future__ import annotations

import copy
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic

import numpy as np
import torch
from torch import Tensor, nn

from convscope.data.images import order
from convscope.errors import TrainingError
from convscope.training.average import Average
from convscope.training.optimizers import Optimizers, rate_factor
from convscope.training.recipe import Recipe, total_steps
from convscope.training.task import Batch, Task

__all__ = ["Step", "Training", "standing", "steps_of", "total_steps"]

READ_EVERY = 16
"""On accelerators reading the loss waits for the device; so it is read this seldom."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step that has been made.

    ``step`` counts from 1 to ``steps``, ``epoch`` is how often each example was seen by
    now (2.5: two and a half times), ``loss`` that of this batch before the step (on an
    accelerator: the last that was read), ``images`` those seen so far, ``seconds`` the
    time so far, all sessions of a resumed training together; ``scores`` what the task
    says of the held-out part, at the end of each epoch, else empty.  ``training`` is the
    training itself, as it stands now and only until the next step: whoever looks into its
    network gives back all that they borrow.
    """

    step: int
    steps: int
    epoch: float
    loss: float
    learning_rate: float
    images: int
    seconds: float
    images_per_second: float
    remaining_seconds: float
    scores: Mapping[str, float]
    training: Training[Any] | None = field(default=None, repr=False, compare=False)

    @property
    def done(self) -> float:
        """The part of the training that is behind, 0…1."""
        return self.step / self.steps


class Training(Generic[Batch]):
    """A training at a position.  What changes as it goes on is in ``state_dict``, all of it."""

    def __init__(
        self,
        network: nn.Module,
        task: Task[Batch],
        recipe: Recipe,
        *,
        seed: int = 0,
        precision: str = "float32",
        forward: Callable[..., Any] | None = None,
    ) -> None:
        """``forward`` may be a quicker way to the network's own result."""
        self.network = network
        self.task = task
        self.recipe = recipe
        self.seed = seed
        self.batch_size = min(recipe.batch_size, task.count)
        self.steps = total_steps(recipe, task.count)
        self.position = 0
        self.seconds = 0.0
        self.device = next(network.parameters()).device
        # Reading a loss from an accelerator waits for it; on a processor it costs nothing.
        self.waits = self.device.type != "cpu"
        self._forward = forward or network
        self._half = precision == "bfloat16"
        self._optimizers = Optimizers(network, recipe)
        self._average = Average(network, recipe.average) if recipe.average else None
        self._order = (-1, np.empty(0, np.int64))
        network.train()

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches only: the rest of an epoch's order waits for another epoch."""
        return self.task.count // self.batch_size

    def advance(self) -> Tensor:
        """Makes one step and returns its loss."""
        with _seeded(self.device, self.seed, self.position):
            batch = self.task.batch(self._indices())
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self._half):
                loss = self.task.loss(self._forward, batch)
        if not self.waits:
            self.check(self.position, loss.item())
        self._optimizers.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizers.step(rate_factor(self.recipe, self.position, self.steps))
        self.position += 1
        if self._average:
            self._average.update(self.position)
        return loss.detach()

    def check(self, position: int, loss: float) -> None:
        """TrainingError where the loss of the step after ``position`` is no number."""
        if not math.isfinite(loss):
            raise _diverged(f"the loss is {loss:g}", position, self)

    def result(self) -> nn.Module:
        """A copy of the network as it would be used now: averaged if that is called for."""
        network = copy.deepcopy(self.network)
        if self._average:
            self._average.copy_to(network)
        return network.eval()

    def state_dict(self) -> dict[str, Any]:
        """Weights, optimizers, average, and the position, which fixes all that is random."""
        state = self.network.state_dict()
        if not all(bool(value.isfinite().all()) for value in state.values()):
            raise _diverged("weights are no longer finite", self.position - 1, self)
        return {
            "position": self.position,
            "seed": self.seed,
            "seconds": self.seconds,
            "network": dict(state),
            "optimizers": self._optimizers.state_dict(),
            "average": self._average.state_dict() if self._average else [],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Takes up where ``state_dict`` was."""
        self.network.load_state_dict(state["network"])
        self._optimizers.load_state_dict(state["optimizers"])
        if self._average:
            self._average.load_state_dict(state["average"])
        self.position = state["position"]
        self.seconds = state["seconds"]

    def _indices(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        epoch, place = divmod(self.position, self.steps_per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, order(self.task.count, self.seed, epoch))
        return self._order[1][place * self.batch_size : (place + 1) * self.batch_size]


def steps_of(training: Training[Any]) -> Iterator[Step]:
    """Trains to the end, and yields each step once it has been made."""
    pace = _Pace(training)
    unread: list[Tensor] = []
    loss = math.nan
    while training.position < training.steps:
        unread.append(training.advance())
        position = training.position
        last = position == training.steps
        if not training.waits or math.isnan(loss) or len(unread) == READ_EVERY or last:
            losses = torch.stack(unread).tolist()
            for place, value in enumerate(losses, position - len(losses)):
                training.check(place, value)
            loss = losses[-1]
            unread.clear()
        scores: Mapping[str, float] = {}
        if position % training.steps_per_epoch == 0 or last:
            with torch.no_grad():
                scores = training.task.score(training.result())
        yield pace.step(loss, scores)


def standing(training: Training[Any]) -> Step:
    """The step after which a training stands; its loss is not known any more."""
    return _made(training, math.nan, {}, training.seconds / training.position)


class _Pace:
    """How fast it goes: over the last seconds, not since the start."""

    def __init__(self, training: Training[Any]) -> None:
        self._training = training
        self._start = time.perf_counter() - training.seconds
        self._marks = deque([(training.seconds, training.position)], maxlen=20)

    def step(self, loss: float, scores: Mapping[str, float]) -> Step:
        training = self._training
        position = training.position
        seconds = training.seconds = time.perf_counter() - self._start
        before, place = self._marks[0]
        each = (seconds - before) / (position - place)
        if seconds - self._marks[-1][0] > 0.25:
            self._marks.append((seconds, position))
        return _made(training, loss, scores, each)


def _made(training: Training[Any], loss: float, scores: Mapping[str, float], each: float) -> Step:
    """The step that was made last; ``each`` takes so many seconds."""
    position, rate = training.position, training.recipe.learning_rate
    return Step(
        step=position,
        steps=training.steps,
        epoch=position / training.steps_per_epoch,
        loss=loss,
        learning_rate=rate * rate_factor(training.recipe, position - 1, training.steps),
        images=position * training.batch_size,
        seconds=training.seconds,
        images_per_second=training.batch_size / each if each else 0.0,
        remaining_seconds=(training.steps - position) * each,
        scores=scores,
        training=training,
    )


@contextmanager
def _seeded(device: torch.device, seed: int, step: int) -> Iterator[None]:
    """Random numbers that are a pure function of (seed, step); the caller's come back after."""
    number = _mixed(seed, step)
    before = torch.default_generator.get_state()
    torch.default_generator.manual_seed(number)
    if device.type == "cuda":
        torch.cuda.manual_seed(number)
    elif device.type == "mps":
        torch.mps.manual_seed(number)
    try:
        yield
    finally:
        torch.default_generator.set_state(before)


def _mixed(seed: int, step: int) -> int:
    """64 bits in which those of seed and step are well mixed (SplitMix64, Steele et al. 2014).

    torch's generator on the processor takes the lower half of them only, so it must not
    matter in which bits two seeds differ.
    """
    bits = (seed * 0x9E3779B97F4A7C15 + step * 0xD1342543DE82EF95) % 2**64
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        bits = (bits ^ (bits >> shift)) * factor % 2**64
    return bits ^ (bits >> 31)


def _diverged(what: str, position: int, training: Training[Any]) -> TrainingError:
    """The error for numbers that ran away: when, why, and what helps."""
    recipe = training.recipe
    epoch = position / training.steps_per_epoch
    place = f"step {position + 1} of {training.steps} (epoch {epoch:.2f})"
    if position == 0:
        return TrainingError(
            f"{what} before anything was learnt: the network itself overflows",
            place=place,
            remedy="put batchnorm after the convolutions, or train with --set precision=float32",
        )
    rate = "kernel_learning_rate" if recipe.optimizer == "muon" else "learning_rate"
    lower = f"--set learning_rate={recipe.learning_rate / 10:g}"
    if recipe.optimizer == "muon":
        lower += f" --set {rate}={recipe.kernel_learning_rate / 10:g}"
    return TrainingError(
        f"{what}: the learning rate is most likely too high for this network",
        place=place,
        remedy=f"train again with {lower}, or a longer warm-up (--set warmup=0.3)",
    )
