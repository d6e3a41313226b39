"""A command in this process: its exit code, and what it wrote."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from convscope.cli.app import main


@dataclass(frozen=True)
class Outcome:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What ``--json`` wrote."""
        return json.loads(self.out)


Command = Callable[..., Outcome]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """``command("explain", "lenet5", "--json")``"""

    def run(*words: str) -> Outcome:
        capsys.readouterr()
        code = main(words)
        written = capsys.readouterr()
        return Outcome(code, written.out, written.err)

    return run
