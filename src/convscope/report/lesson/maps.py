"""A picture on its way through all layers, and how the answer comes of it."""

from __future__ import annotations

import numpy as np

from convscope.report.elements import coarse, drawing, id_of
from convscope.report.html import Child, Html, bar, tag
from convscope.report.lesson.chapter import Chapter, absent, chapter, paragraphs
from convscope.report.lesson.material import LayerMaps, LessonMaterial
from convscope.report.lesson.network import PICTURES
from convscope.report.numbers import percent, thousands

__all__ = ["answer_chapter", "maps_chapter"]

_MAPS = "maps"
_DIGITS = 4
_CLASSES = 10


def maps_chapter(material: LessonMaterial) -> Chapter | None:
    """The network as a strip of cards, and below it every map of every layer."""
    if not material.maps:
        return absent("maps", "Through all layers", "There are no maps.", material)
    layers = [_layer(each) for each in material.maps]
    images = [
        {
            "maps": [coarse(each.values[number]) for each in material.maps],
            "bars": [float(f"{share:.{_DIGITS}g}") for share in material.probabilities[number]],
        }
        for number in range(len(material.pictures))
    ]
    block = {
        "pictures": id_of(PICTURES),
        "volume": str(material.subject.volume),
        "layers": layers,
        "classes": _classes(material),
        "images": images,
    }
    return chapter(
        "maps",
        "Through all layers",
        paragraphs(
            "Each card is a layer, with its first maps in small; at the end stands the answer. A "
            "card leads to all maps of its layer. Orange is above 0, blue below, the colour of the "
            "page is 0; every layer has a scale of its own.",
            _zeros(material),
        ),
        drawing("image-choice", PICTURES, label="another picture"),
        drawing("network-strip", _MAPS),
        drawing("activation-maps", _MAPS),
        paragraphs(_left_out(material)),
        blocks={_MAPS: block},
    )


def _layer(maps: LayerMaps) -> dict[str, object]:
    channels, height, width = maps.layer.shape
    return {
        "name": maps.layer.name,
        "kind": maps.layer.kind,
        "volume": f"{height}×{width}×{channels}",
        "shown": maps.values.shape[1],
        "of": channels,
    }


def _classes(material: LessonMaterial) -> list[str]:
    count = material.probabilities.shape[1]
    return [material.subject.class_name(number) for number in range(count)]


def _zeros(material: LessonMaterial) -> str | None:
    """How much a ReLU leaves, measured on the first picture."""
    found = next((each for each in material.maps if each.layer.kind == "ReLU"), None)
    if found is None:
        return None
    share = float((found.values[0] == 0).mean())
    return (
        f"After a ReLU nothing is blue: of the values of {found.layer.name} for the first picture "
        f"{percent(share)} are exactly 0."
    )


def _left_out(material: LessonMaterial) -> str | None:
    spatial = [each for each in material.subject.layers if each.spatial and each.leaf]
    shown = {each.layer.name for each in material.maps}
    rest = sum(each.name not in shown for each in spatial)
    if not rest:
        return None
    return f"{thousands(rest)} further layers that make maps are not shown, to keep the page small."


def answer_chapter(material: LessonMaterial) -> Chapter:
    """From the scores to probabilities: softmax with this network's numbers."""
    tables = [
        tag(
            "div",
            tag("p", _verdict(material, number)),
            _table(material, number),
            class_="per-image",
            data_image=number,
            hidden=number > 0,
        )
        for number in range(len(material.pictures))
    ]
    last = material.explanation.layers[-1] if material.explanation else None
    weighed: Child = None
    if last is not None and last.kind == "fc" and last.weights.value:
        products = last.weights.value // last.output.size
        weighed = (
            f"For each class, {material.own_name(last.name)} multiplies all "
            f"{thousands(products)} numbers that reach it by weights of that class, and adds "
            "the products up, with a bias: a score, "
            "of any sign and size."
        )
    return chapter(
        "answer",
        "The answer",
        paragraphs(
            weighed,
            "The softmax makes probabilities of the scores: e to the power of each, divided by the "
            "sum of all of these. It keeps their order.",
        ),
        tables,
    )


def _verdict(material: LessonMaterial, number: int) -> str:
    called = material.subject.class_name(material.answer(number))
    share = percent(float(material.probabilities[number].max()), 2)
    true = material.true_name(number)
    told = f"The network calls this picture {called}, with a probability of {share}"
    if true is None:
        return f"{told}."
    return f"{told}; that is right." if true == called else f"{told}; in truth it is {true}."


def _table(material: LessonMaterial, number: int) -> Html:
    scores = material.scores[number].astype(np.float64)
    powers = np.exp(scores - scores.max())
    shares = powers / powers.sum()
    order = np.argsort(-scores, kind="stable")[:_CLASSES].tolist()
    rows = [
        tag(
            "tr",
            tag("th", material.subject.class_name(place), scope="row"),
            tag("td", f"{scores[place]:.3f}".replace("-", "−")),
            tag("td", f"{np.exp(scores[place]):.4g}"),
            tag("td", percent(float(shares[place]), 2)),
            tag("td", bar(float(shares[place]))),
        )
        for place in order
    ]
    heads = ("class", "score", "e to the score", "probability", "")
    table = tag(
        "table",
        tag(
            "thead",
            tag("tr", [tag("th", text, scope="col") if text else tag("td") for text in heads]),
        ),
        tag("tbody", rows),
        class_="numbers",
    )
    return tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="scores")
