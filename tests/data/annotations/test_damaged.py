"""Damaged files come to faults or to errors of ours, whatever the damage: nothing else escapes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convscope.data.annotated_sources import load_annotated
from convscope.data.annotations.checking import check_annotated
from convscope.data.annotations.coco import read_coco
from convscope.data.annotations.recognising import place_of
from convscope.errors import ConvscopeError
from tests.data.annotations.making import (
    caption_folder,
    coco_folder,
    coco_record,
    mask_folder,
    voc_folder,
    write_json,
)

pytestmark = pytest.mark.usefixtures("cache")

ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1e300, 10**30, float("nan")),
    *("", "x", "\ud800", [], [[]], [1, 2, 3, 4], {}),
)


def masks(root: Path) -> Path:
    return mask_folder(root, [np.full((8, 9), number, np.uint8) for number in range(6)])


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Some bytes flipped, lost, doubled or put elsewhere."""
    out = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(out) + 1)
        match chance.randrange(5):
            case 0:
                out[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del out[place : place + chance.randint(1, 40)]
            case 2:
                out[place:place] = out[place : place + chance.randint(1, 40)]
            case 3:
                out[place:place] = chance.choice(
                    [b"<", b">", b"&", b'"', b"{", b"[", b",", b"\0", b"\xff", b"-1", b"\t"]
                )
            case 4:
                del out[place:]
    return bytes(out)


@pytest.mark.parametrize(
    ("make", "pattern", "kind"),
    [
        (voc_folder, "Annotations/*.xml", "objects"),
        (voc_folder, "JPEGImages/*.png", "objects"),
        (coco_folder, "annotations/*.json", "objects"),
        (coco_folder, "annotations/*.json", "masks"),
        (masks, "masks/*.png", "masks"),
        (caption_folder, "captions.txt", "captions"),
        (caption_folder, "Images/*.jpg", "captions"),
    ],
)
@pytest.mark.parametrize("seed", range(5))
def test_flipped_and_lost_bytes(
    tmp_path: Path, make: Callable[[Path], Path], pattern: str, kind: str, seed: int
) -> None:
    root, chance = make(tmp_path / "data"), random.Random(f"{pattern} {kind} {seed}")
    for path in sorted(root.glob(pattern)):
        path.write_bytes(damaged(path.read_bytes(), chance))
    judge(root, kind)


@pytest.mark.parametrize("kind", ["objects", "masks"])
@pytest.mark.parametrize("seed", range(5))
def test_values_of_other_kinds(tmp_path: Path, kind: str, seed: int) -> None:
    chance = random.Random(seed)
    record = coco_record()
    for key in chance.sample(["images", "annotations", "annotations", "categories"], 2):
        for one in chance.sample(record[key], 2):
            one[chance.choice(list(one))] = chance.choice(ODD)
    root = coco_folder(tmp_path / "data", record)
    judge(root, kind)


@pytest.mark.parametrize("key", ["images", "annotations", "categories"])
def test_lists_that_are_none(tmp_path: Path, key: str) -> None:
    root = coco_folder(tmp_path / "data", count=3)
    path = root / "annotations" / "instances.json"
    place = place_of(root, path)
    for value in ODD:
        for odd in (value, [value]):
            write_json(path, {**coco_record(3), key: odd})
            with suppress(ConvscopeError):
                read_coco(place, "objects")


def judge(root: Path, kind: str) -> None:
    """Loading and checking agree, and only errors of ours come out of them."""
    checked = loaded = None
    try:
        checked = check_annotated(root)
        json.dumps(checked.as_dict())
    except ConvscopeError as problem:
        assert str(problem)
    try:
        loaded = load_annotated(root, kind, on_bad="skip")  # type: ignore[arg-type]
    except ConvscopeError as problem:
        assert str(problem)
    if loaded is not None:
        assert checked is not None
        assert set(loaded.skipped) <= set(checked.faults)
        assert len(loaded.train) and len(loaded.validation) and len(loaded.test)
