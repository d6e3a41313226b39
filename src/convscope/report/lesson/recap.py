"""The lesson in short, and where it is more exact than the article."""

from __future__ import annotations

from collections.abc import Iterator

from convscope.architecture.arithmetic import Explanation
from convscope.report.conditions_section import conditions_list
from convscope.report.html import Child, Html, tag
from convscope.report.lesson.chapter import Chapter, chapter, paragraphs
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import percent, plain_percent, thousands
from convscope.training.ending import early_end

__all__ = ["DIFFERENCES", "conditions_chapter", "head", "recap_chapter"]

DIFFERENCES: tuple[tuple[str, str], ...] = (
    (
        "W_out = (W − F + 2P)/S + 1",
        "With the floor where the division is not whole; the last pixels are then never seen.",
    ),
    (
        "convolution",
        "Cross-correlation: the kernel is not flipped, here as in all libraries.",
    ),
    (
        "with all-positive inputs, the output of a sigmoid is all positive or all negative",
        "It is the gradients of one unit’s weights that all share one sign; hence the zigzag.",
    ),
    (
        "batch normalisation forces a unit Gaussian",
        "Mean 0 and variance 1 for each channel over the batch, then a learnt scale and shift; "
        "training and use have different statistics.",
    ),
    (
        "ReLU is six times faster",
        "Krizhevsky et al. 2012: one network of four layers on CIFAR-10, to 25 % training error, "
        "against tanh.",
    ),
    (
        "a feature is recognised regardless of where it appears",
        "Small shifts only, and only partly.",
    ),
    ("width × height × depth", "Height × width × channels, as the libraries have it."),
)
"""What the article says, and what holds."""


def recap_chapter(material: LessonMaterial) -> Chapter:
    """What was seen, in a few lines with this network's numbers."""
    rows = [
        tag("tr", tag("td", said, class_="text meaning"), tag("td", holds, class_="text meaning"))
        for said, holds in DIFFERENCES
    ]
    heads = ("the article says", "precisely")
    table = tag(
        "table",
        tag("thead", tag("tr", [tag("th", text, scope="col", class_="text") for text in heads])),
        tag("tbody", rows),
        class_="numbers differences",
    )
    return chapter(
        "recap",
        "In short",
        tag("ul", [tag("li", text) for text in _lines(material)], class_="recap"),
        tag("h3", "Where this page differs from the article"),
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="differences"),
    )


def _lines(material: LessonMaterial) -> Iterator[Child]:
    volume = material.subject.volume
    yield f"A picture is a volume of numbers, here {volume}; a network sees nothing else."
    if material.explanation is not None:
        yield from _arithmetic(material, material.explanation)
    if material.slides:
        slide = material.slides[-1]
        height, width = slide.geometry.kernel
        terms = slide.kernels.shape[1] * height * width
        yield (
            f"A value of {slide.layer} is a sum of {thousands(terms)} products"
            + (
                " and a bias, at every place with the same weights."
                if slide.biases is not None
                else ", at every place with the same weights."
            )
        )
    if material.fields and (seen := [f for f in material.fields.fields if f.layer.spatial]):
        first, last = seen[0], seen[-1]
        if first is not last:
            yield (
                f"A unit of {first.layer.name} sees {_sides(first.sides)} pixels, one of "
                f"{last.layer.name} {_sides(last.sides)}: early layers can only find small "
                "patterns, later ones put them together."
            )
    run = material.run
    if run is not None and run.finished:
        yield (
            f"After its training it names {percent(run.accuracy, 2)} of "
            f"{thousands(run.results['count'])} {run.results['split']} pictures rightly."
        )


def _arithmetic(material: LessonMaterial, explanation: Explanation) -> Iterator[Child]:
    conv = explanation.share_of_kind("conv")
    if conv:
        weights = sum(c.parameters.value for c in explanation.layers if c.kind == "conv")
        share = weights / (explanation.parameters.value or 1)
        yield (
            f"Convolutions make {percent(conv)} of the multiply-adds and hold {percent(share)} of "
            "the parameters: few weights, used at many places."
        )
    pool = next((c for c in explanation.layers if c.saving), None)
    if pool is not None and pool.saving is not None and pool.saving.multiply_adds.value:
        yield (
            f"Without {material.own_name(pool.name)} the layers after it would make "
            f"{thousands(pool.saving.multiply_adds.value)} multiply-adds more."
        )


def _sides(sides: tuple[object, ...]) -> str:
    return "×".join(str(getattr(side, "size", "?")) for side in sides)


def conditions_chapter(material: LessonMaterial) -> Chapter:
    """Where the numbers come from, and how to make the page again."""
    subject = material.subject
    names = "; ".join(
        f"{picture.name} ({picture.words})" if picture.words else picture.name
        for picture in material.pictures
    )
    told = paragraphs(
        f"The pictures are {names}." if material.run or subject.images_from else None,
        f"{subject.note[0].upper()}{subject.note[1:]}." if subject.note else None,
        "Everything was computed on the processor, in float32, with the network in the state in "
        "which it is used.",
    )
    body: list[Child] = [told]
    if material.run is not None:
        body.append(conditions_list(material.run))
    return chapter("conditions", "Where the numbers come from", body)


def head(material: LessonMaterial) -> list[Html]:
    """The first lines of the page: what is told, and of which network."""
    run = material.run
    lede = (
        "This page follows a picture through one convolutional network, number by number. "
        "Whatever stands on it was computed from that network: nothing is drawn by hand."
    )
    facts = [_trained(material)] if run is not None else []
    return [
        tag("p", f"network {material.subject.name}", class_="eyebrow"),
        tag("p", lede, class_="lede"),
        *paragraphs(
            *facts,
            "It goes with the article “Convolutional Neural Networks, Explained” (Mayank Mishra, "
            "Towards Data Science, 2020), and says where it is more exact.",
        ),
    ]


def _trained(material: LessonMaterial) -> str:
    run = material.run
    assert run is not None
    learnt = (
        f"Its architecture is {run.architecture_name}, and it was trained on "
        f"{thousands(run.data.train)} images of {run.data.name}"
    )
    if not run.finished:
        return f"{learnt}; the training has not been finished."
    low, high = (plain_percent(bound, 2) for bound in run.results["interval"])
    early = f", {ended}" if (ended := early_end(run.results)) else ""
    return (
        f"{learnt}{early}. It names {percent(run.accuracy, 2)} of "
        f"{thousands(run.results['count'])} {run.results['split']} images rightly (95 % interval "
        f"{low} to {high} %)."
    )
