"""One session of a training: from the last checkpoint, if there is one, to the result."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from torch import nn

from convscope.errors import RunError
from convscope.training.checkpoint import (
    Clock,
    read_checkpoint,
    save_weights,
    snapshot_name,
    snapshot_steps,
    write_checkpoint,
)
from convscope.training.conditions import Conditions
from convscope.training.ending import early_results, require_a_step
from convscope.training.files import write_json
from convscope.training.interruption import Patience
from convscope.training.loop import Step, Training, standing, steps_of
from convscope.training.recipe import Recipe
from convscope.training.recorder import Recorder
from convscope.training.runs import CHECKPOINT, MODEL, RUN, SNAPSHOTS
from convscope.training.task import Task

__all__ = ["Job", "Trainable", "trained"]


class Trainable(Protocol):
    """What a session asks of a run, of whatever task: a frozen dataclass with these fields."""

    @property
    def path(self) -> Path: ...
    @property
    def recipe(self) -> Recipe: ...
    @property
    def seed(self) -> int: ...
    @property
    def conditions(self) -> Conditions: ...
    def as_dict(self) -> dict[str, Any]: ...


AnyRun = TypeVar("AnyRun", bound=Trainable)


@dataclass(frozen=True, eq=False)
class Job:
    """What a session trains.

    ``network`` as it begins, on its device; ``task`` gives batches and the loss; ``forward``
    may be a quicker way to the network's own result; ``results`` measures the finished
    network, in eval mode, for run.json; ``snapshots`` whether weights are kept along the way.
    """

    network: nn.Module
    task: Task[Any]
    results: Callable[[nn.Module], Mapping[str, Any]]
    forward: Callable[..., Any] | None = None
    snapshots: bool = True


def trained(
    run: AnyRun, job: Job, *, board: bool = False, finish: bool = False
) -> Generator[Step, None, AnyRun]:
    """Trains to the end, and writes down what came of it; the folder is locked.

    The run becomes ``finished``, and its ``results`` those of the job, with the steps, the
    examples and the seconds that it took.  With ``finish`` no further step is made: the
    training ends where its checkpoint is.
    """
    with _threads(run.conditions.threads):
        training = _training(run, job)
        state = _restored(run, training)
        if finish:
            require_a_step(training, run.path)
        recorder = Recorder(run.path, training.steps, state, board=board)
        with closing(recorder):
            if finish:
                recorder.end(standing(training))
            else:
                keeper = _Keeper(run, training, recorder, snapshots=job.snapshots)
                yield from _kept_steps(keeper, training, recorder)
        # As it will be read from the file, or sums would come out in another order.
        network = training.result().to(memory_format=torch.contiguous_format)
        save_weights(run.path / MODEL, network)
        results = {
            **job.results(network),
            "steps": training.position,
            "images": training.position * training.batch_size,
            "seconds": round(training.seconds, 3),
            **early_results(training),
        }
        finished = replace(run, results=results, finished=True)  # type: ignore[type-var]
        write_json(run.path / RUN, finished.as_dict())
        return finished


def _training(run: Trainable, job: Job) -> Training[Any]:
    return Training(
        job.network,
        job.task,
        run.recipe,
        seed=run.seed,
        precision=run.conditions.precision,
        forward=job.forward,
    )


def _restored(run: Trainable, training: Training[Any]) -> Mapping[str, Any]:
    """Puts the training where the checkpoint is; empty where there is none yet."""
    path = run.path / CHECKPOINT
    if not path.exists():
        return {}
    state = read_checkpoint(path)
    try:
        training.load_state_dict(state)
    except (KeyError, ValueError, RuntimeError, TypeError, IndexError) as error:
        raise RunError(
            f"the checkpoint is of another training ({str(error).splitlines()[0]})",
            place=str(path),
            remedy="train again into another folder",
        ) from None
    return state


def _kept_steps(keeper: _Keeper, training: Training[Any], recorder: Recorder) -> Iterator[Step]:
    """The steps, written down and saved; Ctrl-C and closing save once more."""
    steps = steps_of(training)
    with Patience() as patience:
        try:
            while training.position < training.steps:
                patience.busy = True
                step = next(steps)
                recorder.add(step)
                keeper.after_step()
                patience.busy = False
                if patience.asked:
                    raise KeyboardInterrupt
                yield step
        except (GeneratorExit, KeyboardInterrupt):
            keeper.save()
            raise


class _Keeper:
    """Saves a training as it goes on: checkpoints by the clock, snapshots by the step."""

    def __init__(
        self, run: Trainable, training: Training[Any], recorder: Recorder, *, snapshots: bool
    ) -> None:
        self._folder = run.path
        self._training = training
        self._recorder = recorder
        self._clock = Clock()
        self._snapshots = (
            snapshot_steps(training.steps, training.steps_per_epoch) if snapshots else frozenset()
        )
        if training.position == 0:
            if 0 in self._snapshots:
                self._snapshot()
            self.save()

    def after_step(self) -> None:
        """Does what is due after this step."""
        position = self._training.position
        if position in self._snapshots:
            self._snapshot()
        if position == self._training.steps or self._clock.due():
            self.save()

    def save(self) -> None:
        """Replaces the checkpoint."""
        start = time.monotonic()
        write_checkpoint(
            self._folder / CHECKPOINT,
            {**self._training.state_dict(), **self._recorder.state_dict()},
        )
        self._clock.wrote(time.monotonic() - start)

    def _snapshot(self) -> None:
        path = self._folder / SNAPSHOTS / snapshot_name(self._training.position)
        save_weights(path, self._training.result())


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Sums come out the same only with the same number of threads; the caller's come back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
