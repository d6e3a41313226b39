"""What a sheet is made from: an architecture, or a run, whose weights are then asked about.

This alone of the room reaches for a run and its weights, and so for torch; and that only
where a question about them is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.errors import ConvscopeError, UsageError
from convscope.exercises.trained import Inside, RealNorm, RealSum, Slices, Unit

if TYPE_CHECKING:
    from convscope.inspection.subject import Subject
    from convscope.inspection.walking.stage import Stage
    from convscope.training.runs import Run

__all__ = ["Source", "found", "found_run"]


@dataclass(frozen=True)
class Source:
    """``title`` is what people call it; ``run`` is empty where only the architecture counts."""

    title: str
    architecture: Architecture
    run: str = ""
    inside: Inside | None = None


def found(source: Any) -> Source:
    """An Architecture, a Run, a name of the zoo, a notation, a file, or a run by its name."""
    if isinstance(source, Source):
        return source
    if isinstance(source, Architecture):
        return Source("a network", source)
    if not isinstance(source, str | Path):
        return found_run(source)
    text = str(source).strip()
    if text.lower() in ZOO:
        return Source(text.lower(), ZOO[text.lower()].example)
    if "->" not in text and "→" not in text and _is_run(source):
        return found_run(source)
    try:
        return Source("a network", find_architecture(text))
    except UsageError as error:
        if "names a module" in error.problem:
            problem = error.problem.replace("an architecture is", "an architecture or a run is")
            raise UsageError(problem, remedy=error.remedy) from None
        if "no name of the zoo" not in error.problem:
            raise
        raise UsageError(f"{error.problem}, and no run either", remedy=error.remedy) from None


def _is_run(source: str | Path) -> bool:
    from convscope.training.runs import RUN, run_path

    try:
        return (run_path(source) / RUN).is_file()
    except OSError:  # too long for the name of a folder
        return False


def found_run(source: str | Path | Run) -> Source:
    """A run, with its weights.  Raises RunError where there is none."""
    from convscope.training.runs import open_run

    run = open_run(source)
    return Source(run.name, run.architecture, run.name, _Weights(run))


@dataclass(frozen=True)
class _Weights:
    """Looks units up in a run; images are the package's, which are the same everywhere."""

    run: Run

    @cached_property
    def subject(self) -> Subject:
        from convscope.inspection.subject import subject_of

        try:
            return subject_of(self.run, data="fashion-mini")
        except ConvscopeError:
            return subject_of(self.run)

    def _stage(self, layer: str, unit: Unit, image: int) -> tuple[Stage, str]:
        from convscope.inspection.walking.walk import walk

        number = image % len(self.subject.images)
        found = walk(self.subject, layer, unit, image=number)
        return found.last, f"image {number} of {self.subject.images_from}"

    def sum_at(self, layer: str, unit: Unit, image: int) -> RealSum:
        from convscope.inspection.walking.sums import Weighted

        stage, name = self._stage(layer, unit, image)
        assert isinstance(stage, Weighted)
        patch, kernel = _slices(stage.patch), _slices(stage.kernel)
        return RealSum(patch, kernel, stage.bias or 0.0, stage.value, name)

    def norm_at(self, layer: str, unit: Unit, image: int) -> RealNorm:
        from convscope.inspection.walking.single import Normalised

        stage, name = self._stage(layer, unit, image)
        assert isinstance(stage, Normalised)
        return RealNorm(
            stage.x,
            stage.mean,
            stage.variance,
            stage.epsilon,
            stage.scale,
            stage.shift,
            stage.value,
            name,
        )


def _slices(grid: Any) -> Slices:
    """An array of three dimensions as tuples of plain numbers."""
    return tuple(
        tuple(tuple(float(value) for value in row) for row in rows) for rows in grid.tolist()
    )
