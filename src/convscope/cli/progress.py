"""How far a long task is, on stderr: a bar on a terminal, a line now and then elsewhere.

Where CONVSCOPE_PROGRESS is ``json`` it is told to a program, which draws it itself.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from convscope.cli.console import note, wrapped
from convscope.report.numbers import percent
from convscope.report.palette import CATEGORIES

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import ProgressColumn, TaskID

    from convscope.data.progress import Progress
    from convscope.training.loop import Step

__all__ = ["Follower", "clock", "following", "step_line"]

_SECONDS_BETWEEN_LINES = 5.0
_SECONDS_BETWEEN_RECORDS = 0.25
_BLUE, _GREEN = CATEGORIES[0], CATEGORIES[2]


class Follower:
    """Who is told how far things are; its methods are handed to data and training.

    This one is silent, for ``--quiet``; yet nobody is connected to a network without
    being told.  ``step`` is the last step that a training has made.
    """

    def __init__(self) -> None:
        self.step: Step | None = None

    def tell(self, said: Progress) -> None:
        """Something that the data room or a training says."""
        if said.important and not said.done:
            note("\n".join(wrapped(said.text)))

    def observe(self, step: Step) -> None:
        """A step of a training that has been made."""
        self.step = step


@contextmanager
def following(*, quiet: bool = False) -> Iterator[Follower]:
    """The follower that suits stderr."""
    if quiet:
        yield Follower()
    elif os.environ.get("CONVSCOPE_PROGRESS") == "json":
        yield _Records()
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _Drawing(bars)
    else:
        yield _Lines()


def clock(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any: ``1:05``, ``2:00:00``."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def step_line(step: Step) -> str:
    """``step 600/1,800  epoch 1.0  loss 0.412  8,410 images/s  0:07 left``, and scores."""
    return f"step {step.step:,}/{step.steps:,}  {_measured(step)}"


def _measured(step: Step) -> str:
    parts = [
        f"epoch {step.epoch:.1f}",
        f"loss {step.loss:.3f}" if step.loss < 1000 else f"loss {step.loss:.3g}",
        f"{step.images_per_second:,.0f} images/s",
        f"{clock(step.remaining_seconds)} left",
        *(f"validation {name} {percent(value, 2)}" for name, value in step.scores.items()),
    ]
    return "  ".join(parts)


class _Lines(Follower):
    """Each text once, and a line every few seconds of training."""

    def __init__(self) -> None:
        super().__init__()
        self._told: set[str] = set()
        self._last: float | None = None

    def tell(self, said: Progress) -> None:
        if said.text not in self._told:
            self._told.add(said.text)
            note("\n".join(wrapped(said.text)))

    def observe(self, step: Step) -> None:
        super().observe(step)
        due = self._last is None or step.seconds - self._last >= _SECONDS_BETWEEN_LINES
        if due or step.step == step.steps or step.scores:
            self._last = step.seconds
            note(step_line(step))


class _Records(Follower):
    """Lines of JSON, a few a second: ``progress`` says what, ``done`` of ``total`` how far."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def tell(self, said: Progress) -> None:
        self._write(said.text, said.done, said.total, said.unit)

    def observe(self, step: Step) -> None:
        super().observe(step)
        self._write("training", step.step, step.steps, "steps")

    def _write(self, text: str, done: int, total: int, unit: str) -> None:
        now, last = time.monotonic(), self._last.get(text)
        if last is None or now - last >= _SECONDS_BETWEEN_RECORDS or done == total:
            self._last[text] = now
            record = {"progress": text, "done": done, "total": total, "unit": unit}
            note(json.dumps(record, ensure_ascii=False))


class _Drawing(Follower):
    """A bar for each thing that can be counted; other texts stay above the bars."""

    def __init__(self, bars: Bars) -> None:
        super().__init__()
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def tell(self, said: Progress) -> None:
        if said.text not in self._tasks and (said.important or not said.total):
            self._bars.console.print("\n".join(wrapped(said.text)))
        if said.total:
            counted = f"{said.done:,} of {said.total:,} {said.unit}"
            self._draw(said.text, said.done, said.total, counted)

    def observe(self, step: Step) -> None:
        super().observe(step)
        self._draw("training", step.step, step.steps, _measured(step))
        if step.scores:
            self._bars.console.print(step_line(step))

    def _draw(self, name: str, done: int, total: int, counted: str) -> None:
        if name not in self._tasks:
            self._tasks[name] = self._bars.add_task(name, total=total, counted=counted)
        self._bars.update(self._tasks[name], completed=done, counted=counted)


def _bars() -> Bars:
    """Bars that are gone when all is done: what stays is what was printed above them."""
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns: list[ProgressColumn] = [
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24, complete_style=_BLUE, finished_style=_GREEN, pulse_style=_BLUE),
        TextColumn("{task.fields[counted]}", markup=False),
    ]
    console = Console(stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True)
    return Bars(*columns, console=console, transient=True)
