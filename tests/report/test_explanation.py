"""An explanation as text: golden pages, and that no number is ever cut."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from convscope.architecture import Architecture
from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.counts import number
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.report.explanation import ExplanationView, explanation_text
from convscope.report.lines import bar

from ..architecture.random_architectures import random_architecture

GOLDEN = Path(__file__).parent.parent / "golden"

ODD = (
    "input 30x27x4 -> conv 6 3x5 stride 3x2 dilation 2x1 groups 2 pad 1x0 nobias -> sigmoid -> "
    "avgpool 3 stride 2 pad 1 -> conv 8 2x4 pad same -> l2pool 2x1 -> distancepool 2 -> "
    "globalavgpool -> dropout -> fc 3"
)


def explained(text: str) -> Explanation:
    return explain(find_architecture(text))


def check(name: str, text: str) -> None:
    """Compare with a golden page; CONVSCOPE_GOLDEN=write makes it anew."""
    path = GOLDEN / name
    if os.environ.get("CONVSCOPE_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("page", "architecture", "width", "encoding"),
    [
        ("explain-article.txt", "article", 80, "utf-8"),
        ("explain-article-wide.txt", "article", 140, "utf-8"),
        ("explain-article-ascii.txt", "article", 80, "cp1252"),
        ("explain-odd.txt", ODD, 80, "utf-8"),
        ("explain-resnet20.txt", "resnet20", 80, "utf-8"),
    ],
)
def test_pages_are_as_they_were_read_and_approved(
    page: str, architecture: str, width: int, encoding: str
) -> None:
    check(page, explanation_text(explained(architecture), width=width, encoding=encoding))


def table_of(text: str) -> list[str]:
    lines = text.splitlines()
    first = next(index for index, line in enumerate(lines) if line.startswith("layer "))
    return lines[first : next(i for i, line in enumerate(lines) if line.startswith("total")) + 1]


def test_the_article_s_golden_table_stands_in_the_page() -> None:
    rows = {row.split()[0]: row for row in table_of(explanation_text(explained("article")))}
    for name, *cells in (
        ("input", "28×28×1", "1×1", "1"),
        ("conv1", "28×28×16", "416", "313,600", "11.0", "5×5", "1"),
        ("batch1", "28×28×16", "32", "5×5", "1"),
        ("relu1", "28×28×16", "5×5", "1"),
        ("pool1", "14×14×16", "6×6", "2"),
        ("conv2", "14×14×32", "12,832", "2,508,800", "88.4", "14×14", "2"),
        ("batch2", "14×14×32", "64", "14×14", "2"),
        ("relu2", "14×14×32", "14×14", "2"),
        ("pool2", "7×7×32", "16×16", "4"),
        ("fc", "10", "15,690", "15,680", "all"),
        ("total", "29,034", "2,838,080"),
    ):
        words = rows[name].split()
        assert [cell for cell in cells if cell not in words] == []


def test_the_work_of_the_convolutions_is_said() -> None:
    assert "convolutions carry 99.4 % of the work" in explanation_text(explained("article"))


@pytest.mark.parametrize("width", [10, 40, 60, 79, 80, 100, 120, 200])
@pytest.mark.parametrize("name", ["article", "resnet20", "alexnet"])
def test_no_number_is_cut_at_any_width(name: str, width: int) -> None:
    explanation = explained(name)
    text = explanation_text(explanation, width=width)
    words = set(re.findall(r"[^\s;]+", text))
    for cost in explanation.layers:
        for count in (cost.parameters, cost.multiply_adds):
            assert not count.value or {number(count.value), f"{number(count.value)},"} & words
    for whole in (explanation.parameters, explanation.multiply_adds, explanation.flops):
        assert number(whole.value) in words


def test_a_long_term_is_not_cut_either() -> None:
    text = explanation_text(
        explained("input 222x222x4096 -> conv 4096 111x111 groups 4096"), width=10
    )
    assert "(111·111·4,096/4,096)" in text


@pytest.mark.parametrize("width", [80, 81, 99, 100, 140])
@pytest.mark.parametrize("name", ["article", "resnet20", "lenet5", ODD])
def test_from_80_columns_on_nothing_is_wider_than_the_window(name: str, width: int) -> None:
    lines = explanation_text(explained(name), width=width).splitlines()
    assert max(map(len, lines)) <= width


def test_wider_windows_show_more_columns() -> None:
    heads = [
        table_of(explanation_text(explained("resnet20"), width=width))[0].split()
        for width in (40, 70, 80, 110, 160)
    ]
    assert heads[0] == ["layer", "output", "parameters", "multiply-adds"]
    assert [len(head) for head in heads] == sorted({len(head) for head in heads})
    assert {"sees", "jump", "kept"} <= set(heads[-1])


def test_a_layer_met_before_is_pointed_at() -> None:
    text = explanation_text(explained("resnet20"))
    assert "block2.conv1      conv 16 3x3 pad 1 nobias, as block1.conv1" in text
    assert text.count("16 kernels · (3·3·16) = 2,304\n") == 1


def test_two_hundred_layers_stay_readable() -> None:
    text = "input 16x16x3 -> 67 x { conv 8 3x3 pad 1 -> batchnorm -> relu } -> fc 10"
    lines = explanation_text(explained(text)).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) < 202 * 3


def test_floors_holes_and_lost_pixels_are_told() -> None:
    def sides(text: str) -> str:
        return explanation_text(explained(text), width=100)

    assert "⌊(9 − 2)/2⌋ + 1 = 4; the last row and column are never seen" in sides(
        "input 9x9x1 -> maxpool 2"
    )
    assert "⌊(11 − 3)/3⌋ + 1 = 3; the last 2 rows and columns are never seen" in sides(
        "input 11x11x1 -> maxpool 3"
    )
    text = sides("input 9x8x1 -> maxpool 2")
    assert "H_out = ⌊(9 − 2)/2⌋ + 1 = 4; the last row is never seen" in text
    assert "W_out = (8 − 2)/2 + 1 = 4\n" in text
    assert "the 1 left over is padding" in sides("input 8x8x1 -> conv 1 3x3 pad 1 stride 2")
    assert "4 of 9 rows and columns lie between the taps, never seen" in sides(
        "input 9x9x1 -> conv 1 1x1 stride 2"
    )


def test_parts_can_be_had_alone() -> None:
    explanation = explained("article")
    steps = explanation_text(explanation, table=False)
    table = explanation_text(explanation, steps=False)
    assert "W_out" in steps
    assert "total" not in steps
    assert "W_out" not in table
    assert "total" in table


def shown(
    explanation: Explanation, *, width: int, encoding: str = "utf-8", **options: object
) -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width, **options)  # type: ignore[arg-type]
    console.print(ExplanationView(explanation))
    stream.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("width", [50, 80, 140])
def test_the_console_shows_the_same_text(width: int) -> None:
    explanation = explained("article")
    lines = [line.rstrip() for line in shown(explanation, width=width).splitlines()]
    assert lines == explanation_text(explanation, width=width).splitlines()


def test_a_console_that_lacks_the_signs_gets_ascii() -> None:
    text = shown(explained(ODD), width=80, encoding="cp1252")
    assert text.isascii()
    assert "H_out = floor((10 - 3 + 2*1)/2) + 1 = 5" in text
    assert "30x27x4 -> 10x12x6" in text


def test_colour_comes_only_where_it_is_wanted() -> None:
    explanation = explained("article")
    plain = shown(explanation, width=80)
    coloured = shown(explanation, width=80, force_terminal=True, color_system="truecolor")
    assert "\x1b[" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured).split() == plain.split()


@settings(max_examples=60, deadline=None)
@given(
    st.randoms(use_true_random=False).map(random_architecture),
    st.integers(20, 200),
    st.sampled_from(["utf-8", "cp1252"]),
)
def test_every_architecture_has_a_page(
    architecture: Architecture, width: int, encoding: str
) -> None:
    explanation = explain(architecture)
    text = explanation_text(explanation, width=width, encoding=encoding)
    text.encode(encoding)
    rows = [row.split()[0] for row in table_of(text)]
    assert rows[1:-2] == ["input", *(cost.name for cost in explanation.layers)]
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("name", ZOO)
def test_every_named_architecture_has_a_page(name: str) -> None:
    assert number(explained(name).parameters.value) in explanation_text(explained(name))


def test_bars() -> None:
    assert bar(0, 4) == "    "
    assert bar(0.001, 4) == "▏   "
    assert bar(0.5, 4) == "██  "
    assert bar(0.53, 4) == "██▏ "
    assert bar(1, 4) == bar(1.5, 4) == "████"


def test_explaining_imports_neither_torch_nor_numpy() -> None:
    code = (
        "import sys\n"
        "from convscope.architecture.arithmetic import explain\n"
        "from convscope.architecture.zoo import find_architecture\n"
        "from convscope.report.explanation import explanation_text\n"
        "explanation_text(explain(find_architecture('article')))\n"
        "print(sorted({'torch', 'numpy', 'matplotlib', 'rich'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.strip() == "[]"
