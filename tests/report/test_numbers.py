"""Numbers for people: never a lie by rounding, points below one another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.report.numbers import (
    aligned,
    bytes_text,
    duration,
    percent,
    plain_percent,
    thousands,
)


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.9036, 2, "90.36 %"),
        (0.5, 1, "50.0 %"),
        (0.0, 1, "0.0 %"),
        (1.0, 1, "100.0 %"),
        (0.0001, 1, "< 0.1 %"),
        (0.99999, 1, "> 99.9 %"),
        (0.00001, 2, "< 0.01 %"),
    ],
)
def test_percent(share: float, digits: int, text: str) -> None:
    assert percent(share, digits) == text


@given(st.floats(0, 1))
def test_only_nothing_shows_as_0_and_only_all_as_100(share: float) -> None:
    assert (plain_percent(share) == "0.0") == (share == 0)
    assert (plain_percent(share) == "100.0") == (share == 1)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "0.0 s"),
        (4.24, "4.2 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (185, "3 min 05 s"),
        (3599.7, "1 h 00 min"),
        (7384, "2 h 03 min"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (3136, "3.1 kB"),
        (99_960, "100 kB"),
        (999_600, "1.0 MB"),
        (5_000_000_000_000_000, "5000 TB"),
    ],
)
def test_bytes(value: int, text: str) -> None:
    assert bytes_text(value) == text


def test_thousands_have_a_real_minus() -> None:
    assert thousands(-29034) == "−29,034"


@given(st.lists(st.floats(-1e6, 1e6).map(lambda v: f"{v:.3g}" if v < 3 else f"{v:.1f}")))
def test_points_stand_below_one_another(texts: list[str]) -> None:
    lines = aligned(texts)
    assert [line.strip() for line in lines] == texts
    assert len({len(line) for line in lines}) <= 1
    assert len({line.index(".") for line in lines if "." in line}) <= 1
