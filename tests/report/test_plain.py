"""Signs on outputs that cannot hold them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.report.plain import holds_signs, plain, printable


def test_signs_become_what_a_typewriter_has() -> None:
    assert plain("⌊(28 − 3)/2⌋ + 1") == "floor((28 - 3)/2) + 1"
    assert plain("28×28×1 → 28·28 … √(Σ x²)") == "28x28x1 -> 28*28 ... sqrt(sum x^2)"
    assert plain("├ café ┤") == "├ café ┤"


@pytest.mark.parametrize(
    ("encoding", "holds"),
    [("utf-8", True), ("utf-16", True), ("cp1252", False), ("ascii", False), (None, False)],
)
def test_only_unicode_holds_them_all(encoding: str | None, holds: bool) -> None:
    assert holds_signs(encoding) is holds
    assert holds_signs("no such encoding") is False


def test_a_text_changes_wholly_or_not_at_all() -> None:
    # cp1252 has × and · but no →: mixed, the page would speak two languages
    assert printable("2×2", "cp1252") == "2×2"
    assert printable("2×2 → 1", "cp1252") == "2x2 -> 1"
    assert printable("café → 日本", "cp1252") == "café -> ??"
    assert printable("2×2 → 1", "utf-8") == "2×2 → 1"
    assert printable("é →", None) == "? ->"
    assert printable("é → 1", "no such encoding") == "? -> 1"


@given(st.text(), st.sampled_from(["ascii", "cp1252", "cp437", "latin-1", "utf-8", "utf-16"]))
def test_it_never_fails(text: str, encoding: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return  # a lone surrogate is no text
    printable(text, encoding).encode(encoding)
