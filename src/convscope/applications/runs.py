"""The run of an application: a folder like a classifier's, with a folder for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from convscope.errors import ConvscopeError, NoRunError, RunError, did_you_mean
from convscope.training.conditions import Conditions
from convscope.training.files import is_live, read_json
from convscope.training.recipe import Recipe
from convscope.training.runs import APPLICATIONS, METRICS, MODEL, RUN, quoted, run_path, runs_folder

__all__ = [
    "ApplicationRun",
    "DataRecord",
    "StageRun",
    "is_application_run",
    "list_applications",
    "open_application",
    "read_application",
]

SCHEMA = "convscope.application-run/1"
STAGE_SCHEMA = "convscope.stage/1"
STAGES = "stages"


@dataclass(frozen=True, slots=True)
class DataRecord:
    """Which data a run learnt from, and what gives them again."""

    name: str
    source: str
    place: str
    fingerprint: str
    train: int
    validation: int
    test: int
    format: str | None = None
    annotations: str | None = None
    longest: int | None = None
    skipped: int = 0


@dataclass(frozen=True, slots=True)
class StageRun:
    """One stage of a method: trained, or fitted, in a folder of its own."""

    path: Path
    name: str
    recipe: Recipe
    seed: int
    conditions: Conditions
    results: Mapping[str, Any] = field(default_factory=dict, hash=False)
    finished: bool = False

    def as_dict(self) -> dict[str, Any]:
        """What the stage's run.json holds."""
        return {
            "schema": STAGE_SCHEMA,
            "stage": self.name,
            "recipe": self.recipe.as_dict(),
            "seed": self.seed,
            "conditions": self.conditions.as_dict(),
            "finished": self.finished,
            "results": dict(self.results),
        }


@dataclass(frozen=True, slots=True)
class ApplicationRun:
    """A training of a detector, segmenter or captioner, and what came of it.

    ``method`` names how, ``settings`` the method's own choices, ``backbone`` its notation
    and origin; ``mean`` and ``std`` normalise the images, whose longer side was brought
    down to ``data.longest`` pixels where that is given.  ``results`` are measured on the
    validation part; the test part is read by ``evaluate`` only.
    """

    path: Path
    task: str
    method: str
    backbone: Mapping[str, str]
    data: DataRecord
    classes: tuple[str, ...]
    regions: tuple[str, ...]
    channels: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    seed: int
    conditions: Conditions
    created: str
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    results: Mapping[str, Any] = field(default_factory=dict, hash=False)
    finished: bool = False

    def __repr__(self) -> str:
        state = "finished" if self.finished else "not finished"
        return f"<ApplicationRun {self.name}: {self.method} on {self.data.name}, {state}>"

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def model(self) -> Path:
        """The file of the finished weights."""
        return self.path / MODEL

    @property
    def command(self) -> str:
        """The command that works with such runs."""
        return f"convscope {APPLICATIONS[self.task]}"

    @property
    def how_to_go_on(self) -> str:
        """The command that finishes an unfinished training, for the remedy of an error."""
        return f"go on with it: {self.command} train --resume --out {quoted(self.path)}"

    @property
    def live(self) -> bool:
        """Whether a training is writing into it now."""
        return is_live(self.path)

    def stage_folder(self, stage: str) -> Path:
        """Where a stage keeps its files."""
        return self.path / STAGES / stage

    def metrics(self, stage: str) -> Path:
        """The file of a stage's curve: one line of JSON every few steps."""
        return self.stage_folder(stage) / METRICS

    def as_dict(self) -> dict[str, Any]:
        """What run.json holds."""
        return {
            "schema": SCHEMA,
            "task": self.task,
            "method": self.method,
            "backbone": dict(self.backbone),
            "data": asdict(self.data),
            "classes": list(self.classes),
            "regions": list(self.regions),
            "channels": self.channels,
            "mean": list(self.mean),
            "std": list(self.std),
            "seed": self.seed,
            "conditions": self.conditions.as_dict(),
            "created": self.created,
            "settings": dict(self.settings),
            "finished": self.finished,
            "results": dict(self.results),
        }


def open_application(source: str | Path | ApplicationRun, task: str) -> ApplicationRun:
    """A run of this task, by its folder or its name in the runs folder.

    ``example-METHOD`` are those inside the package.  Raises NoRunError where there is none,
    RunError where run.json is damaged or the run is of another task.
    """
    found = source if isinstance(source, ApplicationRun) else read_application(source, task)
    if found.task != task:
        raise RunError(
            f"this is a run of {found.task}, and one of {task} is wanted",
            place=str(found.path),
            remedy=f'"{found.command}" works with it',
        )
    return found


def read_application(source: str | Path, task: str | None = None) -> ApplicationRun:
    """A run of whatever application; ``task`` is only for the remedy where there is none."""
    path = _path(source)
    if (path / RUN).is_file():
        return _read(path)
    known = [run.name for run in list_applications() if task in (None, run.task)]
    command = APPLICATIONS.get(task or "", "detect")
    raise NoRunError(
        "there is no run" if not path.exists() else f"this folder holds no run (no {RUN})",
        place=str(path),
        remedy=did_you_mean(path.name, known) or f'"convscope {command} train" makes one',
    )


def is_application_run(source: str | Path) -> bool:
    """Whether this names a run of an application, readable or not."""
    try:
        values = read_json(_path(source) / RUN)
    except (ConvscopeError, OSError):
        return False
    return values.get("schema") == SCHEMA


def list_applications(folder: str | Path | None = None) -> tuple[ApplicationRun, ...]:
    """The applications' runs in a folder (by default ``runs_folder()``), the oldest first."""
    place = Path(folder) if folder is not None else runs_folder()
    found = []
    for path in sorted(place.glob(f"*/{RUN}")):
        try:
            found.append(_read(path.parent.absolute()))
        except ConvscopeError:
            continue
    return tuple(sorted(found, key=lambda run: (run.created, run.name)))


def examples_folder() -> Path:
    """Where the package keeps its trained runs of applications."""
    return Path(__file__).parent / "files"


def _path(source: str | Path) -> Path:
    """The folder that is meant: in the package, in the runs folder, or anywhere."""
    inside = examples_folder() / str(source)
    if isinstance(source, str) and source.startswith("example") and (inside / RUN).is_file():
        return inside
    return run_path(source)


def _read(path: Path) -> ApplicationRun:
    values = read_json(path / RUN)
    if values.get("schema") != SCHEMA:
        task = values.get("task", "another kind")
        raise RunError(
            f"this is a run of {task}, and one of an application is wanted",
            place=str(path),
            remedy="convscope evaluate and predict work with classifiers",
        )
    try:
        return ApplicationRun(
            path=path,
            task=values["task"],
            method=values["method"],
            backbone=values["backbone"],
            data=DataRecord(**values["data"]),
            classes=tuple(values["classes"]),
            regions=tuple(values["regions"]),
            channels=int(values["channels"]),
            mean=tuple(float(value) for value in values["mean"]),
            std=tuple(float(value) for value in values["std"]),
            seed=int(values["seed"]),
            conditions=Conditions(**values["conditions"]),
            created=values["created"],
            settings=values["settings"],
            results=values["results"],
            finished=bool(values["finished"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RunError(
            f"this is no run that this version can read ({error or type(error).__name__})",
            place=str(path / RUN),
            remedy="put back the file as it was, or train again into another folder",
        ) from None
