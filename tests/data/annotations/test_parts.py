"""Which image is for what: as words tell, or drawn by a seed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.data.annotations.parts import (
    PARTS,
    Part,
    divided,
    part_in_name,
    part_of_path,
    part_of_word,
)
from convscope.errors import DataError

NAMES = tuple(f"{number}.jpg" for number in range(100))


@pytest.mark.parametrize(
    ("word", "part"),
    [
        ("train", "train"),
        ("Train2017", "train"),
        ("trainval", "train"),
        ("restval", "train"),
        ("val2014", "validation"),
        ("valid", "validation"),
        ("devImages", "validation"),
        ("testClips", "test"),
        ("testimony", None),
        ("", None),
    ],
)
def test_words(word: str, part: Part | None) -> None:
    assert part_of_word(word) == part


def test_names_and_paths() -> None:
    assert part_in_name("instances_val2017.json") == "validation"
    assert part_in_name("Flickr_8k.trainImages.txt") == "train"
    assert part_in_name("captions.txt") is None
    assert part_of_path("test/masks/train/1.png") == "train"
    assert part_of_path("test.png") is None


@given(st.integers(3, 60), st.integers(0, 2**31))
def test_a_draw_leaves_nothing_out_and_nothing_twice(count: int, seed: int) -> None:
    parts, notes = divided({None: NAMES[:count]}, seed)
    assert sorted(sum(parts.values(), ())) == sorted(NAMES[:count])
    assert all(parts[part] for part in PARTS)
    assert len(parts["test"]) == max(1, round(0.2 * count))
    assert len(parts["validation"]) == max(1, round(0.1 * count))
    assert parts == divided({None: NAMES[:count]}, seed)[0]
    assert len(notes) == 2 and f"seed {seed}" in notes[0]


def test_another_seed_draws_others_and_a_new_image_moves_hardly_any() -> None:
    first, _ = divided({None: NAMES}, 0)
    assert divided({None: NAMES}, 1)[0]["test"] != first["test"]
    more, _ = divided({None: (*NAMES, "new.jpg")}, 0)
    assert len(set(first["test"]) - set(more["test"])) <= 1


def test_what_is_told_is_kept() -> None:
    said: dict[Part | None, tuple[str, ...]] = {
        "train": ("a", "b"),
        "validation": ("c",),
        "test": ("d",),
        None: ("e",),
    }
    parts, notes = divided(said, 0)
    assert parts == {"train": ("a", "b"), "validation": ("c",), "test": ("d",)}
    assert notes == ()


def test_without_a_test_part_the_validation_part_serves() -> None:
    parts, notes = divided({"train": NAMES[:10], "validation": NAMES[10:15]}, 0)
    assert parts["test"] == NAMES[10:15]
    assert len(parts["validation"]) == 1 and set(parts["validation"]) < set(NAMES[:10])
    assert notes == (
        "no test part: that for validation serves as one",
        "no validation part: 10% of the images are drawn by seed 0",
    )


def test_without_a_validation_part_one_is_drawn_from_training() -> None:
    parts, notes = divided({"train": NAMES[:10], "test": NAMES[10:15]}, 0)
    assert (len(parts["train"]), len(parts["validation"]), len(parts["test"])) == (9, 1, 5)
    assert len(notes) == 1


@pytest.mark.parametrize("count", [0, 1, 2])
def test_too_little_to_divide(count: int) -> None:
    with pytest.raises(DataError, match="too few to hold some out for validation and test"):
        divided({None: NAMES[:count]}, 0)


def test_nothing_for_training() -> None:
    with pytest.raises(DataError, match="no image is for training"):
        divided({"test": NAMES}, 0)
