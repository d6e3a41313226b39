"""Clips: what is said to happen is what the frames show."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from convscope.data.scenes import CLASSES, make_clips
from convscope.data.scenes.clip import Clip, clips_in_turn
from convscope.data.scenes.composing import paint, patches_of
from convscope.data.scenes.difficulty import difficulty_of
from convscope.data.scenes.garments import load_garments
from convscope.data.scenes.moving import FRAMES
from convscope.data.scenes.planning import HELD_OUT, Item, Pairs
from convscope.data.scenes.reading import read_facts
from convscope.data.scenes.scene import Making

AXES = {"left": (0, -1), "right": (0, 1), "up": (1, -1), "down": (1, 1)}


def clips(count: int, *, size: int = 128, pairs: Pairs = "seen", level: str = "easy") -> list[Clip]:
    garments = load_garments("test", "fashion-mini")
    making = Making(garments, "test", 11, size, difficulty_of(level), pairs)
    return list(clips_in_turn(making, range(count)))


@pytest.fixture(scope="module")
def some() -> list[Clip]:
    return clips(240)


def middle(item: Item, axis: int, place: tuple[int, int] | None = None) -> float:
    return (place or (item.left, item.top))[axis] + item.side / 2


def test_all_that_can_happen_happens(some: list[Clip]) -> None:
    events = [clip.plan.event for clip in some]
    assert {event.happens for event in events} == {"moves", "appears", "leaves"}
    assert {event.direction for event in events} == {*AXES, None}
    assert {event.speed for event in events} == {"slowly", "quickly", None}
    assert {event.path for event in events} == {"past", "towards", "away from", None}
    assert {event.what for event in events} == set(CLASSES)
    assert {len(clip.plan.standing) for clip in some} == {0, 1, 2, 3}


def test_what_moves_moves_so(some: list[Clip]) -> None:
    for clip in some:
        event, places = clip.plan.event, clip.plan.places
        if event.direction is None:
            continue
        axis, sign = AXES[event.direction]
        along = [sign * place[axis] for place in places if place]
        aside = {place[1 - axis] for place in places if place}
        assert along == sorted(along) and len(along) == FRAMES and len(aside) == 1
        travel = along[-1] - along[0]
        assert (travel >= 40) == (event.speed == "quickly")
        assert 12 <= travel <= 64


def test_paths_are_true(some: list[Clip]) -> None:
    """Whatever stands lies between beginning and end, beyond the end, or behind the beginning."""
    seen = Counter[str]()
    for clip in some:
        plan = clip.plan
        if plan.event.path is None:
            continue
        assert plan.event.direction is not None
        axis, sign = AXES[plan.event.direction]
        start, end = (sign * middle(plan.mover, axis, plan.places[k]) for k in (0, -1))
        for other in plan.standing:
            at = sign * middle(other, axis)
            found = "past" if start < at < end else "towards" if at >= end else "away from"
            assert found == plan.event.path
            seen[found] += 1
    assert min(seen.values()) > 10


@pytest.mark.parametrize("size", [96, 101, 128, 200])
def test_everything_stays_inside(size: int) -> None:
    for clip in clips(60, size=size):
        for item in (*clip.plan.standing, clip.plan.mover):
            assert 0 <= item.left <= size - item.side
            assert 0 <= item.top <= size - item.side
        for place in clip.plan.places:
            assert place is None or all(0 <= p <= size - clip.plan.mover.side for p in place)


def test_frames_show_what_happens(some: list[Clip]) -> None:
    """Where the garment is in one frame and not in another, pixels differ by more than grain."""
    for clip in some[:80]:
        plan = clip.plan
        there = [frame for frame, place in enumerate(plan.places) if place]
        gone = [frame for frame, place in enumerate(plan.places) if not place]
        if plan.event.happens == "moves":
            assert not gone
            assert np.abs(difference(clip, 0, FRAMES - 1)).max() > 40
            continue
        assert len(there) >= 2 and len(gone) >= 2
        assert (there[0] < gone[0]) == (plan.event.happens == "leaves")
        assert np.abs(difference(clip, there[0], gone[0])).max() > 40
        assert np.abs(difference(clip, there[0], there[1])).max() <= 12
        assert np.abs(difference(clip, gone[0], gone[1])).max() <= 12


def difference(clip: Clip, one: int, other: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    frames = clip.frames.astype(np.int64)
    return frames[one, 0] - frames[other, 0]


def test_five_sentences_say_the_same(some: list[Clip]) -> None:
    for clip in some:
        plan = clip.plan
        counts = Counter(CLASSES[item.label] for item in (*plan.standing, plan.mover))
        assert len(set(clip.captions)) == 5
        for caption in clip.captions:
            facts = read_facts(caption)
            assert facts.events == (plan.event,), caption
            assert facts.counts == counts, caption


def test_where_something_appears_is_true(some: list[Clip]) -> None:
    for clip in some:
        if clip.plan.event.happens == "moves":
            continue
        ((first, relation, second),) = read_facts(clip.captions).relations
        own = [clip.plan.mover]
        others: list[Item] = list(clip.plan.standing)
        if first != CLASSES[clip.plan.mover.label]:
            own, others = others, own
        axis, sign = AXES[{"above": "up", "below": "down"}.get(relation, relation)]
        theirs = [middle(item, axis) for item in others] or [64.0]
        assert second == ("picture" if not clip.plan.standing else second)
        assert all(sign * (middle(item, axis) - at) > 0 for item in own for at in theirs)


def test_held_out_pairs() -> None:
    held = {frozenset(pair) for pair in HELD_OUT}
    met = [
        {frozenset({clip.plan.mover.label, clip.plan.standing[0].label})}
        for clip in clips(150)
        if clip.plan.standing
    ]
    assert not any(pair & held for pair in met)
    for clip in clips(30, pairs="held-out"):
        assert {clip.plan.mover.label, clip.plan.standing[0].label} in held


def test_as_a_split() -> None:
    split = make_clips(seed=1, count=4, source="fashion-mini")
    assert np.asarray(split.images).shape == (4, 8, 1, 128, 128)
    assert split.names[3] == "clip-test-1-000003"
    assert split.kinds == ("captions",)


def test_all_that_stand_can_be_counted() -> None:
    """Of each, two fifths at least can be seen when what moves is not there."""
    hidden = 0
    garments = load_garments("test", "fashion-mini")
    for clip in clips(300):
        standing = clip.plan.standing
        if standing:
            painting = paint(np.zeros((128, 128), np.int32), (), patches_of(standing, garments))
            seen = np.bincount(painting.owners.ravel(), minlength=len(standing) + 1)[1:]
            hidden += bool((seen < 0.4 * np.array(painting.whole)).any())
    assert hidden <= 1
