"""What people type at the entrances: names where values are expected, and what is not there."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import convscope as cs
from convscope.data.mini import load_mini
from convscope.errors import ConvscopeError, NoRunError, UsageError
from tests.cli.conftest import Command, command

__all__ = ["command"]


def test_names_are_taken_where_architectures_and_runs_are() -> None:
    assert cs.explain("article").parameters.value == 29_034
    assert cs.build("article", seed=0).conv1.weight.shape == (16, 1, 5, 5)
    assert "class Network" in cs.python_code("article")
    assert "CLASSES" in cs.python_code("example")


@pytest.mark.parametrize("entrance", [cs.explain, cs.build, cs.python_code, cs.open_run])
def test_what_is_neither_is_a_usage_error(entrance: object) -> None:
    with pytest.raises(UsageError, match="of the type int"):
        entrance(3)  # type: ignore[operator]


def test_an_unknown_layer_is_a_key_error_of_ours() -> None:
    with pytest.raises(KeyError) as error:
        cs.explain("article")["conv7"]
    assert isinstance(error.value, ConvscopeError)
    assert "did you mean" in str(error.value)


@pytest.mark.parametrize("sides", [(0, 2, 3), (2, -1, 3), (2, 2, 0)])
def test_a_volume_holds_something(sides: tuple[int, int, int]) -> None:
    with pytest.raises(UsageError, match="holds nothing"):
        cs.Volume(*sides)


def test_every_kind_of_picture_gives_the_same_answer() -> None:
    pixels = load_mini().test.images[7][0]
    ways = ["fashion-mini:7", pixels, Image.fromarray(pixels), np.stack([pixels] * 3, 2)]
    answers = [cs.predict("example", way)[0] for way in ways]
    assert len({answer.top for answer in answers}) == 1
    subject = cs.subject_of("example")
    for way in ways:
        assert np.array_equal(subject.picture(way).pixels[0], pixels)
    with pytest.raises(UsageError, match="is no picture"):
        cs.predict("example", np.zeros((2, 2, 7), np.uint8))


def test_results_show_themselves_in_one_line() -> None:
    subject = cs.subject_of("example")
    shown = [
        cs.open_run("example"),
        cs.explain("article"),
        subject,
        cs.walk(subject),
        cs.activation_maps(subject, "conv1"),
        cs.kernels(subject, "conv1"),
        cs.evaluate("example", "fashion-mini"),
        load_mini(),
    ]
    for value in shown:
        assert repr(value).startswith("<") and len(repr(value)) < 120, repr(value)
        assert str(value) == repr(value) and "\n" not in repr(value)


def test_an_absent_run_is_asked_wrongly_and_what_there_is_is_said(command: Command) -> None:
    outcome = command("evaluate", "nothere")
    assert outcome.code == 2 and "there is no run" in outcome.err
    outcome = command("layers", "resnet2")
    assert outcome.code == 2 and 'did you mean "resnet20"?' in outcome.err
    outcome = command("layers", "qqqqqq")
    assert "FILE.py:NAME" in outcome.err
    for words in (("compare", "net.py:Small", "article"), ("report", "net.py:Small")):
        outcome = command(*words)
        assert outcome.code == 2 and "names a module in Python" in outcome.err
    assert issubclass(NoRunError, cs.errors.RunError)


def test_explain_takes_a_run(command: Command) -> None:
    assert command("explain", "example", "--json").json["totals"]["parameters"]["value"] > 0


def test_words_of_other_places_are_explained(command: Command) -> None:
    err = command("train", "article", "fashion-mini").err
    assert "did you mean --data fashion-mini?" in err
    err = command("explain", "input 8x8x1 -> fc 2 -> softmax").err
    assert "leave it out" in err and "write" not in err


def test_good_pictures_are_answered_beside_bad_ones(command: Command, tmp_path: Path) -> None:
    outcome = command("predict", "example", str(tmp_path / "no.png"), "fashion-mini:7")
    assert outcome.code == 1
    assert "fashion-mini:7" in outcome.out and "no.png" in outcome.err
    outcome = command("predict", "example", "mnist:3")
    assert outcome.code == 2 and "no set of images" in outcome.err


def test_figures_of_other_endings_are_refused(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "x.bmp"
    outcome = command("image", "fashion-mini:7", "--out", str(out))
    assert outcome.code == 2 and list(tmp_path.iterdir()) == []
    (tmp_path / "a").mkdir()
    outcome = command("image", "fashion-mini:7", "--out", str(tmp_path / "a" / ".." / "x.png"))
    assert outcome.code == 0 and ".." not in outcome.err


def test_code_is_not_written_over_what_people_changed(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "new" / "folder" / "net.py"
    assert command("code", "article", "--out", str(out)).code == 0
    out.write_text("mine", encoding="utf-8")
    outcome = command("code", "article", "--out", str(out))
    assert outcome.code == 2 and out.read_text(encoding="utf-8") == "mine"
    assert command("code", "article", "--out", str(out), "--force").code == 0
    assert out.read_text(encoding="utf-8") != "mine"


def test_runs_of_other_classes_are_not_compared() -> None:
    run = cs.open_run("example")
    other = replace(run, classes=("a", "b"))
    with pytest.raises(UsageError, match=r"tells a, b apart .* cannot be compared"):
        cs.compare_runs([run, other])


def test_a_written_file_tells_of_a_picture_that_is_none(tmp_path: Path) -> None:
    written = cs.write_code("example", tmp_path / "net.py")[0]
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    for name in ("absent.png", "text.png"):
        done = subprocess.run(
            [sys.executable, written, tmp_path / name], capture_output=True, text=True, check=False
        )
        assert done.returncode == 2
        assert "cannot be read as an image" in done.stderr and "Traceback" not in done.stderr
