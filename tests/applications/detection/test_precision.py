"""Average precision equals pycocotools' on random detections, and is what it says on small ones."""

from __future__ import annotations

import contextlib
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from convscope.applications.detection.detections import Detections
from convscope.applications.detection.precision import (
    MOST,
    THRESHOLDS,
    Precision,
    average_precision,
)
from convscope.data.annotated import Objects
from convscope.errors import DataError, UsageError

SIDE = 64


def boxes_of(generator: np.random.Generator, count: int, grid: int) -> np.ndarray:
    """Boxes whose edges lie on a grid, so that overlaps tie and hit thresholds exactly."""
    start = generator.integers(0, SIDE // grid - 1, (count, 2))
    room = SIDE // grid - start
    sides = 1 + generator.integers(0, room, (count, 2))
    return (np.concatenate([start, start + sides], 1) * grid).astype(np.float32)


def shaken(generator: np.random.Generator, boxes: np.ndarray, amount: float) -> np.ndarray:
    """The boxes, their edges moved a little: detections that are nearly right."""
    moved = boxes + generator.normal(0, amount, boxes.shape)
    moved[:, 2:] = np.maximum(moved[:, 2:], moved[:, :2] + 0.5)
    return moved.astype(np.float32)


@dataclass(frozen=True)
class Case:
    """Random images: how many, of how many classes, how dense, how sure, how difficult."""

    seed: int
    images: int = 6
    classes: int = 3
    objects: int = 5
    detections: int = 8
    grid: int = 8
    scores: int = 4
    difficult: float = 0.25
    absent: int = 1

    def draw(self) -> tuple[list[Detections], list[Objects]]:
        generator = np.random.default_rng(self.seed)
        found, truth = [], []
        for _ in range(self.images):
            count = int(generator.integers(0, self.objects + 1))
            labels = generator.integers(0, self.classes - self.absent, count)
            boxes = boxes_of(generator, count, self.grid)
            truth.append(Objects(boxes, labels, generator.random(count) < self.difficult))
            amount = int(generator.integers(0, self.detections + 1))
            copied = shaken(generator, boxes, 2.0)[generator.permutation(count)[: amount // 2]]
            others = boxes_of(generator, amount - len(copied), self.grid)
            # Whole steps of scores: ties within an image and between images.
            scores = generator.integers(1, self.scores + 1, amount) / np.float32(self.scores)
            found.append(
                Detections(
                    np.concatenate([copied, others]),
                    generator.integers(0, self.classes, amount),
                    scores.astype(np.float32),
                )
            )
        return found, truth


def by_pycocotools(
    found: Sequence[Detections], truth: Sequence[Objects], classes: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """COCOeval's precision (T×R×K), recall (T×K×M) and its twelve numbers."""
    known = COCO()
    known.dataset = {
        "info": {},
        "images": [{"id": number, "width": SIDE, "height": SIDE} for number in range(len(truth))],
        "categories": [{"id": label, "name": str(label)} for label in range(classes)],
        "annotations": [],
    }
    for image, objects in enumerate(truth):
        for box, label, hard in zip(objects.boxes, objects.labels, objects.difficult, strict=True):
            known.dataset["annotations"].append(
                {
                    "id": len(known.dataset["annotations"]) + 1,
                    "image_id": image,
                    "category_id": int(label),
                    "bbox": corner_and_sides(box),
                    "area": math.prod(corner_and_sides(box)[2:]),
                    "iscrowd": int(hard),
                }
            )
    results = [
        {
            "image_id": image,
            "category_id": int(label),
            "bbox": corner_and_sides(box),
            "score": float(score),
        }
        for image, each in enumerate(found)
        for box, label, score in zip(each.boxes, each.labels, each.scores, strict=True)
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        known.createIndex()
        answers = known.loadRes(results) if results else COCO()
        if not results:
            answers.dataset = {**known.dataset, "annotations": []}
            answers.createIndex()
        measured = COCOeval(known, answers, "bbox")
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return (
        measured.eval["precision"][:, :, :, 0, -1],
        measured.eval["recall"][:, :, 0],
        np.array(measured.stats),
    )


def corner_and_sides(box: np.ndarray) -> list[float]:
    left, top, right, bottom = (float(edge) for edge in box)
    return [left, top, right - left, bottom - top]


def require_equal(ours: Precision, theirs: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """The same bits; −1 there is NaN here."""
    precision, recall, stats = theirs
    np.testing.assert_array_equal(ours.precision, np.where(precision < 0, math.nan, precision))
    np.testing.assert_array_equal(ours.recall, np.where(recall < 0, math.nan, recall))
    numbers = [ours.mean, ours.at(0.5), ours.at(0.75)]
    numbers += [ours.average_recall(most) for most in MOST]
    expected = stats[[0, 1, 2, 6, 7, 8]]
    np.testing.assert_array_equal(numbers, np.where(expected < 0, math.nan, expected))


CASES = [
    *(Case(seed) for seed in range(20)),
    *(Case(seed, grid=1, scores=1000) for seed in range(40, 50)),  # hardly any ties
    *(Case(seed, grid=16, scores=1, detections=30) for seed in range(60, 70)),  # ties only
    *(Case(seed, difficult=1.0) for seed in range(80, 85)),
    *(Case(seed, objects=0) for seed in range(85, 88)),
    *(Case(seed, detections=0) for seed in range(88, 91)),
    Case(91, images=2, objects=30, detections=300, classes=2, absent=0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case.seed))
def test_it_equals_pycocotools_to_the_last_bit(case: Case) -> None:
    found, truth = case.draw()
    names = [str(label) for label in range(case.classes)]
    require_equal(
        average_precision(found, truth, names), by_pycocotools(found, truth, case.classes)
    )


def test_the_random_cases_hold_what_they_are_there_for() -> None:
    drawn = [case.draw() for case in CASES]
    truths = [objects for _, truth in drawn for objects in truth]
    assert any(len(objects) == 0 for objects in truths)
    assert any(objects.difficult.any() for objects in truths)
    assert any(len(set(each.scores.tolist())) < len(each) for found, _ in drawn for each in found)
    scores = [average_precision(*both, ["a", "b", "c"]).at(0.5) for both in drawn]
    assert sum(0.05 < score < 0.95 for score in scores) > 20


def objects(*boxes: tuple[float, ...], difficult: Sequence[bool] = ()) -> Objects:
    """Objects of class 0."""
    marks = np.array([*difficult, *[False] * (len(boxes) - len(difficult))], bool)
    return Objects(
        np.array(boxes, np.float32).reshape(-1, 4), np.zeros(len(boxes), np.int64), marks
    )


def detections(*boxes: tuple[float, ...], scores: Sequence[float]) -> Detections:
    """Detections of class 0."""
    return Detections(
        np.array(boxes, np.float32), np.zeros(len(boxes), np.int64), np.array(scores, np.float32)
    )


HERE, THERE = (0.0, 0.0, 10.0, 10.0), (20.0, 20.0, 40.0, 40.0)


def test_what_is_found_exactly_has_precision_one() -> None:
    measured = average_precision([detections(HERE, scores=[0.3])], [objects(HERE)], ["a"])
    assert (measured.mean, measured.at(0.5)) == pytest.approx((1.0, 1.0), abs=1e-15)
    assert measured.average_recall() == 1.0
    assert measured.objects == (1,)


def test_half_found_reaches_half_the_recalls() -> None:
    measured = average_precision([detections(HERE, scores=[0.3])], [objects(HERE, THERE)], ["a"])
    assert measured.at(0.5) == pytest.approx(51 / 101)  # the recalls 0, 0.01, … 0.5
    assert measured.average_recall() == 0.5


def test_a_second_detection_of_the_same_object_is_wrong() -> None:
    twice = detections(HERE, HERE, THERE, scores=[0.9, 0.8, 0.7])
    measured = average_precision([twice], [objects(HERE, THERE)], ["a"])
    assert measured.at(0.5) == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_difficult_objects_are_neither_required_nor_punished() -> None:
    truth = [objects(HERE, THERE, difficult=[False, True])]
    without = average_precision([detections(HERE, scores=[0.5])], truth, ["a"])
    # Each of three detections inside the difficult one is passed over.
    inside = (22.0, 22.0, 30.0, 30.0)
    crowd = detections(THERE, inside, inside, HERE, scores=[0.9, 0.9, 0.8, 0.5])
    assert average_precision([crowd], truth, ["a"]).mean == without.mean
    assert without.mean == pytest.approx(1.0, abs=1e-15)
    assert without.objects == (1,)


def test_classes_that_are_absent_are_left_out_of_means() -> None:
    measured = average_precision([detections(HERE, scores=[1])], [objects(HERE)], ["a", "b"])
    assert measured.mean == pytest.approx(1.0, abs=1e-15)
    assert [each.average_precision for each in measured.per_class] == [measured.mean, None]
    assert measured.as_dict()["classes"][1] == {
        "name": "b",
        "objects": 0,
        "average_precision": None,
        "at_0.5": None,
        "recall": None,
    }


def test_without_any_object_there_is_no_mean() -> None:
    measured = average_precision([detections(HERE, scores=[1])], [objects()], ["a"])
    assert math.isnan(measured.mean)
    assert measured.as_dict()["mean_average_precision"] is None


def test_wrong_questions_are_refused() -> None:
    with pytest.raises(UsageError, match="2 images need as many lists of detections, not 1"):
        average_precision([detections(HERE, scores=[1])], [objects(HERE), objects()], ["a"])
    with pytest.raises(UsageError, match="labels go from 0 to -1"):
        average_precision([detections(HERE, scores=[1])], [objects(HERE)], [])
    measured = average_precision([detections(HERE, scores=[1])], [objects(HERE)], ["a"])
    with pytest.raises(UsageError, match=r"not 0\.3"):
        measured.at(0.3)
    with pytest.raises(UsageError, match="not for 5"):
        measured.average_recall(5)
    with pytest.raises(DataError, match="1 labels need as many boxes"):
        Detections(np.zeros((2, 4), np.float32), np.zeros(1, np.int64), np.zeros(1, np.float32))


def test_it_shows_itself_in_a_line() -> None:
    measured = average_precision([detections(HERE, scores=[1])], [objects(HERE)], ["a"])
    assert repr(measured) == "<Precision: mAP@0.5 1.000, mAP@[.5:.95] 1.000, 1 images>"
    assert len(measured.precision) == len(THRESHOLDS)
