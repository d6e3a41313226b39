"""One session of a training: from the last checkpoint, if there is one, to the result."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import torch

from convscope.errors import RunError
from convscope.network.build import build
from convscope.network.fast import fast_forward
from convscope.training.checkpoint import (
    Clock,
    read_checkpoint,
    save_weights,
    snapshot_name,
    snapshot_steps,
    write_checkpoint,
)
from convscope.training.evaluate import result_of
from convscope.training.files import write_json
from convscope.training.interruption import Patience
from convscope.training.loop import Step, Training, steps_of
from convscope.training.prepare import Plan, with_dropout
from convscope.training.recorder import Recorder
from convscope.training.runs import CHECKPOINT, MODEL, RUN, SNAPSHOTS, Run
from convscope.training.task import Classification, Normalise

__all__ = ["trained"]


def trained(run: Run, plan: Plan, *, board: bool) -> Generator[Step, None, Run]:
    """Trains to the end, and writes down what came of it; the folder is locked."""
    with _threads(run.conditions.threads):
        training = _training(run, plan)
        state = _restored(run, training)
        recorder = Recorder(run.path, training.steps, state, board=board)
        with closing(recorder):
            yield from _kept_steps(_Keeper(run, training, recorder), training, recorder)
        save_weights(run.path / MODEL, training.result())
        finished = replace(run, results=_results(run, plan, training), finished=True)
        write_json(run.path / RUN, finished.as_dict())
        return finished


def _training(run: Run, plan: Plan) -> Training[Any]:
    device = torch.device(run.conditions.device)
    # Drawn on the processor, so that the weights at the start are the same on any device.
    network = build(with_dropout(run.architecture, run.recipe.dropout), seed=run.seed)
    layout = torch.contiguous_format if device.type == "mps" else torch.channels_last
    network = network.to(device=device, memory_format=layout)  # type: ignore[call-overload]
    task = Classification(plan.train, plan.preprocessing, run.recipe, held=plan.held, device=device)
    return Training(
        network,
        task,
        run.recipe,
        seed=run.seed,
        precision=run.conditions.precision,
        forward=fast_forward(network),
    )


def _restored(run: Run, training: Training[Any]) -> Mapping[str, Any]:
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

    def __init__(self, run: Run, training: Training[Any], recorder: Recorder) -> None:
        self._folder = run.path
        self._training = training
        self._recorder = recorder
        self._clock = Clock()
        self._snapshots = snapshot_steps(training.steps, training.steps_per_epoch)
        if training.position == 0:
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


def _results(run: Run, plan: Plan, training: Training[Any]) -> dict[str, Any]:
    """The score of the weights in the file, on the held-out part, or else on the test set."""
    device = run.conditions.device
    network = run.network().to(device)
    images = plan.held or plan.data.test
    return {
        "split": "validation" if plan.held else "test",
        **result_of(network, images, Normalise(run.preprocessing, device)),
        "steps": training.steps,
        "images": training.steps * training.batch_size,
        "seconds": round(training.seconds, 3),
    }


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Sums come out the same only with the same number of threads; the caller's come back."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
