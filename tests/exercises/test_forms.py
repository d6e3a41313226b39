"""What people write, and what of that is right: forgiving about forms, strict about values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.exercises.forms import Choice, Numbers, decimal, sides, volume, whole
from convscope.exercises.reading import Unreadable, is_blank, one, several

WHOLE = whole(313_600, "multiply-adds")


@pytest.mark.parametrize(
    "text",
    [
        "313600",
        "313,600",
        " 313 600 ",
        "313_600",
        "313'600",
        "313\N{NO-BREAK SPACE}600",
        "313600.0",
        "3.136e5",
        "3.136E+5",
        "+313600",
        "(313,600)",
        "313,600 multiply-adds",
        "627200/2",
    ],
)
def test_a_whole_number_in_many_forms(text: str) -> None:
    assert WHOLE.right(text)


@pytest.mark.parametrize("text", ["313601", "313,060", "31360", "-313600", "313.6", "1e5"])
def test_another_value_is_wrong(text: str) -> None:
    try:
        assert not WHOLE.right(text)
    except Unreadable as problem:
        assert "not whole" in str(problem)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "about 400",
        "16*25",
        "1,23,4",
        "400 bytes",
        "0x190",
        "1e999",
        "nan",
        "inf",
        "1/0",
        "9" * 999,
    ],
)
def test_what_is_no_number_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unreadable):
        WHOLE.right(text)


@pytest.mark.parametrize(
    "text",
    [
        "28x28x16",
        "28×28×16",
        "28 x 28 X 16",
        "28,28,16",
        "28, 28, 16",
        "(28, 28, 16)",
        "[28 28 16]",
        "28*28*16",
        "28·28·16",
        "28 by 28 by 16",
        "28;28;16",
        "28.0 28.0 16.0",
    ],
)
def test_a_volume_in_many_forms(text: str) -> None:
    assert volume(28, 28, 16).right(text)


def test_the_sides_of_a_volume_are_in_order() -> None:
    form = volume(1024, 3, 2)
    assert form.right("1,024x3x2")
    assert form.right("1024, 3, 2")
    assert not form.right("3x1024x2")
    for text in ("1024x3", "1024", "1024x3x2x1", "1,024,3,2", "axbxc"):
        with pytest.raises(Unreadable):
            form.right(text)


def test_a_decimal_has_a_tolerance_and_no_more() -> None:
    form = decimal(0.05, 0.01)
    assert form.hint == "a decimal, within 0.01"
    for text in ("0.05", ".05", "0,05", "0.06", "0.04", "5e-2", "1/20", "−0.05".strip("−")):
        assert form.right(text)
    for text in ("0.0601", "0.0399", "0.5", "−0.05"):
        assert not form.right(text)


def test_several_numbers_with_decimals() -> None:
    form = Numbers((1.5, 2.25, -3.0, 4.0), "the four values", tolerance=0.01, joined=", ")
    for text in (
        "1.5, 2.25, -3, 4",
        "[[1.5, 2.25], [-3, 4]]",
        "1.5 2.25 −3 4",
        "1,5; 2,25; -3; 4",
        "9/6, 9/4, -3, 4",
    ):
        assert form.right(text)
    assert not form.right("1.5, -3, 2.25, 4")
    assert sides(5, 6, "pixels").right("5x6 pixels")


def test_each_of_several_answers_is_right() -> None:
    form = whole(4, "", 5, 6)
    assert form.shown == "4 or 5 or 6"
    assert form.hint == "a whole number; one that fits is enough"
    assert [form.right(str(value)) for value in (3, 4, 5, 6, 7)] == [False, True, True, True, False]


CHOICE = Choice(("400", "416", "313,600", "28×28×16"), 2)


@pytest.mark.parametrize("text", ["c", "C", " c) ", "(c)", "c.", "313,600", "313600", "c: 313,600"])
def test_a_choice_by_letter_or_text(text: str) -> None:
    assert CHOICE.right(text)


def test_what_is_none_of_the_options() -> None:
    assert not CHOICE.right("a")
    assert not CHOICE.right("28x28x16")
    assert CHOICE.shown == "c: 313,600"
    for text in ("e", "41", "ab", "x" * 300):
        with pytest.raises(Unreadable, match="none of the options; write a letter, a, b, c or d"):
            CHOICE.right(text)


def test_decimals_of_a_choice_are_told_apart() -> None:
    form = Choice(("2.5", "25", "0.25"), 0)
    assert [form.right(text) for text in ("2.5", "25", "0.25")] == [True, False, False]


@pytest.mark.parametrize("text", ["", "  ", "...", "…", "?", "None", "____", "Ellipsis"])
def test_blanks(text: str) -> None:
    assert is_blank(text)


def test_zero_is_an_answer() -> None:
    assert not is_blank("0")


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading(text: str) -> None:
    for form in (WHOLE, volume(1, 2, 3), decimal(0.5, 0.01), CHOICE):
        try:
            form.right(text)
        except Unreadable as problem:
            assert str(problem)


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_are_read_exactly(value: int) -> None:
    for text in (str(value), f"{value:,}", f"{value:_}", f"{value:,}".replace("-", "−")):
        assert one(text) == value
        assert whole(value).right(text)
        assert not whole(value).right(str(value + 1))


@given(st.lists(st.integers(1, 10**6), min_size=2, max_size=4))
def test_several_are_read_in_order(values: list[int]) -> None:
    for between in ("x", " × ", ", ", "; ", " "):
        assert several(between.join(map(str, values)), len(values)) == tuple(values)
