"""The colours of every picture: few, calm, and told apart by colour-blind people.

Categories are Okabe and Ito's (Color universal design, 2008).  A role names what a
colour is for; ``LIGHT`` and ``DARK`` say what it is on paper and on a dark page.
"""

from __future__ import annotations

__all__ = ["CATEGORIES", "DARK", "DIVERGING", "DIVERGING_DARK", "LIGHT", "ROLES"]

CATEGORIES = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9")
"""Okabe and Ito: blue, orange, green, vermilion, purple, sky."""

LIGHT: dict[str, str] = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#5b636d",
    "faint": "#8b939d",
    "rule": "#d8dce1",
    "grid": "#e9ecef",
    "cell": "#f4f5f7",
    "accent": "#0072b2",
    "warm": "#d55e00",
    "warm-ink": "#b04a00",
    "accent-soft": "#a9cfe6",
    "warm-soft": "#f3c9a6",
    "map-front": "#dbeaf4",
    "map-top": "#eef5fa",
    "map-side": "#b9d5e8",
    "map-edge": "#3f7fa8",
    "pooled-front": "#e6e9ed",
    "pooled-top": "#f3f5f7",
    "pooled-side": "#cdd3da",
    "pooled-edge": "#6a737d",
    "vector-front": "#fdecd2",
    "vector-edge": "#a86e00",
}
"""On paper.  What is text (ink, muted, accent, warm-ink) has at least 4.5 : 1 against it."""

DARK: dict[str, str] = {
    "paper": "#14171a",
    "ink": "#e8eaed",
    "muted": "#a3abb4",
    "faint": "#737b84",
    "rule": "#343a40",
    "grid": "#24292e",
    "cell": "#1b1f23",
    "accent": "#5db3e6",
    "warm": "#f08a4b",
    "warm-ink": "#f39a63",
    "accent-soft": "#2c5a78",
    "warm-soft": "#6e4526",
    "map-front": "#1d3a4e",
    "map-top": "#27506c",
    "map-side": "#162d3d",
    "map-edge": "#6fb1da",
    "pooled-front": "#2d3238",
    "pooled-top": "#3c434b",
    "pooled-side": "#22262b",
    "pooled-edge": "#98a1ab",
    "vector-front": "#4a3510",
    "vector-edge": "#e6b450",
}
"""On a dark page, the same roles."""

ROLES: dict[str, str] = {colour: role for role, colour in LIGHT.items()}
"""Which role a colour on paper has: how a figure finds its colours on a dark page."""

DIVERGING = (
    "#08306b",
    "#2171b5",
    "#6baed6",
    "#c6dbef",
    "#ffffff",
    "#fdd0a2",
    "#fd8d3c",
    "#d94801",
    "#7f2704",
)
"""Blue below zero, white at zero, orange above."""

DIVERGING_DARK = (
    "#9ccbf0",
    "#56a4dc",
    "#2f75ab",
    "#1f4666",
    "#14171a",
    "#5c3413",
    "#a85a1c",
    "#ee8e3f",
    "#ffd2a6",
)
"""The same on a dark page: zero is the page there, too."""
