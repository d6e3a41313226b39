"""checkpoint.pt: everything from which a training goes on, in one file and one rename.

Weights, optimizers, average, the position, and the lengths of files that grow.  The
random state is in it as seed and position: a step's random numbers are a pure function
of both.  Beside it, snapshots of the weights alone, for looking back in time.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from convscope.errors import RunError
from convscope.training.files import write_bytes, writing

__all__ = [
    "Clock",
    "load_weights",
    "read_checkpoint",
    "save_weights",
    "snapshot_name",
    "snapshot_steps",
    "write_checkpoint",
]

SCHEMA = "convscope.checkpoint/1"

INTERVAL = 3.0
"""Seconds between checkpoints: what a kill can cost, with a step and a write, stays below 5."""

COST = 0.02
"""The part of the time that checkpoints may take; where they would take more, they wait."""


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Replaces the checkpoint at once, or leaves the old one as it was."""
    packed = io.BytesIO()
    torch.save({"schema": SCHEMA, **state}, packed)
    write_bytes(path, packed.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What ``write_checkpoint`` wrote; no code in the file is run (``weights_only``)."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever a damaged file provokes
        state = error
    if not isinstance(state, dict) or state.get("schema") != SCHEMA:
        raise RunError(
            "the checkpoint is damaged, or of another version of convscope",
            place=str(path),
            remedy="train again into another folder",
        )
    return state


def save_weights(path: Path, network: nn.Module) -> None:
    """The network's state_dict as safetensors, which knows contiguous tensors only."""
    tensors = {
        name: value.detach().cpu().contiguous() for name, value in network.state_dict().items()
    }
    with writing(path.parent):
        path.parent.mkdir(exist_ok=True)
    write_bytes(path, save(tensors))


def load_weights(path: Path, network: nn.Module) -> None:
    """Puts the weights of a file into a network that has the same layers; else RunError.

    They become numbers of the network's own precision, whatever theirs is.
    """
    try:
        tensors = load(path.read_bytes())
    except FileNotFoundError:
        raise RunError(
            "the weights are not there",
            place=str(path),
            remedy="the training was not finished, and "
            f"convscope train --resume --out {path.parent} goes on with it",
        ) from None
    except OSError as error:
        raise RunError(f"cannot be read ({error.strerror})", place=str(path)) from None
    except (SafetensorError, ValueError) as error:
        raise RunError(
            f"the weights are damaged or cut short ({error})",
            place=str(path),
            remedy="copy the file again, or train again",
        ) from None
    _compare(path, tensors, network.state_dict())
    network.load_state_dict(tensors)


def _compare(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    wrong = [f"{name} is missing" for name in wanted if name not in found]
    wrong += [f"{name} has no layer" for name in found if name not in wanted]
    wrong += [
        f"{name} is {_shape(found[name])} instead of {_shape(wanted[name])}"
        for name in wanted
        if name in found and found[name].shape != wanted[name].shape
    ]
    if wrong:
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise RunError(
            f"these are the weights of another architecture: {', '.join(wrong[:3])}{more}",
            place=str(path),
            remedy="give the run they belong to",
        )


def _shape(tensor: torch.Tensor) -> str:
    return "×".join(str(side) for side in tensor.shape) or "one number"


def snapshot_name(step: int) -> str:
    """``000540.safetensors``: sorted by name is sorted by time."""
    return f"{step:06}.safetensors"


def snapshot_steps(steps: int, per_epoch: int) -> frozenset[int]:
    """After which steps the weights are kept: 0, 1, 3, 10, 32, 100, …, each epoch, the last.

    Of many epochs about twenty, at equal distances.
    """
    return frozenset({0, steps, *_spaced(min(steps, per_epoch)), *_epochs(steps, per_epoch)})


def _spaced(most: int) -> Iterator[int]:
    """Powers of √10, rounded: early on, much happens in few steps."""
    power = 0
    while round(10 ** (power / 2)) < most:
        yield round(10 ** (power / 2))
        power += 1


def _epochs(steps: int, per_epoch: int) -> range:
    stride = per_epoch * max(1, -(-steps // (20 * per_epoch)))
    return range(stride, steps + 1, stride)


class Clock:
    """When the next checkpoint is due: after INTERVAL, or later where COST asks for it."""

    def __init__(self) -> None:
        self._wait = INTERVAL
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time."""
        return time.monotonic() - self._last >= self._wait

    def wrote(self, seconds: float) -> None:
        """A checkpoint was written just now, in so many seconds."""
        self._wait = max(INTERVAL, seconds / COST)
        self._last = time.monotonic()
