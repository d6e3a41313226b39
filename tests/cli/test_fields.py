"""``convscope fields``."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Command

HERE = ("--data", "fashion-mini")


def test_the_table_of_the_example(command: Command) -> None:
    found = command("fields", "example", *HERE, "--images", "4")
    assert found.code == 0
    assert [line.split()[0] for line in found.out.splitlines()[3:8]] == [
        "conv1",
        "pool1",
        "conv2",
        "pool2",
        "fc",
    ]
    record = command("fields", *HERE, "--images", "4", "--json").json
    assert record["schema"] == "convscope.fields/1"
    assert record["layers"][2]["geometric"]["height"]["size"] == 14
    assert "heat" not in record["layers"][2]["effective"]


def test_one_unit_and_its_figure(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "unit.png"
    words = ("fields", *HERE, "--layer", "pool1", "--at", "3,0,13", "--images", "4")
    found = command(*words, "--out", str(out))
    assert found.code == 0
    assert "receptive field of pool1, row 0, column 13 (channel 3)" in found.out
    assert out.is_file()
    assert out.with_suffix(".svg").is_file()
    record = command(*words, "--json").json
    assert (record["schema"], record["channel"], record["at"]) == ("convscope.field/1", 3, [0, 13])


def test_an_untrained_network_of_the_zoo(command: Command) -> None:
    found = command("fields", "resnet20", "--images", "2", "--layer", "block9.conv2")
    assert found.code == 0
    assert "the field is larger than the image" in found.out
    assert "resnet20 is untrained" in found.err


def test_a_file_of_somebody_else_s(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "net.py"
    file.write_text(
        "from torch import nn\n"
        "def network():\n"
        "    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.Flatten(),\n"
        "                         nn.Linear(400, 10))\n",
        encoding="utf-8",
    )
    found = command("fields", f"{file}:network", "--shape", "12x12x1", "--images", "2")
    assert found.code == 0, found.err
    assert "3×3" in found.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--at", "7,7"), '--at needs a layer: write "--layer conv2 --at 7,7"'),
        (("--layer", "conv2", "--at", "7"), "'7' is not [CHANNEL,]ROW,COLUMN"),
        (("--layer", "conv2", "--at", "99,0"), "conv2 has no unit at row 99, column 0"),
        (("--layer", "konv2"), "example has no layer 'konv2': did you mean \"conv2\"?"),
        (("--image", "500"), "there is no image 500 of fashion-mini"),
        (("--images", "0"), "0 images cannot be averaged"),
    ],
)
def test_what_is_asked_wrongly_is_told(
    command: Command, words: tuple[str, ...], message: str
) -> None:
    found = command("fields", "example", *HERE, *words)
    assert found.code == 2
    assert message in found.err
