"""Words and numbers that all views and figures of channels share."""

from __future__ import annotations

import math
from collections.abc import Sequence

from convscope.report.numbers import thousands

__all__ = ["page_words", "ranges", "signed", "volume_words"]


def ranges(numbers: Sequence[int]) -> str:
    """(0, 1, 2, 3, 7, 9, 10) → 0–3, 7, 9, 10"""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(
        f"{part[0]}–{part[-1]}" if len(part) > 2 else ", ".join(map(str, part)) for part in parts
    )


def page_words(chosen: Sequence[int], total: int, what: str = "channels") -> str:
    """``all 32 channels``, or ``channels 0–63 of 512``."""
    if tuple(chosen) == tuple(range(total)):
        return (
            f"all {thousands(total)} {what}" if total > 1 else f"its one {what.removesuffix('s')}"
        )
    noun = what if len(chosen) > 1 else what.removesuffix("s")
    return f"{noun} {ranges(chosen)} of {thousands(total)}"


def volume_words(sides: Sequence[int]) -> str:
    """channels × height × width as people read it: 14×14×32; a vector is one number."""
    if len(sides) == 3 and tuple(sides[1:]) != (1, 1):
        return f"{sides[1]}×{sides[2]}×{thousands(sides[0])}"
    return thousands(sides[0])


def signed(values: Sequence[float], limit: float | None = None) -> list[str]:
    """Numbers with one precision: four digits of the greatest of them, or of ``limit``."""
    largest = max(map(abs, values), default=0.0) if limit is None else limit
    if not largest or not math.isfinite(largest):
        largest = 1.0
    digits = min(8, max(0, 3 - math.floor(math.log10(largest))))
    return [_unsigned_zero(f"{value:.{digits}f}").replace("-", "−") for value in values]


def _unsigned_zero(text: str) -> str:
    return text.removeprefix("-") if float(text) == 0 else text
