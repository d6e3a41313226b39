"""What shows when an image is opened: its size, boxes beyond it, masks, shrinking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from convscope.data.annotated import VOID, Objects
from convscope.data.annotations.decoding import (
    Opened,
    Wanted,
    brought_down,
    headers_of,
    opened,
    threads,
)
from convscope.data.annotations.index_masks import IndexMask
from convscope.data.annotations.listing import Item
from convscope.data.images import Skipped
from tests.data.annotations.making import save_mask
from tests.data.making import picture


def objects(*boxes: tuple[float, ...]) -> Objects:
    count = len(boxes)
    return Objects(
        np.array(boxes, np.float32).reshape(-1, 4), np.arange(count), np.zeros(count, bool)
    )


def one(root: Path, item: Item, wanted: Wanted | None = None) -> Opened | Skipped:
    with threads() as pool:
        (found,) = opened(root, [item], wanted or Wanted(), pool)
    return found


def good(found: Opened | Skipped) -> Opened:
    assert isinstance(found, Opened), found
    return found


def reason(found: Opened | Skipped) -> str:
    assert isinstance(found, Skipped)
    assert found.path == "a.xml"
    return found.reason


def test_pixels_are_those_of_pillow(tmp_path: Path) -> None:
    picture(tmp_path / "1.png", 6, 9, grey=False)
    item = Item("1", "1.png", "a.xml")
    theirs = np.asarray(Image.open(tmp_path / "1.png"))
    np.testing.assert_array_equal(good(one(tmp_path, item)).pixels, theirs.transpose(2, 0, 1))
    grey = good(one(tmp_path, item, Wanted(channels=1))).pixels
    np.testing.assert_array_equal(grey[0], np.asarray(Image.open(tmp_path / "1.png").convert("L")))


def test_headers(tmp_path: Path) -> None:
    items = [Item(f"{n}", f"{n}.png", "") for n in range(3)]
    picture(tmp_path / "0.png", 5, 6)
    picture(tmp_path / "1.png", 7, 8, grey=False)
    with threads() as pool:
        assert headers_of(tmp_path, items, pool) == [((5, 6), True), ((7, 8), False)]


@pytest.mark.parametrize("content", [None, b"", b"\x89PNG nothing"])
def test_images_that_cannot_be_opened(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "1.png").write_bytes(content)
    assert reason(one(tmp_path, Item("1", "1.png", "a.xml"))).startswith("its image 1.png ")


def test_a_declared_size_that_is_another(tmp_path: Path) -> None:
    picture(tmp_path / "1.png", 6, 9)
    assert reason(one(tmp_path, Item("1", "1.png", "a.xml", (7, 9)))) == (
        "says that its image is 7×9 (height × width), and it is 6×9"
    )
    turned = Image.open(tmp_path / "1.png")
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "2.png", exif=exif)
    assert "EXIF turns the picture upright" in reason(
        one(tmp_path, Item("2", "2.png", "a.xml", (6, 9)))
    )
    assert good(one(tmp_path, Item("2", "2.png", "a.xml", (9, 6)))).pixels.shape == (1, 9, 6)


@pytest.mark.parametrize(
    ("box", "legal"),
    [
        ((0, 0, 9, 6), True),
        ((-0.4, 0, 9.5, 6), True),
        ((-0.6, 0, 9, 6), False),
        ((0, 0, 9.6, 6), False),
        ((0, 0, 9, 7), False),
        ((9, 0, 9.4, 6), False),
        ((20, 20, 30, 30), False),
    ],
)
def test_boxes_beyond_the_image(tmp_path: Path, box: tuple[float, ...], legal: bool) -> None:
    picture(tmp_path / "1.png", 6, 9)
    found = one(tmp_path, Item("1", "1.png", "a.xml", objects=objects((0, 0, 1, 1), box)))
    if legal:
        boxes = good(found).objects
        assert boxes is not None
        assert boxes.boxes.min() >= 0 and (boxes.boxes[:, 2:] <= (9, 6)).all()
    else:
        assert reason(found).startswith("object 2: the box ")
        assert reason(found).endswith("the image of 9×6 (width × height)")


@given(st.integers(1, 300), st.integers(1, 300), st.none() | st.integers(8, 300))
def test_sizes_brought_down(height: int, width: int, longest: int | None) -> None:
    found = brought_down((height, width), longest)
    assert max(found) == min(max(height, width), longest or 300)
    assert min(found) >= 1
    scale = max(found) / max(height, width)
    assert all(
        abs(new - old * scale) <= 0.5 + 1e-9 or new == 1
        for new, old in zip(found, (height, width), strict=True)
    )


def test_boxes_and_masks_shrink_with_their_image(tmp_path: Path) -> None:
    pixels = np.zeros((40, 60), np.uint8)
    pixels[10:30, 12:36] = 200
    Image.fromarray(pixels).save(tmp_path / "1.png")
    mask = np.where(pixels > 0, 3, 0).astype(np.uint8)
    mask[:, 58:] = VOID
    save_mask(tmp_path / "mask.png", mask)
    item = Item(
        "1",
        "1.png",
        "a.xml",
        objects=objects((12, 10, 36, 30)),
        mask=IndexMask(tmp_path, "mask.png", 0),
    )
    small = good(one(tmp_path, item, Wanted(longest=30)))
    assert small.pixels.shape == (1, 20, 30)
    assert small.objects is not None and small.mask is not None
    np.testing.assert_array_equal(small.objects.boxes, [[6, 5, 18, 15]])
    assert set(np.unique(small.mask).tolist()) == {0, 3, VOID}
    inside = np.zeros((20, 30), bool)
    inside[5:15, 6:18] = True
    np.testing.assert_array_equal(small.mask == 3, inside)
    np.testing.assert_array_equal(small.pixels[0] > 100, inside)
    same = good(one(tmp_path, item, Wanted(longest=60)))
    np.testing.assert_array_equal(same.pixels[0], pixels)


def test_frames_of_a_clip(tmp_path: Path) -> None:
    paths = tuple(f"{number}.png" for number in range(3))
    for number, path in enumerate(paths):
        picture(tmp_path / path, 20, 10, seed=number)
    item = Item("clip", paths[0], "a.xml", frames=paths)
    assert good(one(tmp_path, item)).pixels.shape == (3, 1, 20, 10)
    assert good(one(tmp_path, item, Wanted(3, 10))).pixels.shape == (3, 3, 10, 5)
    picture(tmp_path / paths[2], 20, 11)
    assert reason(one(tmp_path, item)) == "its frames are not all of one size and colour"
