"""Find the fault: one layer is altered so that it does not fit; which, and why?

Our own checker judges: a line is asked about only if it refuses the altered layer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Conv, Flatten, FullyConnected, Layer, Volume
from convscope.architecture.printing import layer_text
from convscope.architecture.shapes import Node, place
from convscope.errors import ConvscopeError, ShapeError
from convscope.exercises.dice import Dice
from convscope.exercises.forms import whole
from convscope.exercises.ground import WINDOWS, Ground
from convscope.exercises.question import Mistake, Question, Step, choice_of

__all__ = ["which_layer", "why_not"]

TOPIC = "find the fault"
_LONGEST = 12
_WIDEST = 40
_TRIES = 30
_Fault = tuple[tuple[Layer, ...], int, ShapeError]
"""The layers with the fault among them, the place of the one that does not fit, and why."""


def which_layer(ground: Ground, dice: Dice) -> Question | None:
    """Which step does not fit."""
    fault = _fault(ground, dice)
    if fault is None or len(fault[0]) < 3:
        return None
    layers, at, error = fault
    options = [_option(place_, layer) for place_, layer in enumerate(layers)]
    likely = [
        place_
        for place_, layer in enumerate(layers)
        if place_ != at and isinstance(layer, (*WINDOWS, FullyConnected, Flatten))
    ]
    likely += [place_ for place_ in range(len(layers)) if place_ not in (*likely, at)]
    wrong = [
        Mistake(options[place_], "it fits; only the first that does not is asked for")
        for place_ in dice.shuffled(likely[:5])[:3]
    ]
    question = _question(
        layers,
        ground.explanation.input,
        "One step of this network does not fit what it is given. Which is the first?",
        "which",
        (Step(f"step {at + 1}", f"`{layer_text(layers[at])}`: {error.problem}"),),
        level=2,
    )
    return choice_of(question, options[at], wrong, dice)


def _option(place_: int, layer: Layer) -> str:
    """step 3: conv 16 5x5; of a block, which is too long for an option, its beginning."""
    text = layer_text(layer)
    shown = text if len(text) <= _WIDEST else f"{text[: _WIDEST - 2].rstrip()} …"
    return f"step {place_ + 1}: {shown}"


def why_not(ground: Ground, dice: Dice) -> Question | None:
    """Why a step does not fit."""
    fault = _fault(ground, dice)
    if fault is None:
        return None
    layers, at, error = fault
    volume = _before(ground.explanation.input, layers, at)
    wrong = dice.some_of(list(_other_reasons(layers[at], volume, error)), 3)
    if len(wrong) < 2:
        return None
    remedy = (Step("for example", error.remedy),) if error.remedy else ()
    told = f"a vector of {volume} numbers" if volume.flat else str(volume)
    question = _question(
        layers,
        ground.explanation.input,
        f"Step {at + 1}, `{layer_text(layers[at])}`, does not fit what it is given. Why?",
        "why",
        (Step(f"step {at + 1} is given", told), Step("", error.problem), *remedy),
        level=3,
    )
    return choice_of(question, error.problem, wrong, dice)


def _question(
    layers: Sequence[Layer],
    volume: Volume,
    asks: str,
    which: str,
    steps: tuple[Step, ...],
    level: int,
) -> Question:
    numbered = [f"step {place_ + 1}: `{layer_text(each)}`" for place_, each in enumerate(layers)]
    text = "\n".join([asks, "", f"input: `{volume.height}x{volume.width}x{volume.channels}`"])
    texts = tuple(layer_text(each) for each in layers)
    return Question(
        TOPIC,
        ("fault", which, *texts),
        "\n".join([text, *numbered]),
        whole(0),
        steps,
        level=level,
    )


def _fault(ground: Ground, dice: Dice) -> _Fault | None:
    """The first layers of the network with one of them spoilt."""
    layers = ground.architecture.layers[:_LONGEST]
    places = [at for at, layer in enumerate(layers) if isinstance(layer, WINDOWS)]
    if not places:
        return None
    volume = ground.explanation.input
    for _ in range(_TRIES):
        at = dice.one_of(places)
        given = _before(volume, layers, at)
        spoilt = list(_spoilt(layers, at, given, dice))
        if not spoilt:
            continue
        line, wrong = dice.one_of(spoilt)
        try:
            place(volume, line)
        except ShapeError as error:
            if error.path == (wrong,) and _readable(volume, line[:wrong]):
                return line, wrong, error
    return None


def _readable(volume: Volume, layers: tuple[Layer, ...]) -> bool:
    """Whether what stands before the fault is a network by itself, or nothing."""
    try:
        return not layers or bool(Architecture(volume, layers))
    except ConvscopeError:
        return False


def _before(volume: Volume, layers: Sequence[Layer], at: int) -> Volume:
    """What the layer at a place is given."""
    nodes: Sequence[Node] = place(volume, layers[:at])
    return nodes[-1].output if nodes else volume


def _spoilt(
    layers: tuple[Layer, ...], at: int, given: Volume, dice: Dice
) -> Iterator[tuple[tuple[Layer, ...], int]]:
    """Lines in which the layer at ``at`` (or one step further) does not fit any more."""
    layer = layers[at]
    assert isinstance(layer, WINDOWS)

    def with_layer(new: Layer) -> tuple[tuple[Layer, ...], int]:
        return (*layers[:at], new, *layers[at + 1 :]), at

    if given.flat:
        return
    padding = getattr(layer, "padding", (0, 0))
    room = min(given.height, given.width) + (0 if padding == "same" else 2 * min(padding))
    side = room + dice.whole(1, 3)
    if side <= 40 and padding != "same":
        larger: Layer = replace(layer, kernel=(side, side))
        yield with_layer(larger)
    if at > 0:
        vectors: list[Layer] = [Flatten(), FullyConnected(dice.one_of([32, 64, 128]))]
        flattening = dice.one_of(vectors)
        yield (*layers[:at], flattening, *layers[at:]), at + 1
    if isinstance(layer, Conv):
        groups = [
            count for count in (2, 3, 4, 5, 6) if given.channels % count or layer.channels % count
        ]
        if groups:
            yield with_layer(replace(layer, groups=dice.one_of(groups)))
        if layer.kernel != (1, 1):
            yield with_layer(replace(layer, padding="same", stride=(2, 2)))


def _other_reasons(layer: Layer, given: Volume, error: ShapeError) -> Iterator[Mistake]:
    """Reasons that sound like one and are none."""
    assert isinstance(layer, WINDOWS)
    none = "no layer needs that"
    made = getattr(layer, "channels", given.channels)
    yield Mistake("the sides of its output are not whole numbers", none)
    yield Mistake("it needs a batch normalisation or an activation before it", none)
    if "vector" in error.problem:
        wide = f"its window is larger than its input, which has {given.channels} numbers"
        yield Mistake(wide, "its input has no sides at all")
        return
    if made != given.channels:
        yield Mistake(f"it makes {made} channels of {given.channels}, which must be equal", none)
    yield Mistake(f"its stride must divide the sides of its input, {given}", none)
    yield Mistake(f"the side of its window must divide the sides of its input, {given}", none)
    yield Mistake("it needs an image, and its input is a vector", f"its input is {given}")
