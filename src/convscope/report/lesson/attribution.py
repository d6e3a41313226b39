"""Which pixels the answer depends on, each map with its label of trust."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from convscope.inspection.attribution.attribution import Attribution
from convscope.report.elements import coarse, drawing
from convscope.report.html import Html, tag
from convscope.report.lesson.chapter import Chapter, absent, chapter, paragraphs
from convscope.report.lesson.choosing import reduced
from convscope.report.lesson.material import LessonMaterial
from convscope.report.lesson.network import PICTURES, picture_data

__all__ = ["attribution_chapter"]

_SIDE = 112
_FIRST = "first-picture"


def attribution_chapter(material: LessonMaterial) -> Chapter | None:
    """The maps of several methods beside the picture."""
    if not material.attributions:
        title = "What the answer depends on"
        return absent("attribution", title, "There are no maps of attribution.", material)
    first = material.attributions[0]
    blocks: dict[str, object] = {
        _key(each.method): {"images": [_map(found) for found in _of(material, each.method)]}
        for each in first.attributions
    }
    if _pictures(material) == _FIRST:
        blocks[_FIRST] = {"images": [picture_data(material.pictures[0])]}
    return chapter(
        "attribution",
        "What the answer depends on",
        paragraphs(
            "Several methods say which pixels the score of a class depends on. They do not agree, "
            "and some of their maps show the picture’s edges, whatever the network has learnt. So "
            "each map is checked twice before it is believed. Randomisation: when the network’s "
            "weights are replaced by random ones, layer by layer from the last to the first, a map "
            "that tells something of the network must change (Adebayo et al. 2018). Deletion: when "
            "the pixels that the map calls important are taken away first, the probability of the "
            "class must fall faster than in random order.",
            "Orange pixels raise the score and blue ones lower it, where a method tells the two "
            "apart; where it does not, orange is how much a pixel counts. A map that has failed a "
            "check says so, and should not be read.",
        ),
        paragraphs(_of_which(material)),
        tag("div", _figures(material), class_="map-row"),
        tag("colour-scale", limit=1, unit="each map, its largest value = 1"),
        tag("ul", [_left_out(name, why) for name, why in first.left_out.items()], class_="notes")
        if first.left_out
        else None,
        blocks=blocks,
    )


def _pictures(material: LessonMaterial) -> str:
    """The block of those that the maps are of."""
    return PICTURES if len(material.attributions) == len(material.pictures) else _FIRST


def _map(found: Attribution) -> dict[str, object]:
    """The values as parts of the largest."""
    finite = np.nan_to_num(found.values, nan=0.0, posinf=0.0, neginf=0.0)
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    return {**coarse(reduced((finite / largest)[None, None], _SIDE)[0, 0]), "limit": 1}


def _key(method: str) -> str:
    return f"attribution-{method}"


def _of(material: LessonMaterial, method: str) -> list[Attribution]:
    """One method's map of every picture."""
    return [
        next(each for each in found.attributions if each.method == method)
        for found in material.attributions
    ]


def _figures(material: LessonMaterial) -> Iterator[Html]:
    names = [
        _per_picture(material, number, tag("b", f"for {found.attributions[0].target_name}"))
        for number, found in enumerate(material.attributions)
    ]
    yield tag(
        "figure",
        drawing("heat-map", _pictures(material), label="the picture"),
        tag("figcaption", tag("span", "the picture"), names),
    )
    for each in material.attributions[0].attributions:
        told = [
            _per_picture(material, number, _trust(found))
            for number, found in enumerate(_of(material, each.method))
        ]
        yield tag(
            "figure",
            drawing("heat-map", _key(each.method), label=f"{each.title}: which pixels count"),
            tag("figcaption", tag("span", each.title), told),
        )


def _of_which(material: LessonMaterial) -> str | None:
    if len(material.attributions) == len(material.pictures):
        return None
    return (
        "The maps are those of the first picture, whichever is chosen: this network is so large "
        "that checking more would take long."
    )


def _per_picture(material: LessonMaterial, number: int, body: Html | list[Html]) -> Html:
    """Seen where its picture is chosen; always where there is but one."""
    if len(material.attributions) == 1:
        return tag("div", body, class_="per-image")
    return tag("div", body, class_="per-image", data_image=number, hidden=number > 0)


def _trust(found: Attribution) -> list[Html]:
    """The label, and why; of an empty map, why it is empty."""
    verdict = found.trust.verdict if found.trust else "undecided"
    label = tag("b", found.label, class_=f"trust {verdict}")
    if found.explanation:
        return [label, tag("small", found.explanation)]
    reasons = found.trust.reasons if found.trust else ()
    if not reasons:
        return [label]
    told = [tag("small", f"{reason[0].upper()}{reason[1:]}. ") for reason in reasons]
    return [label, tag("details", tag("summary", "why"), told)]


def _left_out(name: str, why: str) -> Html:
    return tag("li", f"{name}: {why}")
