"""An evaluation on a page: counts, shades, pictures."""

from __future__ import annotations

import io
import re
from base64 import b64decode

import numpy as np
import pytest
from PIL import Image

from convscope.report.html import Html
from convscope.report.palette import DIVERGING
from convscope.report.result_section import (
    LEVELS,
    calibration_text,
    class_table,
    confusion_table,
    kernel_gallery,
    mistake_gallery,
)

from .samples import HOSTILE, evaluation
from .test_html import read


def pictures(markup: Html) -> list[Image.Image]:
    """The pictures inside a page, decoded."""
    found = []
    for name, values in read(markup).tags:
        if name == "img":
            content = (values["src"] or "").partition("base64,")[2]
            found.append(Image.open(io.BytesIO(b64decode(content))))
    return found


def test_the_matrix_holds_every_count() -> None:
    found = evaluation(5)
    table = str(confusion_table(found)).split("</table>")[0]
    rows = re.findall("<tr>(.*?)</tr>", table)[1:]
    counts = [[int(c) for c in re.findall(r">(\d+)<", row)] for row in rows]
    assert counts == found.confusion.tolist()


def test_the_shade_grows_with_the_share() -> None:
    found = evaluation(5)
    table = str(confusion_table(found)).split("</table>")[0]
    levels = [
        (int(count), int(level))
        for level, count in re.findall(r'class="wrong l(\d)">(\d+)<', table)
    ]
    assert max(level for _, level in levels) == LEVELS
    assert all(1 <= level <= LEVELS for _, level in levels)
    assert 'class="right l' in table
    highest = max(levels)[1]
    assert highest >= min(levels)[1]


def test_the_pairs_that_are_confused_most_come_first() -> None:
    found = evaluation(4)
    text = str(confusion_table(found)).split("is called that")[1]
    times = [int(row[0]) for row in re.findall(r"<td>(\d+)</td><td>(\d+)</td><td>", text)]
    wrong = sorted(
        (int(found.confusion[r, c]) for r in range(4) for c in range(4) if r != c), reverse=True
    )
    assert times == wrong[:8]


def test_a_matrix_of_very_many_classes_is_left_to_the_figure() -> None:
    text = str(confusion_table(evaluation(61, 600)))
    assert "figures/confusion.svg" in text
    assert 'class="matrix' not in text


def test_without_mistakes_there_are_no_pairs() -> None:
    assert "is called that" not in str(confusion_table(evaluation(3, right=1.0)))


def test_names_of_classes_stay_text() -> None:
    found = evaluation((HOSTILE, "other"))
    images = [np.zeros((1, 4, 4), np.uint8)] * 3
    for markup in (confusion_table(found), class_table(found), mistake_gallery(found, images)):
        assert not any("onclick" in values for _, values in read(markup).tags)
        assert HOSTILE in read(markup).text.replace("\xa0", " ")


def test_each_class_has_a_row_and_the_means_stand_below() -> None:
    found = evaluation(4)
    rows = re.findall("<tr>(.*?)</tr>", str(class_table(found)))
    for score, row in zip(found.per_class, rows[1:-1], strict=True):
        assert re.findall(r"<td>([\d.]+)</td>", row)[:3] == [
            f"{100 * value:.1f}" for value in (score.precision, score.recall, score.f1)
        ]
    mean = np.mean([score.f1 for score in found.per_class])
    assert f"<td>{100 * mean:.1f}</td>" in rows[-1]


@pytest.mark.parametrize(("right", "word"), [(0.05, "more"), (1.0, "less")])
def test_calibration_says_which_way_it_leans(right: float, word: str) -> None:
    assert f"points {word} sure than right" in str(calibration_text(evaluation(right=right)))


def test_small_pictures_are_kept_to_the_pixel() -> None:
    draw = np.random.default_rng(0)
    images = [draw.integers(0, 256, (channels, 28, 20), np.uint8) for channels in (1, 3)]
    grey, colour = pictures(mistake_gallery(evaluation(), images))
    assert (np.asarray(grey) == images[0][0]).all()
    assert (np.asarray(colour) == images[1].transpose(1, 2, 0)).all()


def test_large_pictures_become_thumbnails() -> None:
    image = np.random.default_rng(0).integers(0, 256, (3, 500, 300), np.uint8)
    markup = mistake_gallery(evaluation(), [image] * 24)
    assert pictures(markup)[0].size == (96, 160)
    assert len(str(markup)) < 500_000


@pytest.mark.parametrize("channels", [1, 3])
def test_kernels_are_coloured_by_sign(channels: int) -> None:
    weights = np.zeros((2, channels, 2, 2), np.float32)
    weights[:, :, 0] = [[-0.5, 0.5]]
    shown = pictures(kernel_gallery(weights))
    assert len(shown) == 2 * channels
    first = np.asarray(shown[0].convert("RGB"))
    expected = [DIVERGING[0], DIVERGING[-1], "#ffffff", "#ffffff"]
    assert ["#{:02x}{:02x}{:02x}".format(*pixel) for pixel in first.reshape(-1, 3)] == expected


def test_no_more_kernels_than_can_be_looked_at() -> None:
    weights = np.ones((100, 1, 3, 3), np.float32)
    assert len(pictures(kernel_gallery(weights))) == 64
