"""What a page may name: runs of the folder, the example, notations; never a path."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from convscope.architecture.architecture import Architecture
from convscope.errors import ConvscopeError, NoRunError, NotationError
from convscope.studio.settings import Settings
from convscope.studio.sources import names_of_runs, run_folder, source_of
from convscope.training.runs import Run, example_folder


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """A folder with one run, another beside it, and links that lead out."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for place in (folder / "mine", tmp_path / "outside"):
        shutil.copytree(example_folder(), place)
    return folder


def test_names(runs: Path) -> None:
    settings = Settings(runs)
    assert names_of_runs(settings)[0] == "example"
    assert "mine" in names_of_runs(settings)
    assert run_folder(settings, "mine") == runs / "mine"
    assert run_folder(settings, "example") == example_folder()
    found = source_of(settings, "mine")
    assert isinstance(found, Run)
    assert found.name == "mine"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../outside",
        "..\\outside",
        "mine/../../outside",
        "mine/",
        "/etc",
        "C:mine",
        "mine\0",
        "x" * 5000,
        "~/runs",
        "file:///etc",
    ],
)
def test_no_way_leads_out_of_the_folder(runs: Path, name: str) -> None:
    with pytest.raises(NoRunError):
        run_folder(Settings(runs), name)


def test_an_absolute_path_is_no_name(runs: Path) -> None:
    with pytest.raises(NoRunError):
        run_folder(Settings(runs), str(runs.parent / "outside"))


def test_a_link_out_of_the_folder_is_refused(runs: Path) -> None:
    try:
        (runs / "link").symlink_to(runs.parent / "outside", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links for us")
    with pytest.raises(NoRunError, match='there is no run "link"'):
        run_folder(Settings(runs), "link")


def test_the_run_that_the_studio_was_opened_with_may_be_anywhere(runs: Path) -> None:
    outside = runs.parent / "outside"
    settings = Settings(runs, source=str(outside))
    assert run_folder(settings, str(outside)) == outside
    assert run_folder(settings, "outside") == outside
    assert "outside" in names_of_runs(settings)
    with pytest.raises(NoRunError):
        run_folder(settings, str(runs.parent / "else"))


def test_notations_and_names_of_the_zoo(runs: Path) -> None:
    text, architecture = source_of(Settings(runs), "lenet5")  # type: ignore[misc]
    assert text == str(architecture)
    assert source_of(Settings(runs), "input 4x4x1 -> fc 2") == (
        "input 4x4x1 -> fc 2",
        Architecture.parse("input 4x4x1 -> fc 2"),
    )


def test_only_whoever_starts_the_studio_names_a_file(runs: Path) -> None:
    path = runs.parent / "mine.txt"
    path.write_text("input 4x4x1 -> fc 2", encoding="utf-8")
    with pytest.raises(NoRunError):
        source_of(Settings(runs), str(path))
    text, _ = source_of(Settings(runs, source=str(path)), str(path))  # type: ignore[misc]
    assert text == "input 4x4x1 -> fc 2"


def test_no_module_is_imported_for_a_page(runs: Path) -> None:
    trap = runs.parent / "trap.py"
    trap.write_text("raise SystemExit('executed')", encoding="utf-8")
    for text in (f"{trap}:net", "os:path", "trap.py:net"):
        with pytest.raises(ConvscopeError):
            source_of(Settings(runs), text)


def test_a_run_may_have_a_blank_in_its_name(runs: Path) -> None:
    shutil.copytree(example_folder(), runs / "my run")
    found = source_of(Settings(runs), "my run")
    assert isinstance(found, Run)
    with pytest.raises(NotationError, match="the first step must be the input"):
        source_of(Settings(runs), "inputt 4x4x1")
