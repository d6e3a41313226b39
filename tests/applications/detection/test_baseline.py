"""The baseline finds bright things on a dark ground, and names them by the classifier."""

from __future__ import annotations

import numpy as np
import pytest

from convscope.applications.detection.baseline import Baseline, bright_things
from convscope.applications.detection.precision import average_precision
from convscope.data.annotated import Objects, Split
from convscope.data.mini import load_mini
from convscope.errors import UsageError
from convscope.training.runs import open_run


def on_black(count: int = 30) -> tuple[Split, tuple[str, ...]]:
    """Two garments in a picture, side by side on black, a little dimmed."""
    mini = load_mini()
    images, objects = [], []
    for number in range(count):
        canvas = np.zeros((1, 64, 96), np.uint8)
        boxes, labels = [], []
        for place in range(2):
            garment, (label,) = mini.test.batch(np.array([2 * number + place]))
            left, top = 8 + 48 * place, 10 + number % 20
            canvas[:, top : top + 28, left : left + 28] = garment[0] // 2
            rows, columns = np.nonzero(garment[0, 0] // 2 > 0)
            boxes.append(
                [left + columns.min(), top + rows.min(),
                 left + columns.max() + 1, top + rows.max() + 1]
            )  # fmt: skip
            labels.append(int(label))
        images.append(canvas)
        objects.append(Objects(np.array(boxes, np.float32), np.array(labels), np.zeros(2, bool)))
    names = tuple(str(number) for number in range(count))
    return Split(names, np.stack(images), tuple(objects)), mini.classes


def test_on_black_it_finds_nearly_everything() -> None:
    part, classes = on_black()
    found, seconds = Baseline(open_run("example")).detected(part, classes)
    measured = average_precision(found, part.objects or (), classes)
    assert measured.at(0.5) > 0.6
    assert seconds.keys() == {"proposals", "features", "heads"}


def test_things_are_cut_out_and_stretched_on_black() -> None:
    image = np.full((1, 30, 40), 20, np.uint8)
    image[0, 5:20, 10:30] = 120
    image[0, 10:12, 15:20] = 160
    image[0, 14:16, 15:20] = 20  # a hole belongs to the thing
    image[0, 25:28, 2:5] = 150  # a speck does not count
    boxes, (picture,) = bright_things(image)
    assert boxes.tolist() == [[10, 5, 30, 20]]
    assert picture.shape == (15, 20)
    assert picture[5, 5] == 255
    assert picture[9, 5] == 0
    assert picture[0, 0] == round(255 * 100 / 140)


def test_an_even_picture_holds_nothing() -> None:
    boxes, pictures = bright_things(np.full((3, 20, 20), 9, np.uint8))
    assert boxes.shape == (0, 4)
    assert pictures == []
    part = Split(("even",), [np.full((1, 20, 20), 9, np.uint8)])
    (found,), _ = Baseline(open_run("example")).detected(part, ["Bag"])
    assert len(found) == 0


def test_classes_are_matched_by_name() -> None:
    part, classes = on_black(4)
    run = open_run("example")
    turned = tuple(reversed(classes))
    one, _ = Baseline(run).detected(part, classes)
    other, _ = Baseline(run).detected(part, turned)
    for first, second in zip(one, other, strict=True):
        names = [classes[label] for label in first.labels]
        assert names == [turned[label] for label in second.labels]
    with pytest.raises(UsageError, match="does not know platelet"):
        Baseline(run).detected(part, ["platelet"])
