"""How good a captioner is: on unseen images, on pairs of classes that it never saw together,
and beside captions that cost nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from convscope.applications.captioning.baselines import (
    most_frequent_caption,
    nearest,
    signature,
)
from convscope.applications.captioning.control import CONTROL, other_images
from convscope.applications.captioning.pictures import as_batch, in_parts, normaliser
from convscope.applications.captioning.scores import CaptionScores, caption_scores
from convscope.applications.captioning.sentences import Reading, said_of
from convscope.applications.runs import ApplicationRun
from convscope.data.annotated import Annotated, Split
from convscope.training.conditions import Conditions, resolve

__all__ = ["FREQUENT", "NEAREST", "CaptionEvaluation", "Scored", "evaluated", "scored"]

FREQUENT = "most frequent caption"
NEAREST = "nearest training image"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The sentence said of each image, its scores, and the seconds that an image took."""

    captions: tuple[str, ...]
    scores: CaptionScores
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class CaptionEvaluation:
    """Scores of a captioner on a part of the data.

    ``held_out`` are the same on scenes whose pair of classes no training scene shows, None
    where the data are no scenes; ``baselines`` are what the most frequent training caption
    and the caption of the nearest training image reach on the same images.  ``control``
    names a negative control, ``seconds`` is of an image, on one machine: see ``conditions``.
    """

    run: str
    method: str
    data: str
    split: str
    beam: int
    control: str | None
    scores: CaptionScores
    held_out: CaptionScores | None
    baselines: Mapping[str, CaptionScores]
    names: tuple[str, ...]
    captions: tuple[str, ...]
    references: tuple[tuple[str, ...], ...]
    seconds: float
    conditions: Conditions
    ids: tuple[int | str, ...] | None = None

    def __repr__(self) -> str:
        return (
            f"<CaptionEvaluation: {self.method}, CIDEr {self.scores.cider:.3f} on "
            f"{self.scores.count:,} {self.split} images of {self.data}>"
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": "convscope.caption-evaluation/1",
            "run": self.run,
            "method": self.method,
            "data": self.data,
            "split": self.split,
            "beam": self.beam,
            "control": self.control,
            "scores": self.scores.as_dict(),
            "held_out": None if self.held_out is None else self.held_out.as_dict(),
            "baselines": {name: each.as_dict() for name, each in self.baselines.items()},
            "seconds_per_image": self.seconds,
            "conditions": self.conditions.as_dict(),
        }

    def results(self) -> list[dict[str, Any]]:
        """The captions as COCO's result files have them: a list of image_id and caption.

        ``image_id`` is the id that a COCO file gives the image, or else the image's name, as
        in the annotations that they are scored beside.
        """
        return [
            {"image_id": image, "caption": caption}
            for image, caption in zip(self.ids or self.names, self.captions, strict=True)
        ]


def evaluated(
    run: ApplicationRun,
    reading: Reading,
    data: Annotated,
    *,
    split: str,
    width: int,
    control: str | None,
    baselines: bool,
    held_out: Split | None = None,
) -> CaptionEvaluation:
    """Scores on ``split`` of the data, in float32 on the processor."""
    device, part = torch.device("cpu"), data.split(split)
    found = scored(run, reading, part, device=device, width=width, control=control)
    beyond = held_out and scored(
        run, reading, held_out, device=device, width=width, control=control
    )
    return CaptionEvaluation(
        run=run.name,
        method=run.method,
        data=data.name,
        split=split,
        beam=width,
        control=control,
        scores=found.scores,
        held_out=beyond.scores if beyond else None,
        baselines=_baselines(run, reading, data.train, part) if baselines else {},
        names=part.names,
        ids=part.ids,
        captions=found.captions,
        references=part.captions or (),
        seconds=found.seconds,
        conditions=resolve("cpu", "float32"),
    )


def scored(
    run: ApplicationRun,
    reading: Reading,
    part: Split,
    *,
    device: torch.device,
    width: int,
    control: str | None = None,
) -> Scored:
    """Says a sentence of each image of a part, and scores it beside the references."""
    side = int(run.settings["side"])
    images = as_batch(part.images, side, run.channels)
    if control == CONTROL:
        images = images[other_images(len(images), run.seed)]
    prepare = normaliser(run.mean, run.std, side, device)
    start = time.perf_counter()
    captions = tuple(
        own[0].text
        for at in range(0, len(images), _AT_ONCE)
        for own in said_of(
            reading, prepare(torch.from_numpy(images[at : at + _AT_ONCE].copy())), width=width
        )
    )
    seconds = (time.perf_counter() - start) / max(1, len(images))
    return Scored(captions, caption_scores(captions, part.captions or ()), seconds)


_AT_ONCE = 50


def _baselines(
    run: ApplicationRun, reading: Reading, train: Split, part: Split
) -> dict[str, CaptionScores]:
    """Captions of training images, for the images of a part."""
    assert train.captions is not None
    assert part.captions is not None
    frequent = most_frequent_caption(train.captions)
    places = nearest(_signatures(run, reading, part), _signatures(run, reading, train)).tolist()
    others = [train.captions[place][0] for place in places]
    return {
        FREQUENT: caption_scores([frequent] * len(part), part.captions),
        NEAREST: caption_scores(others, part.captions),
    }


def _signatures(run: ApplicationRun, reading: Reading, part: Split) -> Tensor:
    side = int(run.settings["side"])
    prepare = normaliser(run.mean, run.std, side, torch.device("cpu"))
    backbone = reading.network.encoder.backbone

    def change(images: Tensor) -> Tensor:
        prepared = prepare(images)
        maps = backbone(prepared.flatten(0, -4))
        return signature(maps.reshape(*images.shape[:-3], *maps.shape[1:]))

    return in_parts(change, as_batch(part.images, side, run.channels), 32)
