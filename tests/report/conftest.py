"""What tests of the report share: a small trained run, a browser, the lesson of ``example``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from convscope.claims.table import CLAIMS
from convscope.inspection.subject import Subject, subject_of
from convscope.report.lesson import claims as lesson_claims
from convscope.report.lesson.material import gathered
from convscope.report.lesson.page import lesson_html
from convscope.training.runs import Run, open_run
from tests.claims.samples import sample_outcome

from .browser import chromium
from .samples import trained

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.fixture(scope="session")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One for all tests; those that change it copy it."""
    return trained(tmp_path_factory.mktemp("small") / "small-run")


@pytest.fixture
def run_copy(small_run: Run, tmp_path: Path) -> Run:
    """The same run in a folder of its own, to be damaged or written into."""
    import shutil

    shutil.copytree(small_run.path, tmp_path / "copy")
    return open_run(tmp_path / "copy")


@pytest.fixture(scope="session")
def subject() -> Subject:
    """The package's run on the package's pictures."""
    return subject_of("example", data="fashion-mini")


@pytest.fixture(scope="session")
def lesson(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its lesson on disk, with all claims as a quick run found them."""
    path = tmp_path_factory.mktemp("lesson") / "lesson.html"
    material = gathered(subject, open_run("example"), data="fashion-mini")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lesson_claims, "stored", lambda: tuple(map(sample_outcome, CLAIMS)))
        path.write_text(lesson_html(material), encoding="utf-8", newline="\n")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened
