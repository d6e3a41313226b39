"""``convscope lesson``: one file, its path on stdout, clear words where it cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.cli.app import main

SMALL = "input 12x12x1 -> conv 2 3x3 -> relu -> maxpool 2 -> fc 10"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_writes_one_file_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesson", SMALL, "--image", "1"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'lesson.html'}\n"
    assert "one file, to open in any browser" in err
    assert [path.name for path in tmp_path.iterdir()] == ["lesson.html"]


def test_quiet_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "some" / "page.html"
    assert main(["lesson", SMALL, "--image", "0", "--out", str(path), "--quiet", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out) == {
        "schema": "convscope.lesson/1",
        "lesson": str(path),
        "bytes": path.stat().st_size,
    }
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["lesson", "nothing"], "there is no run"),
        (["lesson", SMALL, "--image", "100000"], "there is no image 100000"),
        (["lesson", SMALL, "--image", "missing.png"], "missing.png"),
        (["lesson", SMALL, "--shape", "small"], "is not HEIGHTxWIDTHxCHANNELS"),
    ],
)
def test_what_cannot_be_is_one_paragraph_and_no_file(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) != 0
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err
    assert "Traceback" not in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["lesson", "report"])
def test_a_place_that_cannot_be_written_to_is_told_before_the_work(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def gathered(*_: object) -> None:
        raise AssertionError("the work was begun")

    room = "lesson.page" if command == "lesson" else "page"
    monkeypatch.setattr(f"convscope.report.{room}.gathered", gathered)
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    assert main([command, "example", "--out", str(tmp_path / "file" / "sub" / "page")]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "cannot be" in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
