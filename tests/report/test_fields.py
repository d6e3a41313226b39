"""Receptive fields as text and as figures."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from matplotlib.patches import Rectangle

from convscope.architecture.architecture import Architecture
from convscope.inspection.fields.receptive import (
    ReceptiveField,
    ReceptiveFields,
    receptive_field,
    receptive_fields,
)
from convscope.inspection.subject import subject_of
from convscope.report.fields_figure import field_figure, fields_figure
from convscope.report.fields_view import FieldsView, FieldView
from convscope.report.plotting import svg_text
from convscope.report.view import shown_text

SMALL = "input 12x12x1 -> 8 x { conv 3 3x3 pad 1 -> tanh } -> fc 3"


@pytest.fixture(scope="module")
def small() -> ReceptiveFields:
    return receptive_fields(subject_of(Architecture.parse(SMALL)), images=3)


@pytest.fixture(scope="module")
def unit() -> ReceptiveField:
    return receptive_field(subject_of("example", data="fashion-mini"), "conv2", (0, 7), images=4)


def test_each_layer_has_its_line(small: ReceptiveFields) -> None:
    text = shown_text(FieldsView(small), width=100)
    for field in small.fields[:5]:
        size = field.sides[0].size
        assert re.search(rf"^{field.layer.name} +6,6 +{size}×{size} +1 +\d", text, re.MULTILINE)
    assert re.search(r"^conv6 .* larger than the image$", text, re.MULTILINE)
    assert re.search(r"^fc +all +everything +– ", text, re.MULTILINE)
    assert "note         unproductive: conv6, conv7, conv8" in text
    assert "over 3 images of fashion-mini (test), drawn with seed 0" in " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 200])
def test_texts_keep_to_the_width(small: ReceptiveFields, unit: ReceptiveField, width: int) -> None:
    for view in (FieldsView(small), FieldView(unit)):
        lines = shown_text(view, width=width).splitlines()
        assert max(len(line) for line in lines[1:] if "larger than the image" not in line) <= width


def test_signs_that_cannot_be_shown_are_spelt(small: ReceptiveFields) -> None:
    assert shown_text(FieldsView(small), encoding="ascii").isascii()


def test_one_unit_is_told_with_its_derivation(unit: ReceptiveField) -> None:
    text = shown_text(FieldView(unit), width=100)
    assert "receptive field of conv2, row 0, column 7 (all channels)" in text
    assert "height       6 + (5 − 1)·2 = 14" in text
    assert "this unit sees rows 0 to 7, columns 8 to 21 of the image" in text
    assert "100.0 % of it inside the geometric field" in text


def test_a_unit_without_gradient_or_without_pixels_is_told(unit: ReceptiveField) -> None:
    text = shown_text(FieldView(replace(unit, effective=None, box=None)))
    assert "the gradient is 0 on all 4 images" in " ".join(text.split())
    assert "this unit sees padding alone" in text


def test_a_field_found_by_trying_may_be_a_lower_bound(unit: ReceptiveField) -> None:
    sides = tuple(replace(side, size=28, whole=False) for side in unit.sides)
    text = shown_text(FieldView(replace(unit, sides=sides, derivation=("", ""))))  # type: ignore[arg-type]
    assert "geometric    ≥ 28×28" in text
    assert "the field is larger than the image" in text


def test_boxes_are_drawn_around_their_pixels(unit: ReceptiveField) -> None:
    figure = field_figure(unit)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    sides = {(each.get_xy(), each.get_width(), each.get_height()) for each in boxes}
    assert sides == {((7.5, -0.5), 14, 8)}
    assert len(figure.axes[1].patches) == 3
    text = svg_text(figure)
    assert "Receptive field of conv2 at row 0, column 7" in text
    assert "mean |gradient| over 4 images" in text


def test_a_panel_for_each_layer_and_no_more_than_can_be_seen(small: ReceptiveFields) -> None:
    figure = fields_figure(small)
    assert len(figure.axes) == len(small.fields) + 1  # and the scale
    text = svg_text(figure)
    assert all(f">{field.layer.name}<" in text for field in small.fields)
    many = replace(small, fields=small.fields * 4)
    assert len(fields_figure(many).axes) == 20 + 1
    assert "20 of 36 layers" in svg_text(fields_figure(many))
