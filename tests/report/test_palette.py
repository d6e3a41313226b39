"""Colours that can be told apart and read, on paper and on a dark page."""

from __future__ import annotations

import pytest

from convscope.report.palette import CATEGORIES, DARK, DIVERGING, LIGHT, ROLES


def luminance(colour: str) -> float:
    """Relative luminance of sRGB (WCAG 2.2)."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", ["ink", "muted", "accent", "warm-ink"])
def test_text_can_be_read(theme: dict[str, str], role: str) -> None:
    assert contrast(theme[role], theme["paper"]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", ["map-edge", "pooled-edge", "vector-edge", "warm"])
def test_lines_can_be_seen(theme: dict[str, str], role: str) -> None:
    assert contrast(theme[role], theme["paper"]) >= 3


def test_both_themes_have_the_same_roles() -> None:
    assert list(LIGHT) == list(DARK)


def test_a_colour_on_paper_tells_its_role() -> None:
    assert len(ROLES) == len(LIGHT)
    assert all(LIGHT[role] == colour for colour, role in ROLES.items())


def test_zero_is_white_in_the_middle() -> None:
    assert DIVERGING[len(DIVERGING) // 2] == "#ffffff"
    lightness = [luminance(colour) for colour in DIVERGING]
    half = len(lightness) // 2
    assert lightness[: half + 1] == sorted(lightness[: half + 1])
    assert lightness[half:] == sorted(lightness[half:], reverse=True)


def test_categories_are_those_of_okabe_and_ito() -> None:
    assert CATEGORIES[:4] == ("#0072B2", "#E69F00", "#009E73", "#D55E00")
