"""COCO: images, boxes, regions and captions out of JSON, beside pycocotools' reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.data.annotated import Kind
from convscope.data.annotations.coco import read_coco
from convscope.data.annotations.coco_files import coco_files, has_segmentations
from convscope.data.annotations.listing import Listing
from convscope.data.annotations.recognising import place_of
from convscope.errors import DataError
from tests.data.annotations.making import coco_folder, coco_record, write, write_json
from tests.data.making import picture


def listed(root: Path, kind: Kind = "objects") -> Listing:
    return read_coco(place_of(root, None), kind)


def test_a_folder(tmp_path: Path) -> None:
    found = listed(coco_folder(tmp_path))
    assert found.classes == ("cat", "dog")  # by id, whatever their order
    assert found.faults == ()
    item = found.items["images/2.png"]
    assert (item.name, item.size) == ("2.png", (20, 30))
    assert item.place == "annotations/instances.json, image 2 (2.png)"
    assert item.objects is not None
    np.testing.assert_array_equal(item.objects.boxes, [[0, 0, 12, 12], [4, 5, 30, 20]])
    assert item.objects.labels.tolist() == [0, 1]
    assert found.parts == {None: tuple(f"images/{number}.png" for number in range(6))}


def test_a_crowd_is_difficult(tmp_path: Path) -> None:
    record = coco_record()
    record["annotations"][0]["iscrowd"] = 1
    objects = listed(coco_folder(tmp_path, record)).items["images/0.png"].objects
    assert objects is not None
    assert objects.difficult.tolist() == [True, False]


BOXES = st.tuples(
    st.integers(0, 10), st.integers(0, 10), st.floats(0.25, 9, width=16), st.integers(1, 9)
)


@settings(max_examples=25)
@given(st.lists(st.lists(st.tuples(BOXES, st.sampled_from([3, 7])), max_size=4), min_size=1))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, images: list[list[tuple[tuple[float, ...], int]]]
) -> None:
    root = tmp_path_factory.mktemp("coco")
    record: dict[str, Any] = {**coco_record(0), "images": [], "annotations": []}
    for number, boxes in enumerate(images):
        picture(root / f"{number}.png", 20, 30)
        record["images"].append({"id": f"no {number}", "file_name": f"{number}.png"})
        for box, category in boxes:
            own = {"image_id": f"no {number}", "category_id": category, "bbox": list(box)}
            record["annotations"].append({"id": len(record["annotations"]), **own})
    write_json(root / "boxes.json", record)
    found = read_coco(place_of(root, root / "boxes.json"), "objects")
    for number, boxes in enumerate(images):
        objects = found.items[f"{number}.png"].objects
        assert objects is not None
        wanted = [[x, y, x + width, y + height] for (x, y, width, height), _ in boxes]
        np.testing.assert_allclose(objects.boxes, np.reshape(wanted, (-1, 4)))
        assert objects.labels.tolist() == [0 if category == 3 else 1 for _, category in boxes]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_masks_beside_pycocotools(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    mask_api = pytest.importorskip("pycocotools.mask")
    record = coco_record()
    dog = next(one for one in record["annotations"] if one["category_id"] == 7)
    inside = np.zeros((20, 30), np.uint8, order="F")
    inside[3:9, 8:15] = 1
    counts = mask_api.encode(inside)["counts"].decode()
    dog["segmentation"] = {"counts": counts, "size": [20, 30]}
    root = coco_folder(tmp_path, record)
    theirs = coco.COCO(str(root / "annotations" / "instances.json"))
    found = listed(root, "masks")
    assert found.regions == ("background", "cat", "dog")
    for number in range(6):
        wanted = np.zeros((20, 30), np.uint8)
        own = theirs.loadAnns(theirs.getAnnIds(imgIds=[number]))
        masks = [(theirs.annToMask(one), one["category_id"]) for one in own]
        for mask, category in sorted(masks, key=lambda pair: -int(pair[0].sum())):
            wanted[mask == 1] = 1 if category == 3 else 2
        item = found.items[f"images/{number}.png"]
        assert item.mask is not None
        np.testing.assert_array_equal(item.mask.read((20, 30)), wanted)


def test_a_category_called_background_is_region_0(tmp_path: Path) -> None:
    record = coco_record()
    record["categories"][0]["name"] = "Background"
    found = listed(coco_folder(tmp_path, record), "masks")
    assert found.regions == ("background", "cat")
    mask = found.items["images/0.png"].mask
    assert mask is not None
    assert set(np.unique(mask.read((20, 30))).tolist()) == {0, 1}


def test_captions(tmp_path: Path) -> None:
    root = coco_folder(tmp_path)
    said = [{"id": n, "image_id": n // 2, "caption": f" saying {n}\n"} for n in range(12)]
    record = {"images": coco_record()["images"], "annotations": said}
    write_json(root / "annotations" / "captions_train2017.json", record)
    found = listed(root, "captions")
    assert found.items["images/1.png"].captions == ("saying 2", "saying 3")
    assert set(found.parts) == {"train"}
    said[0]["caption"] = " "
    said.pop()
    said.pop()
    write_json(root / "annotations" / "captions_train2017.json", record)
    where = "annotations/captions_train2017.json, image"
    assert [str(fault) for fault in listed(root, "captions").faults] == [
        f'{where} 0 (0.png) (annotation 0: "caption" is an empty text where a text belongs)',
        f"{where} 5 (5.png) (has no caption)",
    ]


def test_a_file_a_part(tmp_path: Path) -> None:
    for part, first in (("train2017", 0), ("val2017", 10)):
        record = coco_record(3, first)
        write_json(tmp_path / "annotations" / f"instances_{part}.json", record)
        write_json(tmp_path / "annotations" / f"person_keypoints_{part}.json", record)
        for number in range(first, first + 3):
            picture(tmp_path / part / f"{number}.png", 20, 30)
    found = listed(tmp_path)
    assert found.parts["validation"] == tuple(f"val2017/{number}.png" for number in (10, 11, 12))
    assert set(found.parts) == {"train", "validation"}


def test_files_of_the_same_names_beside_their_images(tmp_path: Path) -> None:
    for part in ("train", "valid"):
        write_json(tmp_path / part / "_annotations.coco.json", coco_record(2))
        for number in range(2):
            picture(tmp_path / part / f"{number}.png", 20, 30)
    found = listed(tmp_path)
    assert found.parts == {
        "train": ("train/0.png", "train/1.png"),
        "validation": ("valid/0.png", "valid/1.png"),
    }


def test_two_files_for_one_part(tmp_path: Path) -> None:
    root = coco_folder(tmp_path)
    write_json(root / "more" / "instances.json", coco_record(1))
    with pytest.raises(DataError, match="are both for all images: say which with --annotations"):
        listed(root)


def broken(change: str) -> dict[str, Any]:
    """A record of two images, the first of which has one thing wrong with it."""
    record = coco_record(2)
    image, annotation = record["images"][0], record["annotations"][0]
    match change.split():
        case ["image", key]:
            del image[key]
        case ["image", key, value]:
            image[key] = int(value) if value.isdecimal() else value
        case ["box", *numbers]:
            annotation["bbox"] = [float(number) for number in numbers]
        case ["annotation", key]:
            del annotation[key]
        case ["annotation", key, value]:
            annotation[key] = int(value) if value.isdecimal() else value
    return record


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("image file_name", 'images[0] ("file_name" is missing where a text belongs)'),
        ("image id", 'images[0] (its "id" is neither a whole number nor a text)'),
        ("image id 1", "image 1 (1.png) (its id belongs to several images)"),
        ("image file_name ../../secret.png", 'its image "../../secret.png" is missing'),
        ("image width x", 'image 0 (0.png) ("width" is "x" where a whole number belongs)'),
        ("box 1 2 3", "annotation 0: has no bbox of four numbers"),
        ("box 1 2 0 3", "annotation 0: its bbox is 0 wide and 3 high"),
        ("box 1 2 3 -1", "annotation 0: its bbox is 3 wide and -1 high"),
        ("box 1 2 3 nan", "annotation 0: a number lies beyond every image"),
        ("annotation bbox", "annotation 0: has no bbox of four numbers"),
        ("annotation category_id 99", "annotation 0: its category 99 is not listed"),
        ("annotation category_id x", 'annotation 0: "category_id" is "x" where a whole number'),
        ("annotation image_id 99", "annotation 0 (belongs to the image 99, which is not listed)"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: str, said: str) -> None:
    found = listed(coco_folder(tmp_path, broken(change), 2))
    assert any(said in str(fault) for fault in found.faults), found.faults
    assert "images/1.png" in found.items or change == "image id 1"


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ("[]", "holds a list where an object belongs"),
        ('{"images": [', "is not JSON (Expecting value: line 1, column 13)"),
        ("{}", '"images" is missing where a list belongs'),
        ('{"images": 5}', '"images" is a number where a list belongs'),
        ('{"images": [5]}', "images[0] is a number where an object belongs"),
        ('{"images": [], "annotations": null}', '"annotations" is missing where a list belongs'),
        ('{"images": [], "annotations": [], "categories": [{}]}', 'categories[0]: "id" is missing'),
        ("[" * 100_000, "is not JSON that can be read"),
        ('{"images": ' + "1" * 5000 + "}", "is not JSON that can be read"),
        ("\x00", "is not JSON"),
    ],
)
def test_files_that_are_none(tmp_path: Path, record: str, said: str) -> None:
    path = write(coco_folder(tmp_path) / "other.json", record)
    with pytest.raises(DataError) as caught:
        read_coco(place_of(tmp_path, path), "objects")
    assert caught.value.problem.startswith(said)
    assert caught.value.place == str(path)


def test_no_file_at_all(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    with pytest.raises(DataError, match="no JSON file holds such annotations"):
        listed(tmp_path)


def test_categories_that_contradict(tmp_path: Path) -> None:
    record = coco_record()
    record["categories"][0]["name"] = "cat"
    with pytest.raises(DataError, match="several categories are called cat"):
        listed(coco_folder(tmp_path / "one", record))
    root = tmp_path / "two"
    write_json(root / "train.json", coco_record(1))
    other = coco_record(1, 1)
    other["categories"][0]["name"] = "wolf"
    write_json(root / "val.json", other)
    with pytest.raises(DataError, match='the category 7 is "wolf" and "dog"'):
        listed(root)


def test_which_files_hold_what(tmp_path: Path) -> None:
    record = coco_record()
    for annotation in record["annotations"]:
        annotation["segmentation"] = []
    place = place_of(coco_folder(tmp_path, record), None)
    assert coco_files(place, "objects") == ["annotations/instances.json"]
    assert coco_files(place, "captions") == []
    assert not has_segmentations(place)
    record["annotations"][3]["segmentation"] = [[1, 1, 2, 2, 3, 3]]
    write_json(tmp_path / "annotations" / "instances.json", record)
    assert has_segmentations(place_of(tmp_path, None))
