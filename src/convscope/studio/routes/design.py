"""Design: a text worked out, compared, and taken away as code or as a drawing."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import PlainTextResponse, Response

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.editing import Action, placed, rewritten
from convscope.architecture.layers import Volume
from convscope.architecture.zoo import ZOO
from convscope.errors import ConvscopeError, NotationError, ShapeError, UsageError
from convscope.studio.answers import Body, Record, problem_of
from convscope.studio.spine import read, spine

__all__ = ["router"]

router = APIRouter(prefix="/design", tags=["design"])

_TEXT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Python."}
}
_SVG: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "SVG."}
}

Text = Annotated[str, Field(max_length=20_000)]
Side = Annotated[int, Field(ge=1, le=100_000)]
Index = Annotated[int, Field(ge=0, le=100_000)]


class Design(Body):
    """A name of the zoo or a notation; ``volume`` (height, width, channels) and ``classes`` fill in
    "input auto" and "fc classes"."""

    text: Text
    volume: Annotated[tuple[Side, Side, Side], Field(strict=False)] | None = None
    classes: Annotated[int, Field(ge=1, le=100_000)] | None = None


class Two(Body):
    """Two networks."""

    first: Text
    second: Text


class Source(Body):
    """A name of the zoo or a notation."""

    text: Text


class Edit(Body):
    """One layer of a network changed; ``path`` is that of the spine."""

    text: Text
    path: Annotated[tuple[Index, ...], Field(strict=False, min_length=1, max_length=20)]
    action: Action
    notation: Annotated[str, Field(max_length=2000)] = ""


@router.post("")
def design(body: Design) -> Record:
    """Every number of a network, and its layers with their places in the text.

    A text that cannot be read, as one is while it is being typed, is no fault of who asks:
    the answer holds the problem as ``error``, which else is null, and nothing but the text.
    """
    volume = None if body.volume is None else Volume(*body.volume)
    try:
        return _worked_out(*read(body.text, volume, body.classes))
    except UsageError as error:
        return _unread(body.text, error)


@router.post("/edit")
def edit(body: Edit) -> Record:
    """The network with a layer put in, put in another's place, or taken away; all else of the
    text stays as it was written.

    What cannot be read, or does not fit, is told as ``error``; its place is one in the
    body's ``notation`` where that is at fault, and else in the line that came out.
    """
    try:
        given, complete = read(body.text)
    except UsageError as error:
        return _unread(body.text, error)
    # What is open ("input auto", "fc classes") stays so.
    own = str(complete) if body.text.strip().lower() in ZOO else given
    try:
        return _worked_out(*read(rewritten(own, body.path, body.action, body.notation)))
    except ShapeError as error:
        return _unread(body.text, placed(error, body.path, body.action, body.notation))
    except NotationError as error:
        return _unread(body.text, error)


def _worked_out(text: str, architecture: Architecture) -> Record:
    return Record(
        {
            "schema": "convscope.design/1",
            "text": text,
            "error": None,
            "canonical": str(architecture),
            "explanation": explain(architecture).as_dict(),
            "spine": spine(text, architecture),
        }
    )


def _unread(text: str, error: ConvscopeError) -> Record:
    problem = problem_of(error).model_dump()
    return Record({"schema": "convscope.design/1", "text": text, "error": problem})


@router.post("/compare")
def compare(body: Two) -> Record:
    """Two networks side by side: what each costs, and the layers in which they differ."""
    from convscope.experiments.comparing import compare_architectures

    pair = [read(body.first)[1], read(body.second)[1]]
    return Record(compare_architectures(pair, ["first", "second"]).as_dict())


@router.post("/code", response_class=Response, responses=_TEXT)
def code(body: Source) -> PlainTextResponse:
    """The network as a file of Python."""
    from convscope.export.python_code import python_code

    return PlainTextResponse(python_code(read(body.text)[1]))


@router.get("/drawing.svg", response_class=Response, responses=_SVG)
def drawing(
    text: Annotated[str, Query(max_length=20_000)],
    width: Annotated[int, Query(ge=200, le=4000)] = 960,
    page: bool = False,
) -> Response:
    """The network drawn to scale; for a ``page`` in the colours that its style gives."""
    from convscope.report.network_drawing import draw_network
    from convscope.report.palette import LIGHT
    from convscope.report.svg import scene_svg

    scene = draw_network(explain(read(text)[1]), float(width))
    colours = {role: f"var(--{role})" for role in LIGHT} if page else LIGHT
    return Response(scene_svg(scene, colours, inline=page), media_type="image/svg+xml")
