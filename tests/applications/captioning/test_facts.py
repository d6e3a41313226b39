"""What captions get right, counted by hand."""

from __future__ import annotations

import pytest

from convscope.applications.captioning.facts import Share, fact_scores
from convscope.applications.captioning.scores import caption_scores
from convscope.errors import DataError

TWO = ("Two bags are left of a coat.", "There is a coat right of two bags.")
ONE = ("A sandal is at the top.",)
CLIP = ("A bag moves left past two sandals.",)


def shares(captions: list[str], references: list[tuple[str, ...]]) -> dict[str, Share]:
    found = fact_scores(captions, references)
    assert found is not None
    return {name: getattr(found, name) for name in ("objects", "counts", "relations", "complete")}


def test_a_caption_that_says_it_all_is_complete() -> None:
    assert shares(["two bags left of a coat"], [TWO]) == {
        "objects": Share(2, 2),
        "counts": Share(2, 2),
        "relations": Share(1, 1),
        "complete": Share(1, 1),
    }


@pytest.mark.parametrize(
    ("caption", "objects", "counts", "relations"),
    [
        ("three bags left of a coat", (2, 2), (1, 2), (1, 1)),  # a wrong number
        ("two bags right of a coat", (2, 2), (2, 2), (0, 1)),  # a wrong relation
        ("a coat right of two bags", (2, 2), (2, 2), (1, 1)),  # told from the other side
        ("two bags left of a shirt", (1, 2), (1, 1), (0, 0)),  # a wrong class: no relation of it
        ("two bags and a coat", (2, 2), (2, 2), (0, 1)),  # a relation that is not stated
        ("two bags", (1, 2), (1, 1), (0, 0)),  # one class too few
        ("nothing", (0, 2), (0, 0), (0, 0)),
    ],
)
def test_each_mistake_counts_where_it_belongs(
    caption: str, objects: tuple[int, int], counts: tuple[int, int], relations: tuple[int, int]
) -> None:
    found = shares([caption], [TWO])
    assert found["objects"] == Share(*objects)
    assert found["counts"] == Share(*counts)
    assert found["relations"] == Share(*relations)
    right = caption == "a coat right of two bags"
    assert found["complete"] == Share(int(right), 1)


def test_a_class_too_many_counts_as_a_mistake() -> None:
    assert shares(["a sandal and a bag at the top"], [ONE])["objects"] == Share(1, 2)


def test_images_add_up() -> None:
    found = shares(["two bags left of a coat", "a sandal at the bottom"], [TWO, ONE])
    assert found["objects"] == Share(3, 3)
    assert found["relations"] == Share(1, 2)
    assert found["complete"] == Share(1, 2)


def test_clips_say_what_moves_and_where() -> None:
    found = fact_scores(
        ["a bag moves left", "a bag moves right past two sandals", "a coat moves left"], [CLIP] * 3
    )
    assert found is not None
    assert found.happenings == Share(2, 3)
    assert found.directions == Share(2, 3)
    assert fact_scores(["a sandal"], [ONE]).happenings == Share(0, 0)  # type: ignore[union-attr]


def test_captions_of_other_things_have_no_facts() -> None:
    assert fact_scores(["a dog runs"], [["A dog runs on grass."]]) is None
    scores = caption_scores(["a dog runs", "a cat"], [["A dog runs."], ["A cat sleeps."]])
    assert scores.facts is None
    assert scores.as_dict()["facts"] is None
    assert scores.bleu[0] > 0.5 and scores.cider > 1


def test_what_cannot_be_scored_is_an_error() -> None:
    with pytest.raises(DataError, match="an image has none"):
        caption_scores(["a"], [[]])
    with pytest.raises(DataError):
        caption_scores([], [])


def test_shares_without_anything_are_left_out_of_json() -> None:
    found = fact_scores(["a sandal at the top"], [ONE])
    assert found is not None
    assert set(found.as_dict()) == {"objects", "counts", "relations", "complete"}
    assert found.as_dict()["objects"] == {"value": 1.0, "right": 1, "of": 1}
    assert Share(0, 0).value is None
