"""How far a training is and how fast it goes, from the lines that it has written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Pace", "pace_of"]

_LINES = 12
"""So many lines back the speed is measured over: the last seconds, not all since the start."""


@dataclass(frozen=True, slots=True)
class Pace:
    """``step`` of ``steps``; the speed is None where too little has been written to tell.

    ``seconds`` are those of training so far, ``remaining_seconds`` those that are left at
    this speed.
    """

    step: int
    steps: int
    epoch: float
    images: int
    seconds: float
    images_per_second: float | None
    remaining_seconds: float | None

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return asdict(self)


def pace_of(lines: Sequence[Mapping[str, Any]], steps: int) -> Pace:
    """The pace after the last line of metrics.jsonl; of none at all, that of the beginning."""
    if not lines:
        return Pace(0, steps, 0.0, 0, 0.0, None, None)
    last, before = lines[-1], lines[max(0, len(lines) - 1 - _LINES)]
    speed = left = None
    seconds = last["seconds"] - before["seconds"]
    if last["step"] > before["step"] and seconds > 0:
        speed = (last["images"] - before["images"]) / seconds
        left = (steps - last["step"]) * seconds / (last["step"] - before["step"])
    return Pace(
        step=last["step"],
        steps=steps,
        epoch=last["epoch"],
        images=last["images"],
        seconds=last["seconds"],
        images_per_second=speed,
        remaining_seconds=left,
    )
