"""An evaluation on a page: confusion, classes, calibration, mistakes as pictures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.report.html import Html, bar, data_uri, fragment, raw, tag
from convscope.report.images import encoded
from convscope.report.matrix_figure import shares_of
from convscope.report.numbers import percent, plain_percent, thousands
from convscope.report.palette import DIVERGING

if TYPE_CHECKING:
    from convscope.training.evaluate import Evaluation

__all__ = [
    "MOST_CLASSES",
    "calibration_text",
    "class_table",
    "confusion_table",
    "kernel_gallery",
    "mistake_gallery",
]

MOST_CLASSES = 60
"""With more classes than these the matrix is in the figures' folder alone."""
LEVELS = 8


def confusion_table(evaluation: Evaluation) -> Html:
    """Counts in cells whose shade is the share of the row; and the pairs confused most."""
    classes = evaluation.classes
    pairs = _pairs_table(evaluation)
    if len(classes) > MOST_CLASSES:
        told = f"A grid of {len(classes)} classes is best seen in figures/confusion.svg."
        return fragment(tag("p", told), pairs)
    shares = shares_of(evaluation.confusion)
    largest = float((shares - np.diag(shares.diagonal())).max()) or 1.0
    heads = [tag("th", tag("span", name), scope="col") for name in classes]
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row"),
            [
                _cell(int(count), shares[row, column], row == column, largest)
                for column, count in enumerate(evaluation.confusion[row])
            ],
        )
        for row, name in enumerate(classes)
    ]
    corner = tag("td", "true class ↓  answer →", class_="corner")
    table = tag(
        "table",
        tag("thead", tag("tr", corner, heads)),
        tag("tbody", rows),
        class_="matrix dense" if len(classes) > 16 else "matrix",
    )
    legend = tag(
        "p",
        "Shade: the share of the row, in ",
        tag("span", "blue", class_="key right"),
        " for right answers (0 to 100 %), in ",
        tag("span", "orange", class_="key wrong"),
        f" for mistakes (0 to {percent(largest)}).",
        class_="legend",
    )
    box = tag(
        "div", table, class_="scroll", tabindex=0, role="region", aria_label="confusion matrix"
    )
    return tag("div", tag("div", box, legend), pairs, class_="beside")


def _cell(count: int, share: float, right: bool, largest: float) -> Html:
    if not count:
        return tag("td", tag("span", "0"), class_="zero")
    level = min(LEVELS, 1 + int(LEVELS * (share if right else share / largest) * 0.999))
    return tag("td", count, class_=f"{'right' if right else 'wrong'} l{level}")


def _pairs_table(evaluation: Evaluation, most: int = 8) -> Html | None:
    """Who is taken for whom, the most frequent first."""
    wrong = evaluation.confusion - np.diag(evaluation.confusion.diagonal())
    places = np.argsort(-wrong, axis=None, kind="stable")[:most].tolist()
    pairs = [divmod(place, len(wrong)) for place in places]
    sums = evaluation.confusion.sum(1).tolist()
    rows = [
        tag(
            "tr",
            tag("th", evaluation.classes[true], scope="row"),
            tag("td", evaluation.classes[answer], class_="text"),
            tag("td", thousands(int(wrong[true, answer]))),
            tag("td", thousands(sums[true])),
            tag("td", plain_percent(int(wrong[true, answer]) / sums[true])),
        )
        for true, answer in pairs
        if wrong[true, answer]
    ]
    if not rows:
        return None
    heads = ("most often, this", "is called that", "times", "of", "%")
    head = tag(
        "thead", tag("tr", [tag("th", text, scope="col") if text else tag("td") for text in heads])
    )
    return tag("table", head, tag("tbody", rows), class_="numbers")


def class_table(evaluation: Evaluation) -> Html:
    """Precision, recall, F1 and number of images of each class, and the plain means."""
    scores = evaluation.per_class
    rows = [
        tag(
            "tr",
            tag("th", score.name, scope="row"),
            [
                tag("td", plain_percent(value))
                for value in (score.precision, score.recall, score.f1)
            ],
            tag("td", bar(score.f1)),
            tag("td", thousands(score.support)),
        )
        for score in scores
    ]
    means = [
        sum(getattr(score, key) for score in scores) / len(scores)
        for key in ("precision", "recall", "f1")
    ]
    mean = tag(
        "tr",
        tag("th", "mean", scope="row"),
        [tag("td", plain_percent(m)) for m in means],
        tag("td"),
        tag("td", thousands(evaluation.count)),
    )
    heads = ("class", "precision %", "recall %", "F1 %", "", "images")
    table = tag(
        "table",
        tag(
            "thead",
            tag("tr", [tag("th", text, scope="col") if text else tag("td") for text in heads]),
        ),
        tag("tbody", rows),
        tag("tfoot", mean),
        class_="numbers",
    )
    told = (
        "Precision: of the answers with this name, how many are right. Recall: of the images of "
        "this class, how many are found. F1: the harmonic mean of the two."
    )
    return fragment(
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="classes"),
        tag("p", told, class_="legend"),
    )


def calibration_text(evaluation: Evaluation) -> Html:
    """What the diagram says, in two sentences."""
    count = sum(part.count for part in evaluation.bins) or 1
    sure = sum(part.confidence * part.count for part in evaluation.bins) / count
    gap = sure - evaluation.accuracy
    leaning = f"{abs(100 * gap):.1f} points {'more' if gap > 0 else 'less'} sure than right"
    return tag(
        "p",
        f"On average the network is {percent(sure)} sure of its answers, and "
        f"{percent(evaluation.accuracy)} of them are right, {leaning}. "
        f"The expected calibration error, the mean distance between the two over "
        f"{len(evaluation.bins)} bins, is {percent(evaluation.calibration_error, 2)} "
        f"(Guo et al. 2017).",
    )


def mistake_gallery(evaluation: Evaluation, images: Sequence[NDArray[np.uint8]]) -> Html:
    """The most confident mistakes as pictures; ``images`` in their order."""
    figures = []
    for mistake, image in zip(evaluation.mistakes, images, strict=False):
        true, answer = evaluation.classes[mistake.true], evaluation.classes[mistake.predicted]
        caption = tag(
            "figcaption",
            tag("b", true),
            tag("span", f"called {answer}", class_="called"),
            tag("small", f"{percent(mistake.confidence)}, no. {mistake.index}"),
        )
        figures.append(tag("figure", _picture(image, f"{true}, called {answer}"), caption))
    return tag("div", figures, class_="gallery")


def _picture(image: NDArray[np.uint8], words: str) -> Html:
    """C×H×W as an element."""
    made = encoded(image)
    return tag(
        "img",
        src=data_uri(made.content, made.kind),
        alt=words,
        width=made.width,
        height=made.height,
        class_="pixels" if made.exact else None,
    )


def kernel_gallery(weights: NDArray[np.float32], most: int = 64) -> Html:
    """The kernels of the first layer, N×C×H×W, each channel a map, and the one scale of all."""
    shown = weights[:most]
    limit = float(np.abs(shown).max()) or 1.0
    colours = ("red", "green", "blue") if shown.shape[1] == 3 else ("",)
    figures = []
    for number, kernel in enumerate(shown, 1):
        maps = [
            tag(
                "img",
                src=data_uri(_map_png(channel, limit), "image/png"),
                class_="pixels",
                alt=f"kernel {number} {colour}".strip(),
                width=kernel.shape[2],
                height=kernel.shape[1],
            )
            for channel, colour in zip(kernel, colours, strict=False)
        ]
        figures.append(tag("figure", tag("div", maps), tag("figcaption", str(number))))
    scale = tag(
        "p",
        tag("span", f"−{limit:.2g}"),
        raw(_scale_svg()),
        tag("span", f"{limit:.2g}"),
        tag("span", "weight; white is zero", class_="unit"),
        class_="scale",
    )
    wide = "gallery kernels colour" if len(colours) == 3 else "gallery kernels"
    return fragment(tag("div", figures, class_=wide), scale)


def _map_png(values: NDArray[np.float32], limit: float) -> bytes:
    """H×W as a PNG with the diverging scale, zero in its middle."""
    from PIL import Image

    anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in DIVERGING], np.float64)
    places = (values.astype(np.float64) / limit + 1) / 2 * (len(anchors) - 1)
    pixels = np.stack(
        [np.interp(places, range(len(anchors)), anchors[:, channel]) for channel in range(3)], -1
    )
    file = io.BytesIO()
    Image.fromarray(pixels.round().astype(np.uint8)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _scale_svg() -> str:
    stops = "".join(
        f'<stop offset="{place / (len(DIVERGING) - 1):.3f}" stop-color="{colour}"/>'
        for place, colour in enumerate(DIVERGING)
    )
    return (
        '<svg viewBox="0 0 200 10" width="200" height="10" aria-hidden="true">'
        f'<linearGradient id="zero-scale">{stops}</linearGradient>'
        '<rect width="200" height="10" fill="url(#zero-scale)"/></svg>'
    )
