"""Words as numbers and back, and words that are not known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.applications.captioning.tokens import words_of
from convscope.applications.captioning.vocabulary import (
    END,
    PAD,
    START,
    UNKNOWN,
    Vocabulary,
    vocabulary_of,
)
from convscope.errors import DataError

CAPTIONS = (("A bag.", "One bag is left of a coat."), ("A coat!",))


def test_frequent_words_come_first_and_equal_ones_by_the_alphabet() -> None:
    found = vocabulary_of(CAPTIONS)
    assert found.words == ("a", "bag", "coat", "is", "left", "of", "one")
    assert found.longest == 7
    assert len(found) == 4 + 7


def test_rare_words_are_not_known_and_become_one_token() -> None:
    found = vocabulary_of(CAPTIONS, least=2)
    assert found.words == ("a", "bag", "coat")
    assert found.numbers(words_of("A zebra and a bag")) == (4, UNKNOWN, UNKNOWN, 4, 5)
    assert not found.knows("zebra")
    assert found.said((4, UNKNOWN, 5, END, 4)) == ("a", "<unknown>", "bag")


def test_nothing_left_is_an_error() -> None:
    with pytest.raises(DataError, match="no word stands 3 times or more in the captions"):
        vocabulary_of([["a bag", "a coat"]], least=3)
    with pytest.raises(DataError, match="no word stands 1 times"):
        vocabulary_of([["...", "!"]])


def test_a_table_has_beginning_end_and_nothing_after() -> None:
    found = Vocabulary(("a", "bag"), longest=3)
    table = found.table([("a", "bag"), (), ("a", "a", "bag"), ("a", "a", "bag", "bag", "a")])
    assert table.tolist() == [
        [START, 4, 5, END, PAD],
        [START, END, PAD, PAD, PAD],
        [START, 4, 4, 5, END],
        [START, 4, 4, 5, 5],
    ]
    assert table.dtype == np.int64


@given(st.lists(st.sampled_from(["a", "bag", "coat", "left"]), max_size=9))
def test_numbers_give_the_words_back(words: list[str]) -> None:
    found = vocabulary_of([["a bag coat left"] * 3])
    assert found.said((*found.numbers(words), END, 4, 4)) == tuple(words)
