"""What a run says of pictures: the likeliest classes of each, and what was done to it first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from convscope.data.opening import SUFFIXES
from convscope.data.preprocessing import read_images
from convscope.errors import DataError, UsageError
from convscope.training.conditions import resolve
from convscope.training.runs import Run, open_run
from convscope.training.task import Normalise, probabilities

__all__ = ["Prediction", "Source", "predict"]

SCHEMA = "convscope.prediction/1"

READ_AT_ONCE = 256
"""Pictures in memory at a time: a folder may hold any number."""

Source = str | Path | bytes


@dataclass(frozen=True, slots=True)
class Prediction:
    """The likeliest classes of one picture, with softmax's probabilities, the first the best.

    ``preprocessing`` says in words what was done to the picture, ``inverted`` whether
    light and dark were exchanged.
    """

    source: str
    top: tuple[tuple[str, float], ...]
    preprocessing: str
    inverted: bool

    @property
    def label(self) -> str:
        """The likeliest class."""
        return self.top[0][0]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "source": self.source,
            "top": [{"class": name, "probability": value} for name, value in self.top],
            "preprocessing": self.preprocessing,
            "inverted": self.inverted,
        }


def predict(
    run: Run | str | Path,
    images: Source | Sequence[Source],
    *,
    top: int = 3,
    invert: bool | None = None,
    device: str = "auto",
    stdin: BinaryIO | None = None,
) -> tuple[Prediction, ...]:
    """Classifies pictures of any size: paths, folders, bytes, or ``-`` for standard input.

    ``invert`` exchanges light and dark in all of them or in none; None is the rule of
    ``read_images``: pictures on a bright ground are inverted where the network learnt
    light things on black.  Computed in float32.
    """
    if top < 1:
        raise UsageError(f"top is {top}", remedy="ask for one class or more")
    sources = _expanded([images] if isinstance(images, str | Path | bytes) else images)
    if not sources:
        raise UsageError("no image was given", remedy="give files, folders, or - for stdin")
    opened = open_run(run)
    conditions = resolve(device, "float32")
    network = opened.network().to(conditions.device)
    normalise = Normalise(opened.preprocessing, conditions.device)
    found: list[Prediction] = []
    for start in range(0, len(sources), READ_AT_ONCE):
        read = read_images(
            sources[start : start + READ_AT_ONCE],
            opened.preprocessing,
            invert=invert,
            stdin=stdin,
        )
        for name, inverted, values in zip(
            read.names, read.inverted, probabilities(network, read.images, normalise), strict=True
        ):
            words = opened.preprocessing.words(inverted=inverted)
            found.append(Prediction(name, _top(opened.classes, values, top), words, inverted))
    return tuple(found)


def _top(
    classes: tuple[str, ...], values: NDArray[np.float32], count: int
) -> tuple[tuple[str, float], ...]:
    # Stable: of equally likely classes, the first of the run's comes first.
    places = np.argsort(-values, kind="stable")[:count]
    return tuple((classes[place], float(values[place])) for place in places)


def _expanded(sources: Sequence[Source]) -> list[Source]:
    """The sources with folders replaced by the images below them."""
    return [each for source in sources for each in _files(source)]


def _files(source: Source) -> Iterator[Source]:
    if isinstance(source, bytes) or str(source) == "-":
        yield source
        return
    path = Path(source).expanduser()
    if not path.is_dir():
        yield source
        return
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not found:
        raise DataError(
            f"this folder holds no images ({', '.join(SUFFIXES)})", place=str(path.absolute())
        )
    yield from found
