"""Text for outputs that cannot hold our signs: cp1252 has no → − ⌊ √, ASCII no × ·."""

from __future__ import annotations

__all__ = ["holds_signs", "plain", "printable"]

_SIGNS = str.maketrans(
    {
        "→": "->",
        "−": "-",
        "–": "-",
        "—": "-",
        "×": "x",
        "·": "*",
        "⌊": "floor(",
        "⌋": ")",
        "√": "sqrt",
        "Σ": "sum",
        "Φ": "Phi",
        "ε": "epsilon",
        "γ": "gamma",
        "β": "beta",
        "∂": "d",
        "²": "^2",
        "…": "...",
        "≤": "<=",
        "≥": ">=",
        "±": "+-",
        "⁻": "-",
        "─": "-",
        "│": "|",
        "‖": "||",
        "█": "#",
        "▉": "#",
        "▊": "#",
        "▋": "#",
        "▌": "#",
        "▍": ":",
        "▎": ":",
        "▏": ":",
        "“": '"',
        "”": '"',
        "‘": "'",
        "’": "'",
        "✓": "ok",
        "✗": "x",
        "•": "*",
    }
)


def plain(text: str) -> str:
    """Our signs in ASCII: → is ->, ⌊a⌋ is floor(a), · is *; other letters stay."""
    return text.translate(_SIGNS)


def holds_signs(encoding: str | None) -> bool:
    """Whether an output of this encoding can show all our signs."""
    try:
        "".join(map(chr, _SIGNS)).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def printable(text: str, encoding: str | None) -> str:
    """The text as an output of this encoding can show it; it never fails.

    All signs change as soon as one does not fit, so that a page uses one language.
    What is not ours (a file's name) and does not fit becomes a question mark.
    """
    encoding = encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return plain(text).encode(encoding, "replace").decode(encoding)
    except LookupError:
        return plain(text).encode("ascii", "replace").decode("ascii")
    return text
