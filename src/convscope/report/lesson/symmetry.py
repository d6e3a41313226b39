"""What moving the picture changes: maps that move along, answers that stay."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convscope.inspection.intervals import Estimate
from convscope.inspection.symmetry.equivariance import EXACT, Equivariance, LayerError
from convscope.inspection.symmetry.invariance import Invariance
from convscope.report.document import missing
from convscope.report.elements import drawing
from convscope.report.html import Child, Html, tag
from convscope.report.lesson.chapter import (
    Chapter,
    absent,
    chapter,
    number_table,
    paragraphs,
)
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import percent

__all__ = ["symmetry_chapter"]

_TITLE = "Moving the picture"
_DIGITS = 4


def symmetry_chapter(material: LessonMaterial) -> Chapter | None:
    """Equivariance layer by layer, then invariance of the answer and of the last pooling."""
    moved, stays = material.equivariance, material.invariance
    if moved is None and stays is None:
        return absent("symmetry", _TITLE, "Nothing was moved.", material)
    body: list[Child] = []
    blocks: dict[str, object] = {}
    if moved is None or stays is None:
        body.append(missing("A part could not be measured.", material.reasons.get("symmetry", "")))
    if moved is not None:
        body += _moved(moved)
    if stays is not None:
        body += _stays(stays)
        blocks = dict(_charts(stays))
    return chapter("symmetry", _TITLE, body, blocks=blocks)


def _moved(result: Equivariance) -> Iterator[Child]:
    yield from paragraphs(
        "A convolution is equivariant to shifts: its map of a shifted picture is the shifted map "
        "of the picture, f(g(x)) = g(f(x)). Inside, away from the border, that holds exactly; at "
        "the border zeros stand where the picture would go on, and it does not. Where a layer "
        "moves in steps of more than one pixel, only shifts by whole steps have a shifted map to "
        "be compared with (–). To flips and turns a convolution is not equivariant, except where "
        "its kernels have happened to become so.",
        "The number is the length of the difference between the two maps, as a part of the "
        f"length of the map: the mean over {result.count} pictures of {result.images_from}. "
        "“Exact” is what is not more than rounding.",
    )
    yield _table(result)


def _table(result: Equivariance) -> Html:
    names = [each.name for each in result.transforms]
    shifts = [name for name in names if name.endswith("right") and "flip" not in name]
    others = [name for name in names if name not in shifts]
    heads = [
        "layer",
        "step",
        *(f"{name}, inside" for name in shifts),
        *(f"{name}, whole map" for name in shifts[:1]),
        *others,
    ]
    rows = []
    for layer in result.layers:
        errors = {name: result.error(layer, name) for name in names}
        first = next(iter(errors.values()))
        cells = [
            _step(first),
            *(_shown(errors[name], errors[name].interior) for name in shifts),
            *(_shown(errors[name], errors[name].whole) for name in shifts[:1]),
            *(_shown(errors[name], errors[name].whole) for name in others),
        ]
        rows.append([layer, *cells])
    return number_table("equivariance", heads, rows)


def _step(error: LayerError) -> str:
    if error.step is None:
        return ""
    height, width = error.step
    return str(height) if height == width else f"{height}×{width}"


def _shown(error: LayerError, value: Estimate | None) -> str:
    if not error.counterpart:
        return "–"
    if value is None or value.count == 0:
        return ""
    return "exact" if value.value <= EXACT else f"{value.value:.2f}"


def _stays(result: Invariance) -> Iterator[Child]:
    own = result.own
    one = next((each for each in own.predictions if each.shift == 1), None)
    furthest = own.predictions[-1]
    told = None
    if one is not None:
        told = (
            f"Shifted by one pixel, {_share(one.unchanged)} of {result.count} pictures of "
            f"{result.images_from} are called what they were called before; shifted by "
            f"{furthest.shift}, {_share(furthest.unchanged)}."
        )
        if furthest.unchanged.high < 0.9:
            told += (
                " So a thing is not recognised wherever it stands, but after small shifts only, "
                "and only partly."
            )
    yield tag("h3", "Does the answer stay?")
    yield from paragraphs(told)
    yield drawing("line-chart", "answers-that-stay")
    if len(result.poolings) > 1:
        last = result.layers[-1]
        yield tag("h3", "What pooling does for it")
        yield from paragraphs(
            f"How much the map of {last} changes when the picture is shifted, for each kind of "
            "pooling in the place of the network’s own, against none. The weights are those "
            f"learnt with {own.name}: nothing was trained anew."
            if own.kind != "as it is"
            else f"How much the map of {last} changes when the picture is shifted.",
            "In a window of 2×2 all pixels are equally far from the middle, so that the mean "
            "weighted by distance is the plain mean.",
        )
        yield drawing("line-chart", "maps-that-stay")


def _share(value: Estimate) -> str:
    return f"{percent(value.value)} ({percent(value.low)} to {percent(value.high)})"


def _charts(result: Invariance) -> Iterator[tuple[str, object]]:
    own = result.own
    yield (
        "answers-that-stay",
        {
            "title": "Answers that stay when the picture is shifted",
            "x": {"label": "shift in pixels"},
            "y": {"label": "share of answers that stay", "from": 0, "to": 1},
            "series": [
                _series(own.name, [(each.shift, each.unchanged) for each in own.predictions])
            ],
        },
    )
    if len(result.poolings) > 1:
        last = result.layers[-1]
        lines = [
            _series(each.name, [(m.shift, m.change) for m in each.map_changes(last)])
            for each in result.poolings
        ]
        yield (
            "maps-that-stay",
            {
                "title": f"Change of the map of {last} when the picture is shifted",
                "x": {"label": "shift in pixels"},
                "y": {"label": "change of the map, relative", "from": 0},
                "series": [line for line in lines if line["x"]],
            },
        )


def _series(name: str, points: list[tuple[int, Estimate]]) -> dict[str, Any]:
    known = [(shift, value) for shift, value in points if value.count > 1]
    line: dict[str, Any] = {"name": name, "x": [shift for shift, _ in known]}
    for key, part in (("y", "value"), ("low", "low"), ("high", "high")):
        line[key] = [round(float(getattr(value, part)), _DIGITS) for _, value in known]
    return line
