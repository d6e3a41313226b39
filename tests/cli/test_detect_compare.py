"""``convscope detect compare``: one table, one figure, and it goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.cli.app import main
from tests.applications.detection.things import BACKBONE
from tests.cli.test_detect import write_voc

SHORT = ["--set", "epochs=0.5", "--set", "proposals=20", "--seeds", "1", "--backbone", BACKBONE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voc(tmp_path_factory.mktemp("voc") / "bars")


def test_it_compares_and_keeps_what_it_has_measured(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "compared"
    words = ["detect", "compare", "--data", str(folder), *SHORT, "--out", str(out), "--quiet"]
    assert main([*words, "--method", "fast", "--method", "faster"]) == 0
    shown = capsys.readouterr()
    assert "Fast R-CNN" in shown.out
    assert "not decided" in shown.out
    assert shown.err == ""
    assert (out / "detection.png").is_file()
    assert (out / "detection.svg").is_file()
    before = (out / "detection.jsonl").read_bytes()
    assert main([*words, "--method", "fast", "--method", "faster", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "convscope.detection-comparison/1"
    assert [each["method"] for each in record["methods"]] == ["fast", "faster"]
    assert (out / "detection.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--method", "yolo"], 'there is no method "yolo" to compare'),
        (["--set", "nonsense=1"], 'no method has a setting "nonsense"'),
        (["--set", "proposals=0"], "0 is not allowed"),
    ],
)
def test_wrong_words_are_refused(
    words: list[str], message: str, folder: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    out = tmp_path / "compared"
    command = ["detect", "compare", "--data", str(folder), "--backbone", BACKBONE]
    assert main([*command, "--out", str(out), "--quiet", *words]) == 2
    assert message in capsys.readouterr().err
