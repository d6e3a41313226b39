"""What a run says of pictures: the likeliest classes of each, and what was done to it first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.named import named_image
from convscope.data.opening import SUFFIXES
from convscope.data.preprocessing import Preprocessing, ReadImages, Source, read_images
from convscope.errors import ConvscopeError, DataError, UsageError
from convscope.training.conditions import resolve
from convscope.training.runs import Run, open_run
from convscope.training.task import Normalise, probabilities

__all__ = ["Prediction", "Source", "predict"]

SCHEMA = "convscope.prediction/1"

READ_AT_ONCE = 256
"""Pictures in memory at a time: a folder may hold any number."""


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
    on_bad: Callable[[ConvscopeError], None] | None = None,
) -> tuple[Prediction, ...]:
    """Classifies pictures of any size.

    They are paths, folders, test images such as ``fashion-mini:7``, ``-`` for standard input,
    bytes of files, pictures of Pillow, or arrays of uint8 (H×W or H×W×3).  One that cannot be
    read is an error, or is told to ``on_bad`` and left out.

    ``invert`` exchanges light and dark in all of them or in none; None is the rule of
    ``read_images``: pictures on a bright ground are inverted where the network learnt
    light things on black.  Computed in float32.
    """
    if top < 1:
        raise UsageError(f"top is {top}", remedy="ask for one class or more")
    one = isinstance(images, str | Path | bytes | Image.Image | np.ndarray)
    sources = _expanded([images] if one else images, on_bad)  # type: ignore[list-item, arg-type]
    if not sources and on_bad is None:
        raise UsageError("no image was given", remedy="give files, folders, or - for stdin")
    opened = open_run(run)
    conditions = resolve(device, "float32")
    network = opened.network().to(conditions.device)
    normalise = Normalise(opened.preprocessing, conditions.device)
    found: list[Prediction] = []
    for start in range(0, len(sources), READ_AT_ONCE):
        part = sources[start : start + READ_AT_ONCE]
        read = _read(part, opened.preprocessing, invert, stdin, on_bad)
        if read is None:
            continue
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


_Bad = Callable[[ConvscopeError], None] | None


def _read(
    sources: Sequence[tuple[Source, str]],
    preprocessing: Preprocessing,
    invert: bool | None,
    stdin: BinaryIO | None,
    on_bad: _Bad,
) -> ReadImages | None:
    """The pictures that can be read, by the names they were given; None where none can."""
    found, names = [], []
    for source, name in sources:
        try:
            found.append(read_images([source], preprocessing, invert=invert, stdin=stdin))
        except ConvscopeError as error:
            if on_bad is None:
                raise
            on_bad(error)
            continue
        names.append(name or found[-1].names[0])
    if not found:
        return None
    images = np.concatenate([each.images for each in found])
    return ReadImages(images, tuple(names), tuple(each.inverted[0] for each in found))


def _expanded(sources: Sequence[Source], on_bad: _Bad) -> list[tuple[Source, str]]:
    """Each source with its name: folders give the images below them."""
    found: list[tuple[Source, str]] = []
    for number, source in enumerate(sources, 1):
        name = "" if isinstance(source, str | Path) else f"image {number}"
        try:
            image = named_image(source) if isinstance(source, str) else None
            if image is not None:
                found.append((image, str(source)))
            else:
                found += [(each, name) for each in _files(source)]
        except ConvscopeError as error:
            if on_bad is None:
                raise
            on_bad(error)
    return found


def _files(source: Source) -> Iterator[Source]:
    if not isinstance(source, str | Path) or str(source) == "-":
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
