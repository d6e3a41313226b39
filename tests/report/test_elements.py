"""The drawings' files, and the numbers that a page hands to them."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from convscope.report.elements import (
    ELEMENTS,
    STUDIO_ELEMENTS,
    block,
    coarse,
    drawing,
    element_script,
    element_sheet,
    exact,
    studio_script,
)
from convscope.report.palette import DARK, DIVERGING, DIVERGING_DARK, LIGHT

from .samples import HOSTILE
from .test_document import read

ALL = (*ELEMENTS, *STUDIO_ELEMENTS)
FOLDER = files("convscope.report").joinpath("files", "elements")


def unpacked(packed: dict[str, Any]) -> NDArray[Any]:
    """What the page makes of a block, done by numpy."""
    kinds = {"float32": "<f4", "int8": "i1", "uint8": "u1"}
    values = np.frombuffer(b64decode(packed["base64"]), kinds[packed["type"]])
    return values.reshape(packed["shape"]) * packed.get("scale", 1)


def test_every_file_is_listed_and_defines_its_element() -> None:
    names = {path.name for path in FOLDER.iterdir()}
    assert names == {f"{name}.js" for name in ALL} | {"elements.css"}
    for name in ALL:
        text = FOLDER.joinpath(f"{name}.js").read_text(encoding="utf-8")
        assert f'customElements.define("{name}"' in text
        assert text.startswith(f"// <{name}")


@pytest.mark.parametrize("name", ALL)
def test_an_element_imports_nothing_and_needs_no_looser_policy(name: str) -> None:
    text = FOLDER.joinpath(f"{name}.js").read_text(encoding="utf-8")
    code = re.sub(r"^\s*(//|/\*\*).*$", "", text, flags=re.MULTILINE)
    for word in ("import ", "eval(", "new Function", "innerHTML", "fetch(", "XMLHttp", 'style="'):
        assert word not in code, word
    addresses = set(re.findall(r"https?://[^\"'\s]+", code))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert "</script" not in text.lower()
    assert "<!--" not in text


def test_the_script_holds_all_and_what_is_asked_for() -> None:
    script = element_script("lesson.js")
    places = [script.index(f'customElements.define("{name}"') for name in ELEMENTS]
    assert places == sorted(places)
    assert script.index('addEventListener("choose"') > places[-1]


def test_the_studio_has_its_own_besides() -> None:
    script = studio_script()
    assert script.startswith(element_script())
    places = [script.index(f'customElements.define("{name}"') for name in ALL]
    assert places == sorted(places)


def test_the_sheet_has_the_scales_and_knows_its_colours() -> None:
    sheet = element_sheet()
    assert " ".join(DIVERGING) in sheet
    assert " ".join(DIVERGING_DARK) in sheet
    known = set(re.findall(r"--([\w-]+):", sheet)) | set(LIGHT)
    assert set(re.findall(r"var\(--([\w-]+)\)", sheet)) <= known
    assert sheet.count("{") == sheet.count("}")
    assert "url(" not in sheet


def test_zero_has_the_colour_of_the_page() -> None:
    assert DIVERGING[len(DIVERGING) // 2] == LIGHT["paper"]
    assert DIVERGING_DARK[len(DIVERGING_DARK) // 2] == DARK["paper"]


def test_numbers_arrive_to_the_bit() -> None:
    values = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    assert np.array_equal(unpacked(exact(values)), values)
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    assert exact(pixels)["type"] == "uint8"
    assert np.array_equal(unpacked(exact(pixels)), pixels)
    assert np.array_equal(unpacked(exact(values[:, ::2])), values[:, ::2])


def test_coarse_numbers_are_within_half_a_step() -> None:
    values = np.random.default_rng(0).normal(size=(2, 9, 9)).astype(np.float32)
    packed = coarse(values)
    step = float(np.abs(values).max()) / 127
    assert len(packed["base64"]) < 0.3 * len(exact(values)["base64"])
    assert np.abs(unpacked(packed) - values).max() <= step / 2 * 1.0001
    values[values < 0] = 0
    assert np.array_equal(unpacked(coarse(values)) == 0, values < step / 2)


@pytest.mark.parametrize("values", [np.zeros((2, 2)), np.full((2, 2), np.nan), np.empty((0, 2))])
def test_there_is_always_a_scale(values: NDArray[np.float64]) -> None:
    packed = coarse(values)
    assert packed["scale"] > 0
    assert not unpacked(packed).any()


def test_a_block_is_data_whatever_stands_in_it() -> None:
    value = {"text": f"</script><!-- {HOSTILE}", "number": 0.1}
    page = str(block("some", value))
    found = re.fullmatch(r'<script type="application/json" id="data-some">(.*)</script>', page)
    assert found
    assert "<" not in found[1]
    assert json.loads(found[1]) == value


def test_a_drawing_names_its_block_and_says_what_it_needs() -> None:
    tags = read(str(drawing("heat-map", HOSTILE, label="x"))).tags
    assert tags[0] == ("heat-map", {"source": f"data-{HOSTILE}", "label": "x"})
    assert "noscript" in [name for name, _ in tags]
