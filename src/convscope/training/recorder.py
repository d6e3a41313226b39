"""What a training writes down as it goes: metrics.jsonl, and TensorBoard's files if asked."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.errors import UsageError
from convscope.training.files import Lines, writing
from convscope.training.loop import Step
from convscope.training.runs import METRICS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

__all__ = ["Recorder", "require_tensorboard"]

MOST_LINES = 250
"""About so many lines a run, whatever its length: enough for a curve."""


class Recorder:
    """Writes a line every few steps: the mean loss since the line before, and any scores."""

    def __init__(self, folder: Path, steps: int, state: Mapping[str, Any], *, board: bool) -> None:
        self._every = max(1, steps // MOST_LINES)
        self._lines = Lines(folder / METRICS, state.get("metrics", 0))
        # The losses since the last line are a part of the state: the lines of a resumed
        # training are those of one that was never interrupted.
        self._losses: list[float] = list(state.get("losses", []))
        self._board: SummaryWriter | None = None
        if board:
            from torch.utils.tensorboard import SummaryWriter

            with writing(folder):
                self._board = SummaryWriter(
                    str(folder / "tensorboard"), purge_step=state.get("position")
                )

    def add(self, step: Step) -> None:
        """Takes in a step."""
        self._losses.append(step.loss)
        if step.step % self._every and not step.scores and step.step < step.steps:
            return
        self._write(step)

    def end(self, step: Step) -> None:
        """The last line of a training that ends after this step, unless it was written."""
        if self._losses:
            self._write(step)

    def _write(self, step: Step) -> None:
        loss = sum(self._losses) / len(self._losses)
        self._losses.clear()
        values = {
            "step": step.step,
            "epoch": round(step.epoch, 6),
            "loss": loss,
            "learning_rate": step.learning_rate,
            "images": step.images,
            "seconds": round(step.seconds, 3),
        }
        self._lines.add({**values, **({"scores": dict(step.scores)} if step.scores else {})})
        if self._board:
            with writing(Path(self._board.log_dir)):
                for name, value in {
                    "loss": loss,
                    "rate": step.learning_rate,
                    **step.scores,
                }.items():
                    self._board.add_scalar(name, value, step.step)

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds of it."""
        return {"metrics": self._lines.position, "losses": list(self._losses)}

    def close(self) -> None:
        """Nothing more comes."""
        self._lines.close()
        if self._board:
            self._board.close()


def require_tensorboard() -> None:
    """UsageError where the package that writes TensorBoard's files is not installed."""
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError(
            "TensorBoard's files need the package tensorboard, which is not installed",
            remedy='install it ("pip install tensorboard"), or leave --tensorboard out',
        )
