"""Derivations in type: every sign of the text is there, in its order."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from convscope.architecture.arithmetic import explain
from convscope.architecture.counts import Count, number
from convscope.architecture.zoo import ZOO
from convscope.report.html import fragment
from convscope.report.mathml import count_html, equation


def plain_text(markup: object) -> str:
    """The text of markup, fractions written with their stroke again."""
    root = ElementTree.fromstring(f"<x>{markup}</x>")
    for fraction in root.iter("mfrac"):
        above, below = fraction
        above.text = "(" + (above.text or "")
        below.text = ")/" + (below.text or "")
    return "".join(root.itertext()).replace("\xa0", " ")


def test_a_division_is_a_fraction() -> None:
    made = str(equation("(28 − 5 + 2·2)/1 + 1", 28, "W_out"))
    assert "<mfrac><mrow><mn>28</mn><mo>−</mo><mn>5</mn>" in made
    assert "<msub><mi>W</mi><mtext>out</mtext></msub>" in made
    assert made.endswith('<mo>=</mo><mn class="result">28</mn></math>')


def test_a_floor_stands_around_its_fraction() -> None:
    made = str(equation("⌊(28 − 5)/2⌋ + 1", 12))
    assert "<mo>⌊</mo><mfrac>" in made
    assert "</mfrac><mo>⌋</mo>" in made


def test_without_a_fraction_it_is_text_that_can_wrap() -> None:
    made = str(count_html(Count(416, "16 kernels · (5·5·1) + 16 biases")))
    assert made == ('<span class="formula">16 kernels · (5·5·1) + 16 biases =\xa0<b>416</b></span>')


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (Count(7, "7"), "7"),
        (Count(0, "no learnt weights"), "0: no learnt weights"),
        (Count(20, "5·4, for conv2"), "5·4 = 20, for conv2"),
        (Count(9, "9, the largest union"), "9, the largest union"),
    ],
)
def test_counts_read_as_their_text(count: Count, text: str) -> None:
    assert plain_text(count_html(count)) == text == str(count)


def test_units_stand_behind_the_number_and_before_the_remark() -> None:
    made = count_html(Count(20, "5·4, for conv2"), "bytes")
    assert plain_text(made) == "5·4 = 20 bytes, for conv2"


@pytest.mark.parametrize("name", ["article", "resnet20", "alexnet", "mobilenet-small"])
def test_every_side_of_the_zoo_keeps_all_its_signs(name: str) -> None:
    for cost in explain(ZOO[name].example).layers:
        for side in cost.sides:
            text = f"{side.symbol} = {side.output.derivation} = {number(side.output.value)}"
            found = plain_text(
                fragment(equation(side.output.derivation, side.output.value, side.symbol))
            )
            assert found.replace(" ", "") == text.replace(" ", "").replace("_", "")
