"""Captions of scenes: what they say is what the boxes say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.data.annotated import Objects
from convscope.data.scenes import CLASSES, make_scenes
from convscope.data.scenes.chance import Chance
from convscope.data.scenes.nouns import PICTURE
from convscope.data.scenes.reading import read_facts
from convscope.data.scenes.sentences import SENTENCES, captions_of, relations_between


def placed(*things: tuple[int, int, int], hidden: tuple[int, ...] = ()) -> Objects:
    """Things of 10×10 pixels: class, middle across, middle down; some difficult."""
    boxes = [(x - 5, y - 5, x + 5, y + 5) for _, x, y in things]
    difficult = [number in hidden for number in range(len(things))]
    return Objects(
        np.array(boxes, np.float32),
        np.array([label for label, _, _ in things], np.int64),
        np.array(difficult),
    )


def true_relations(objects: Objects, first: int, second: int | None, size: int) -> set[str]:
    """All relations that hold of every pair of middles: a loop over pairs."""

    def middles(label: int) -> NDArray[np.float32]:
        boxes = objects.boxes[(objects.labels == label) & ~objects.difficult]
        return (boxes[:, :2] + boxes[:, 2:]) / 2

    ones = middles(first)
    others = np.array([[size / 2, size / 2]]) if second is None else middles(second)
    tests = {
        "left": lambda a, b: a[0] < b[0],
        "right": lambda a, b: a[0] > b[0],
        "above": lambda a, b: a[1] < b[1],
        "below": lambda a, b: a[1] > b[1],
    }
    return {name for name, holds in tests.items() if all(holds(a, b) for a in ones for b in others)}


@pytest.mark.parametrize("difficulty", ["easy", "default"])
def test_every_sentence_is_true(difficulty: str) -> None:
    split = make_scenes(count=150, seed=8, difficulty=difficulty, source="fashion-mini")
    untrue = 0
    for objects, captions in zip(split.objects or (), split.captions or (), strict=True):
        clear = objects.labels[~objects.difficult]
        counts = {CLASSES[label]: int((clear == label).sum()) for label in np.unique(clear)}
        for caption in captions:
            facts = read_facts(caption)
            assert facts.counts == counts, caption
            assert not facts.events
            ((first, relation, second),) = facts.relations
            there = None if second == PICTURE else CLASSES.index(second)
            untrue += relation not in true_relations(objects, CLASSES.index(first), there, 128)
    # where a part of a garment is hidden, the middle of what is visible may cross the line
    assert untrue <= (0 if difficulty == "easy" else 5)


def test_five_different_sentences_that_agree() -> None:
    captions = captions_of(placed((8, 20, 60), (5, 100, 50), (5, 90, 80)), Chance(0), 128)
    assert len(set(captions)) == SENTENCES
    facts = read_facts(captions)
    assert facts.counts == {"Bag": 1, "Sandal": 2}
    assert facts.relations == {("Sandal", "right", "Bag")}


def test_known_sentences() -> None:
    """Word for word: a change of words is a change of the data."""
    two = captions_of(placed((9, 30, 20), (1, 40, 110), (1, 90, 115)), Chance(1), 128)
    assert two == (
        "There are an ankle boot and two pairs of trousers, the ankle boot above.",
        "An ankle boot can be seen above two pairs of trousers.",
        "Below an ankle boot there are two pairs of trousers.",
        "There is an ankle boot above two pairs of trousers.",
        "Two pairs of trousers and an ankle boot, with the pairs of trousers below.",
    )
    one = captions_of(placed((0, 20, 60), (0, 30, 70)), Chance(2), 128)
    assert one == (
        "There are two t-shirts on the left.",
        "Two t-shirts are on the left side of the picture.",
        "On the left there are two t-shirts.",
        "Two t-shirts can be seen on the left.",
        "The picture shows two t-shirts on the left side of the picture.",
    )


def test_what_is_difficult_is_not_counted() -> None:
    objects = placed((2, 20, 20), (2, 30, 20), (4, 90, 90), hidden=(1, 2))
    facts = read_facts(captions_of(objects, Chance(3), 128))
    assert facts.counts == {"Pullover": 1}
    nothing = captions_of(placed((2, 20, 20), hidden=(0,)), Chance(3), 128)
    assert read_facts(nothing).counts == {}


def test_the_clearest_relation_comes_first() -> None:
    objects = placed((0, 20, 50), (1, 100, 80))
    assert relations_between(objects, 0, 1, 128) == ("left", "above")
    assert relations_between(objects, 1, 0, 128) == ("right", "below")
    near = placed((0, 20, 50), (1, 100, 60))
    assert relations_between(near, 0, 1, 128) == ("left",)
    assert relations_between(placed((0, 64, 20)), 0, None, 128) == ("above",)


def test_a_second_relation_is_said_too() -> None:
    facts = read_facts(captions_of(placed((0, 20, 30), (1, 100, 90)), Chance(5), 128))
    assert facts.relations == {
        ("T-shirt/top", "left", "Trouser"),
        ("T-shirt/top", "above", "Trouser"),
    }
