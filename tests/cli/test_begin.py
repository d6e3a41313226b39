"""The very first moment of the command: Ctrl-C while the commands are still being loaded."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from typing import Any

import pytest

from convscope import __main__ as begin


class Interrupting(MetaPathFinder):
    """Ctrl-C falls into the import of the commands."""

    def find_spec(self, name: str, *_: Any) -> None:
        if name == "convscope.cli.app":
            raise KeyboardInterrupt


def test_ctrl_c_in_the_first_imports_is_one_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "convscope.cli.app", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupting(), *sys.meta_path])
    assert begin.main() == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_it_runs_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["convscope", "zoo"])
    assert begin.main() == 0
    assert capsys.readouterr().out.startswith("article")
    monkeypatch.setattr(sys, "argv", ["convscope", "zooo"])
    assert begin.main() == 2
