"""Plans: sizes and places within bounds, groups apart, held-out pairs apart."""

from __future__ import annotations

import pytest

from convscope.data.scenes.chance import Chance
from convscope.data.scenes.difficulty import LEVELS, difficulty_of
from convscope.data.scenes.garments import CLASSES, Garments, load_garments
from convscope.data.scenes.planning import HELD_OUT, LARGEST, SMALLEST, Pairs, Plan, plan_scene
from convscope.errors import UsageError


@pytest.fixture(scope="module")
def garments() -> Garments:
    return load_garments("train", "fashion-mini")


def plans(
    garments: Garments, count: int, level: str = "default", pairs: Pairs = "seen", size: int = 128
) -> list[Plan]:
    return [
        plan_scene(Chance(n, size), size, difficulty_of(level), garments, pairs)
        for n in range(count)
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("size", [96, 128, 257])
def test_everything_lies_inside(garments: Garments, level: str, size: int) -> None:
    for plan in plans(garments, 60, level, size=size):
        for item in (*plan.garments, *plan.fragments):
            assert SMALLEST <= item.side <= LARGEST
            assert 0 <= item.left <= size - item.side
            assert 0 <= item.top <= size - item.side
            assert garments.labels[item.garment] == item.label
            assert item.garment in garments.members


def test_scales_reach_from_seven_tenths_to_two(garments: Garments) -> None:
    sides = [item.side for plan in plans(garments, 400) for item in plan.garments]
    assert (min(sides), max(sides)) == (20, 56)


def test_one_to_six_garments_of_one_or_two_classes(garments: Garments) -> None:
    made = plans(garments, 400)
    assert {len(plan.garments) for plan in made} == {1, 2, 3, 4, 5, 6}
    assert {len({item.label for item in plan.garments}) for plan in made} == {1, 2}
    labels = {item.label for plan in made for item in plan.garments}
    assert labels == set(range(10))


def test_two_groups_lie_apart(garments: Garments) -> None:
    """All middles of one class lie on one side of all middles of the other."""
    for plan in plans(garments, 200):
        groups: dict[int, list[tuple[int, int]]] = {}
        for item in plan.garments:
            middle = (2 * item.left + item.side, 2 * item.top + item.side)
            groups.setdefault(item.label, []).append(middle)
        if len(groups) == 2:
            one, other = groups.values()
            assert any(
                max(place[axis] for place in a) < min(place[axis] for place in b)
                for axis in (0, 1)
                for a, b in ((one, other), (other, one))
            )


def met(made: list[Plan]) -> set[tuple[int, ...]]:
    return {tuple(sorted({item.label for item in plan.garments})) for plan in made}


def test_held_out_pairs_are_never_seen_and_can_be_asked_for(garments: Garments) -> None:
    held = {tuple(sorted(pair)) for pair in HELD_OUT}
    assert not met(plans(garments, 800)) & held
    assert met(plans(garments, 200, pairs="held-out")) == held
    assert met(plans(garments, 1500, pairs="any")) & held
    # every class is in one of them, so that none is new to a network
    assert sorted(label for pair in HELD_OUT for label in pair) == list(range(len(CLASSES)))


def test_a_fragment_shows_less_than_what_counts_as_visible(garments: Garments) -> None:
    for plan in plans(garments, 50, "hard"):
        for item in plan.fragments:
            top, left, height, width = item.window
            assert 0 <= top <= 28 - height and 0 <= left <= 28 - width
            assert max(height, width) / 28 < 0.4


def test_an_unknown_difficulty() -> None:
    with pytest.raises(UsageError, match='there is no difficulty "esay": did you mean "easy"'):
        difficulty_of("esay")
