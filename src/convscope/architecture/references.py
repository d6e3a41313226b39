"""How a network of one's own is named: ``FILE.py:NAME`` or ``package.module:name``.

Only the text is looked at here; ``inspection.foreign`` loads what it names.
"""

from __future__ import annotations

import re

__all__ = ["is_reference"]

_DOTTED = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_REFERENCE = re.compile(rf"(?:[^\n>→]+\.py|{_DOTTED}):{_DOTTED}|[^\n>→]+\.py")


def is_reference(text: str) -> bool:
    """Whether it names Python code; also a bare ``FILE.py``, whose name is still to be said.

    >>> is_reference("net.py:convnet1"), is_reference("torchvision.models:alexnet")
    (True, True)
    >>> is_reference("input 28x28x1 -> fc 10"), is_reference("resnet20")
    (False, False)
    """
    return _REFERENCE.fullmatch(text.strip()) is not None
