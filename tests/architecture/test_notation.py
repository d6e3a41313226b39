"""The notation: text ⇄ value, and what it says of text that it cannot read."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from convscope.architecture import Architecture, Volume
from convscope.architecture.layers import (
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    FullyConnected,
    LeakyReLU,
    MaxPool,
    ReLU,
    Repeat,
    Residual,
)
from convscope.architecture.printing import WORDS
from convscope.architecture.shapes import STEMS
from convscope.architecture.steps import READERS
from convscope.errors import ConvscopeError, NotationError

from .strategies import architectures

ARTICLE = (
    "input 28x28x1 -> conv 16 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> "
    "conv 32 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> fc 10"
)


def message(text: str) -> str:
    with pytest.raises(NotationError) as caught:
        Architecture.parse(text)
    return str(caught.value)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(architectures())
def test_parse_and_print_are_inverses(architecture: Architecture) -> None:
    text = str(architecture)
    again = Architecture.parse(text)
    assert again == architecture
    assert hash(again) == hash(architecture)
    assert str(again) == text


@settings(max_examples=500)
@given(
    st.lists(
        st.sampled_from(
            [
                *("input", "28x28x1", "->", "conv", "16", "5x5", "pad", "{", "}", "3", "x", "relu"),
                *("residual", "[", "]", "\n", "same", "stride", "0", "-", "fc", "classes", "#"),
                *("٣", "."),
            ]
        )
    ).map(" ".join)
    | st.text(max_size=40)
)
def test_any_text_parses_or_says_why(text: str) -> None:
    try:
        Architecture.parse(text)
    except NotationError as error:
        assert error.problem
        assert 0 <= error.start <= len(text)
        assert "^" in str(error)


@pytest.mark.parametrize(
    "text",
    [
        ARTICLE.replace("->", "→"),
        ARTICLE.replace(" -> ", "\n"),
        ARTICLE.replace(" -> ", " ->\n    "),
        ARTICLE.replace(" -> ", "\n-> "),
        ARTICLE.upper(),
        ARTICLE.replace("conv 16 5x5 pad 2", "[CONV pad 2 16 5x5]"),
        ARTICLE.replace("conv 16 5x5 pad 2", "conv 5x5 pad 2x2 stride 1 16"),
        "# the article's network\n" + ARTICLE + "  # ten garments\n\n",
        ARTICLE.replace("28x28x1", "28×28×1").replace("->", "->\r\n"),
    ],
)
def test_ways_to_write_the_same_network(text: str) -> None:
    assert Architecture.parse(text) == Architecture.parse(ARTICLE)
    assert str(Architecture.parse(text)) == ARTICLE


def test_every_option_reaches_its_field() -> None:
    architecture = Architecture.parse(
        "input 40x30x4 -> conv 8 3x5 stride 2x1 pad 1x2 dilation 1x2 groups 4 nobias "
        "-> conv 8 3x3 pad same -> maxpool 3x2 stride 2x1 pad 1 -> avgpool 2 -> leakyrelu 0.2 "
        "-> distancepool 3x2 stride 1 falloff 0.5 -> dropout 0.25 -> fc classes nobias"
    )
    assert architecture.layers == (
        Conv(8, (3, 5), (2, 1), (1, 2), (1, 2), 4, bias=False),
        Conv(8, (3, 3), padding="same"),
        MaxPool((3, 2), (2, 1), (1, 1)),
        AvgPool((2, 2), (2, 2)),
        LeakyReLU(0.2),
        DistancePool((3, 2), (1, 1), 0.5),
        Dropout(0.25),
        FullyConnected("classes", bias=False),
    )
    assert architecture.input == Volume(40, 30, 4)


def test_blocks_hold_blocks() -> None:
    architecture = Architecture.parse(
        "input 8x8x1 -> 2x{ residual{conv 4 3x3 pad 1 -> batchnorm}\nrelu } -> fc 2"
    )
    block = Residual((Conv(4, (3, 3), padding=(1, 1)), BatchNorm()))
    assert architecture.layers == (Repeat(2, (block, ReLU())), FullyConnected(2))


def test_the_vocabulary_is_the_same_everywhere() -> None:
    assert set(WORDS) == set(STEMS)
    assert set(WORDS.values()) == {*READERS, "residual"}


def test_error_points_at_its_place_word_for_word() -> None:
    assert message("input 28x28x1 -> conv 16 5x5 stride 0") == (
        "line 1, column 30: input 28x28x1 -> conv 16 5x5 stride 0\n"
        "                                                ^^^^^^^^ "
        'stride must be 1 or more: write "stride 1" or leave it out'
    )
    assert message("input 28x28x1\nrelu\nmaxpol 2") == (
        "line 3, column 1: maxpol 2\n"
        "                  ^^^^^^ unknown layer 'maxpol': did you mean \"maxpool\"?"
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "nothing to read"),
        ("relu -> fc 10", "the first step must be the input"),
        ("input 28x28 -> relu", 'write "input 28x28x1"'),
        ("input 28x28x0 -> relu", "must be 1 or more"),
        ("input 28x28x1", "there is no layer here"),
        ("input 28x28x1 -> input 3x3x1", "there is one input"),
        ("input 28x28x1 -> relu ->", "a step is missing here"),
        ("input 28x28x1 -> -> relu", "a step is missing here"),
        ("input 28x28x1 -> relu } ", "closes nothing"),
        ("input 28x28x1 -> [relu", "never closed"),
        ("input 28x28x1 -> relu]", "closes nothing"),
        ("input 28x28x1 -> 3 x { relu", "never closed"),
        ("input 28x28x1 -> 3 x relu", "a brace must open here"),
        ("input 28x28x1 -> 3 relu", "a step begins with a word"),
        ("input 28x28x1 -> 0 x { relu }", "counts 1 or more"),
        ("input 28x28x1 -> residual { }", "there is no layer here"),
        ("input 28x28x1 -> residual { relu } relu", "run together"),
        ("input 28x28x1 -> conv 16", "needs its kernel"),
        ("input 28x28x1 -> conv 16 5", 'write it so: "conv 16 5x5"'),
        ("input 28x28x1 -> conv 5x5", "needs its number of kernels"),
        ("input 28x28x1 -> conv 16 5x5x5", "must be a number or HxW"),
        ("input 28x28x1 -> conv 1.5 5x5", "must be a whole number"),
        ("input 28x28x1 -> conv 16 5x5 pad", "pad needs a value"),
        ("input 28x28x1 -> conv 16 5x5 pad 1 pad 2", "given twice"),
        ("input 28x28x1 -> conv 16 5x5 pad -1", "not negative"),
        ("input 28x28x1 -> conv 16 5x5 padding 1", 'did you mean "pad"?'),
        ("input 28x28x1 -> maxpool", "needs the side of its window"),
        ("input 28x28x1 -> l2pool 2 pad 1", "l2pool does not know 'pad'"),
        ("input 28x28x1 -> relu 3", "relu has no place for '3'"),
        ("input 28x28x1 -> relu fast", "relu takes nothing"),
        ("input 28x28x1 -> dropout 1", "from 0 to below 1"),
        ("input 28x28x1 -> fc", "needs its number of outputs"),
        ("input 28x28x1 -> fc 10 classes", "once"),
        ("input 28x28x1 -> linear 10", 'write "fc"'),
        ("input 28x28x1, relu", "comma"),
        ("input 28x28x1 > relu", "lone '>'"),
        ("input ٢٨x28x1 -> relu", "ASCII digits"),
        ("input 28x28x1 -> relu; relu", "';' means nothing here"),
    ],
)
def test_what_cannot_be_read_is_explained(text: str, said: str) -> None:
    assert said in message(text)


def test_swallowed_arrow_is_recognised() -> None:
    assert "the shell took the '>'" in message("input 28x28x1 - 16 5x5 pad 2")


@pytest.mark.parametrize(
    "text",
    [
        "input 8x8x1 -> 999999999999 x { relu }",
        "input 8x8x1 -> 2001 x { relu }",
        "input 8x8x1 -> 1000 x { 1000 x { 1000 x { relu } } }",
        "input 8x8x1 -> " + "residual { " * 2000 + "relu" + " }" * 2000,
        "input 8x8x1" + " -> relu" * 2001,
        "input 8x8x1 -> conv 99999999999999999999 3x3",
        "input 999999x999999x999999 -> relu",
        "input 8x8x1 -> fc 999999 -> fc 999999",
        "input 9999x9999x1 -> conv 999 1x1",
        "input 8x8x1 -> dropout 0.00000000000000000000001",
        "input 8x8x1" + " " * 100_000 + "-> relu",
    ],
)
def test_hostile_sizes_are_refused_at_once(text: str) -> None:
    start = time.perf_counter()
    message(text)
    assert time.perf_counter() - start < 1.0


def test_long_lines_are_shown_around_the_place() -> None:
    text = "input 8x8x1" + " -> relu" * 100 + " -> rleu" + " -> relu" * 100
    shown = message(text)
    assert max(map(len, shown.splitlines())) < 240
    line, caret = shown.splitlines()
    assert line[caret.index("^") :].startswith("rleu")


def test_values_made_in_python_are_checked_like_text() -> None:
    with pytest.raises(ConvscopeError, match="stride must be 1 or more"):
        Architecture(Volume(8, 8, 1), (Conv(4, (3, 3), stride=(0, 0)),))
    with pytest.raises(ConvscopeError, match="do not read back"):
        Architecture(Volume(8, 8, 1), [ReLU()])  # type: ignore[arg-type]
    with pytest.raises(ConvscopeError, match="a step is missing here"):
        Architecture(Volume(8, 8, 1), ())
