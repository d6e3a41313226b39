"""Train: a network learns in a process of its own, which can be stopped and goes on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from convscope.architecture.zoo import ZOO
from convscope.data.sources import NAMES
from convscope.errors import NoRunError, RecipeError, RunError, UsageError, did_you_mean
from convscope.studio.answers import Body, Record
from convscope.studio.following import look_at
from convscope.studio.routes.runs import Name
from convscope.studio.settings import Settings
from convscope.studio.sources import run_folder, trained_run
from convscope.studio.spine import read
from convscope.studio.workspace import Here, Workspace
from convscope.training.recipe import RECIPES, read_recipe

__all__ = ["router"]

router = APIRouter(prefix="/runs", tags=["train"])

Value = Annotated[str, Field(max_length=40)] | bool | int | float


class Training(Body):
    """What is to be trained, and how.

    ``data`` is a set by its name, or a folder that the studio was started with; only with
    ``download`` may the network be used to get it.  ``settings`` are keys of the recipe.
    """

    architecture: Annotated[str, Field(min_length=1, max_length=20_000)] = "article"
    data: Annotated[str, Field(max_length=4000)] = "fashion-mnist"
    recipe: Annotated[str, Field(max_length=100)] = "fast"
    settings: dict[Annotated[str, Field(max_length=40)], Value] = Field(default_factory=dict)
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    download: bool = False


@router.post("", status_code=201)
def begin(body: Training, here: Here) -> Record:
    """Starts a training, and says what its run is called."""
    network, called = _network(body.architecture)
    data, stem = _data(here.settings, body.data)
    if body.recipe not in RECIPES:
        raise RecipeError(
            f'there is no recipe "{body.recipe}"',
            remedy=did_you_mean(body.recipe, RECIPES) or f"known are {', '.join(RECIPES)}",
        )
    read_recipe(body.recipe, body.settings)
    settings = [f"--set={key}={_written(value)}" for key, value in body.settings.items()]
    arguments = [
        *(f"--data={data}", f"--recipe={body.recipe}", f"--seed={body.seed}"),
        *(f"--device={body.device}", *settings),
        *([] if body.download else ["--offline"]),
        *("--", network),
    ]
    name = here.processes.begin((called, stem), arguments)
    return Record({"run": name}, 201)


@router.post("/{run}/stop", status_code=202)
def stop(run: Name, here: Here) -> Record:
    """Asks a training to save and end; ``resume`` goes on."""
    _require_here(here, run)
    here.processes.stop(run)
    return _state(here, run)


@router.post("/{run}/finish", status_code=202)
def finish(run: Name, here: Here) -> Record:
    """Ends a training for good where it is; 409 where it is over, or somebody else's.

    The network as it is becomes the result, and is measured. One that is under way saves
    first. Its state is ``ending`` meanwhile, then ``finished``; it cannot go on afterwards.
    """
    _require_here(here, run)
    if run not in here.processes.pending():
        trained_run(here.settings, run)  # other tasks train in stages, which have no such end
    here.processes.finish(run)
    return _state(here, run)


@router.post("/{run}/resume", status_code=202)
def resume(run: Name, here: Here) -> Record:
    """Goes on with a training that was paused or cut off; 409 where it is under way, or over."""
    _require_here(here, run)
    here.processes.resume(run)
    return _state(here, run)


@router.post("/{run}/forget")
def forget(run: Name, here: Here) -> Record:
    """Takes a training that ended before it began off the list.

    409 where it is under way, or has left something.
    """
    _require_here(here, run)
    here.processes.forget(run)
    return Record({"run": run})


def _state(here: Workspace, run: str) -> Record:
    state: dict[str, Any] = look_at(here.settings, here.processes, run).state
    return Record(state, 202)


def _network(text: str) -> tuple[str, str]:
    """What the command line is given, and what the run is called after."""
    name = text.strip().lower()
    if name in ZOO:
        return name, name
    from convscope.architecture.architecture import Architecture

    read(text)  # with what is open filled in, too
    return str(Architecture.parse(text)), "custom"


def _data(settings: Settings, asked: str) -> tuple[str, str]:
    if asked in NAMES:
        return asked, asked
    if asked in settings.data:
        return asked, asked.replace("\\", "/").rstrip("/").rpartition("/")[2] or "images"
    known = [*NAMES, *settings.data]
    raise UsageError(
        f"{asked!r} are no data that this studio knows",
        remedy=did_you_mean(asked, known)
        or "start it with --data FOLDER to train on images of your own",
    )


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _require_here(here: Workspace, run: str) -> None:
    """RunError for runs that are not in the folder of runs: the example stays what it is."""
    try:
        folder = run_folder(here.settings, run)
    except NoRunError:
        if run not in here.processes.pending():
            raise
        return
    if folder.parent != here.settings.runs:
        raise RunError(
            "this run is not in the folder of runs",
            place=run,
            remedy="train one, which will be there",
        )
