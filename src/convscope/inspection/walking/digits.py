"""Values in words: as the terms of a sum are written, in text, figures and pages alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

__all__ = ["bracketed", "shown", "summed"]


def shown(value: float) -> str:
    """0.5321, −12.0000, and 1.234e−05 where four decimals would hold nothing."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return str(value).replace("-", "−")
    text = f"{value:.4f}" if 0.001 <= abs(value) < 100_000 else f"{value:.3e}"
    return text.replace("-", "−")


def bracketed(value: float) -> str:
    """The same, in brackets where a sign would stand behind another: (−0.5321)."""
    text = shown(value)
    return f"({text})" if text.startswith("−") else text


def summed(values: Sequence[float]) -> str:
    """0.5321 − 0.1234 + 2.0000"""
    words = shown(values[0]) if values else "0"
    for value in values[1:]:
        sign = "−" if value < 0 else "+"
        words += f" {sign} {shown(abs(value))}"
    return words
