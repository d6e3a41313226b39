"""The check names every faulty file, once, and says the same as loading does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convscope.data.annotated_sources import load_annotated
from convscope.data.annotations.checking import Checked, check_annotated
from convscope.data.progress import Progress
from convscope.errors import DataError
from tests.data.annotations.making import (
    caption_folder,
    coco_folder,
    coco_record,
    mask_folder,
    save_mask,
    voc_folder,
    voc_text,
    write,
    write_json,
)

pytestmark = pytest.mark.usefixtures("cache")


def faults(checked: Checked) -> list[str]:
    return [str(fault) for fault in checked.faults]


def test_a_folder_without_fault(tmp_path: Path, heard: list[Progress]) -> None:
    root = voc_folder(tmp_path, 6, {"train": [0, 1, 2], "val": [3], "test": [4]})
    checked = check_annotated(root, progress=heard.append)
    (boxes,) = checked.annotations
    assert (boxes.format, boxes.kind) == ("voc", "objects")
    assert dict(boxes.parts) == {"train": 3, "validation": 1, "test": 1, "unused": 1}
    assert dict(boxes.counts) == {"cat": 6, "dog": 3}
    assert checked.faults == ()
    assert checked.notes == ("in no list, and not used: 1 (5)",)
    assert (heard[-1].done, heard[-1].total) == (6, 6)
    assert "0 faults" in repr(checked)


def test_every_faulty_file_is_named(tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 9, {"train": range(7), "val": [7], "test": [8]})
    Image.new("RGB", (31, 20)).save(root / "JPEGImages" / "0.png")
    (root / "JPEGImages" / "1.png").write_bytes(b"")
    (root / "JPEGImages" / "2.png").unlink()
    write(root / "Annotations" / "3.xml", voc_text("3.png", [("cat", (1, 1, 31, 9))]))
    write(root / "Annotations" / "4.xml", voc_text("4.png", [("cat", (9, 9, 9, 9))]))
    write(root / "Annotations" / "5.xml", "<annotation>")
    checked = check_annotated(root)
    assert faults(checked) == [
        'Annotations/2.xml (its image "2.png" is missing)',
        "Annotations/4.xml (object 1 (cat): xmin 9 and xmax 9 leave no width, "
        "ymin 9 and ymax 9 leave no height)",
        "Annotations/5.xml (is damaged (no element found: line 1, column 12))",
        "Annotations/0.xml (says that its image is 20×30 (height × width), and it is 20×31)",
        "Annotations/1.xml (its image JPEGImages/1.png is empty (0 bytes))",
        "Annotations/3.xml (object 1: the box 0, 0, 31, 9 (left, top, right, bottom) lies beyond "
        "the image of 30×20 (width × height))",
    ]
    with pytest.raises(DataError) as caught:
        load_annotated(root, "objects")
    for fault in checked.faults:
        assert f"\n  {fault.path}: {fault.reason}" in caught.value.problem
    loaded = load_annotated(root, "objects", on_bad="skip")
    assert set(loaded.skipped) == set(checked.faults)
    assert sum(len(loaded.split(part)) for part in ("train", "validation", "test")) == 3


def test_files_in_no_list_are_checked_too(tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 5, {"train": [0, 1], "val": [2], "test": [3]})
    (root / "JPEGImages" / "4.png").write_bytes(b"no image")
    assert faults(check_annotated(root)) == [
        "Annotations/4.xml (its image JPEGImages/4.png is not a PNG, JPEG, WebP or BMP image)"
    ]
    assert len(load_annotated(root, "objects").train) == 2  # it is not used


def test_masks(tmp_path: Path) -> None:
    masks = [np.full((8, 9), number, np.uint8) for number in range(5)]
    root = mask_folder(tmp_path, masks)
    write(root / "classes.txt", "ground\nsky\nsea\nrock\n")
    save_mask(root / "masks" / "0.png", np.zeros((9, 8), np.uint8))
    checked = check_annotated(root)
    assert faults(checked) == [
        "masks/0.png (the mask is 9×8 (height × width), its image 8×9)",
        "masks/4.png (holds 4 (first at row 0, column 0), and classes.txt names 0 to 3)",
    ]
    (regions,) = checked.annotations
    assert dict(regions.counts) == {"ground": 0, "sky": 1, "sea": 1, "rock": 1}


def test_masks_of_void_alone(tmp_path: Path) -> None:
    root = mask_folder(tmp_path, [np.full((8, 9), value, np.uint8) for value in (0, 255, 255, 0)])
    said = "no mask holds a region besides 0 and 255, which is void"
    assert faults(check_annotated(root)) == [f"{root} ({said})"]
    with pytest.raises(DataError, match=said):
        load_annotated(root, "masks")


def test_captions(tmp_path: Path) -> None:
    checked = check_annotated(caption_folder(tmp_path))
    assert dict(checked.annotations[0].counts) == {"captions": 12}
    (tmp_path / "Images" / "3.jpg").unlink()
    assert faults(check_annotated(tmp_path)) == [
        'captions.txt, line 7 (its image "3.jpg" is missing)'
    ]


def test_boxes_and_regions_of_coco(tmp_path: Path) -> None:
    record = coco_record()
    record["annotations"][0]["segmentation"] = {"counts": [1], "size": [20, 30]}
    record["annotations"][1]["bbox"] = [25, 5, 10, 10]
    checked = check_annotated(coco_folder(tmp_path, record))
    where = "annotations/instances.json, image 0 (0.png)"
    assert [(one.kind, one.format) for one in checked.annotations] == [
        ("objects", "coco"),
        ("masks", "coco"),
    ]
    assert faults(checked) == [
        f"{where} (object 2: the box 25, 5, 35, 15 (left, top, right, bottom) lies beyond the "
        "image of 30×20 (width × height))",
        f"{where} (annotation 0 (cat): the run lengths add up to 1, not to 600)",
    ]


def test_a_file_that_spoils_all(tmp_path: Path) -> None:
    record: Any = coco_record()
    record["annotations"] = "none"
    root = coco_folder(tmp_path, record)
    write_json(root / "more.json", record)
    checked = check_annotated(root, annotations=root / "more.json", format="coco")
    assert checked.annotations == ()
    assert set(faults(checked)) == {
        f'{root / "more.json"} ("annotations" is "none" where a list belongs)'
    }


def test_too_few_to_divide(tmp_path: Path) -> None:
    checked = check_annotated(voc_folder(tmp_path, 2))
    assert faults(checked) == [
        f"{tmp_path} (2 images are too few to hold some out for validation and test: "
        "3 are needed at least)"
    ]
    assert dict(checked.annotations[0].parts) == {"unused": 2}


def test_as_dict(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    (root / "JPEGImages" / "2.png").unlink()
    record = check_annotated(root).as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["schema"] == "convscope.data-check/1"
    assert record["annotations"][0]["parts"] == {"train": 4, "validation": 1, "test": 1}
    assert record["annotations"][0]["counts"] == [
        {"name": "cat", "count": 5},
        {"name": "dog", "count": 2},
    ]
    assert record["faults"] == [
        {"path": "Annotations/2.xml", "reason": 'its image "2.png" is missing'}
    ]
