"""Applications: boxes, masks and captions, on fresh scenes and on pictures that people bring."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from convscope.applications.runs import ApplicationRun, examples_folder
from convscope.studio.answers import ARRAYS, Arrays, Body, Record
from convscope.studio.applying import SCENES, TASKS, reads_clips
from convscope.studio.baselines import BASELINES
from convscope.studio.questions import Question
from convscope.studio.routes.sights import ImageText, Seed
from convscope.studio.workspace import Here
from convscope.training.runs import APPLICATIONS

__all__ = ["router"]

router = APIRouter(prefix="/applications", tags=["applications"])


class Asking(Body):
    """A run (or a baseline), and what it is to look at: a fresh scene by its ``seed``, or
    ``images`` that were uploaded, several of which are the frames of a clip."""

    run: Annotated[str, Field(min_length=1, max_length=200)]
    seed: Seed = 0
    images: Annotated[list[ImageText], Field(max_length=64)] = Field(default_factory=list)
    least: Annotated[float, Field(ge=0, le=1)] = 0.5
    beam: Annotated[int, Field(ge=1, le=10)] = 3


@router.get("")
def applications(here: Here) -> Record:
    """``tasks``: for each its command, the finished runs, the package's own first, and what
    answers without a training."""
    runs = here.applications.runs()
    tasks = [
        {
            "task": task,
            "command": f"convscope {APPLICATIONS[task]}",
            "runs": [_short(run) for run in runs if run.task == task],
            "baselines": [{"name": each.name, "title": each.title} for each in BASELINES[task]],
        }
        for task in TASKS
    ]
    return Record({"tasks": tasks})


@router.post("/{task}", response_class=Response, responses=ARRAYS)
def ask(
    task: Literal["detection", "segmentation", "captioning"], body: Asking, here: Here
) -> Arrays:
    """What a run finds.  ``found`` is the record that the command line prints, ``truth`` what
    stands in a scene, ``seconds`` the time of the prediction; arrays: ``picture`` (a clip's
    frames first), and a mask with ``sureness`` and, of a scene, ``truth``."""
    question = Question(body.seed, tuple(body.images), body.least, body.beam)
    found = here.applications.answer(task, body.run, question)
    head: dict[str, Any] = {
        "run": body.run,
        "found": found.record,
        "truth": found.truth,
        "seconds": found.seconds,
        "names": list(found.names),
    }
    return Arrays(head, found.arrays)


def _short(run: ApplicationRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "method": run.method,
        "data": run.data.name,
        "scenes": run.data.source == SCENES,
        "clips": reads_clips(run),
        "classes": list(run.classes),
        "created": run.created,
        "example": run.path.parent == examples_folder(),
        "results": dict(run.results),
    }
