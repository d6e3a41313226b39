"""Kernels that slide over their true places, every term in sight."""

from __future__ import annotations

from typing import Any

from convscope.inspection.walking.slides import Following, Slide
from convscope.report.elements import drawing, exact
from convscope.report.html import tag
from convscope.report.lesson.chapter import Chapter, absent, chapter, paragraphs
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import thousands

__all__ = ["first_kernel_chapter", "following_chapter", "last_kernel_chapter", "slide_block"]


def first_kernel_chapter(material: LessonMaterial) -> Chapter | None:
    """The first convolution: what a kernel does, at every place."""
    if not material.slides:
        return absent("kernels", "A kernel slides", "No kernel can be shown.", material)
    slide = material.slides[0]
    return chapter(
        "kernel",
        "A kernel slides",
        paragraphs(
            f"A convolution has kernels: small grids of weights, here {_size(slide)}, each as deep "
            f"as {_depth(slide)}. At every place a kernel meets as many numbers as it has "
            "weights; each is multiplied by its weight, and the products are added up"
            f"{_and_bias(slide)}. The sums of all places are an activation map, one for each "
            "kernel.",
            "Move the window with the slider, with the arrow keys, or with a pointer on either "
            "map. What is dashed lies in the padding and counts as 0.",
            _note(material, slide),
        ),
        drawing("kernel-slide", slide.layer),
        paragraphs(
            _sharing(material, slide),
            "This is how all libraries define it. Mathematicians call it cross-correlation: in a "
            "convolution proper the kernel would be flipped first. Since the weights are learnt, "
            "nothing depends on it.",
        ),
        blocks={slide.layer: slide_block(slide)},
    )


def _size(slide: Slide) -> str:
    height, width = slide.geometry.kernel
    return f"{height}×{width}×{slide.kernels.shape[1]}"


def _depth(slide: Slide) -> str:
    groups = slide.geometry.groups
    if groups == 1:
        return "the input of its layer"
    return f"one of the {groups} groups into which the channels of its input are parted"


def _and_bias(slide: Slide) -> str:
    return "" if slide.biases is None else ", with a bias"


def _note(material: LessonMaterial, slide: Slide) -> str | None:
    """What the page cannot hold: some of the kernels, some of the pictures."""
    told = (_some_pictures(material, slide), _some_kernels(material, slide))
    return " ".join(filter(None, told)) or None


def _some_pictures(material: LessonMaterial, slide: Slide) -> str | None:
    count, total = len(slide.inputs), len(material.pictures)
    if count == total:
        return None
    which = "picture alone" if count == 1 else f"{count} pictures alone"
    return (
        f"The input of {slide.layer} is large: it is here for the first {which}, and another "
        "choice of picture leaves the drawing at the last of these."
    )


def _some_kernels(material: LessonMaterial, slide: Slide) -> str | None:
    total = material.subject.layer(slide.layer).shape[0]
    shown = len(slide.channels)
    if shown == total:
        return None
    one = "One" if shown == 1 else f"The first {shown}"
    return f"{one} of the {total} kernels of {slide.layer} {'is' if shown == 1 else 'are'} here."


def _sharing(material: LessonMaterial, slide: Slide) -> str | None:
    """What a dense layer would cost, and one that does not share its weights."""
    cost = material.cost(slide.layer)
    if cost is None or cost.dense is None or cost.unshared is None:
        return None
    return (
        "All places share the same weights, and each looks at a few numbers only. So "
        f"{slide.layer} has {thousands(cost.weights.value)} weights; one that learnt its own for "
        f"every place would have {thousands(cost.unshared.value)}, and a dense layer, in which "
        f"everything is joined to everything, {thousands(cost.dense.value)}."
    )


def last_kernel_chapter(material: LessonMaterial) -> Chapter | None:
    """A later convolution: a kernel as deep as its input."""
    title = "A kernel as deep as its input"
    if len(material.slides) < 2:
        return absent("deep-kernel", title, "No second kernel is shown.", material)
    slide = material.slides[-1]
    height, width = slide.geometry.kernel
    depth = slide.kernels.shape[1]
    return chapter(
        "deep-kernel",
        title,
        paragraphs(
            f"The kernels of {slide.layer} are {_size(slide)}: a grid of weights for each of the "
            f"{depth} channels of {slide.source}. The products of one channel stand above, the "
            f"sums of all {depth} below them; the value is the sum of {thousands(depth)} · "
            f"{height * width} = {thousands(depth * height * width)} products"
            + (" and a bias." if slide.biases is not None else ".")
            if depth > 1
            else f"The kernels of {slide.layer} are {_size(slide)}.",
            _note(material, slide),
        ),
        drawing("kernel-slide", slide.layer),
        blocks={slide.layer: slide_block(slide)},
    )


def following_chapter(material: LessonMaterial) -> Chapter | None:
    """What batch norm, activation and pooling are, said as precisely as they are shown."""
    kinds = {each.kind for each in material.subject.layers}
    told: list[tuple[str, str]] = []
    if "BatchNorm2d" in kinds:
        told.append(
            (
                "Batch normalisation",
                "subtracts a mean and divides by a standard deviation, channel by channel; then it "
                "scales and shifts by two numbers that are learnt. While the network trains, mean "
                "and variance are those of the batch; in use, as here, they are running averages "
                "kept from training. So what leaves it has mean 0 and variance 1 only before the "
                "scale and the shift, and only over a batch; it need not be Gaussian.",
            )
        )
    if "ReLU" in kinds:
        told.append(
            (
                "ReLU",
                "is max(0, x). Without something like it between them, two layers of weights would "
                "be no more than one: sums of sums are sums. Where its input is "
                "below 0 on every image, a unit passes nothing on and learns nothing: it is dead.",
            )
        )
    pooling = _pooling(kinds)
    if pooling:
        told.append(("Pooling", pooling))
    for kind, words in (
        (
            "Sigmoid",
            "is 1/(1 + e⁻ˣ), between 0 and 1. At both ends its slope is almost 0, and "
            "little of the gradient passes. Its outputs are all positive, so that the gradients of "
            "the weights of one unit after it all share one sign, and learning goes in zigzags.",
        ),
        ("Tanh", "lies between −1 and 1. It saturates like the sigmoid, but is centred on 0."),
    ):
        if kind in kinds:
            told.append((kind, words))
    if not told:
        return None
    return chapter(
        "following",
        "What follows a convolution",
        paragraphs(
            "Below the sums of the two drawings above stand the steps that come after."
            if len(material.slides) > 1
            else None
        ),
        [tag("p", tag("b", name), f" {words}") for name, words in told],
    )


def _pooling(kinds: set[str]) -> str | None:
    names = {
        "MaxPool2d": "the largest value of its window",
        "AvgPool2d": "the mean of its window",
        "LPPool2d": "the root of the sum of squares of its window",
        "DistancePool2d": "a mean of its window, weighted by the distance from the middle",
    }
    found = [words for kind, words in names.items() if kind in kinds]
    if not found:
        return None
    return (
        f"keeps {' or '.join(found)}, on every channel alone. What comes after it has fewer "
        "numbers to work on, and a small shift of the picture changes it less. Less, not nothing: "
        "below, the shift is measured."
    )


def slide_block(slide: Slide) -> dict[str, Any]:
    """What ``<kernel-slide>`` takes."""
    (top, bottom), (left, right) = slide.geometry.padding
    return {
        "layer": slide.layer,
        "channels": list(slide.channels),
        "kernels": exact(slide.kernels),
        "biases": None if slide.biases is None else exact(slide.biases),
        "groups_of": list(slide.first_channels),
        "stride": list(slide.geometry.stride),
        "dilation": list(slide.geometry.dilation),
        "padding": [top, right, bottom, left],
        "size": list(slide.size),
        "input": {"name": slide.source, "images": [exact(each) for each in slide.inputs]},
        "after": [_step(each) for each in slide.after],
        "start": _start(slide),
        **_off(slide),
    }


def _step(step: Following) -> dict[str, Any]:
    arrays = {key: exact(values) for key, values in step.arrays.items()}
    return {"name": step.name, "kind": step.kind, **step.numbers, **arrays, **_off(step)}


def _off(part: Slide | Following) -> dict[str, Any]:
    return {"off": list(part.off)} if part.off else {}


def _start(slide: Slide) -> dict[str, Any]:
    """Where something is to be seen at once: at the largest value."""
    kernel, row, column = slide.strongest
    if kernel >= len(slide.channels):
        return {"kernel": 0, "place": [side // 2 for side in slide.size]}
    return {"kernel": kernel, "place": [row, column]}
