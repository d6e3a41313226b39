"""What a claim is: a statement, a measurement, and a rule that was fixed before it.

A claim's file holds ``CLAIM``, whose functions are pure but for ``measure``: what was
measured is plain JSON, and sentence, verdict and charts follow from it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from convscope.data.images import Data, ImageSet, split
from convscope.data.progress import Progress, Tell, teller
from convscope.data.sources import load_data
from convscope.experiments.grid import Trial, run_trials
from convscope.experiments.table import Cell, Filled, Row, Table, fill, read_table
from convscope.training.conditions import resolve

__all__ = ["Chart", "Claim", "Outcome", "Series", "Setting", "Shown", "Verdict"]

SCHEMA = "convscope.claim/1"

Word = Literal["holds", "holds when", "not reproduced here", "too little data to say"]
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``because`` completes the sentence that ``word`` begins."""

    word: Word
    because: str

    def __str__(self) -> str:
        joint = " " if self.word == "holds when" else ": "
        return f"{self.word}{joint}{self.because}"


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a row of bars; ``lows`` and ``highs`` bound 95 % intervals where given."""

    name: str
    xs: tuple[float | str, ...]
    ys: tuple[float, ...]
    lows: tuple[float, ...] = ()
    highs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Chart:
    """What a figure shows; ``x`` and ``y`` name the axes with their units.

    Bars begin at 0; points are for values that differ little beside their size.
    """

    title: str
    x: str
    y: str
    series: tuple[Series, ...]
    kind: Literal["lines", "bars", "points"] = "lines"
    log_x: bool = False
    log_y: bool = False
    level: tuple[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A network that a claim compares with others, to be looked at beside them.

    ``source`` is a notation, a name of the zoo or ``example``; of the latter ``step`` may be
    a moment of its training, and ``pools`` the kinds that stand in the place of its poolings.
    """

    name: str
    source: str
    step: int | None = None
    pools: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of the article.

    ``says`` is the statement in our words, ``source`` where it or its measurement comes
    from, ``rule`` in words what decides; ``judge`` is that rule.  ``sample`` says how often
    was measured what intervals are of, ``data`` whether it is measured on images.
    ``networks`` are those that it compares, none where it is about a layer or a number.
    """

    name: str
    title: str
    says: str
    source: str
    rule: str
    measure: Callable[[Setting], dict[str, Any]]
    tell: Callable[[Values], str]
    judge: Callable[[Values], Verdict]
    charts: Callable[[Values], tuple[Chart, ...]]
    sample: Callable[[Values], str]
    data: bool = True
    networks: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A claim that has been measured: the row of the table, and what it was made from."""

    name: str
    title: str
    says: str
    source: str
    rule: str
    measured: str
    sample: str
    verdict: Verdict
    charts: tuple[Chart, ...]
    values: Values
    conditions: Mapping[str, Any]
    seconds: float

    def __repr__(self) -> str:
        return f"<Outcome of {self.name}: {self.verdict.word}>"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {"schema": SCHEMA, **asdict(self)}


@dataclass(frozen=True)
class Setting:
    """Under what a claim is measured; its tables lie in ``folder``, and resume there.

    ``quick`` takes less of everything and fashion-mini in the place of Fashion-MNIST.
    """

    folder: Path
    quick: bool = False
    progress: Tell | None = field(default=None, repr=False)
    _earlier: list[float] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def earlier(self) -> float:
        """Seconds of what was found in tables, measured before somebody stopped it."""
        return sum(self._earlier)

    @property
    def data_name(self) -> str:
        """Which images."""
        return "fashion-mini" if self.quick else "fashion-mnist"

    @cached_property
    def data(self) -> Data:
        """The images themselves, read when they are first needed."""
        return load_data(self.data_name, offline=True, progress=self.progress)

    def seeds(self, count: int, quick: int = 2) -> range:
        """So many repetitions."""
        return range(quick if self.quick else count)

    def images(self, count: int) -> ImageSet:
        """``count`` training images, as many of each class as in all; always the same ones."""
        train = self.data.train
        if count >= len(train):
            return train
        return split(train, count / len(train), 0)[1]

    def table(
        self,
        name: str,
        cells: Iterable[Cell],
        measure: Callable[[Cell], Mapping[str, Any]],
    ) -> Table:
        """The cells measured, those that the file holds already left alone."""
        kind = "quick" if self.quick else "full"
        path = self.folder / f"{name}-{kind}.jsonl"
        wanted: Sequence[Cell] = tuple(cells)
        tell = teller(self.progress)
        tell(Progress(name, 0, len(wanted), "measurements"))
        for filled in fill(path, name, wanted, measure, conditions=self.conditions):
            self._note(filled, name, tell)
        rows = {str(sorted(row.cell.items())): row for row in read_table(path).rows}
        found = tuple(rows[str(sorted(cell.items()))] for cell in wanted)
        return Table(name, found, self.conditions)

    def trainings(self, name: str, trials: Sequence[Trial]) -> list[Row]:
        """Whole runs, those that the folder holds already left alone."""
        tell = teller(self.progress)
        folder = self.folder / f"{name}-{'quick' if self.quick else 'full'}"
        found = []
        for filled in run_trials(folder, trials, name=name, progress=self.progress):
            self._note(filled, name, tell)
            found.append(filled.row)
        return found

    def _note(self, filled: Filled, name: str, tell: Tell) -> None:
        if not filled.fresh:
            self._earlier.append(filled.row.seconds)
        tell(Progress(name, filled.done, filled.cells, "measurements"))

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """Machine, threads and versions."""
        found = resolve("cpu", "float32")
        return {
            "data": self.data_name,
            "quick": self.quick,
            "processor": found.processor,
            "threads": found.threads,
            "versions": dict(found.versions),
        }
