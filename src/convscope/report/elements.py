"""Drawings that are custom elements: their files, and the data that a page gives them.

The files in ``files/elements`` need no build and import nothing.  A server serves them as
they are; a page that is one file holds them in it, for a browser loads no script from disk
beside a page.  Numbers go to them as typed arrays in base64, inside blocks of JSON.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.report.html import Html, raw, tag
from convscope.report.palette import CATEGORIES, DIVERGING, DIVERGING_DARK

__all__ = [
    "ELEMENTS",
    "STUDIO_ELEMENTS",
    "block",
    "coarse",
    "drawing",
    "element_script",
    "element_sheet",
    "exact",
    "id_of",
    "studio_script",
]

ELEMENTS = (
    "heat-map",
    "colour-scale",
    "image-choice",
    "pixel-grid",
    "network-strip",
    "activation-maps",
    "kernel-terms",
    "kernel-slide",
    "field-view",
    "line-chart",
)
"""In the order in which they need one another."""
STUDIO_ELEMENTS = ("boxed-picture", "confusion-matrix", "time-scrubber", "learning-curves")
"""Those that only the studio shows, after the others."""


@cache
def element_script(*further: str) -> str:
    """All elements as one script, and ``further`` files of ours after them."""
    own = files("convscope.report").joinpath("files")
    paths = [own.joinpath("elements", f"{name}.js") for name in ELEMENTS]
    paths += [own.joinpath(name) for name in further]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def studio_script() -> str:
    """The elements of the lesson, and those of the studio."""
    return element_script(*(f"elements/{name}.js" for name in STUDIO_ELEMENTS))


@cache
def element_sheet() -> str:
    """Their style, and the colours that they read from it, light and dark."""
    place = files("convscope.report").joinpath("files", "elements", "elements.css")
    series = "".join(f"--series-{number}:{colour};" for number, colour in enumerate(CATEGORIES))
    return (
        f":root{{--diverging:{' '.join(DIVERGING)};{series}}}\n"
        "@media screen and (prefers-color-scheme:dark)"
        f"{{:root{{--diverging:{' '.join(DIVERGING_DARK)};--series-0:#5db3e6;}}}}\n"
        f"{place.read_text(encoding='utf-8')}"
    )


def exact(values: NDArray[Any]) -> dict[str, Any]:
    """uint8 as it is, anything else as float32, to the bit."""
    kind = np.uint8 if values.dtype == np.uint8 else np.dtype("<f4")
    return _packed(values.astype(kind, copy=False), "uint8" if kind is np.uint8 else "float32")


def coarse(values: NDArray[Any]) -> dict[str, Any]:
    """A quarter of the size: 127 steps on either side of 0, for what is only looked at."""
    finite = np.nan_to_num(np.asarray(values, np.float64), nan=0.0)
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    steps = np.rint(finite * (127 / largest)).astype(np.int8)
    # Eight digits, so that a page is the same wherever the last bits of a float differ.
    return {**_packed(steps, "int8"), "scale": float(f"{largest / 127:.8g}")}


def _packed(values: NDArray[Any], kind: str) -> dict[str, Any]:
    content = b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
    return {"type": kind, "shape": list(values.shape), "base64": content}


def block(key: str, value: object) -> Html:
    """A value as JSON in the page, for the element whose ``source`` is ``key``."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # "<" could only stand in a string, where its escape means the same.
    return tag("script", raw(text.replace("<", "\\u003c")), type="application/json", id=id_of(key))


def drawing(name: str, source: str, **attributes: str) -> Html:
    """An element, and what stands in its place where scripts do not run."""
    told = tag("noscript", tag("p", "This drawing needs JavaScript.", class_="missing"))
    return tag(name, told, source=id_of(source), **attributes)


def id_of(key: str) -> str:
    """The address of a block on its page: no id of the page's own, whatever a layer is called."""
    return f"data-{key}"
