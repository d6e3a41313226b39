"""What a file of Python is made of: network, preprocessing, classes, weights, title."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.data.preprocessing import Preprocessing
from convscope.errors import RunError, UsageError
from convscope.training.runs import MODEL, Run, is_run, open_run

__all__ = ["Content", "content_of", "found_subject"]


@dataclass(frozen=True, slots=True)
class Content:
    """What a file is to hold."""

    architecture: Architecture
    preprocessing: Preprocessing | None
    classes: tuple[str, ...] | None
    weights: str | None
    title: str

    def __post_init__(self) -> None:
        """What does not belong together is refused here, before it fails in the file."""
        volume, output = self.architecture.nodes[0].input, self.architecture.output
        if self.preprocessing is not None:
            made = (*self.preprocessing.size, self.preprocessing.channels)
            if made != (volume.height, volume.width, volume.channels):
                raise UsageError(
                    f"the preprocessing makes images of {made[0]}×{made[1]}×{made[2]}, "
                    f"and the network takes {volume}"
                )
        if self.classes is not None and len(self.classes) != output.size:
            raise UsageError(
                f"{len(self.classes)} classes are named, and the network tells {output} apart"
            )

    @property
    def predicts(self) -> bool:
        """Whether the file can say what pictures show."""
        return self.preprocessing is not None and self.weights is not None


def found_subject(source: Architecture | Run | str | Path) -> Architecture | Run:
    """An architecture or a run: a name of the zoo is that, anything else a run if it is one."""
    if isinstance(source, Run):
        return source
    text = str(source)
    named = isinstance(source, Architecture) or text.strip().lower() in ZOO
    arrow = "->" in text or "→" in text
    if not named and not arrow and isinstance(source, str | Path) and is_run(source):
        return open_run(source)
    return find_architecture(source)


def content_of(
    subject: Architecture | Run | str | Path,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    weights: str | Path | None,
    title: str,
) -> Content:
    """What is given, and of a run what it brings; RunError where it has no weights yet."""
    subject = found_subject(subject)
    architecture = subject.architecture if isinstance(subject, Run) else subject
    if isinstance(subject, Run):
        if not subject.finished and weights is None:
            raise RunError(
                "the training has not been finished, so there are no weights to load",
                place=str(subject.path),
                remedy=subject.how_to_go_on,
            )
        preprocessing = preprocessing or subject.preprocessing
        classes = subject.classes if classes is None else classes
        weights = subject.path / MODEL if weights is None else weights
        title = title or f"{subject.architecture_name}, trained on {subject.data.name}"
    return Content(
        architecture,
        preprocessing,
        None if classes is None else tuple(classes),
        None if weights is None else Path(weights).as_posix(),
        title,
    )
