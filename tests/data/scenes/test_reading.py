"""Facts out of sentences: our own, other people's, and a network's unfinished ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.data.scenes.facts import Event, Facts, all_facts, placing
from convscope.data.scenes.nouns import NOUNS, phrase
from convscope.data.scenes.reading import read_facts

SCENES = {
    "A bag is left of two sandals.": ({"Bag": 1, "Sandal": 2}, {("Sandal", "right", "Bag")}),
    "To the left of two sandals there is a bag.": (
        {"Bag": 1, "Sandal": 2},
        {("Sandal", "right", "Bag")},
    ),
    "Two sandals and a bag, with the bag on the left.": (
        {"Bag": 1, "Sandal": 2},
        {("Sandal", "right", "Bag")},
    ),
    "There are a coat and three dresses, the dresses below.": (
        {"Coat": 1, "Dress": 3},
        {("Dress", "below", "Coat")},
    ),
    "4 sneakers under an ankle boot": (
        {"Sneaker": 4, "Ankle boot": 1},
        {("Sneaker", "below", "Ankle boot")},
    ),
    "a pair of trousers is over two pairs of trousers": ({"Trouser": 1}, set()),
    "Two pairs of trousers are on the right side of the picture.": (
        {"Trouser": 2},
        {("Trouser", "right", "picture")},
    ),
    "At the top there is one shirt": ({"Shirt": 1}, {("Shirt", "above", "picture")}),
    "a shirt on the left side of the bag": (
        {"Shirt": 1, "Bag": None},
        {("Shirt", "left", "Bag")},
    ),
    "two striped shirts": ({"Shirt": 2}, set()),
    "a handbag, a sweater and some boots": (
        {"Bag": 1, "Pullover": 1, "Ankle boot": None},
        set(),
    ),
    "sandals": ({"Sandal": None}, set()),
    "": ({}, set()),
    "left of": ({}, set()),
    "above above above": ({}, set()),
    "a bag left of": ({"Bag": 1}, set()),
    "a bag is left of a bag": ({"Bag": 1}, set()),
    "a child plays in the snow": ({}, set()),
}


@pytest.mark.parametrize("text", SCENES)
def test_scenes(text: str) -> None:
    counts, relations = SCENES[text]
    assert read_facts(text) == Facts(counts, frozenset(relations))


CLIPS = {
    "A bag moves quickly to the left past two sandals.": (
        {"Bag": 1, "Sandal": 2},
        Event("Bag", "moves", "left", "quickly", "past"),
    ),
    "Past two sandals a bag goes left, slowly.": (
        {"Bag": 1, "Sandal": 2},
        Event("Bag", "moves", "left", "slowly", "past"),
    ),
    "There are two sandals, and a bag slides up away from them": (
        {"Bag": 1, "Sandal": 2},
        Event("Bag", "moves", "up", None, "away from"),
    ),
    "The clip shows a dress that moves downwards": (
        {"Dress": 1},
        Event("Dress", "moves", "down"),
    ),
    "A coat vanishes": ({"Coat": 1}, Event("Coat", "leaves")),
    "moves": ({}, Event(None, "moves")),
}


@pytest.mark.parametrize("text", CLIPS)
def test_clips(text: str) -> None:
    counts, event = CLIPS[text]
    facts = read_facts(text)
    assert facts.counts == counts
    assert facts.events == (event,)
    assert facts.relations == frozenset()


def test_where_something_appears() -> None:
    facts = read_facts("A t-shirt comes into view to the right of four coats.")
    assert facts.counts == {"T-shirt/top": 1, "Coat": 4}
    assert facts.events == (Event("T-shirt/top", "appears"),)
    assert facts.relations == {("T-shirt/top", "right", "Coat")}


def test_several_things_happen() -> None:
    facts = read_facts("A bag moves left and a coat moves right.")
    assert facts.events == (
        Event("Bag", "moves", "left"),
        Event("Coat", "moves", "right"),
    )


@pytest.mark.parametrize("label", range(10))
@pytest.mark.parametrize("count", [1, 2, 6])
def test_all_our_nouns_are_understood(label: int, count: int) -> None:
    name = list(NOUNS)[label]
    assert read_facts(f"{phrase(label, count)} here").counts == {name: count}


def test_several_sentences_are_one_account() -> None:
    facts = read_facts(["The bag is left of a coat.", "A bag is above a coat."])
    assert facts.counts == {"Bag": 1, "Coat": 1}
    assert facts.relations == {("Coat", "right", "Bag"), ("Coat", "below", "Bag")}
    assert facts.objects == {"Bag", "Coat"}
    assert all_facts([]) == Facts()


def test_a_relation_is_told_from_one_side() -> None:
    assert placing("Bag", "left", "Coat") == placing("Coat", "right", "Bag")
    assert placing("Bag", "above", "picture") == ("Bag", "above", "picture")


WORDS = st.sampled_from(
    [
        "a",
        "two",
        "the",
        "bag",
        "bags",
        "coat",
        "pair",
        "of",
        "trousers",
        "ankle",
        "boot",
        "left",
        "right",
        "to",
        "on",
        "at",
        "top",
        "above",
        "below",
        "picture",
        "side",
        "moves",
        "appears",
        "leaves",
        "slowly",
        "past",
        "away",
        "from",
        "them",
        ",",
        ".",
        "7",
        "zebra",
        "é",
    ]
)


@given(st.lists(WORDS, max_size=20).map(" ".join) | st.text(max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    facts = read_facts(text)
    assert facts == read_facts(text.upper().lower())
    assert {first for first, _, _ in facts.relations} <= set(facts.counts)
    assert all(event.what is None or event.what in facts.counts for event in facts.events)
