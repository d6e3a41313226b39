"""Questions about volumes: what comes out of a window, also where the division is not whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from convscope.architecture.arithmetic import LayerCost
from convscope.architecture.costs import Side
from convscope.architecture.counts import Count, product
from convscope.architecture.layers import Conv, FullyConnected, Layer, MaxPool, Volume
from convscope.architecture.windows import output_side
from convscope.exercises.dice import Dice
from convscope.exercises.forms import volume, whole
from convscope.exercises.ground import WINDOWS, Ground, about, alone, called, side_steps
from convscope.exercises.question import Mistake, Question, Step, wrong_numbers, wrong_wholes

__all__ = [
    "behind_the_last_window",
    "output_volume",
    "taken_by_fc",
    "uneven_volume",
    "values_of",
    "wrong_volumes",
]

TOPIC = "volumes"
_TRIES = 40


def output_volume(ground: Ground, dice: Dice) -> Question | None:
    """The output of a convolution or a pooling somewhere in the network."""
    cost = ground.one(dice, *WINDOWS)
    if cost is None:
        return None
    made = cost.output
    return Question(
        TOPIC,
        ("volume", *about(cost)),
        f"What is the output volume of {called(cost)}?",
        volume(made.height, made.width, made.channels),
        ground.volume_steps(cost.name),
        level=2,
        mistakes=wrong_volumes(cost),
    )


def values_of(ground: Ground, dice: Dice) -> Question | None:
    """How many numbers a volume holds."""
    cost = ground.one(dice, *WINDOWS)
    if cost is None:
        return None
    made, taken = cost.output, cost.input
    form = whole(made.size, "numbers")
    return Question(
        TOPIC,
        ("values", str(made)),
        f"How many numbers does the output of {called(cost)} hold?",
        form,
        (*ground.volume_steps(cost.name), Step("", Count(made.size, product(made)))),
        level=1,
        mistakes=wrong_wholes(
            form,
            [
                (made.height * made.width, "that is one of its channels"),
                (made.height * made.width * taken.channels, "these are the channels of its input"),
                (taken.size, "that is its input"),
                (made.height + made.width + made.channels, "the sides are added, not multiplied"),
            ],
        ),
    )


def taken_by_fc(ground: Ground, dice: Dice) -> Question | None:
    """How many numbers a fully connected layer takes of the maps before it."""
    costs = [cost for cost in ground.costs(FullyConnected) if not cost.input.flat]
    if not costs:
        return None
    cost = dice.one_of(costs)
    taken = cost.input
    form = whole(taken.size, "numbers")
    return Question(
        TOPIC,
        ("taken", *about(cost)),
        f"How many inputs has each unit of {called(cost)}?",
        form,
        (*ground.volume_steps(cost.name), Step("", Count(taken.size, product(taken)))),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (taken.channels, "these are the channels alone; each has height × width places"),
                (taken.height * taken.width, "that is one channel alone"),
                (taken.size + 1, "the bias is no input"),
                (taken.size * cost.output.size, "these are the weights of all its units"),
            ],
        ),
    )


def uneven_volume(ground: Ground, dice: Dice) -> Question | None:
    """A layer of the network on an image of another size, where the division is not whole."""
    cost = _uneven(ground, dice)
    if cost is None:
        return None
    made = cost.output
    return Question(
        TOPIC,
        ("volume", *about(cost)),
        f"A layer `{cost.notation}` is given {cost.input}. What is its output volume?",
        volume(made.height, made.width, made.channels),
        (*side_steps(cost, named=False), Step("", f"{cost.input} → {made}")),
        level=2,
        mistakes=wrong_volumes(cost),
    )


def behind_the_last_window(ground: Ground, dice: Dice) -> Question | None:
    """How many rows or columns the floor cuts off."""
    cost = _uneven(ground, dice)
    if cost is None:
        return None
    sides = [side for side in cost.sides if side.left_over]
    side = dice.one_of(sides)
    lines = "rows" if side.axis == "height" else "columns"
    form = whole(side.dropped, lines)
    reach = side.dilation * (side.kernel - 1) + 1
    padded = f"{side.input} + {side.padding[0]} + {side.padding[1]}"
    after = side.padding[1]
    steps = [
        Step(side.symbol, side.output),
        Step("left over", Count(side.left_over, f"({padded} − {reach}) mod {side.stride}")),
        Step("of these are padding", str(min(after, side.left_over))),
        Step("never seen", str(side.dropped)),
    ]
    return Question(
        TOPIC,
        ("dropped", side.axis, *about(cost)),
        f"A layer `{cost.notation}` is given {cost.input}. How many {lines} of this input lie "
        "behind its last window, so that no unit ever sees them?",
        form,
        tuple(steps),
        level=3,
        mistakes=wrong_wholes(
            form,
            [
                (side.left_over, "a part of what is left over is padding"),
                (0, "the division is not whole: the floor cuts something off"),
                (side.stride - side.left_over, "that is what is missing to one more window"),
                (side.left_over + 1, "counted one too many"),
                (side.output.value, "that is the side of the output"),
            ],
        ),
    )


def _uneven(ground: Ground, dice: Dice) -> LayerCost | None:
    """A layer with a stride on a drawn input where something is left over."""
    known: Sequence[LayerCost] = ground.costs(*WINDOWS)
    for _ in range(_TRIES):
        layer: Layer = MaxPool((2, 2), (2, 2))
        channels = dice.one_of([1, 3, 8, 16])
        if known:
            cost = dice.one_of(known)
            layer, channels = cost.layer, cost.input.channels
        if isinstance(layer, Conv) and layer.padding == "same":
            layer = replace(layer, padding=(layer.kernel[0] // 2, layer.kernel[1] // 2))
        assert isinstance(layer, WINDOWS)
        if max(layer.stride) == 1:
            step = dice.whole(2, 3)
            layer = replace(layer, stride=(step, step))
        least = max(layer.kernel) + 3
        height, width = dice.whole(least, least + 26), dice.whole(least, least + 26)
        found = alone(Volume(height, width, channels), layer)
        if found is not None and any(side.left_over for side in found.explanation.layers[0].sides):
            return found.explanation.layers[0]
    return None


def wrong_volumes(cost: LayerCost) -> tuple[Mistake, ...]:
    """Typical wrong volumes of a window."""
    made = cost.output
    form = volume(made.height, made.width, made.channels)
    return wrong_numbers(form, _wrong(cost, made))


def _wrong(cost: LayerCost, made: Volume) -> Iterator[tuple[Sequence[float] | None, str]]:
    def otherwise(side_of: Callable[[Side], int]) -> Sequence[float] | None:
        sides = [side_of(side) for side in cost.sides]
        return None if min(sides) < 1 else (*sides, made.channels)

    def plain(side: Side, *, padding: int, stride: int, dilation: int) -> int:
        return output_side(side.input, side.kernel, stride, padding, dilation)

    yield (
        otherwise(lambda s: plain(s, padding=0, stride=s.stride, dilation=s.dilation)),
        "the padding is left out",
    )
    yield (
        otherwise(lambda s: plain(s, padding=s.padding[0], stride=s.stride, dilation=s.dilation)),
        "the padding is counted at one end only",
    )
    yield otherwise(lambda s: s.output.value + (s.left_over > 0)), "rounded up in place of down"
    yield otherwise(lambda s: s.output.value - 1), "the + 1 is left out"
    yield (made.height, made.width, cost.input.channels), "these are the channels of the input"
    yield (made.width, made.height, made.channels), "height and width are swapped"
    yield (
        otherwise(lambda s: plain(s, padding=sum(s.padding), stride=1, dilation=s.dilation)),
        "the stride is left out",
    )
    yield (
        otherwise(lambda s: plain(s, padding=sum(s.padding), stride=s.stride, dilation=1)),
        "the dilation is left out",
    )
    yield (cost.input.height, cost.input.width, made.channels), "these are the input's sides"
    yield otherwise(lambda s: s.output.value + 1), "one too many"
