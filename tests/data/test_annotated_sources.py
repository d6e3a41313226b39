"""Annotated images by one word: read once, found again, refused or passed over as told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convscope.data.annotated import Annotated, fingerprint_of_annotated, require
from convscope.data.annotated_sources import load_annotated
from convscope.data.annotations import decoding, keeping
from convscope.data.progress import Progress
from convscope.errors import DataError, UsageError
from tests.data.annotations.making import (
    caption_folder,
    coco_folder,
    mask_folder,
    voc_folder,
    voc_text,
    write,
)
from tests.data.making import picture

pytestmark = pytest.mark.usefixtures("cache")

PARTS = ("train", "validation", "test")


def same(first: Annotated, second: Annotated) -> bool:
    parts = [tuple(data.split(part) for part in PARTS) for data in (first, second)]
    found = [
        fingerprint_of_annotated(each, data.classes or data.regions)
        for each, data in zip(parts, (first, second), strict=True)
    ]
    return found[0] == found[1] == first.fingerprint == second.fingerprint


def test_boxes(tmp_path: Path) -> None:
    root = voc_folder(tmp_path / "pets", 6, {"train": [0, 1, 2], "val": [3], "test": [4, 5]})
    data = load_annotated(root, "objects")
    require(data, "objects")
    assert (data.name, data.place, data.source) == ("pets", str(root), str(root))
    assert (data.classes, data.regions, data.channels) == (("cat", "dog"), (), 3)
    assert data.train.names == ("0", "1", "2")
    assert isinstance(data.train.images, np.ndarray)
    assert data.train.images.shape == (3, 3, 20, 30)
    assert data.train.objects is not None and data.train.masks is None
    assert data.train.objects[2].boxes.tolist() == [[0, 0, 12, 12], [4, 5, 30, 20]]
    assert data.train.captions is None
    assert len(data.test) == 2


def test_masks_of_many_sizes_numbered(tmp_path: Path) -> None:
    masks = [np.full((8 + number, 9), number % 3, np.uint8) for number in range(6)]
    masks[4][0, 0] = 255
    data = load_annotated(mask_folder(tmp_path, masks), "masks")
    require(data, "masks")
    assert (data.regions, data.classes) == (("0", "1", "2"), ())
    found = {}
    for part in PARTS:
        split = data.split(part)
        assert split.masks is not None
        for name, image, mask in zip(split.names, split.images, split.masks, strict=True):
            assert image.shape[1:] == mask.shape
            found[int(name)] = mask
    for number, mask in enumerate(masks):
        np.testing.assert_array_equal(found[number], mask)


def test_captions(tmp_path: Path) -> None:
    data = load_annotated(caption_folder(tmp_path), "captions")
    require(data, "captions")
    assert data.test.captions is not None
    number = data.test.names[0][0]
    assert data.test.captions[0][0] == f"picture {number}, seen 0 times ."


def test_clips(tmp_path: Path) -> None:
    for name in "abcd":
        for number in range(3):
            picture(tmp_path / "Clips" / name / f"{number}.png", 4, 5, seed=ord(name) + number)
    write(tmp_path / "captions.txt", "image,caption\na,one\nb,two\nc,three\nd,four\n")
    data = load_annotated(tmp_path, "captions")
    assert data.train.images[0].shape == (3, 1, 4, 5)
    assert isinstance(data.train.images, np.ndarray)
    assert data.train.images.shape == (2, 3, 1, 4, 5)


@pytest.mark.parametrize("make", [voc_folder, coco_folder])
def test_the_second_time_nothing_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Any
) -> None:
    root = make(tmp_path)
    first = load_annotated(root, "objects")
    monkeypatch.setattr(decoding, "open_image", lambda *_, **__: pytest.fail("an image is opened"))
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("an annotation is read"))
    monkeypatch.setattr(
        keeping, "fingerprint_of_annotated", lambda *_: pytest.fail("pixels are hashed")
    )
    second = load_annotated(root, "objects")
    monkeypatch.undo()
    assert same(first, second)
    assert (first.notes, first.classes) == (second.notes, second.classes)


@pytest.mark.parametrize(
    "asked",
    [{"longest": 15}, {"channels": 1}, {"seed": 1}],
    ids=lambda asked: next(iter(asked)),
)
def test_what_is_asked_is_what_comes(tmp_path: Path, asked: dict[str, Any]) -> None:
    root = voc_folder(tmp_path, 12)
    plain = load_annotated(root, "objects")
    other = load_annotated(root, "objects", **asked)
    assert other.fingerprint != plain.fingerprint
    assert same(plain, load_annotated(root, "objects"))
    if "longest" in asked:
        assert other.train.images[0].shape == (3, 10, 15)
        assert other.train.objects is not None and plain.train.objects is not None
        halves = plain.train.objects[0].boxes / 2
        np.testing.assert_array_equal(other.train.objects[0].boxes, halves)
    if "channels" in asked:
        assert other.channels == 1 and other.train.images[0].shape == (1, 20, 30)


def test_what_others_need_to_score_results(tmp_path: Path) -> None:
    data = load_annotated(coco_folder(tmp_path / "coco"), "objects", longest=15)
    assert data.category_ids == (3, 7)
    assert data.train.ids == tuple(int(name[0]) for name in data.train.names)
    assert data.train.full_sizes is not None
    assert data.train.full_sizes.tolist() == [[20, 30]] * len(data.train)
    assert data.train.part([1]).ids == data.train.ids[1:2]
    plain = load_annotated(voc_folder(tmp_path / "voc"), "objects")
    assert (plain.category_ids, plain.train.ids) == (None, None)


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    first = load_annotated(root, "objects")
    write(root / "Annotations" / "0.xml", voc_text("0.png", [("wolf", (1, 1, 9, 9))]))
    second = load_annotated(root, "objects")
    assert second.classes == ("cat", "dog", "wolf")
    assert second.fingerprint != first.fingerprint


def test_faulty_files_are_refused_by_name_or_passed_over(
    tmp_path: Path, heard: list[Progress]
) -> None:
    root = voc_folder(tmp_path)
    (root / "JPEGImages" / "3.png").write_bytes(b"")
    for _ in range(2):  # the second time out of the cache
        with pytest.raises(DataError) as caught:
            load_annotated(root, "objects")
        assert str(caught.value) == (
            f"{root}: 1 file cannot be used:\n"
            "  Annotations/3.xml: its image JPEGImages/3.png is empty (0 bytes)\n"
            "what to do: mend or remove them, or pass them over with --on-bad skip "
            '("convscope data check" lists all)'
        )
    data = load_annotated(root, "objects", on_bad="skip", progress=heard.append)
    assert [skipped.path for skipped in data.skipped] == ["Annotations/3.xml"]
    assert "3" not in data.train.names + data.validation.names + data.test.names
    assert any(said.important and "passed over" in said.text for said in heard)


def test_a_disk_without_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = mask_folder(tmp_path, [np.ones((40, 50), np.uint8)] * 5)
    usage = shutil.disk_usage(tmp_path)
    needed = 5 * 2 * 40 * 50  # grey, and the mask
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed - 1))
    with pytest.raises(DataError, match="or choose a smaller --longest"):
        load_annotated(root, "masks")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=needed))
    load_annotated(root, "masks")


def test_a_part_of_which_nothing_is_left(tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 5, {"train": [0, 1], "val": [2], "test": [3, 4]})
    (root / "JPEGImages" / "2.png").unlink()
    with pytest.raises(DataError, match="no usable image for validation; 1 file cannot be used"):
        load_annotated(root, "objects", on_bad="skip")
    for path in (root / "JPEGImages").iterdir():
        path.unlink()
    with pytest.raises(DataError, match="no image can be used; 5 files cannot be used"):
        load_annotated(root, "objects", on_bad="skip")


def test_parts_are_drawn_from_what_can_be_used(tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 12)
    for number in range(9):
        write(root / "Annotations" / f"{number}.xml", "")
    data = load_annotated(root, "objects", on_bad="skip")
    assert [len(data.split(part)) for part in PARTS] == [1, 1, 1]
    write(root / "Annotations" / "9.xml", "")
    with pytest.raises(DataError, match=r"2 images are too few .*; 10 files cannot be used"):
        load_annotated(root, "objects", on_bad="skip")


def test_too_few_images(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"^{tmp_path}: 2 images are too few"):
        load_annotated(voc_folder(tmp_path, 2), "objects")


def test_files_that_change_meanwhile(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)

    def meddle(_: Progress) -> None:
        write(root / "Annotations" / "0.xml", voc_text("0.png", []))

    with pytest.raises(DataError, match="files changed while they were read"):
        load_annotated(root, "objects", progress=meddle)


def entry_of(cache: Path) -> Path:
    (entry,) = [path for path in (cache / "decoded").iterdir() if path.is_dir()]
    return entry


@pytest.mark.parametrize("name", ["train.pixels", "test.npz", "validation.json", "entry.json"])
@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_a_damaged_entry_is_made_anew(tmp_path: Path, cache: Path, name: str, damage: str) -> None:
    root = voc_folder(tmp_path / "pets")
    fingerprint = load_annotated(root, "objects").fingerprint
    path = entry_of(cache) / name
    content = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 255
        path.write_bytes(content)
    again = load_annotated(root, "objects")
    assert again.fingerprint == fingerprint
    assert same(again, again)


def test_a_copied_cache_serves(tmp_path: Path, cache: Path) -> None:
    root = voc_folder(tmp_path / "pets")
    first = load_annotated(root, "objects")
    entry = entry_of(cache)
    shutil.copytree(entry, entry.with_name("copy"), copy_function=shutil.copyfile)
    shutil.rmtree(entry)
    entry.with_name("copy").rename(entry)
    assert same(first, load_annotated(root, "objects"))


def test_annotations_elsewhere(tmp_path: Path) -> None:
    root = coco_folder(tmp_path / "pets")
    other = tmp_path / "other.json"
    (root / "annotations" / "instances.json").rename(other)
    data = load_annotated(root, "objects", annotations=other)
    assert data.classes == ("cat", "dog")
    masks = load_annotated(root, "masks", annotations=other, format="coco")
    assert masks.regions == ("background", "cat", "dog")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"kind": "things"}, 'kind must be one of objects, masks, captions, not "things"'),
        ({"longest": 4}, "longest must be 8 pixels or more, not 4"),
        ({"channels": 2}, "channels must be 1 (grey) or 3 (colour), not 2"),
        ({"on_bad": "maybe"}, 'on_bad must be "refuse" or "skip", not "maybe"'),
        ({"difficulty": "easy"}, "difficulty: only scenes have such settings"),
        ({"format": "yolo"}, 'format: there is no format "yolo"'),
        ({"source": "nowhere"}, "nowhere: there is no such folder"),
    ],
)
def test_what_is_asked_wrongly(tmp_path: Path, asked: dict[str, Any], said: str) -> None:
    given = {"source": voc_folder(tmp_path), "kind": "objects", **asked}
    with pytest.raises(UsageError) as caught:
        load_annotated(given.pop("source"), given.pop("kind"), **given)
    assert str(caught.value).startswith(said)


def test_scenes_have_a_source_of_their_own() -> None:
    few: dict[str, Any] = {"train": 2, "validation": 1, "test": 1, "source": "fashion-mini"}
    data = load_annotated("scenes", "masks", **few)
    assert data.notes[0].startswith("made of fashion-mini by seed 0")
    with pytest.raises(UsageError, match='scenes cannot be made of "mnist"'):
        load_annotated("scenes", "masks", **{**few, "source": "mnist"})


def test_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    counts: dict[str, Any] = {"train": 3, "validation": 1, "test": 1, "size": 96}
    data = load_annotated("scenes", "objects", seed=3, **counts)
    assert (data.name, data.channels, len(data.train)) == ("scenes", 1, 3)
    coloured = load_annotated("scenes", "objects", seed=3, channels=3, **counts)
    assert coloured.channels == 3
    np.testing.assert_array_equal(coloured.train.images[1][2], data.train.images[1][0])
    assert coloured.fingerprint != data.fingerprint
