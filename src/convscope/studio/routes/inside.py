"""Look inside: what a network makes of an image, layer by layer and unit by unit."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from convscope.studio.answers import ARRAYS, Arrays, Record
from convscope.studio.routes.sights import Channel, LayerName, Seeing
from convscope.studio.workspace import Here

__all__ = ["router"]

router = APIRouter(prefix="/inside", tags=["inside"])

MapSide = Annotated[int, Field(ge=4, le=4096)]
Page = Annotated[int, Field(ge=1, le=64)]


class Strip(Seeing):
    """The first ``count`` maps of each layer, no side longer than ``side``."""

    count: Annotated[int, Field(ge=1, le=16)] = 4
    side: Annotated[int, Field(ge=4, le=128)] = 56


class Maps(Seeing):
    """A page of a layer's maps; with ``side`` reduced to fit it."""

    layer: LayerName
    start: Channel = 0
    count: Page = 64
    side: MapSide | None = None


class Sliding(Seeing):
    """A convolution's kernels, by number."""

    layer: LayerName
    channels: Annotated[list[Channel], Field(min_length=1, max_length=64)]


class Unit(Seeing):
    """A unit: (channel, row, column) of maps, (number) of a vector; null is the most active."""

    layer: LayerName
    unit: Annotated[list[Channel], Field(min_length=1, max_length=3)] | None = None
    through: LayerName | None = None
    every: bool = False


@router.post("/answer")
def answer(body: Seeing, here: Here) -> Record:
    """The probability of each class, and what the image was made of.

    Of a network that ends in maps there are none, and ``note`` says so.
    """
    from convscope.inspection.maps.maps import image_record

    opened = here.subjects.get(body.sight())
    subject, picture = opened.subject, opened.picture(body.image)
    with opened.lock:
        shares = subject.probabilities(picture.pixels)[0]
    notes = [subject.note]
    if shares.ndim != 1:
        notes.append(
            'it ends in maps, and an answer is a vector: let its last layer be "fc classes"'
        )
        shares = shares[:0].ravel()
    label = picture.label
    return Record(
        {
            "schema": "convscope.answer/1",
            "subject": subject.name,
            "trained": subject.trained,
            "image": image_record(picture, "" if label is None else subject.class_name(label)),
            "classes": [subject.class_name(number) for number in range(len(shares))],
            "probabilities": [float(share) for share in shares],
            "note": "; ".join(filter(None, notes)),
        }
    )


@router.post("/strip", response_class=Response, responses=ARRAYS)
def strip(body: Strip, here: Here) -> Arrays:
    """The image, and of every layer the first maps in small: what the cards show."""
    from convscope.inspection.maps.maps import maps_in

    passage, lock = here.subjects.get(body.sight()).passage(body.image)
    subject = passage.subject
    layers: list[dict[str, Any]] = []
    arrays: dict[str, Any] = {"image": passage.picture.pixels}
    with lock:
        for layer in subject.layers:
            if len(layer.shape) not in (1, 3):
                continue
            found = maps_in(passage, layer.name)
            arrays[layer.name] = _reduced(found.values[: body.count], body.side)
            layers.append(
                {
                    "name": layer.name,
                    "kind": layer.kind,
                    "shape": list(layer.shape),
                    "leaf": layer.leaf,
                    "limit": float(abs(found.values).max(initial=0.0)),
                }
            )
    return Arrays({"subject": subject.name, "layers": layers, "note": subject.note}, arrays)


@router.post("/maps", response_class=Response, responses=ARRAYS)
def maps(body: Maps, here: Here) -> Arrays:
    """Maps of a layer, channels × height × width, with what is known of each channel."""
    from dataclasses import asdict

    from convscope.inspection.channels import chosen_channels
    from convscope.inspection.maps.maps import image_record, maps_in

    passage, lock = here.subjects.get(body.sight()).passage(body.image)
    with lock:
        found = maps_in(passage, body.layer)
    chosen = chosen_channels(f"{body.start}-{body.start + body.count - 1}", len(found.values))
    values = found.values[list(chosen)]
    head = {
        "subject": found.subject,
        "layer": found.layer,
        "kind": found.kind,
        "image": image_record(found.picture, found.shown),
        "shape": list(found.values.shape),
        "start": body.start,
        "limit": float(abs(found.values).max(initial=0.0)),
        "channels": [
            {**asdict(each), "name": found.name_of(each.channel) or None}
            for each in found.statistics(chosen)
        ],
        "note": found.note,
    }
    return Arrays(head, {"maps": _reduced(values, body.side)})


@router.post("/unit")
def unit(body: Unit, here: Here) -> Record:
    """One value, all the way: ``convscope.walk/1``."""
    from convscope.inspection.walking.walk import walk_in

    passage, lock = here.subjects.get(body.sight()).passage(body.image)
    with lock:
        found = walk_in(passage, body.layer, body.unit, through=body.through, every=body.every)
        return Record(found.as_dict())


@router.post("/slide", response_class=Response, responses=ARRAYS)
def slide(body: Sliding, here: Here) -> Arrays:
    """What ``<kernel-slide>`` takes: a convolution's input, kernels, and what follows them."""
    from convscope.inspection.maps.maps import maps_in
    from convscope.inspection.walking.slides import slide_of

    passage, lock = here.subjects.get(body.sight()).passage(body.image)
    with lock:
        found = slide_of(passage.subject, passage.calls, body.layer, body.channels)
        limit = float(abs(maps_in(passage, body.layer).values).max(initial=0.0))
    (top, bottom), (left, right) = found.geometry.padding
    arrays: dict[str, Any] = {"input": found.inputs[0], "kernels": found.kernels}
    if found.biases is not None:
        arrays["biases"] = found.biases
    for step in found.after:
        arrays |= {f"{step.name}/{key}": values for key, values in step.arrays.items()}
    head = {
        "layer": found.layer,
        "source": found.source,
        "channels": list(found.channels),
        "groups_of": list(found.first_channels),
        "stride": list(found.geometry.stride),
        "dilation": list(found.geometry.dilation),
        "padding": [top, right, bottom, left],
        "size": list(found.size),
        "start": list(found.strongest),
        "off": list(found.off),
        "limit": limit,
        "after": [
            {
                "name": step.name,
                "kind": step.kind,
                **step.numbers,
                "arrays": list(step.arrays),
                "off": list(step.off),
            }
            for step in found.after
        ],
    }
    return Arrays(head, arrays)


def _reduced(values: Any, side: int | None) -> Any:
    """Means of squares of pixels, where a map's side is longer."""
    from convscope.report.lesson.choosing import reduced

    return values if side is None else reduced(values[None], side)[0]
