"""Formats are known by what lies in a folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from convscope.data.annotated import Kind
from convscope.data.annotations.recognising import KINDS, place_of, read_one, readers
from convscope.errors import DataError, UsageError
from tests.data.annotations.making import (
    caption_folder,
    coco_folder,
    mask_folder,
    voc_folder,
    write,
)
from tests.data.making import picture


def masks(root: Path) -> Path:
    return mask_folder(root, [np.ones((4, 4), np.uint8)] * 3)


MADE: dict[str, tuple[Callable[[Path], Path], set[Kind]]] = {
    "voc": (voc_folder, {"objects"}),
    "coco": (coco_folder, {"objects", "masks"}),
    "masks": (masks, {"masks"}),
    "captions": (caption_folder, {"captions"}),
}


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("forced", [False, True])
def test_every_format_is_recognised(tmp_path: Path, name: str, kind: Kind, forced: bool) -> None:
    make, kinds = MADE[name]
    place = place_of(make(tmp_path), None)
    if kind in kinds:
        found = read_one(place, kind, name if forced else None)
        assert (found.format, found.kind) == (name, kind)
        assert len(found.items) >= 3
        assert not found.faults
    elif not forced:
        with pytest.raises(DataError, match=r"no (boxes|masks|captions) are found here; "):
            read_one(place, kind, None)
    assert {listing(place).kind for listing in readers(place, None)} == kinds


def test_pictures_alone_are_nothing(tmp_path: Path) -> None:
    picture(tmp_path / "1.png")
    write(tmp_path / "pom.xml", "<project/>")
    write(tmp_path / "package.json", "{}")
    write(tmp_path / "notes.txt", "nothing")
    place = place_of(tmp_path, None)
    with pytest.raises(DataError, match="no boxes are found here: Pascal VOC"):
        read_one(place, "objects", None)
    with pytest.raises(DataError, match="no annotations are found here: Pascal VOC"):
        readers(place, None)


def test_two_formats_at_once(tmp_path: Path) -> None:
    coco_folder(voc_folder(tmp_path))
    place = place_of(tmp_path, None)
    with pytest.raises(DataError, match="holds boxes in several formats: voc, coco: --format voc"):
        read_one(place, "objects", None)
    assert read_one(place, "objects", "coco").format == "coco"
    assert len(readers(place, None)) == 3
    assert len(readers(place, "coco")) == 2


def test_formats_that_do_not_fit(tmp_path: Path) -> None:
    place = place_of(masks(tmp_path), None)
    assert read_one(place, "masks", "voc").format == "masks"
    with pytest.raises(UsageError, match='format: "captions" holds no masks: use masks or coco'):
        read_one(place, "masks", "captions")
    for ask in (lambda: read_one(place, "masks", "cocoo"), lambda: readers(place, "cocoo")):
        with pytest.raises(UsageError, match='no format "cocoo": did you mean "coco"'):
            ask()


def test_places_that_are_none(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", "{}")
    with pytest.raises(UsageError, match="is a file, and data are a folder"):
        place_of(path, None)
    with pytest.raises(UsageError, match="there is no such folder"):
        place_of(tmp_path / "nothing", None)
    with pytest.raises(UsageError, match='scene: there is no such folder: did you mean "scenes"'):
        place_of("scene", None)
    for source in ("", 3):
        with pytest.raises(UsageError, match="a folder is wanted, and this is"):
            place_of(source, None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="there is no folder or file"):
        place_of(tmp_path, tmp_path / "nothing")
