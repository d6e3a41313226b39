"""Images: those that a network was tried on, and pictures that a person brings."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from convscope.studio.answers import ARRAYS, Arrays, Record
from convscope.studio.routes.sights import SourceText, Step
from convscope.studio.subjects import Sight
from convscope.studio.workspace import Here

__all__ = ["router"]

router = APIRouter(prefix="/images", tags=["images"])

_PNG: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "description": "The picture.",
    }
}
_PICTURE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.get("", response_class=Response, responses=ARRAYS)
def images(
    here: Here,
    source: Annotated[SourceText, Query()] = "example",
    step: Annotated[Step, Query()] = None,
    start: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    count: Annotated[int, Query(ge=1, le=200)] = 30,
) -> Arrays:
    """Samples as the network takes them: uint8 count × channels × height × width."""
    subject = here.subjects.get(Sight(source, step)).subject
    shown = subject.images[start : start + count]
    labels = subject.labels[start : start + count]
    head = {
        "start": start,
        "of": len(subject.images),
        "images_from": subject.images_from,
        "labels": labels.tolist() if len(subject.labels) else None,
        "classes": list(subject.classes),
        "note": subject.note,
    }
    return Arrays(head, {"images": shown})


@router.post("", openapi_extra=_PICTURE)
async def upload(request: Request, here: Here) -> Record:
    """Takes in a picture (PNG, JPEG, WebP, BMP), and gives the id under which it is known."""
    content = await request.body()
    kept = await run_in_threadpool(here.pictures.add, content)
    return Record({"id": kept.id, "width": kept.width, "height": kept.height})


@router.get("/{image}.png", response_class=Response, responses=_PNG)
def picture(image: str, here: Here) -> Response:
    """A picture that was taken in, as a PNG."""
    kept = here.pictures.get(image)
    return Response(kept.content, media_type="image/png")
