"""The picture as numbers, the network to scale, every layer worked out."""

from __future__ import annotations

from convscope.architecture.arithmetic import Explanation
from convscope.inspection.subject import Picture
from convscope.report.elements import drawing, exact
from convscope.report.html import Child, Html, tag
from convscope.report.images import encoded
from convscope.report.layer_section import layer_list, layer_table, network_drawing
from convscope.report.lesson.chapter import Chapter, absent, chapter, paragraphs
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import percent, thousands

__all__ = [
    "PICTURES",
    "layers_chapter",
    "network_chapter",
    "picture_captions",
    "picture_chapter",
    "picture_data",
]

PICTURES = "pictures"
"""The block that holds the pictures themselves."""


def picture_captions(material: LessonMaterial) -> list[str]:
    """The class of each picture, and what it is called where that is something else."""
    captions = []
    for number, picture in enumerate(material.pictures):
        true = material.true_name(number)
        called = material.subject.class_name(material.answer(number))
        if true is None:
            captions.append(picture.name)
        else:
            captions.append(true if true == called else f"{true} (called {called})")
    return captions


def picture_data(picture: Picture) -> dict[str, object]:
    """A picture as a heat map takes it."""
    return {**exact(picture.pixels), "kind": "colour" if len(picture.pixels) == 3 else "grey"}


def picture_chapter(material: LessonMaterial) -> Chapter:
    """The image as a grid of numbers, and what they become before the first layer."""
    volume = material.subject.volume
    grids = "a grid" if volume.channels == 1 else "three grids"
    bright = (
        "each says how bright a pixel is, from 0 for black to 255 for white"
        if volume.channels == 1
        else "for red, green and blue, each number from 0 to 255"
    )
    chosen = {
        "images": [picture_data(picture) for picture in material.pictures],
        "captions": picture_captions(material),
    }
    return chapter(
        "picture",
        "A picture is numbers",
        paragraphs(
            f"To a network a picture is {grids} of numbers, here {volume.height} rows of "
            f"{volume.width}; {bright}. Choose a picture, and move over it with a pointer or with "
            "the arrow keys: whatever is chosen here is followed through the whole page.",
        ),
        drawing("image-choice", PICTURES, label="the picture that the page follows"),
        drawing("pixel-grid", PICTURES),
        _normalised(material),
        tag(
            "p",
            f"Sizes are written height × width × channels here, so this is a volume of {volume}. "
            "The article that this page follows writes width × height × depth.",
        ),
        blocks={PICTURES: chosen},
    )


def _normalised(material: LessonMaterial) -> list[Html]:
    """(v/255 − mean)/std, with the numbers of one pixel."""
    preprocessing = material.subject.preprocessing
    plane = material.pictures[0].pixels[0]
    row, column = (side // 2 for side in plane.shape)
    value = int(plane[row, column])
    mean, deviation = preprocessing.mean[0], preprocessing.std[0]
    if (mean, deviation) == (0.0, 1.0):
        return paragraphs("Before the first layer each number is divided by 255.")
    made = (value / 255 - mean) / deviation
    top = tag(
        "mrow",
        tag("mn", value),
        tag("mo", "/"),
        tag("mn", "255"),
        tag("mo", "−"),
        tag("mn", f"{mean:.6f}"),
    )
    equation = tag(
        "math",
        tag("mfrac", top, tag("mn", f"{deviation:.6f}")),
        tag("mo", "="),
        tag("mn", f"{made:.4f}".replace("-", "−"), class_="result"),
        displaystyle="true",
    )
    which = " of red" if len(preprocessing.mean) == 3 else ""
    told = (
        "Before the first layer each number v is divided by 255, the mean of the training "
        f"images{which} ({mean:.4f}) is taken away, and the rest is divided by their standard "
        f"deviation ({deviation:.4f}). The pixel in row {row}, column {column} of the first "
        "picture becomes"
    )
    return [tag("p", told), tag("p", equation, class_="equation")]


def network_chapter(material: LessonMaterial) -> Chapter | None:
    """The network drawn to scale, and what it costs."""
    explanation = material.explanation
    if explanation is None:
        return absent("layers", "The network", "There are no derivations.", material)
    return chapter(
        "network",
        "The network, to scale",
        paragraphs(*_steps(explanation)),
        network_drawing(explanation, encoded(material.pictures[0].pixels)),
        paragraphs(_costs(explanation)),
    )


def _steps(explanation: Explanation) -> list[Child]:
    kinds = {cost.kind for cost in explanation.layers}
    does = {
        "conv": "a convolution looks for patterns in small windows",
        "batchnorm": "batch normalisation brings its values to a common scale",
        "relu": "ReLU sets what is negative to 0",
        "maxpool": "pooling keeps the largest of a few neighbours",
        "avgpool": "pooling keeps the mean of a few neighbours",
        "fc": "the fully connected layer weighs all that is left, once for each class",
    }
    told = [text for kind, text in does.items() if kind in kinds]
    return [
        "Numbers go in at one end, and layers turn them into others, volume by volume: "
        + "; ".join(told)
        + ". Every volume is drawn to scale."
    ]


def _costs(explanation: Explanation) -> str:
    parameters, work = explanation.parameters.value, explanation.multiply_adds.value
    told = (
        f"The network has {thousands(parameters)} parameters, numbers that training chooses, and "
        f"makes {thousands(work)} multiply-adds for one picture"
    )
    share = explanation.share_of_kind("conv")
    return f"{told}; {percent(share)} of them in convolutions." if share else f"{told}."


def layers_chapter(material: LessonMaterial) -> Chapter | None:
    """Every number of every layer with its derivation."""
    explanation = material.explanation
    if explanation is None:
        return None  # said in the chapter before
    windows = any(cost.sides for cost in explanation.layers)
    return chapter(
        "layers",
        "Every layer, worked out",
        _rule() if windows else None,
        layer_list(explanation),
        tag("h3", "All in one table"),
        layer_table(explanation),
    )


def _rule() -> list[Html]:
    """How many places a window has, in general."""
    top = tag("mrow", [_sign(sign) for sign in ("W", "−", "F", "+", "2", "P")])
    rule = tag(
        "math",
        tag("msub", tag("mi", "W"), tag("mtext", "out")),
        tag("mo", "="),
        tag("mrow", tag("mo", "⌊"), tag("mfrac", top, tag("mi", "S")), tag("mo", "⌋")),
        tag("mo", "+"),
        tag("mn", "1"),
        displaystyle="true",
    )
    return [
        tag(
            "p",
            "A window of F pixels that moves in steps of S over a side of W pixels, with P pixels "
            "of padding at either end, has",
        ),
        tag("p", rule, class_="equation"),
        tag(
            "p",
            "places. The article leaves the brackets ⌊ ⌋ out. They round down: where the division "
            "is not whole, the window stops short, and the last pixels are never seen.",
        ),
    ]


def _sign(sign: str) -> Html:
    return tag("mi" if sign.isalpha() else "mn" if sign.isdigit() else "mo", sign)
