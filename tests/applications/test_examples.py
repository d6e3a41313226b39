"""The trained applications inside the package: small, found by name, and of use at once."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.applications.captioning.captioner import Captioner
from convscope.applications.captioning.facts import fact_scores
from convscope.applications.detection.detector import Detector
from convscope.applications.detection.precision import average_precision
from convscope.applications.runs import examples_folder
from convscope.applications.segmentation.scores import Tally
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.data.annotated import Split
from convscope.data.scenes import make_scenes
from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.nouns import class_of
from convscope.training.runs import MODEL, RUN

DETECTORS = ("example-rcnn", "example-fast", "example-faster")
COUNT = 60
SIDE = 128


@pytest.fixture(scope="module")
def scenes() -> Split:
    """Of garments that no example has learnt."""
    return make_scenes(seed=11, count=COUNT, part="test", source="fashion-mini")


def test_examples_are_small_and_name_no_machine() -> None:
    folders = sorted(path.parent for path in examples_folder().glob(f"*/{RUN}"))
    assert {folder.name for folder in folders} == {
        *DETECTORS,
        "example-attention",
        "example-fcn-stride2",
    }
    for folder in folders:
        assert {path.name for path in folder.iterdir()} == {MODEL, RUN}
        assert (folder / MODEL).stat().st_size <= 300_000
        text = (folder / RUN).read_text(encoding="utf-8")
        assert "/tmp" not in text and "/home" not in text and "/work" not in text


@pytest.mark.parametrize("name", DETECTORS)
def test_a_detector_of_the_package_finds_garments(name: str, scenes: Split) -> None:
    """Most of them; and hardly any where the truth is that of another scene."""
    detector = Detector.load(name)
    assert detector.trained_run.name == name
    assert scenes.objects is not None
    pictures = [image[0] for image in scenes.images]
    found = [each.detections for each in detector.predict(pictures, least=0.05)]
    classes = detector.trained_run.classes
    assert average_precision(found, scenes.objects, classes).at(0.5) > 0.6
    others = (*scenes.objects[1:], scenes.objects[0])
    assert average_precision(found, others, classes).at(0.5) < 0.1


def test_a_captioner_of_the_package_names_garments(scenes: Split) -> None:
    """More often right than not; and not where the truth is that of another scene."""
    captioner = Captioner.load("example-attention")
    said = [each.text for each in captioner.predict([image[0] for image in scenes.images])]
    assert scenes.captions is not None
    own = fact_scores(said, scenes.captions)
    other = fact_scores(said, (*scenes.captions[1:], scenes.captions[0]))
    assert own is not None and other is not None
    assert (own.objects.value or 0) > 0.6
    assert (other.objects.value or 1) < 0.3


def test_a_captioner_of_the_package_looks_where_things_are(scenes: Split) -> None:
    """For a noun, several times as much of the weight is in its boxes as their area would get."""
    captioner = Captioner.load("example-attention")
    assert scenes.objects is not None
    within, area = [], []
    found = captioner.predict([image[0] for image in scenes.images])
    for caption, objects in zip(found, scenes.objects, strict=True):
        for word in caption.words:
            name = class_of(word.word)
            chosen = [CLASSES[label] == name for label in objects.labels]
            if any(chosen) and word.weights is not None:
                boxes = covered(objects.boxes[chosen], cells=len(word.weights))
                within.append((word.weights * boxes).sum())
                area.append(boxes.mean())
    assert len(within) > COUNT
    assert np.mean(within) > 3 * np.mean(area)


def covered(boxes: NDArray[np.float32], *, cells: int) -> NDArray[np.float32]:
    """The part of each cell of a grid that lies in one of the boxes."""
    inside = np.zeros((SIDE, SIDE), np.float32)
    for left, top, right, bottom in boxes.astype(int):
        inside[top:bottom, left:right] = 1
    return inside.reshape(cells, SIDE // cells, cells, SIDE // cells).mean((1, 3))


def test_a_segmenter_of_the_package_knows_garments(scenes: Split) -> None:
    """Mean IoU with the truth, and with that of another scene."""
    segmenter = Segmenter.load("example-fcn-stride2")
    found = segmenter.predict([image[0] for image in scenes.images])
    regions = segmenter.trained_run.regions
    assert scenes.masks is not None
    own, other = Tally(regions), Tally(regions)
    for number, each in enumerate(found):
        own.add(scenes.masks[number][None], each.mask[None])
        other.add(scenes.masks[number - 1][None], each.mask[None])
    assert own.scores().mean_iou > 0.55
    assert other.scores().mean_iou < 0.2
