"""``scenes make``: files, a preview, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Command


def test_make(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "garments"
    outcome = command(
        "scenes", "make", "--count", "10", "--source", "fashion-mini", "-o", str(folder)
    )
    assert outcome.code == 0
    for text in (str(folder), "7 train, 1 validation, 2 test", "voc", "fashion-mini"):
        assert text in outcome.out
    assert len(list((folder / "Annotations").glob("*.xml"))) == 10
    with Image.open(folder / "preview.png") as preview:
        assert min(preview.size) > 400
    assert (folder / "preview.svg").exists()


@pytest.mark.parametrize("clips", [False, True])
def test_json(command: Command, tmp_path: Path, clips: bool) -> None:
    words = ["--clips"] if clips else ["--as", "captions"]
    folder = tmp_path / "made"
    found = command(
        "scenes", "make", *words, "--count", "3", "--part", "test", "--seed", "5", "--size", "96",
        "--difficulty", "easy", "--pairs", "any", "--source", "fashion-mini", "--out", str(folder),
        "--json", "--quiet",
    ).json  # fmt: skip
    assert found == {
        "schema": "convscope.scenes/1",
        "folder": str(folder),
        "as": "captions",
        "clips": clips,
        "seed": 5,
        "size": 96,
        "difficulty": "easy",
        "pairs": "any",
        "source": "fashion-mini",
        "part": "test",
        "counts": {"test": 3},
        "preview": str(folder / "preview.png"),
    }


def test_a_folder_in_use(command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    outcome = command("scenes", "make", "--out", str(tmp_path))
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == f"{tmp_path}: this folder is not empty: give a new one\n"


def test_clips_have_no_boxes(command: Command, tmp_path: Path) -> None:
    outcome = command("scenes", "make", "--clips", "--as", "voc", "--out", str(tmp_path / "new"))
    assert outcome.code == 2
    assert "clips cannot be written as voc" in outcome.err


@pytest.mark.parametrize("words", [[], ["make"], ["make", "--out", "x", "--count", "0"]])
def test_asked_wrongly(command: Command, words: list[str]) -> None:
    assert command("scenes", *words).code == 2
