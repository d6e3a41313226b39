"""Look inside, where it takes longer: attribution, fields, exciting images, ablation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from convscope.studio.answers import Body, Record
from convscope.studio.routes.sights import (
    Channel,
    LayerName,
    Looking,
    Seed,
    Seeing,
    SourceText,
    Step,
)
from convscope.studio.subjects import Changes, Opened, Sight
from convscope.studio.workspace import Here

__all__ = ["router"]

router = APIRouter(prefix="/inside", tags=["inside"])

Method = Literal["saliency", "integrated-gradients", "grad-cam", "occlusion", "guided-backprop"]
Count = Annotated[int, Field(ge=1, le=2000)]


class Attribution(Seeing):
    """``target`` is a class by number, by default the likeliest; ``layer`` is Grad-CAM's."""

    method: Method = "integrated-gradients"
    target: Channel | None = None
    layer: LayerName | None = None
    check: bool = True


class Exciting(Looking):
    """The ``count`` images, of the first ``images``, that excite each channel most."""

    layer: LayerName
    channels: Annotated[list[Channel], Field(min_length=1, max_length=64)]
    count: Annotated[int, Field(ge=1, le=25)] = 9
    images: Annotated[int, Field(ge=1, le=10_000)] = 2000


class Place(Seeing):
    """A unit's (row, column), by default the middle; ``channel`` null is all that stand there."""

    layer: LayerName
    at: Annotated[tuple[Channel, Channel], Field(strict=False)] | None = None
    channel: Channel | None = None
    images: Annotated[int, Field(ge=1, le=256)] | None = None


class Ablation(Looking):
    """What ``off`` and ``pools`` do to the answers on ``count`` images."""

    count: Count = 500
    agreement: bool = False


class Ranking(Body):
    """Channels of a layer switched off one after another."""

    source: SourceText = "example"
    step: Step = None
    seed: Seed = 0
    layer: LayerName
    channels: Annotated[list[Channel], Field(max_length=512)] | None = None
    how: Literal["zero", "mean"] = "zero"
    count: Count = 500
    agreement: bool = False


@router.post("/attribution")
def attribution(body: Attribution, here: Here) -> Record:
    """Which pixels the answer depends on, with its label of trust: ``convscope.attribution/1``."""

    def look(opened: Opened) -> Any:
        from convscope.inspection.attribution.attribution import attribute

        return attribute(
            opened.subject,
            opened.picture(body.image),
            body.method,
            body.target,
            layer=body.layer,
            check=body.check,
            seed=body.seed,
        )

    return _kept(here, body, look)


@router.post("/exciting")
def exciting(body: Exciting, here: Here) -> Record:
    """The images that excite channels most: ``convscope.exciting/1``."""

    def look(opened: Opened) -> Any:
        from convscope.inspection.maps.exciting import exciting as exciting_of

        subject = opened.subject
        if body.images < len(subject.images):
            subject = replace(
                subject,
                images=subject.images[: body.images],
                labels=subject.labels[: body.images],
                images_from=f"{subject.images_from}, the first {body.images:,}",
            )
        return exciting_of(subject, body.layer, body.channels, body.count)

    return _kept(here, body, look)


@router.post("/field")
def field(body: Place, here: Here) -> Record:
    """What a unit can see, and what it listens to: ``convscope.field/1``."""

    def look(opened: Opened) -> Any:
        from convscope.inspection.fields.receptive import receptive_field

        return receptive_field(
            opened.subject,
            body.layer,
            body.at,
            channel=body.channel,
            image=opened.picture(body.image),
            images=body.images,
            seed=body.seed,
        )

    return _kept(here, body, look)


@router.post("/ablation")
def ablation(body: Ablation, here: Here) -> Record:
    """The network as it is beside the one with changes: ``convscope.ablation/1``."""

    def look(changed: Opened) -> Any:
        from convscope.inspection.changes.ablation import measure_edit

        plain = here.subjects.get(replace(body.sight(), changes=Changes()))
        how: dict[str, Any] = {"images": body.count, "agreement": body.agreement, "seed": body.seed}
        with plain.lock:
            return measure_edit(plain.subject, changed.subject, **how)

    return _kept(here, body, look)


@router.post("/ranking")
def ranking(body: Ranking, here: Here) -> Record:
    """Channels by what is lost without them: ``convscope.ablation/1``."""

    def look(opened: Opened) -> Any:
        from convscope.inspection.changes.ablation import ablate

        how: dict[str, Any] = {"images": body.count, "agreement": body.agreement, "seed": body.seed}
        return ablate(opened.subject, body.layer, body.channels, how=body.how, **how)

    return _kept(here, body, look)


def _kept(here: Here, body: Looking | Ranking, look: Callable[[Opened], Any]) -> Record:
    """What is seen of the subject, whose lock is held; made once for equal questions."""
    sight = body.sight() if isinstance(body, Looking) else Sight(body.source, body.step, body.seed)
    opened = here.subjects.get(sight)

    def make() -> dict[str, Any]:
        with opened.lock:
            record: dict[str, Any] = look(opened).as_dict()
            return record

    question = (opened.key, type(body).__name__, body.model_dump_json())
    return Record(here.record(question, make))
