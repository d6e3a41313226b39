"""``data check``: every faulty file among annotated images, by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.data.annotations.making import coco_folder, voc_folder, voc_text, write


def test_a_folder_without_fault(command: Command, tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 6, {"train": [0, 1, 2], "val": [3], "test": [4]})
    outcome = command("data", "check", str(root), "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        f"place    {root}",
        "objects  voc: 3 train, 1 validation, 1 test, 1 unused",
        "         cat 6, dog 3",
        "note     in no list, and not used: 1 (5)",
        "",
        "no file is faulty",
    ]


def test_faulty_files(command: Command, tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write(root / "Annotations" / "4.xml", voc_text("4.png", [("cat", (9, 1, 9, 12))]))
    outcome = command("data", "check", str(root))
    assert outcome.code == 1
    assert outcome.out.endswith(
        "\n\n1 file is faulty:\n"
        "  Annotations/4.xml: object 1 (cat): xmin 9 and xmax 9 leave no width\n"
    )
    assert outcome.err == f"checking {root}\n"


def test_json(command: Command, tmp_path: Path) -> None:
    root = coco_folder(tmp_path)
    (root / "images" / "0.png").unlink()
    outcome = command("data", "check", str(root), "--json", "--quiet", "--format", "coco")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.json["schema"] == "convscope.data-check/1"
    assert [one["kind"] for one in outcome.json["annotations"]] == ["objects", "masks"]
    assert outcome.json["faults"] == [
        {
            "path": "annotations/instances.json, image 0 (0.png)",
            "reason": 'its image "0.png" is missing',
        }
    ]


def test_annotations_elsewhere(command: Command, tmp_path: Path) -> None:
    root = coco_folder(tmp_path / "data")
    other = (root / "annotations").rename(tmp_path / "other") / "instances.json"
    assert command("data", "check", str(root)).code == 1
    assert command("data", "check", str(root), "--annotations", str(other)).code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("nowhere",), 2, "nowhere: there is no such folder"),
        ((".",), 1, "no annotations are found here: Pascal VOC"),
        ((".", "--format", "yolo"), 2, "yolo"),
    ],
)
def test_what_cannot_be_checked(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = command("data", "check", *words)
    assert (outcome.code, outcome.out) == (code, "")
    assert said in outcome.err
