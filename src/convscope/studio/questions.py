"""What applications are asked on the page, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PIL import Image

from convscope.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convscope.data.annotated import Objects

__all__ = ["Answered", "Pictured", "Question", "objects_of", "one_of"]

Pictured = Sequence[Image.Image]


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked at: a fresh scene by its seed, or pictures that a person brought.

    Several pictures are the frames of a clip.  ``least`` is how sure a detection must be,
    ``beam`` how many sentences are followed.
    """

    seed: int = 0
    images: tuple[str, ...] = ()
    least: float = 0.5
    beam: int = 3


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What was found: ``record`` as the command line prints it, and what it is drawn with.

    ``arrays`` hold ``picture`` (C×H×W, a clip T×C×H×W), and what the task adds; ``seconds``
    is the time of the prediction alone.
    """

    record: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    seconds: float
    truth: Any = None
    names: tuple[str, ...] = ()


def one_of(pictures: Pictured) -> Image.Image:
    """The only one; UsageError where there are several."""
    if len(pictures) != 1:
        raise UsageError("one picture is looked at at a time", remedy="choose one")
    return pictures[0]


def objects_of(objects: Objects, classes: Sequence[str]) -> list[dict[str, Any]]:
    """As a detection's record has them."""
    pairs = zip(objects.labels.tolist(), objects.boxes.tolist(), strict=True)
    return [{"class": classes[label], "box": box} for label, box in pairs]
