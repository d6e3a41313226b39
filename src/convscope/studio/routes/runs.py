"""Runs: those that there are, one of them in full, and a run as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from convscope.architecture.arithmetic import explain
from convscope.errors import ConvscopeError
from convscope.studio.answers import ARRAYS, Arrays, Record
from convscope.studio.following import Follower, condition_of
from convscope.studio.routes.sights import Channel, LayerName, SourceText, Step
from convscope.studio.sources import any_run, names_of_runs, source_of, trained_run
from convscope.studio.spine import spine
from convscope.studio.subjects import Sight
from convscope.studio.workspace import Here, Workspace
from convscope.training.runs import Run

__all__ = ["STREAM", "Name", "router"]

router = APIRouter(tags=["runs"])

Name = Annotated[str, Path(max_length=200)]

_PAUSE = 0.5
_SILENCE = 15.0
"""Seconds after which a comment is sent, so that whatever stands between keeps the stream."""
STREAM: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Events as they come."}
}


@router.get("/runs")
def runs(here: Here) -> Record:
    """All runs, the newest first, with how each stands."""
    found = []
    for name in (*names_of_runs(here.settings), *here.processes.pending()):
        try:
            found.append(_short(here, name))
        except ConvscopeError:  # damaged, or removed since
            continue
    found.sort(key=lambda each: each["created"] or "9", reverse=True)
    return Record({"runs": found})


@router.get("/runs/{run}")
def run(run: Name, here: Here) -> Record:
    """``convscope.run/1``, and how it stands; ``snapshots`` are the moments that were kept."""
    look = here.looks.at(run)
    record: dict[str, Any] = {"name": run, **look.state, "snapshots": look.snapshots}
    if look.state["begun"]:
        opened = any_run(here.settings, run)
        record = {**opened.as_dict(), **record, "path": str(opened.path)}
    return Record(record)


@router.get("/runs/{run}/metrics")
def metrics(run: Name, here: Here) -> Record:
    """The lines of metrics.jsonl."""
    return Record({"run": run, "lines": here.looks.at(run).lines})


@router.get("/runs/{run}/events", response_class=StreamingResponse, responses=STREAM)
async def events(run: Name, here: Here) -> StreamingResponse:
    """The run as it grows: events ``metrics``, ``snapshots`` and ``state``."""
    await run_in_threadpool(here.looks.at, run)  # what is no run is told before the stream begins
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_grown(here, run), media_type="text/event-stream", headers=headers)


async def _grown(here: Workspace, run: str) -> AsyncIterator[str]:
    follower, silent = Follower(), 0.0
    yield "retry: 1000\n\n"
    while not here.closing.is_set():
        try:
            look = await run_in_threadpool(here.looks.at, run)
        except ConvscopeError:
            return  # removed: the page asks again, and is told so
        silent += _PAUSE
        for text in follower.news(look):
            silent = 0.0
            yield text
        if silent > _SILENCE:
            silent = 0.0
            yield ": nothing new\n\n"
        await asyncio.sleep(_PAUSE)


@router.get("/runs/{run}/confusion")
def confusion(
    run: Name,
    here: Here,
    step: Annotated[Step, Query()] = None,
    count: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> Record:
    """``convscope.evaluation/1`` at a moment of the training.

    The test images are read at the end of a training only: whoever chooses by them on the
    way chooses too well.  Before, it is images kept for validation, or of the training.
    """
    opened = trained_run(here.settings, run)
    moment = step
    if moment is None and not opened.finished:
        moment = next((kept for kept, _ in reversed(opened.snapshots())), None)
    split = "validation" if opened.recipe.validation else "train"
    if moment is None or (opened.finished and moment == opened.results.get("steps")):
        split = "test"

    def make() -> dict[str, Any]:
        from convscope.training.evaluate import evaluate

        return evaluate(
            opened,
            split=split,  # type: ignore[arg-type]
            device="cpu",
            step=moment,
            count=count,
        ).as_dict()

    return Record(here.record((opened.path, opened.created, moment, split, count), make))


@router.get("/runs/{run}/health")
def health(run: Name, here: Here, step: Annotated[Step, Query()] = None) -> Record:
    """``convscope.health/1``, from all weights that the run has kept so far, or up to a step."""
    opened = trained_run(here.settings, run)
    moment = opened.snapshots() if step is None else step

    def make() -> dict[str, Any]:
        examination, lock = here.examination(opened)
        with lock:
            return examination.health(step).as_dict()

    return Record(here.record((opened.path, opened.created, moment, "health"), make))


@router.get("/runs/{run}/kernels", response_class=Response, responses=ARRAYS)
def kernels(
    run: Name,
    here: Here,
    step: Annotated[Step, Query()] = None,
    layer: Annotated[LayerName | None, Query()] = None,
    start: Annotated[Channel, Query()] = 0,
    count: Annotated[int, Query(ge=1, le=64)] = 64,
    inputs: Annotated[int, Query(ge=1, le=64)] = 3,
) -> Arrays:
    """Kernels of a layer, by default the first that has some: K × slices × h × w, and biases."""
    from convscope.inspection.channels import chosen_channels
    from convscope.inspection.maps.kernels import first_kernels
    from convscope.inspection.maps.kernels import kernels as kernels_of

    subject = here.subjects.get(Sight(run, step)).subject
    found = kernels_of(subject, layer or first_kernels(subject))
    chosen = list(chosen_channels(f"{start}-{start + count - 1}", len(found.weights)))
    head = {
        "subject": found.subject,
        "layer": found.layer,
        "kind": found.kind,
        "shape": list(found.weights.shape),
        "start": start,
        "limit": float(abs(found.weights).max(initial=0.0)),
        "names": [found.name_of(channel) or None for channel in chosen],
        "note": found.note,
    }
    arrays = {"kernels": found.weights[chosen, :inputs]}
    if found.biases is not None:
        arrays["biases"] = found.biases[chosen]
    return Arrays(head, arrays)


@router.get("/subject")
def subject(here: Here, source: Annotated[SourceText, Query()] = "example") -> Record:
    """A network as all lenses need it: layers, costs, classes, moments; no torch."""
    found = source_of(here.settings, source)
    trained = isinstance(found, Run)
    architecture = found.architecture if isinstance(found, Run) else found[1]
    text = str(architecture) if isinstance(found, Run) else found[0]
    record: dict[str, Any] = {
        "schema": "convscope.subject/1",
        "source": source,
        "trained": trained,
        "text": text,
        "canonical": str(architecture),
        "explanation": explain(architecture).as_dict(),
        "spine": spine(text, architecture),
        "classes": None,
        "snapshots": [],
        "state": None,
    }
    if isinstance(found, Run):
        look = here.looks.at(source)
        record |= {
            "classes": list(found.classes),
            "preprocessing": found.preprocessing.as_dict(),
            "snapshots": look.snapshots,
            "state": look.state,
        }
    return Record(record)


def _short(here: Workspace, name: str) -> dict[str, Any]:
    """A run on one line of a list."""
    condition = condition_of(here.settings, here.processes, name)
    short: dict[str, Any] = {
        "name": name,
        "state": condition.word,
        "message": condition.message,
        "task": "classification",
        "architecture": None,
        "data": None,
        "recipe": None,
        "created": None,
        "results": {},
    }
    if name in here.processes.pending():
        return short
    opened = any_run(here.settings, name)
    short |= {
        "task": opened.task,
        "data": opened.data.name,
        "created": opened.created,
        "results": dict(opened.results),
    }
    if isinstance(opened, Run):
        short |= {
            "architecture": {
                "name": opened.architecture_name,
                "notation": str(opened.architecture),
            },
            "recipe": opened.recipe.name,
        }
    return short
