"""One small trained run for all tests of the report; those that change it copy it."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.training.runs import Run

from .samples import trained


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return trained(tmp_path_factory.mktemp("small") / "small-run")


@pytest.fixture
def run_copy(small_run: Run, tmp_path: Path) -> Run:
    """The same run in a folder of its own, to be damaged or written into."""
    import shutil

    from convscope.training.runs import open_run

    shutil.copytree(small_run.path, tmp_path / "copy")
    return open_run(tmp_path / "copy")
