"""Whatever network: each solution is right, each mistake wrong, no question comes twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.architecture.zoo import ZOO
from convscope.exercises.dice import Dice
from convscope.exercises.faults import which_layer
from convscope.exercises.forms import Choice
from convscope.exercises.ground import Ground
from convscope.exercises.kinds import KINDS
from convscope.exercises.marking import mark
from convscope.exercises.question import Question
from convscope.exercises.sheet import Sheet, make_exercises
from tests.architecture.random_architectures import random_architectures
from tests.architecture.strategies import architectures

RANDOM = random_architectures(18, seed=3)[::2]


def sound(question: Question) -> None:
    """Its answer is right, what is wrong is wrong and has a name, and it can be read."""
    assert mark(question, question.form.answer).outcome == "right"
    for mistake in question.mistakes:
        marked = mark(question, mistake.answer)
        assert marked.outcome == "wrong", (question.text, mistake)
        assert marked.remark
    assert mark(question, "").outcome == "unanswered"
    assert question.text.endswith((".", "?", ")", "`")) or "\n" in question.text
    assert question.text.count("`") % 2 == 0
    assert question.form.hint
    assert question.steps
    assert all(str(step).strip() for step in question.steps)
    if isinstance(question.form, Choice):
        options = question.form.options
        assert 2 <= len(options) == len(set(options)) <= 4
        outcomes = Counter(mark(question, letter).outcome for letter, _ in question.form.lettered)
        assert outcomes == {"right": 1, "wrong": len(options) - 1}


def sound_sheet(sheet: Sheet, count: int) -> None:
    assert [question.number for question in sheet.questions] == list(range(1, count + 1))
    for question in sheet.questions:
        sound(question)
    abouts = [question.about for question in sheet.questions]
    texts = [(question.text, question.grids) for question in sheet.questions]
    assert len(set(abouts)) == len(set(texts)) == count
    levels = [question.level for question in sheet.questions]
    assert levels == sorted(levels)


@pytest.mark.parametrize("number", range(len(RANDOM)))
def test_sheets_of_random_networks(number: int) -> None:
    sound_sheet(make_exercises(RANDOM[number], seed=number, count=24), 24)


@settings(max_examples=10)
@given(architectures(), st.integers(0, 10**9))
def test_sheets_of_any_network(architecture: object, seed: int) -> None:
    from convscope.architecture import Architecture, Volume

    assert isinstance(architecture, Architecture)
    complete = architecture.completed(Volume(24, 20, 3), 7)
    sound_sheet(make_exercises(complete, seed=seed, count=8), 8)


@pytest.mark.parametrize("name", list(ZOO))
def test_sheets_of_the_zoo(name: str) -> None:
    sound_sheet(make_exercises(name, seed=1, count=15), 15)


@pytest.mark.parametrize("name", list(KINDS))
def test_each_kind_can_be_asked_about_the_article(name: str) -> None:
    kind, ground = KINDS[name], Ground(ZOO["article"].example)
    found = [kind.make(ground, Dice("kind", name, seed)) for seed in range(12)]
    questions = [question for question in found if question is not None]
    assert len(questions) >= 4
    for question in questions:
        sound(question)
        assert question.topic == kind.topic


def test_a_network_of_one_layer_gives_a_sheet_too() -> None:
    sound_sheet(make_exercises("input 5x4x2 -> relu", seed=0, count=12), 12)


def test_topics_and_levels_are_spread() -> None:
    sheet = make_exercises("article", seed=4, count=15)
    topics = Counter(question.topic for question in sheet.questions)
    levels = Counter(question.level for question in sheet.questions)
    assert len(topics) >= 10
    assert max(topics.values()) <= 3
    assert set(levels) == {1, 2, 3}
    assert min(levels.values()) >= 2


def test_some_are_choices_and_most_are_not() -> None:
    questions = [q for seed in range(6) for q in make_exercises(seed=seed).questions]
    choices = sum(isinstance(question.form, Choice) for question in questions)
    assert 0.15 * len(questions) < choices < 0.5 * len(questions)


def test_the_article_by_heart() -> None:
    """Golden numbers that were worked out by hand, wherever they are asked for."""
    expected = {
        ("volume", "conv 32 5x5 pad 2", "14×14×16", "14×14×32"): "14×14×32",
        ("parameters", "conv 16 5x5 pad 2", "1"): "416",
        ("parameters", "conv 32 5x5 pad 2", "16"): "12,832",
        ("parameters", "fc 10", "32"): "15,690",
        ("work", "conv 16 5x5 pad 2", "28×28×1", "28×28×16"): "313,600",
        ("work", "conv 32 5x5 pad 2", "14×14×16", "14×14×32"): "2,508,800",
        ("dense", "conv 16 5x5 pad 2", "28×28×1", "28×28×16"): "9,834,496",
        ("field", "conv 32 5x5 pad 2", "14×14×16", "14×14×32"): "14×14",
        ("jump", "maxpool 2", "14×14×32", "7×7×32"): "4",
        ("all parameters",): "29,034",
    }
    ground, found = Ground(ZOO["article"].example), {}
    for kind in KINDS.values():
        for seed in range(20):
            question = kind.make(ground, Dice("golden", seed))
            if question is not None and question.about in expected:
                found[question.about] = question.form.answer
    assert found == expected


def test_every_step_that_is_an_option_has_its_words() -> None:
    ground = Ground(ZOO["resnet20"].example)
    found = [which_layer(ground, Dice("words", seed)) for seed in range(20)]
    options = [
        option
        for question in found
        if question is not None and isinstance(question.form, Choice)
        for option in question.form.options
    ]
    assert all(": " in option and len(option) <= 50 for option in options)
    assert any("residual {" in option for option in options)
