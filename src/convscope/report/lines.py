"""Lines of text in pieces, each with a style: made once, shown coloured or plain."""

from __future__ import annotations

__all__ = ["Line", "Piece", "bar"]

Piece = tuple[str, str]
"""(text, rich style)"""
Line = list[Piece]

_EIGHTHS = " ▏▎▍▌▋▊▉"


def bar(share: float, width: int) -> str:
    """A bar of ``width`` cells at a share of 1; anything above 0 shows at least a sliver."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(width)
