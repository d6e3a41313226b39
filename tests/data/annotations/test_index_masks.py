"""Index masks: palette or grey, sizes, unknown numbers, and which image each belongs to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotations.index_masks import IndexMask, has_masks, read_index_mask, read_masks
from convscope.data.annotations.listing import Listing
from convscope.data.annotations.recognising import place_of
from convscope.errors import DataError
from tests.data.annotations.making import mask_folder, save_mask, write
from tests.data.making import picture


def masks(count: int = 4, largest: int = 2) -> list[NDArray[np.uint8]]:
    draw = np.random.default_rng(0)
    return [draw.integers(0, largest + 1, (8 + number, 10), np.uint8) for number in range(count)]


def listed(root: Path) -> Listing:
    return read_masks(place_of(root, None))


@pytest.mark.parametrize("palette", [False, True])
def test_numbers_and_not_colours(tmp_path: Path, palette: bool) -> None:
    mask = np.arange(256, dtype=np.uint8).reshape(16, 16)
    save_mask(tmp_path / "1.png", mask, palette=palette)
    np.testing.assert_array_equal(read_index_mask(tmp_path / "1.png"), mask)


def test_masks_of_one_bit_and_of_sixteen(tmp_path: Path) -> None:
    Image.fromarray(np.eye(4, dtype=bool)).save(tmp_path / "1.png")
    np.testing.assert_array_equal(read_index_mask(tmp_path / "1.png"), np.eye(4))
    Image.fromarray(np.array([[0, 7], [255, 1]], np.uint16)).save(tmp_path / "2.png")
    np.testing.assert_array_equal(read_index_mask(tmp_path / "2.png"), [[0, 7], [255, 1]])
    Image.fromarray(np.array([[0, 300]], np.uint16)).save(tmp_path / "3.png")
    with pytest.raises(DataError, match="holds the number 300"):
        read_index_mask(tmp_path / "3.png")


def test_files_that_are_no_masks(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "colours.png")
    with pytest.raises(DataError, match=r"is a picture of colours \(RGB\), not of numbers"):
        read_index_mask(tmp_path / "colours.png")
    (tmp_path / "empty.png").write_bytes(b"")
    whole = (tmp_path / "colours.png").read_bytes()
    (tmp_path / "torn.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (4, 4)).save(tmp_path / "photo.jpg")
    (tmp_path / "photo.jpg").rename(tmp_path / "photo.png")
    for name in ("empty", "torn", "photo", "absent"):
        with pytest.raises(DataError, match="the mask is damaged"):
            read_index_mask(tmp_path / f"{name}.png")


def test_a_mask_of_another_size_or_with_unknown_numbers(tmp_path: Path) -> None:
    mask = np.zeros((5, 6), np.uint8)
    mask[3, 2], mask[4, 4], mask[0, 0] = 9, 7, 255
    save_mask(tmp_path / "1.png", mask)
    assert IndexMask(tmp_path, "1.png", 0).read((5, 6)).shape == (5, 6)
    assert IndexMask(tmp_path, "1.png", 10).read((5, 6))[3, 2] == 9
    with pytest.raises(DataError) as caught:
        IndexMask(tmp_path, "1.png", 0).read((6, 5))
    assert caught.value.problem == "the mask is 5×6 (height × width), its image 6×5"
    with pytest.raises(DataError) as caught:
        IndexMask(tmp_path, "1.png", 7).read((5, 6))
    assert caught.value.problem == (
        "holds 7, 9 (first at row 4, column 4), and classes.txt names 0 to 6"
    )


def test_a_folder(tmp_path: Path) -> None:
    found = listed(mask_folder(tmp_path, masks()))
    assert (found.regions, found.classes, found.faults) == ((), (), ())
    item = found.items["masks/2.png"]
    assert (item.name, item.image, item.place) == ("2", "images/2.png", "masks/2.png")
    assert item.mask is not None
    np.testing.assert_array_equal(item.mask.read((10, 10)), masks()[2])
    assert found.parts == {None: tuple(f"masks/{number}.png" for number in range(4))}
    write(tmp_path / "classes.txt", "ground\nsky\nsea\n")
    assert listed(tmp_path).regions == ("ground", "sky", "sea")


@pytest.mark.parametrize(
    ("images", "masks_folder"),
    [("{}/images", "{}/masks"), ("images/{}", "annotations/{}")],
)
def test_folders_of_parts(tmp_path: Path, images: str, masks_folder: str) -> None:
    for part in ("training", "val", "test"):
        picture(tmp_path / images.format(part) / f"{part}.png", 8, 8)
        mask = tmp_path / masks_folder.format(part) / f"{part}.png"
        save_mask(mask, np.ones((8, 8), np.uint8))
    parts = listed(tmp_path).parts
    assert {part: len(names) for part, names in parts.items()} == {
        "train": 1,
        "validation": 1,
        "test": 1,
    }


def test_the_layout_of_pascal_voc(tmp_path: Path) -> None:
    for number in range(5):
        picture(tmp_path / "JPEGImages" / f"{number}.jpg", 8, 9)
        picture(tmp_path / "Annotations" / f"{number}.png", 8, 9)  # no masks: these are above
        if number < 4:
            save_mask(tmp_path / "SegmentationClass" / f"{number}.png", np.ones((8, 9), np.uint8))
    sets = tmp_path / "ImageSets" / "Segmentation"
    write(sets / "train.txt", "0\n1\n9\n")
    write(sets / "val.txt", "2\n")
    found = listed(tmp_path)
    assert found.parts["train"] == ("SegmentationClass/0.png", "SegmentationClass/1.png")
    assert found.parts["validation"] == ("SegmentationClass/2.png",)
    assert [str(fault) for fault in found.faults] == [
        "ImageSets/Segmentation/train.txt (names 1 (9) without mask)"
    ]
    assert found.notes == ("in no list, and not used: 1 (3)", "images without a mask, not used: 1")


def test_masks_without_images_and_twice_for_one(tmp_path: Path) -> None:
    root = mask_folder(tmp_path, masks())
    (root / "images" / "0.png").unlink()
    save_mask(root / "masks" / "1_mask.png", masks()[1])
    save_mask(root / "masks" / "deep" / "2.png", masks()[2])
    found = listed(root)
    assert [str(fault) for fault in found.faults] == [
        'masks/0.png (its image "0" is missing)',
        'masks/1_mask.png (its image "images/1.png" belongs to masks/1.png already)',
        'masks/deep/2.png (its image "deep/2" is missing)',
    ]


def test_endings_of_masks(tmp_path: Path) -> None:
    picture(tmp_path / "img" / "a.jpg", 8, 8)
    save_mask(tmp_path / "mask" / "a_mask.png", np.ones((8, 8), np.uint8))
    assert listed(tmp_path).items["mask/a_mask.png"].name == "a"


def test_masks_elsewhere(tmp_path: Path) -> None:
    root = mask_folder(tmp_path / "data", masks())
    (root / "masks").rename(tmp_path / "by hand")
    assert not has_masks(place_of(root, None))
    found = read_masks(place_of(root, tmp_path / "by hand"))
    assert found.items["3.png"].image == "images/3.png"
    assert found.items["3.png"].place == str(tmp_path / "by hand" / "3.png")


def test_too_many_names(tmp_path: Path) -> None:
    root = mask_folder(tmp_path, masks())
    write(root / "classes.txt", "".join(f"{number}\n" for number in range(256)))
    with pytest.raises(DataError, match="256 regions are more than a mask can tell apart"):
        listed(root)


def test_no_folder_of_masks(tmp_path: Path) -> None:
    picture(tmp_path / "images" / "1.png")
    with pytest.raises(DataError, match="there is no folder of masks"):
        listed(tmp_path)
