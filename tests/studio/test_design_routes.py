"""Design: the same numbers as the functions, at the speed of typing; never a file."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import pytest

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.experiments.comparing import compare_architectures
from convscope.export.python_code import python_code
from convscope.studio.routes.design import Design, design
from tests.studio.conftest import Asked

LENET = "input 28x28x1 ->  conv 6 5x5 pad 2\n-> relu -> maxpool 2 -> fc 10  # mine"
LINE = "input auto -> conv 4 28x28 -> relu -> maxpool 2 -> fc classes"


@pytest.mark.parametrize("name", list(ZOO))
def test_a_named_architecture_is_explained(asked: Asked, name: str) -> None:
    record = asked.record("design", text=name)
    architecture = find_architecture(name)
    assert record["explanation"] == explain(architecture).as_dict()
    assert record["canonical"] == record["text"] == str(architecture)


def test_each_layer_has_its_place_in_the_text(asked: Asked) -> None:
    record = asked.record("design", text=LENET)
    assert record["text"] == LENET
    assert [LENET[card["start"] : card["end"]] for card in record["spine"]] == [
        "conv 6 5x5 pad 2",
        "relu",
        "maxpool 2",
        "fc 10",
    ]
    assert [card["name"] for card in record["spine"]] == ["conv1", "relu1", "pool1", "fc"]
    assert [card["output"]["text"] for card in record["spine"]] == [
        "28×28×6",
        "28×28×6",
        "14×14×6",
        "10",
    ]


def test_blocks_hold_their_layers(asked: Asked) -> None:
    text = "input 8x8x4 -> 2 x { residual { conv 8 3x3 pad 1 -> relu } } -> fc 2"
    first, second, _ = asked.record("design", text=text)["spine"]
    assert [card["name"] for card in first["body"]] == ["block1.conv1", "block1.relu1"]
    assert first["shortcut"][0]["name"] == "block1.shortcut.conv1"
    assert second["shortcut"] == []
    assert first["path"] == second["path"]  # repetitions share a place
    assert text[first["start"] : first["end"]] == "residual"


def test_what_is_open_is_filled_in(asked: Asked) -> None:
    text = "input auto -> conv 4 3x3 -> fc classes"
    assert asked.record("design", text=text)["explanation"]["input"]["height"] == 28
    record = asked.record("design", text=text, volume=[9, 8, 3], classes=5)
    assert record["canonical"] == "input 9x8x3 -> conv 4 3x3 -> fc 5"
    assert record["text"] == text


@pytest.mark.parametrize(
    ("text", "marked", "problem"),
    [
        ("input 28x28x1 -> cnv 3", "cnv", "unknown layer 'cnv'"),
        ("input 28x28x1 -> conv 16 5x5 stride 0", "0", "stride must be 1 or more"),
        ("input auto -> conv 4 31x31 -> fc classes", "conv 4 31x31", ""),
        ("input 4x4x1 -> relu -> maxpool 9 -> fc 2", "maxpool 9", ""),
    ],
)
def test_the_caret_stands_in_the_text_that_was_typed(
    asked: Asked, text: str, marked: str, problem: str
) -> None:
    record = asked.record("design", text=text)
    assert record.keys() == {"schema", "text", "error"}
    assert record["schema"] == "convscope.design/1"
    found = record["error"]
    assert record["text"] == found["notation"] == text
    assert marked in text[found["start"] : found["end"]]
    assert problem in found["problem"]
    assert found["remedy"]


def test_a_name_that_is_nearly_one(asked: Asked) -> None:
    told = "'lenet' is no name of the zoo: did you mean \"lenet5\"?"
    assert asked.record("design", text="lenet")["error"]["text"] == told
    # Whoever asks for something that is made of a network has asked wrongly.
    assert asked.problem("design/code", 422, text="lenet") == told


def test_files_are_not_read(asked: Asked, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("input 28x28x1 -> fc 10", encoding="utf-8")
    for text in (str(path), "os.py:path"):
        assert asked.record("design", text=text)["error"]["kind"] == "NotationError"
        assert asked.post("design/code", text=text).status_code == 422


def test_two_hundred_layers_as_one_types(asked: Asked) -> None:
    """At most 50 ms of the processor's time: the machine does other things too."""
    steps = " -> ".join(["conv 16 3x3 pad 1 -> batchnorm -> relu"] * 66)
    text = f"input 32x32x3 -> {steps} -> globalavgpool -> fc 10"
    assert len(asked.record("design", text=text)["spine"]) == 200
    seconds = []
    for _ in range(8):
        start = time.thread_time()
        design(Design(text=text))
        seconds.append(time.thread_time() - start)
    # Who measures which lines run makes each of them slower.
    assert min(seconds) < (0.05 if sys.gettrace() is None else 0.5)


def test_comparing_code_and_drawing(asked: Asked) -> None:
    pair = [find_architecture(name) for name in ("article", "lenet5")]
    record = asked.record("design/compare", first="article", second="lenet5")
    assert record == compare_architectures(pair, ["first", "second"]).as_dict()
    assert asked.post("design/code", text="nin").text == python_code(find_architecture("nin"))
    drawing = asked.get("design/drawing.svg", text="article", width=600)
    assert drawing.headers["content-type"] == "image/svg+xml"
    assert drawing.text.startswith("<?xml")


def test_layers_are_put_in_changed_and_taken_away(asked: Asked) -> None:
    text = "input auto -> conv 4 3x3 -> relu -> fc classes"

    def edited(**change: object) -> str:
        found: str = asked.record("design/edit", text=text, **change)["text"]
        return found

    assert edited(path=[1], action="remove") == "input auto -> conv 4 3x3 -> fc classes"
    assert edited(path=[1], action="replace", notation="tanh") == text.replace("relu", "tanh")
    assert edited(path=[1], action="after", notation="maxpool 2 -> dropout 0.25") == (
        "input auto -> conv 4 3x3 -> relu -> maxpool 2 -> dropout 0.25 -> fc classes"
    )
    assert edited(path=[0], action="before", notation="batchnorm") == (
        "input auto -> batchnorm -> conv 4 3x3 -> relu -> fc classes"
    )
    assert asked.post("design/edit", text=text, path=[9], action="remove").status_code == 422
    assert asked.record("design/edit", text="article", path=[0], action="remove")["canonical"] == (
        str(Architecture(*_without_first("article")))
    )


@pytest.mark.parametrize(
    ("change", "notation", "marked"),
    [
        # in what was given
        ({"path": [0], "action": "replace", "notation": "cnv 4"}, "cnv 4", "cnv"),
        ({"path": [1], "action": "after", "notation": "tanh -> maxpool 99"}, None, "maxpool 99"),
        ({"path": [1], "action": "before", "notation": " "}, " ", ""),
        # in the line that came out
        ({"path": [0], "action": "replace", "notation": "conv 4 28x28"}, LINE, "maxpool 2"),
    ],
)
def test_a_wrong_change_is_told_where_it_was_written(
    asked: Asked, change: dict[str, Any], notation: str | None, marked: str
) -> None:
    text = "input auto -> conv 4 3x3 -> relu -> maxpool 2 -> fc classes"
    error = asked.record("design/edit", text=text, **change)["error"]
    assert error["notation"] == (notation or change["notation"])
    assert error["notation"][error["start"] : error["end"]] == marked
    assert error["remedy"]


def test_a_text_that_cannot_be_read_is_not_changed(asked: Asked) -> None:
    text = "input 28x28x1 -> maxpool 99 -> fc 10"
    record = asked.record("design/edit", text=text, path=[0], action="replace", notation="relu")
    assert record["error"]["notation"] == text


def _without_first(name: str) -> tuple[object, ...]:
    whole = find_architecture(name)
    return whole.input, whole.layers[1:]
