"""``data``: what there is, described and fetched; nothing is downloaded unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from convscope.data.sources import load_data
from tests.cli.conftest import Command


def write_images(folder: Path, *classes: str, count: int = 4) -> None:
    for shade, name in enumerate(classes, 1):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            Image.new("L", (8, 8), 40 * shade + number).save(folder / name / f"{number}.png")


def test_what_there_is(command: Command) -> None:
    outcome = command("data")
    assert (outcome.code, outcome.err) == (0, "")
    for name in ("fashion-mnist", "fashion-mini", "shapes"):
        assert f"{name}  " in outcome.out
    assert '"convscope data fetch" brings it' in outcome.out or "in the cache" in outcome.out


def test_what_there_is_as_json(command: Command) -> None:
    found = command("data", "--json").json
    assert found["schema"] == "convscope.sources/1"
    ready = {source["name"]: source["ready"] for source in found["sources"]}
    assert ready["fashion-mini"] and ready["shapes"]


def test_show(command: Command) -> None:
    data = load_data("shapes")
    outcome = command("data", "show", "shapes", "--verify")
    assert outcome.code == 0
    assert data.fingerprint in outcome.out
    for name in data.classes:
        assert name in outcome.out
    record = command("data", "show", "shapes", "--json").json
    assert record["schema"] == "convscope.data/1"
    assert record["fingerprint"] == data.fingerprint
    assert sum(entry["train"] for entry in record["classes"]) == record["train"] == len(data.train)


def test_show_a_folder(command: Command, tmp_path: Path) -> None:
    write_images(tmp_path / "pictures", "cat", "dog")
    outcome = command("data", "show", str(tmp_path / "pictures"), "--size", "6x4")
    assert outcome.code == 0
    assert "6×4×1" in outcome.out
    assert str(tmp_path / "pictures") in outcome.out


def test_damaged_files_are_refused_by_name_or_left_out(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    write_images(folder, "cat", "dog")
    (folder / "cat" / "torn.png").write_bytes(b"\x89PNG nothing")
    refused = command("data", "show", str(folder))
    assert (refused.code, refused.out) == (1, "")
    assert "torn.png" in refused.err
    assert "Traceback" not in refused.err
    passed = command("data", "show", str(folder), "--on-bad", "skip")
    assert passed.code == 0
    assert "torn.png" in passed.out


@pytest.mark.parametrize("kind", ["absent", "empty", "one class", "file"])
def test_folders_that_are_no_data(command: Command, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "pictures"
    if kind == "empty":
        folder.mkdir()
    elif kind == "one class":
        write_images(folder, "cat")
    elif kind == "file":
        folder.write_bytes(b"")
    outcome = command("data", "show", str(folder))
    assert outcome.code in (1, 2)
    assert outcome.out == ""
    assert str(folder) in outcome.err
    assert "Traceback" not in outcome.err


def test_fetch_what_is_in_the_package(command: Command) -> None:
    assert command("data", "fetch", "fashion-mini").code == 0


def test_fetch_takes_names_only(command: Command) -> None:
    outcome = command("data", "fetch", "fashion-mnsit")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == 'there is no data set "fashion-mnsit": did you mean "fashion-mnist"?\n'


def test_offline_says_where_it_looked(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("convscope.data.fashion_mnist.known_folders", lambda: ())
    outcome = command("data", "fetch", "--offline")
    assert (outcome.code, outcome.out) == (1, "")
    assert str(tmp_path / "nothing") in outcome.err
    assert "not asked (offline)" in outcome.err
