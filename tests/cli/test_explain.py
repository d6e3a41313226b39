"""``explain`` and ``zoo`` say what the architecture room works out, and no more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.report.explanation import explanation_text
from tests.cli.conftest import Command


def stripped(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_the_default_is_the_articles_network(command: Command) -> None:
    outcome = command("explain")
    expected = explanation_text(explain(find_architecture("article")), width=100)
    assert (outcome.code, outcome.err) == (0, "")
    assert stripped(outcome.out) == stripped(expected)
    assert "29,034" in outcome.out
    assert "2,838,080" in outcome.out


def test_table_only(command: Command) -> None:
    outcome = command("explain", "lenet5", "--table")
    explanation = explain(find_architecture("lenet5"))
    assert stripped(outcome.out) == stripped(explanation_text(explanation, width=100, steps=False))


@pytest.mark.parametrize("columns", ["20", "40", "200"])
def test_numbers_are_whole_at_any_width(
    command: Command, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    outcome = command("explain", "vgg16", "--table")
    explanation = explain(find_architecture("vgg16"))
    for number in (explanation.parameters.value, explanation.multiply_adds.value):
        assert f"{number:,}" in outcome.out


def test_json_is_the_documented_record(command: Command) -> None:
    outcome = command("explain", "resnet20", "--json")
    record = explain(find_architecture("resnet20")).as_dict()
    assert outcome.json == json.loads(json.dumps(record))
    assert outcome.json["schema"] == "convscope.explain/1"


def test_words_need_no_quotes_where_the_shell_leaves_them_alone(command: Command) -> None:
    words = ["input", "28x28x1", "→", "conv", "16", "5x5", "→", "fc", "10"]
    assert command("explain", *words).out == command("explain", " ".join(words)).out


def test_a_shell_that_swallowed_the_arrow(command: Command) -> None:
    """``convscope explain input 28x28x1 -> conv 16 5x5`` writes into a file "conv"."""
    outcome = command("explain", "input", "28x28x1", "-", "16", "5x5")
    assert (outcome.code, outcome.out) == (2, "")
    assert "the shell took the '>'" in outcome.err
    assert "put the line in quotes" in outcome.err


def test_a_file_with_a_notation(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "network.txt"
    path.write_text("input 8x8x3\nconv 4 3x3  # a comment\nfc 2\n", encoding="utf-8")
    assert (
        command("explain", str(path)).out
        == command("explain", "input 8x8x3 -> conv 4 3x3 -> fc 2").out
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "lenet6",
            "'lenet6' is no name of the zoo, no notation and no file: did you mean \"lenet5\"?\n",
        ),
        (
            "input 28x28x1 -> konv 16 5x5",
            "line 1, column 18: input 28x28x1 -> konv 16 5x5\n"
            "                                    ^^^^ unknown layer 'konv': "
            'did you mean "conv"?\n',
        ),
        (
            "input 4x4x1 -> conv 2 5x5",
            "line 1, column 16: input 4x4x1 -> conv 2 5x5\n"
            "                                  ^^^^^^^^^^ "
            "its kernel is 5 high, its padded input 4: H_out = ⌊(4 − 5 + 2·0)/1 + 1⌋ = 0: "
            'use a kernel at most 4 high, or "pad 1"\n',
        ),
        (
            "input auto -> fc classes",
            '"input auto" is filled in from the data, and there are none yet: '
            'write numbers, as in "input 28x28x1" and "fc 10", or give the data\n',
        ),
    ],
)
def test_errors(command: Command, line: str, message: str) -> None:
    outcome = command("explain", line)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == message


def test_zoo_lists_all_with_their_sources(command: Command) -> None:
    outcome = command("zoo")
    assert (outcome.code, outcome.err) == (0, "")
    for name, entry in ZOO.items():
        assert f"{name} " in outcome.out
        assert entry.source in outcome.out
    assert "138,357,544" in outcome.out


def test_zoo_as_json(command: Command) -> None:
    found = command("zoo", "--json").json
    assert found["schema"] == "convscope.zoo/1"
    assert [entry["name"] for entry in found["architectures"]] == list(ZOO)
    article = found["architectures"][0]
    assert (article["parameters"], article["multiply_adds"]) == (29_034, 2_838_080)
