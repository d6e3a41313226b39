"""Claims: what the article states, what was measured, and measuring it here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from convscope.errors import ConvscopeError, NoRunError
from convscope.studio.answers import Body, Record
from convscope.studio.following import event
from convscope.studio.measuring import EXTENTS, Extent
from convscope.studio.routes.runs import STREAM
from convscope.studio.workspace import Here, Workspace

if TYPE_CHECKING:
    from convscope.claims.claim import Claim, Outcome

__all__ = ["router"]

router = APIRouter(prefix="/claims", tags=["claims"])

Name = Annotated[str, Path(max_length=60)]

_PAUSE, _SILENCE = 0.4, 15.0
_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {}}, "description": "The figure."}
}


class Measuring(Body):
    """How much is measured: ``quick`` takes less of everything, on fashion-mini."""

    extent: Extent = "quick"


@router.get("")
def claims(here: Here) -> Record:
    """``convscope.claims/1``: all claims as stored, and under ``here`` how each stands here."""
    from convscope.claims.table import claims_listing, stored

    record = here.record("claims", lambda: claims_listing(stored()))
    standing = [{**each, "here": _standing(here, each["name"])} for each in record["claims"]]
    return Record({**record, "claims": standing})


@router.get("/{claim}")
def claim(claim: Name, here: Here) -> Record:
    """``stored`` (``convscope.claim/1`` or null), ``here`` (how it stands), what was found
    here: ``quick`` and ``full``, and the ``networks`` that are compared."""
    found = _known(claim)
    return Record(
        {
            "name": found.name,
            "stored": _as_dict(_stored(found.name)),
            "here": _standing(here, claim),
            **{extent: _as_dict(_found(here, claim, extent)) for extent in EXTENTS},
            "networks": [asdict(network) for network in found.networks],
        }
    )


@router.get("/{claim}/figure.svg", response_class=Response, responses=_SVG)
def figure(
    claim: Name,
    here: Here,
    of: Annotated[Extent | None, Query()] = None,
    number: Annotated[int, Query(ge=0, le=9)] = 0,
) -> Response:
    """A figure to be put into a page, whose colours it takes: stored, or ``of`` what was found
    here."""
    found = _known(claim)
    outcome = _stored(found.name) if of is None else here.measurings.outcome(claim, of)
    if outcome is None or number >= len(outcome.charts):
        raise NoRunError("there is no such figure", place=claim, remedy="measure the claim first")
    from convscope.report.chart_figure import chart_figure
    from convscope.report.plotting import svg_text

    def draw() -> dict[str, Any]:
        name = f"claim-{claim}-{of or 'stored'}-{number}"
        return {"svg": svg_text(chart_figure(outcome.charts[number]), name=name, inline=True)}

    question = ("figure", claim, of, number, outcome.seconds, outcome.conditions["threads"])
    return Response(here.record(question, draw)["svg"], media_type="image/svg+xml")


@router.post("/{claim}/run", status_code=202)
def measure(claim: Name, body: Measuring, here: Here) -> Record:
    """Measures a claim in a process of its own, or goes on; 409 while another is at work."""
    here.measurings.begin(_known(claim).name, body.extent)
    return Record(_standing(here, claim), 202)


@router.post("/{claim}/stop", status_code=202)
def stop(claim: Name, body: Measuring, here: Here) -> Record:
    """Asks the process to end; what has been measured stays."""
    here.measurings.stop(_known(claim).name, body.extent)
    return Record(_standing(here, claim), 202)


@router.get("/{claim}/events", response_class=StreamingResponse, responses=STREAM)
async def events(claim: Name, here: Here) -> StreamingResponse:
    """How the claim stands here, as it changes: events ``state``."""
    await run_in_threadpool(_known, claim)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    told = _told(here, claim)
    return StreamingResponse(told, media_type="text/event-stream", headers=headers)


async def _told(here: Workspace, claim: str) -> AsyncIterator[str]:
    last, silent = None, 0.0
    yield "retry: 1000\n\n"
    while not here.closing.is_set():
        found = await run_in_threadpool(_standing, here, claim)
        silent += _PAUSE
        if found != last:
            last, silent = found, 0.0
            yield event("state", found)
        elif silent > _SILENCE:
            silent = 0.0
            yield ": nothing new\n\n"
        await asyncio.sleep(_PAUSE)


def _standing(here: Workspace, claim: str) -> dict[str, Any]:
    """Of both extents, and which claim keeps the process busy."""
    busy = here.measurings.busy()
    return {
        **{extent: here.measurings.standing(claim, extent).as_dict() for extent in EXTENTS},
        "busy": None if busy is None else busy[0],
    }


def _known(name: str) -> Claim:
    from convscope.claims.table import CLAIMS, claim_named
    from convscope.errors import did_you_mean

    if name not in CLAIMS:
        raise NoRunError(
            f'there is no claim "{name[:60]}"',
            remedy=did_you_mean(name[:60], CLAIMS) or f"there are {', '.join(CLAIMS)}",
        )
    return claim_named(name)


def _stored(name: str) -> Outcome | None:
    from convscope.claims.table import stored

    return next((outcome for outcome in stored() if outcome.name == name), None)


def _found(here: Workspace, claim: str, extent: Extent) -> Outcome | None:
    """What was found here; of a damaged table nothing, as ``here`` says."""
    with suppress(ConvscopeError):
        return here.measurings.outcome(claim, extent)
    return None


def _as_dict(outcome: Outcome | None) -> dict[str, Any] | None:
    """``under`` says the conditions in words."""
    if outcome is None:
        return None
    from convscope.report.claims_view import conditions_text

    return {**outcome.as_dict(), "under": conditions_text(outcome)}
