"""Claims in a terminal: nothing is cut, and all that a reader needs is there."""

from __future__ import annotations

import re

import pytest

from convscope.claims.table import CLAIMS, claim_named
from convscope.report.claims_view import (
    ClaimsView,
    ListedClaims,
    ShortClaimsView,
    conditions_text,
)
from convscope.report.view import shown_text
from tests.claims.samples import sample_outcome

OUTCOMES = [sample_outcome(name) for name in CLAIMS]


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_no_word_is_lost_and_lines_fit(width: int) -> None:
    text = shown_text(ClaimsView(OUTCOMES), width=width)
    words = set(text.split())
    for outcome in OUTCOMES:
        told = (outcome.says, outcome.measured, str(outcome.verdict), outcome.rule)
        assert {word for each in told for word in each.split()} <= words
        assert outcome.title in text
    assert max(map(len, text.splitlines())) <= width


def test_three_columns_or_below_one_another() -> None:
    wide, narrow = (shown_text(ClaimsView(OUTCOMES[:1]), width=width) for width in (100, 70))
    assert re.search("the article says +what we measured +verdict", wide)
    assert "what we measured" not in narrow
    assert "  measured  convolution: the formula" in narrow


def test_conditions() -> None:
    assert conditions_text(sample_outcome("tanh")) == (
        "2 seeds, fashion-mini, 12 s, 1 thread, torch 2.6.0, quick"
    )
    assert "fashion" not in conditions_text(sample_outcome("output-sizes"))


def test_the_short_form_has_a_line_for_each() -> None:
    lines = shown_text(ShortClaimsView(OUTCOMES), width=132).splitlines()
    begun = [line.split()[0] for line in lines if not line.startswith(" ")]
    assert begun == list(CLAIMS)
    assert shown_text(ShortClaimsView([]), width=80).strip() == ""


def test_the_list_says_what_is_stored() -> None:
    claims = [claim_named(name) for name in CLAIMS]
    bare = shown_text(ListedClaims(claims, {}), width=100)
    assert "nothing has been measured and stored yet" in bare
    assert "verdict " not in bare
    known = shown_text(ListedClaims(claims, {"tanh": sample_outcome("tanh")}), width=100)
    assert str(sample_outcome("tanh").verdict) in known
    assert "in the package" in known
    for text in (bare, known):
        assert [name for name in CLAIMS if f"  {name}\n" in text] == list(CLAIMS)


def test_in_ascii() -> None:
    text = shown_text(ClaimsView(OUTCOMES), width=100, encoding="ascii")
    assert text.isascii()
