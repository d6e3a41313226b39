"""The network on a page: every number with its derivation."""

from __future__ import annotations

import re
from random import Random

import pytest

from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.counts import number
from convscope.architecture.zoo import find_architecture
from convscope.report.html import fragment
from convscope.report.layer_section import arrows, layer_list, layer_table, network_drawing

from ..architecture.random_architectures import random_architecture
from .test_html import read


def explained(text: str) -> Explanation:
    return explain(find_architecture(text))


def words(markup: object) -> str:
    """What one reads, blanks made one."""
    return re.sub(r"\s+", " ", read(fragment(markup)).text.replace("\xa0", " "))  # type: ignore[arg-type]


def test_every_count_of_the_article_is_derived() -> None:
    text = words(layer_list(explained("article")))
    for cost in explained("article").layers:
        counts = [cost.parameters, cost.multiply_adds, cost.memory_inference, cost.memory_training]
        counts += [count for count in (cost.dense, cost.unshared) if count]
        for count in (count for count in counts if count.value):
            arithmetic, _, remark = count.derivation.partition(", ")
            assert f"{arithmetic} = {number(count.value)}" in text
            assert remark in text


def test_a_layer_that_has_stood_before_tells_what_differs() -> None:
    text = str(layer_list(explained("resnet20")))
    block3 = text[text.index("<h3>block3.conv1</h3>") :].split("</li>")[0]
    assert "as block1.conv1" in block3
    assert "<dt>sees</dt>" in block3
    assert "<dt>weights</dt>" not in block3


def test_memory_that_differs_from_the_models_is_told() -> None:
    for seed in range(12):
        explanation = explain(random_architecture(Random(seed)))
        items = str(layer_list(explanation)).split("<li")[1:]
        seen: dict[object, int] = {}
        for cost, item in zip(explanation.layers, items, strict=True):
            model = seen.setdefault(
                (cost.layer, cost.input, cost.output), cost.memory_inference.value
            )
            if model != cost.memory_inference.value:
                assert f"<b>{number(cost.memory_inference.value)}</b>" in item


def test_pixels_that_no_unit_sees_are_told() -> None:
    text = words(layer_list(explained("input 28x28x1 -> maxpool 3 stride 4 -> fc 2")))
    assert "the last row and column are never seen" in text


def test_height_and_width_that_differ_are_told_apart() -> None:
    text = str(layer_list(explained("input 28x30x1 -> conv 2 5x3 stride 2x1")))
    assert "<dt>height</dt>" in text
    assert "<dt>width</dt>" in text
    assert "columns: " in text


def test_the_table_has_all_layers_and_totals() -> None:
    explanation = explained("article")
    rows = re.findall("<tr.*?</tr>", str(layer_table(explanation)))
    assert len(rows) == 1 + 1 + len(explanation.layers) + 1
    total = words(rows[-1].join(["", ""]))
    assert "29,034" in rows[-1] and "2,838,080" in rows[-1]
    assert total is not None
    for cost, row in zip(explanation.layers, rows[2:-1], strict=True):
        assert f">{cost.name}<" in row
        assert str(cost.output) in row


@pytest.mark.parametrize("name", ["article", "perceptron", "alexnet", "resnet20"])
def test_rows_have_as_many_cells_as_there_are_titles(name: str) -> None:
    rows = re.findall("<tr.*?</tr>", str(layer_table(explained(name))))
    assert len({len(re.findall("<t[hd]", row)) for row in rows}) == 1


def test_the_drawing_is_there_for_three_widths() -> None:
    text = str(network_drawing(explained("article")))
    widths = [float(w) for w in re.findall(r'<svg [^>]*width="(\d+)"', text)]
    assert len(widths) == 3
    assert widths[0] <= 928 and widths[1] <= 600 and widths[2] <= 328
    assert "style=" not in text


def test_an_arrow_is_never_broken() -> None:
    assert str(fragment(arrows("a -> b -> c"))) == (
        'a <span class="whole">-&gt;</span> b <span class="whole">-&gt;</span> c'
    )
