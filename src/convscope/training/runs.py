"""A run: a folder that holds one training and its result, read as a frozen value."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Pair
from convscope.architecture.references import is_reference
from convscope.data.preprocessing import Preprocessing
from convscope.errors import ConvscopeError, NoRunError, RunError, UsageError, did_you_mean
from convscope.training.conditions import Conditions
from convscope.training.ending import early_end
from convscope.training.files import RUN, is_live, quoted, read_json, writing
from convscope.training.recipe import Recipe

if TYPE_CHECKING:
    from torch import nn

__all__ = [
    "RUN",
    "Run",
    "RunData",
    "is_run",
    "list_runs",
    "names_of_new",
    "new_folder",
    "open_run",
    "quoted",
    "runs_folder",
]

SCHEMA = "convscope.run/1"
CHECKPOINT = "checkpoint.pt"
SNAPSHOTS = "checkpoints"
MODEL = "model.safetensors"
METRICS = "metrics.jsonl"

APPLICATIONS = {"detection": "detect", "segmentation": "segment", "captioning": "caption"}
"""Tasks that have runs of their own kind, and the commands that work with them."""


@dataclass(frozen=True, slots=True)
class RunData:
    """Which data a run learnt from; ``source`` is what gives them again.

    ``asked_size`` is the size that was asked for, None where the data chose ``size``: the
    cache of a folder of images is found again by what was asked.
    """

    name: str
    source: str
    place: str
    fingerprint: str
    fit: str
    size: Pair
    asked_size: Pair | None
    train: int
    test: int
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A training and what came of it.

    ``results`` is empty until ``finished``; then it holds the accuracy, on which split
    (``split``: test, or validation) of how many images (``count``), its 95 % interval,
    and what the training took.  A training that was ended for good before its last step is
    finished, too: then ``ended_early`` is true, and ``planned_steps`` how many it was to make.
    """

    path: Path
    architecture: Architecture
    architecture_name: str
    recipe: Recipe
    data: RunData
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    seed: int
    conditions: Conditions
    created: str
    results: Mapping[str, Any] = field(default_factory=dict, hash=False)
    finished: bool = False
    task: str = "classification"

    def __repr__(self) -> str:
        result = f"{100 * self.accuracy:.2f} %" if self.finished else "not finished"
        result += f", {early}" if (early := early_end(self.results)) else ""
        return f"<Run {self.name}: {self.architecture_name} on {self.data.name}, {result}>"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def accuracy(self) -> float:
        """The part of right answers, on the split that ``results["split"]`` names."""
        if not self.finished:
            raise RunError(
                "the training has not been finished",
                place=str(self.path),
                remedy=self.how_to_go_on,
            )
        return float(self.results["accuracy"])

    @property
    def epochs(self) -> float:
        """The epochs that it made, or is to make: the recipe's, unless it was ended early."""
        if not early_end(self.results):
            return self.recipe.epochs
        part = float(self.results["steps"] / self.results["planned_steps"])
        return round(self.recipe.epochs * part, 3)

    @property
    def how_to_go_on(self) -> str:
        """The command that finishes an unfinished training, for the remedy of an error."""
        return f"go on with it: convscope train --resume --out {quoted(self.path)}"

    @property
    def is_example(self) -> bool:
        """Whether it is the trained run inside the package."""
        return self.path == example_folder()

    @property
    def live(self) -> bool:
        """Whether a training is writing into it now."""
        return is_live(self.path)

    def network(self, step: int | None = None) -> nn.Module:
        """The trained network in eval mode; or as it was after ``step`` steps, where kept."""
        from convscope.network.build import build
        from convscope.training.checkpoint import load_weights

        path = self.path / MODEL if step is None else self.weights_after(step)
        network = build(self.architecture, seed=0)
        load_weights(path, network)
        return network.eval()

    def weights_after(self, step: int) -> Path:
        """The file of a snapshot; RunError where the weights of this moment were not kept."""
        kept = dict(self.snapshots())
        if step not in kept:
            raise RunError(
                f"the weights after step {step} were not kept",
                place=str(self.path),
                remedy=f"kept are {', '.join(str(known) for known in kept) or 'none'}",
            )
        return kept[step]

    def snapshots(self) -> tuple[tuple[int, Path], ...]:
        """(step, file) of the weights kept along the way, the first ones first.

        The last moment of a finished run is its result, whether it was kept once more or not.
        """
        found = (self.path / SNAPSHOTS).glob("*.safetensors")
        kept = {int(path.stem): path for path in found if path.stem.isdigit()}
        if self.finished and "steps" in self.results:
            kept.setdefault(int(self.results["steps"]), self.path / MODEL)
        return tuple(sorted(kept.items()))

    def metrics(self) -> tuple[dict[str, Any], ...]:
        """The lines of metrics.jsonl; a line that is just being written is left out.

        Raises RunError where a line is damaged.
        """
        path = self.path / METRICS
        try:
            text = path.read_text(encoding="utf-8")
            return tuple(json.loads(line) for line in text.splitlines(True) if line.endswith("\n"))
        except FileNotFoundError:
            return ()
        except ValueError as error:
            raise RunError(
                f"a line cannot be read ({error})",
                place=str(path),
                remedy="put back the file as it was; without it a run has no curves, and all else",
            ) from None

    def as_dict(self) -> dict[str, Any]:
        """What run.json holds."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "architecture": {"name": self.architecture_name, "notation": str(self.architecture)},
            "recipe": self.recipe.as_dict(),
            "data": asdict(self.data),
            "classes": list(self.classes),
            "preprocessing": self.preprocessing.as_dict(),
            "seed": self.seed,
            "conditions": self.conditions.as_dict(),
            "created": self.created,
            "finished": self.finished,
            "results": dict(self.results),
        }


def runs_folder() -> Path:
    """Where runs are: ``CONVSCOPE_RUNS``, or ``runs`` in the current folder."""
    return Path(os.environ.get("CONVSCOPE_RUNS") or "runs").expanduser().absolute()


def open_run(source: str | Path | Run) -> Run:
    """A run by its folder, by its name in the runs folder, or ``"example"``.

    ``example`` is the trained run inside the package.  Raises NoRunError where there is
    none, RunError where run.json is damaged.
    """
    if isinstance(source, Run):
        return source
    if not isinstance(source, str | Path):
        raise UsageError(
            f"a run is wanted, and this is of the type {type(source).__name__}",
            remedy='give a Run, a run\'s folder or name, or "example"',
        )
    path = run_path(source)
    if not (path / RUN).is_file():
        known = [run.name for run in list_runs()]
        if is_reference(str(source)):
            raise NoRunError(
                "this names a module in Python, and a run is wanted",
                place=str(source),
                remedy='give a run\'s folder or name, or "example"; "convscope runs" lists them',
            )
        raise NoRunError(
            "there is no run" if not path.exists() else f"this folder holds no run (no {RUN})",
            place=str(path),
            remedy=did_you_mean(path.name, ["example", *known])
            or 'give a run\'s folder or name, or "example"; "convscope runs" lists them',
        )
    return _from_dict(path, read_json(path / RUN))


def example_folder() -> Path:
    """Where the package keeps its trained run."""
    return Path(str(files("convscope.training") / "files" / "example"))


def run_path(source: str | Path) -> Path:
    """The folder that is meant: existing or not, absolute."""
    if str(source) == "example":
        return example_folder()
    path = Path(source).expanduser()
    # A bare name is a run in the runs folder, unless a run of that name is right here.
    bare = isinstance(source, str) and path.name == source and source not in ("", "..")
    return runs_folder() / path if bare and not (path / RUN).is_file() else path.absolute()


def is_run(source: str | Path) -> bool:
    """Whether there is a run of this name, or in this folder, readable or not."""
    try:
        return (run_path(source) / RUN).is_file()
    except OSError:  # too long for the name of a folder
        return False


def list_runs(folder: str | Path | None = None) -> tuple[Run, ...]:
    """The runs in a folder (by default ``runs_folder()``), the oldest first.

    Folders without a readable run.json are left out; ``open_run`` says what is wrong.
    """
    place = Path(folder) if folder is not None else runs_folder()
    found = []
    for path in sorted(place.glob(f"*/{RUN}")):
        try:
            found.append(_from_dict(path.parent.absolute(), read_json(path)))
        except RunError:
            continue
    return tuple(sorted(found, key=lambda run: (run.created, run.name)))


def names_of_new(architecture: str, data: str) -> Iterator[str]:
    """What a new run may be called, in order: ``article-fashion-mnist-001`` and so on."""
    stem = "-".join("".join(c if c.isalnum() else "-" for c in f"{architecture}-{data}").split("-"))
    return (f"{stem}-{number:03}" for number in itertools.count(1))


def new_folder(architecture: str, data: str) -> Path:
    """Makes the next free folder, such as ``runs/article-fashion-mnist-001``."""
    for name in names_of_new(architecture, data):
        path = runs_folder() / name
        with writing(path):
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                continue
        return path
    raise AssertionError("numbers do not end")


def _from_dict(path: Path, values: Mapping[str, Any]) -> Run:
    task = values.get("task")
    if task in APPLICATIONS:
        raise RunError(
            f"this is a run of {task}, and a classifier's is wanted",
            place=str(path),
            remedy=f'"convscope {APPLICATIONS[task]}" works with it',
        )
    try:
        if values["schema"] != SCHEMA:
            raise ValueError(f"schema {values['schema']}")
        data: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value
            for key, value in values["data"].items()
        }
        return Run(
            path=path,
            architecture=Architecture.parse(values["architecture"]["notation"]),
            architecture_name=values["architecture"]["name"],
            recipe=Recipe(**values["recipe"]),
            data=RunData(**data),
            classes=tuple(values["classes"]),
            preprocessing=Preprocessing.from_dict(values["preprocessing"]),
            seed=int(values["seed"]),
            conditions=Conditions(**values["conditions"]),
            created=values["created"],
            results=values["results"],
            finished=bool(values["finished"]),
            task=values["task"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, ConvscopeError) as error:
        raise RunError(
            f"this is no run that this version can read ({error or type(error).__name__})",
            place=str(path / RUN),
            remedy="put back the file as it was, or train again into another folder",
        ) from None
