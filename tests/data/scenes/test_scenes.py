"""Scenes as they come out: the same bytes on every machine, and true to what is said of them."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from convscope.data.annotated import Split
from convscope.data.scenes import CLASSES, load_scenes, make_clips, make_scenes
from convscope.data.scenes.difficulty import difficulty_of
from convscope.data.scenes.garments import load_garments
from convscope.data.scenes.scene import Making, scenes_in_turn
from convscope.errors import UsageError


def made(**settings: object) -> Split:
    return make_scenes(**{"source": "fashion-mini", "count": 12, **settings})  # type: ignore[arg-type]


def digest(split: Split) -> str:
    """SHA-256 over pictures, masks, boxes, labels, marks and sentences."""
    hashed = hashlib.sha256(np.ascontiguousarray(split.images).tobytes())
    if split.masks is not None:
        hashed.update(np.ascontiguousarray(split.masks).tobytes())
    for objects in split.objects or ():
        hashed.update(objects.boxes.astype("<f4").tobytes())
        hashed.update(objects.labels.astype("<i8").tobytes())
        hashed.update(objects.difficult.tobytes())
    hashed.update(json.dumps([split.names, split.captions]).encode())
    return hashed.hexdigest()


GOLDEN = {
    ("train", 0, "default"): "9d10d5d453051fcd5a0b267b73c1fdd7de5a9061012492508813d5db94c1ceb8",
    ("test", 7, "default"): "d67724606de149cfe328c0635674152b1321edb27a948cbd5458a3a1d8d0b8bb",
    ("validation", 1, "hard"): "350aa0a04c32c16aeee13f874282e77f16be79f878d18771b0d52b818c93de25",
    ("test", 2, "easy"): "409d17fdf933edec04509d4ff1723c82c3b608e87e08e000b8437608275cd47a",
}

GOLDEN_CLIPS = "4b3e8db062c504fb9719c83fc8348090804821cb326310cfac58c2c5ac957b33"


@pytest.mark.parametrize(("part", "seed", "difficulty"), GOLDEN)
def test_the_same_bytes_on_every_machine(part: str, seed: int, difficulty: str) -> None:
    """Where this fails after a change on purpose: raise ``VERSIONS`` in keeping.py, too."""
    split = made(part=part, seed=seed, difficulty=difficulty)
    assert digest(split) == GOLDEN[part, seed, difficulty]


def test_clips_are_the_same_bytes_on_every_machine() -> None:
    assert digest(make_clips(seed=3, count=6, source="fashion-mini")) == GOLDEN_CLIPS


def test_each_scene_stands_alone() -> None:
    """However many are asked for, and whatever others are made beside it."""
    making = Making(
        load_garments("test", "fashion-mini"), "test", 5, 128, difficulty_of("default"), "seen"
    )
    split = made(seed=5, count=70)
    for number in (0, 3, 69):
        (scene,) = scenes_in_turn(making, [number])
        assert np.array_equal(scene.picture, split.images[number])
        assert split.captions is not None and scene.captions == split.captions[number]


def test_seeds_parts_and_difficulties_differ() -> None:
    splits = [
        made(),
        made(seed=1),
        made(part="train"),
        made(part="validation"),
        made(difficulty="easy"),
        made(pairs="any"),
    ]
    assert len({digest(split) for split in splits}) == len(splits)


def test_what_a_split_holds() -> None:
    split = made(count=30, size=100)
    assert split.images.shape == (30, 1, 100, 100) and split.images.dtype == np.uint8
    assert split.masks.shape == (30, 100, 100)
    assert split.kinds == ("objects", "masks", "captions")
    assert len(set(split.names)) == 30
    for objects, captions in zip(split.objects, split.captions, strict=True):
        assert 1 <= len(objects) <= 6
        left, top, right, bottom = objects.boxes.T
        assert (left >= 0).all() and (top >= 0).all()
        assert (right <= 100).all() and (bottom <= 100).all()
        assert (right - left >= 2).all() and (bottom - top >= 2).all()
        assert len(set(captions)) == 5


def test_masks_agree_with_boxes() -> None:
    """Every object's class fills its box from edge to edge; elsewhere there is background."""
    split = made(count=60, part="train", difficulty="hard")
    for objects, mask in zip(split.objects, split.masks, strict=True):
        anywhere = np.zeros(mask.shape, bool)
        for box, label in zip(objects.boxes.astype(int), objects.labels, strict=True):
            left, top, right, bottom = box
            anywhere[top:bottom, left:right] = True
            inside = mask[top:bottom, left:right] == label + 1
            assert inside[0].any() and inside[-1].any()
            assert inside[:, 0].any() and inside[:, -1].any()
        assert not mask[~anywhere].any()
    assert sum(objects.difficult.sum() for objects in split.objects) > 0


def test_an_easy_scene_is_easier() -> None:
    """By a threshold in the middle, easy garments stand out; default ones do not."""

    def agreement(difficulty: str) -> float:
        split = made(count=40, difficulty=difficulty)
        bright = split.images[:, 0] > 100
        there = split.masks > 0
        return float((bright & there).sum() / (bright | there).sum())

    assert agreement("easy") > 0.6
    assert agreement("default") < 0.45


def test_test_scenes_use_test_garments_only() -> None:
    """With the training garments gone, test scenes stay what they are; and the other way."""
    making = [
        Making(load_garments(part, "fashion-mini"), part, 0, 128, difficulty_of("hard"), "any")
        for part in ("train", "validation", "test")
    ]
    used = [each.garments.images[each.garments.members] for each in making]
    rows = [{image.tobytes() for image in images} for images in used]
    assert not rows[0] & rows[1] and not rows[0] & rows[2] and not rows[1] & rows[2]


def test_load_scenes() -> None:
    data = load_scenes(train=6, validation=2, test=3, seed=4, source="fashion-mini")
    assert (len(data.train), len(data.validation), len(data.test)) == (6, 2, 3)
    assert digest(data.test) == digest(made(count=3, seed=4))
    assert data.classes == CLASSES
    assert data.regions == ("background", *CLASSES)
    assert (data.channels, data.source, data.name) == (1, "scenes", "scenes")
    assert any("fashion-mini" in note for note in data.notes)
    again = load_scenes(train=6, validation=2, test=3, seed=4, source="fashion-mini")
    other = load_scenes(train=6, validation=2, test=3, seed=5, source="fashion-mini")
    assert data.fingerprint == again.fingerprint != other.fingerprint


def test_load_clips() -> None:
    data = load_scenes(train=2, validation=1, test=1, clips=True, source="fashion-mini")
    assert data.train.images.shape == (2, 8, 1, 128, 128)
    assert data.train.kinds == ("captions",)
    assert data.name == "clips"


def test_no_scenes_are_scenes_too() -> None:
    assert made(count=0).images.shape == (0, 1, 128, 128)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"seed": -1}, "seed: -1 is no seed of scenes"),
        ({"count": -1}, "count: -1 is no count of scenes"),
        ({"size": 20}, "size: 20 is no size of scenes: give 96 to 512"),
        ({"part": "tests"}, 'there is no part "tests": did you mean "test"?'),
        ({"pairs": "heldout"}, 'there are no pairs "heldout": did you mean "held-out"?'),
        (
            {"difficulty": "brutal"},
            'there is no difficulty "brutal": known are easy, default, hard',
        ),
        ({"source": "mnist"}, 'scenes cannot be made of "mnist"'),
    ],
)
def test_what_cannot_be_made(settings: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError, match=problem.replace("?", r"\?")):
        made(**settings)


def test_progress_is_told(heard: list[object]) -> None:
    made(count=100, progress=heard.append)
    assert [(said.text, said.done, said.total) for said in heard] == [  # type: ignore[attr-defined]
        ("making test scenes", 100, 100)
    ]
