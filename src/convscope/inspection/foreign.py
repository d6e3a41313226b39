"""Networks of other people: found by ``FILE.py:NAME``, and read as an architecture."""

from __future__ import annotations

import re
from typing import Any

import torch
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume

__all__ = ["architecture_of", "is_reference", "load_module", "require_usable"]

_REFERENCE = re.compile(r"(?P<place>[^\n>→]+?):(?P<name>[A-Za-z_][\w.]*)")


def is_reference(text: str) -> bool:
    """Whether it reads as ``FILE.py:NAME`` or ``package.module:name``."""
    found = _REFERENCE.fullmatch(text.strip())
    if found is None:
        return False
    return found["place"].endswith(".py") or bool(re.fullmatch(r"[A-Za-z_][\w.]*", found["place"]))


def load_module(reference: str) -> Any:
    """The module, made where a class or a function of no arguments was named."""
    raise NotImplementedError


def architecture_of(
    module: nn.Module, shape: Volume | None
) -> tuple[Architecture | None, Volume | None]:
    """The module as an architecture where it can be expressed, and what it takes."""
    return None, shape


def require_usable(module: nn.Module, volume: Volume, name: str) -> int:
    """How many numbers the module makes of one image; UsageError where it takes none."""
    with torch.no_grad():
        return int(module(torch.zeros(1, volume.channels, volume.height, volume.width)).shape[1])
