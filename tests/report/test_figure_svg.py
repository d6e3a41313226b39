"""matplotlib's SVG made fit for a page: references hold, nothing changes, no styles."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from convscope.report.figure_svg import figure_svg
from convscope.report.figures import curves_figure, reliability_figure
from convscope.report.palette import LIGHT
from convscope.report.picture_figures import kernels_figure
from convscope.report.plotting import svg_text

from .samples import evaluation, metrics

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def file_text() -> str:
    return svg_text(curves_figure(metrics(accuracy=True)))


@pytest.fixture(scope="module")
def inline_text() -> str:
    return svg_text(curves_figure(metrics(accuracy=True)), name="curves", inline=True)


def test_it_is_the_same_every_time(file_text: str) -> None:
    assert file_text == svg_text(curves_figure(metrics(accuracy=True)))
    assert "20" + "26-" not in file_text


def test_text_stays_text(file_text: str) -> None:
    words = {element.text for element in ElementTree.fromstring(file_text).iter(f"{SVG}text")}
    assert {"Training loss", "epoch", "cross-entropy (nats)", "Learning rate"} <= words


@pytest.mark.parametrize("which", ["file_text", "inline_text"])
def test_no_style_is_left(which: str, request: pytest.FixtureRequest) -> None:
    text: str = request.getfixturevalue(which)
    assert "style" not in text
    assert "font-family" in text
    assert "DejaVu" not in text


def test_references_lead_to_what_is_there_and_nothing_else_has_a_name(inline_text: str) -> None:
    names = re.findall(r' id="([^"]+)"', inline_text)
    references = set(re.findall(r'(?:url\(#|href="#)([^")]+)', inline_text))
    assert len(names) == len(set(names))
    assert set(names) == references
    assert all(name.startswith("curves-") for name in names)


def test_inline_its_colours_are_the_pages(inline_text: str) -> None:
    assert "var(--accent)" in inline_text
    used = set(re.findall(r"#[0-9a-f]{6}\b", inline_text))
    assert not used & set(LIGHT.values())


def test_a_file_has_its_size_in_pixels(file_text: str) -> None:
    root = ElementTree.fromstring(file_text)
    width = float((root.get("viewBox") or "").split()[2])
    assert float(root.get("width") or 0) == pytest.approx(width * 96 / 72, abs=1)


def test_pictures_in_a_file_keep_their_reference() -> None:
    weights = np.linspace(-1, 1, 18, dtype=np.float32).reshape(2, 1, 3, 3)
    root = ElementTree.fromstring(svg_text(kernels_figure(weights, "conv1")))
    pictures = list(root.iter(f"{SVG}image"))
    assert pictures
    link = "{http://www.w3.org/1999/xlink}href"
    assert all((picture.get(link) or "").startswith("data:image/png") for picture in pictures)


def test_older_shorthand_of_fonts_is_understood() -> None:
    text = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="72pt" height="36pt" viewBox="0 0 72 36">'
        "<text style=\"font: bold 9.5px 'DejaVu Sans', sans-serif; text-anchor: end\">a</text>"
        "</svg>"
    )
    element = ElementTree.fromstring(figure_svg(text)).find(f"{SVG}text")
    assert element is not None
    assert element.attrib == {"font-size": "9.5", "font-weight": "bold", "text-anchor": "end"}


def test_it_shrinks_what_matplotlib_wrote() -> None:
    import io

    figure = reliability_figure(evaluation())
    file = io.StringIO()
    figure.savefig(file, format="svg")
    assert len(svg_text(figure)) < 0.8 * len(file.getvalue())
