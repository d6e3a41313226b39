"""Settings that take seconds: fashion-mini, few seeds, short trainings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from convscope.claims.claim import Setting
from convscope.claims.learning import Learnt, learn


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path / "claims", quick=True)


@pytest.fixture
def briefly(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``briefly("dying_relus", 5)``: that claim's trainings make no more than five steps."""

    def shorten(module: str, most: int) -> None:
        def short(*arguments: Any, steps: int | None = None, **others: Any) -> Learnt:
            return learn(*arguments, steps=min(most, steps or most), **others)

        monkeypatch.setattr(f"convscope.claims.{module}.learn", short)

    return shorten
