"""What answers where nothing was trained for the task: to be beaten by what was.

The same that evaluations put beside their methods.  A scene that is looked at is one of the
test part; the captions are those of scenes of the training part.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from convscope.studio.questions import Answered, Pictured, Question, objects_of, one_of

if TYPE_CHECKING:
    from torch import Tensor

    from convscope.applications.pictures import Picture
    from convscope.data.annotated import Split

__all__ = ["BASELINES", "Baseline"]

SCENES = 300
"""Whose captions are known; making them, and looking at them once, takes a second or two."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """``name`` stands in the place of a run's."""

    name: str
    title: str
    answer: Callable[[Question, Pictured], Answered]


def _looked_at(question: Question, pictures: Pictured) -> tuple[Picture, Split | None]:
    """The picture, grey, and the scene that it is."""
    import numpy as np

    from convscope.applications.pictures import Picture, read_pictures
    from convscope.data.scenes.loading import make_scenes

    if pictures:
        (picture,) = read_pictures(one_of(pictures), 1)
        return picture, None
    scene = make_scenes(count=1, part="test", seed=question.seed)
    image = np.asarray(scene.images[0])
    return Picture(scene.names[0], image, (image.shape[-2], image.shape[-1])), scene


def _boxes(question: Question, pictures: Pictured) -> Answered:
    """A threshold, connected components, and the trained classifier."""
    from convscope.applications.detection.baseline import Baseline as Detecting
    from convscope.applications.detection.prediction import DetectionPrediction
    from convscope.data.annotated import Split
    from convscope.training.runs import open_run

    classifier = open_run("example")
    picture, scene = _looked_at(question, pictures)
    truth = scene and objects_of(scene.objects[0], classifier.classes)  # type: ignore[index]
    split = Split((picture.name,), [picture.pixels])
    (found,), parts = Detecting(classifier).detected(split, classifier.classes)
    said = DetectionPrediction.of(picture, found, classifier.classes, question.least)
    return Answered(said.as_dict(), {"picture": said.picture}, sum(parts.values()), truth)


def _nearest(question: Question, pictures: Pictured) -> Answered:
    """The caption of the training scene whose activation maps are most like the picture's."""
    from convscope.applications.captioning.baselines import nearest

    _known()  # is looked up, and no part of an answer's time

    def say(picture: Picture) -> str:
        captions, signatures = _known()
        return captions[int(nearest(_signatures([picture.pixels]), signatures)[0])][0]

    return _said(say, question, pictures)


def _frequent(question: Question, pictures: Pictured) -> Answered:
    """The caption that stands under the most training scenes, whatever is seen."""
    from convscope.applications.captioning.baselines import most_frequent_caption

    sentence = most_frequent_caption(_known()[0])
    return _said(lambda _: sentence, question, pictures)


def _said(say: Callable[[Picture], str], question: Question, pictures: Pictured) -> Answered:
    picture, scene = _looked_at(question, pictures)
    start = time.perf_counter()
    text = say(picture)
    seconds = time.perf_counter() - start
    record = {
        "schema": "convscope.caption/1",
        "source": picture.name,
        "sentences": [{"text": text, "probability": None}],
        "words": [],
    }
    truth = scene and list((scene.captions or ((),))[0])
    return Answered(record, {"picture": picture.pixels}, seconds, truth)


@cache
def _known() -> tuple[tuple[tuple[str, ...], ...], Tensor]:
    """Captions of training scenes, and what the example's convolutions make of them."""
    from convscope.data.scenes.loading import make_scenes

    scenes = make_scenes(count=SCENES, part="train")
    return scenes.captions or (), _signatures(scenes.images)


def _signatures(images: Any) -> Tensor:
    import torch

    from convscope.applications.backbone import SIDE, backbone_of
    from convscope.applications.captioning.baselines import signature
    from convscope.applications.captioning.pictures import as_batch, in_parts, normaliser
    from convscope.training.runs import open_run

    statistics = open_run("example").preprocessing
    prepare = normaliser(statistics.mean, statistics.std, SIDE, torch.device("cpu"))
    maps = backbone_of("example").module().eval()
    return in_parts(lambda part: signature(maps(prepare(part))), as_batch(images, SIDE, 1), 32)


BASELINES: Mapping[str, tuple[Baseline, ...]] = {
    "detection": (Baseline("baseline", "without a detector", _boxes),),
    "segmentation": (),
    "captioning": (
        Baseline("nearest", f"nearest of {SCENES} scenes", _nearest),
        Baseline("frequent", "most frequent caption", _frequent),
    ),
}
"""By task; of clips there are none."""
