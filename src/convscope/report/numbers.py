"""Numbers as people read them: the same in the terminal, in figures and on the page."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["aligned", "bytes_text", "count_of", "duration", "percent", "plain_percent", "thousands"]


def thousands(value: int) -> str:
    """29034 → 29,034"""
    return f"{value:,}".replace("-", "−")


def count_of(number: int, what: str) -> str:
    """1 thread, 1,800 steps"""
    return f"{thousands(number)} {what}{'' if number == 1 else 's'}"


def percent(share: float, digits: int = 1) -> str:
    """0.914 → 91.4 %; what is above 0 never shows as 0, nor what is below 1 as 100."""
    return f"{plain_percent(share, digits)} %"


def plain_percent(share: float, digits: int = 1) -> str:
    """The same without its sign, for a column that says it in its head."""
    text = f"{100 * share:.{digits}f}"
    if share > 0 and float(text) == 0:
        return f"< {10**-digits:.{digits}f}"
    if share < 1 and float(text) == 100:
        return f"> {100 - 10**-digits:.{digits}f}"
    return text


def duration(seconds: float) -> str:
    """4.2 s, 3 min 05 s, 2 h 03 min"""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def bytes_text(value: int) -> str:
    """3136 → 3.1 kB; powers of ten, as storage is sold."""
    if value < 1000:
        return f"{value} B"
    size = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        size /= 1000
        if size < 999.5 or unit == "TB":
            break
    return f"{size:.0f} {unit}" if size >= 99.95 else f"{size:.1f} {unit}"


def aligned(texts: Sequence[str]) -> list[str]:
    """Padded so that decimal points stand below one another; texts without any end there."""
    heads = [text.partition(".")[0] for text in texts]
    tails = [text[len(head) :] for text, head in zip(texts, heads, strict=True)]
    before = max(map(len, heads), default=0)
    after = max(map(len, tails), default=0)
    return [head.rjust(before) + tail.ljust(after) for head, tail in zip(heads, tails, strict=True)]
