"""``image`` and ``predict``: pictures from files, from stdin, and from the package."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from PIL import Image

from convscope.data.sources import load_data
from tests.cli.conftest import Command


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    """The first test image of fashion-mini, as a file."""
    path = tmp_path / "boot.png"
    Image.fromarray(load_data("fashion-mini").test.images[0][0]).save(path)
    return path


def test_image_shows_the_numbers(command: Command) -> None:
    pixels = load_data("fashion-mini").test.images[7][0]
    outcome = command("image", "fashion-mini:7", "--window", "4,10,5x5")
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.split() for line in outcome.out.splitlines() if line[:1].isdigit()]
    assert [[int(cell) for cell in row] for row in rows] == [
        [row, *pixels[row, 10:15].tolist()] for row in range(4, 9)
    ]


def test_image_as_json(command: Command, boot: Path) -> None:
    record = command("image", str(boot), "--json").json
    assert record["schema"] == "convscope.image/1"
    assert record["numbers"]["grey"] == load_data("fashion-mini").test.images[0][0].tolist()


def test_image_from_standard_input(
    command: Command, boot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(boot.read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    outcome = command("image", "-", "--size", "4x4")
    assert outcome.code == 0
    assert outcome.out.startswith("standard input  4×4×1")


def test_image_is_drawn(command: Command, boot: Path, tmp_path: Path) -> None:
    outcome = command(
        "image", str(boot), "--window", "0,0,3x3", "--out", str(tmp_path / "grid.png")
    )
    assert outcome.code == 0
    assert (tmp_path / "grid.png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in (tmp_path / "grid.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["fashion-mini:500"],
            'fashion-mini has no test image "500": give fashion-mini:0 to fashion-mini:499\n',
        ),
        (
            ["fashion-mini:x"],
            'fashion-mini has no test image "x": give fashion-mini:0 to fashion-mini:499\n',
        ),
        (["fashion-mini:0", "--window", "5x5"], None),
    ],
)
def test_images_asked_for_wrongly(command: Command, words: list[str], message: str | None) -> None:
    outcome = command("image", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert message is None or outcome.err == message


@pytest.mark.parametrize("name", ["image", "predict"])
def test_what_is_no_image(command: Command, tmp_path: Path, name: str) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader", encoding="utf-8")
    run = ["example"] if name == "predict" else []
    outcome = command(name, *run, str(path))
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == f"{path}: is not a PNG, JPEG, WebP or BMP image\n"


def test_predict_names_what_it_was_given(command: Command, boot: Path) -> None:
    outcome = command("predict", "example", str(boot), "fashion-mini:0", "--json", "--top", "2")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.json["schema"] == "convscope.predictions/1"
    first, second = outcome.json["predictions"]
    assert (Path(first["source"]), second["source"]) == (boot, "fashion-mini:0")
    assert first["top"] == second["top"]
    assert len(first["top"]) == 2


def test_predict_shows_classes_and_preprocessing(command: Command) -> None:
    outcome = command("predict", "example", "fashion-mini:0", "fashion-mini:1", "--no-invert")
    assert outcome.code == 0
    assert "fashion-mini:0" in outcome.out
    assert "28×28" in outcome.out


def test_predict_a_folder(command: Command, boot: Path) -> None:
    found = command("predict", "example", str(boot.parent), "--json").json["predictions"]
    assert [Path(each["source"]) for each in found] == [boot]


def test_what_was_done_is_said_again_only_where_it_differs(
    command: Command, tmp_path: Path
) -> None:
    outcome = command("predict", "example", "fashion-mini:0", "fashion-mini:1")
    assert (outcome.code, outcome.out.count("prepared")) == (0, 1)
    light = tmp_path / "light.png"
    Image.new("L", (28, 28), 250).save(light)
    outcome = command("predict", "example", "fashion-mini:0", str(light), str(light))
    assert (outcome.out.count("prepared"), outcome.out.count("inverted")) == (2, 1)
