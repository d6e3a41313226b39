"""Questions about the work of a layer, and about what sharing weights saves."""

from __future__ import annotations

from convscope.architecture.arithmetic import LayerCost
from convscope.architecture.counts import number
from convscope.architecture.layers import Conv, FullyConnected
from convscope.exercises.dice import Dice
from convscope.exercises.forms import decimal, whole
from convscope.exercises.ground import Ground, about, called
from convscope.exercises.question import Mistake, Question, Step, wrong_numbers, wrong_wholes
from convscope.exercises.weights import MOST_LEARNT

__all__ = [
    "dense_instead",
    "multiply_adds",
    "share_of_work",
    "unshared_instead",
    "wrong_work",
]

TOPIC, SHARING = "work", "sharing"


def multiply_adds(ground: Ground, dice: Dice) -> Question | None:
    """The work of one layer."""
    cost = ground.one(dice, Conv, FullyConnected)
    if cost is None:
        return None
    return Question(
        TOPIC,
        ("work", *about(cost)),
        f"How many multiply-adds does {called(cost)} take for one image? Biases are not counted.",
        whole(cost.multiply_adds.value, "multiply-adds"),
        (*ground.volume_steps(cost.name), Step("", cost.multiply_adds)),
        level=2,
        mistakes=wrong_work(cost),
    )


def share_of_work(ground: Ground, dice: Dice) -> Question | None:
    """How much of all multiply-adds one layer carries."""
    explanation = ground.explanation
    working = [cost for cost in explanation.layers if cost.multiply_adds.value]
    if not 2 <= len(working) <= MOST_LEARNT:
        return None
    # Neither nothing nor all: the tolerance would be larger than what is asked for.
    telling = [cost for cost in working if 0.01 <= explanation.share_of_work(cost) <= 0.99]
    if not telling:
        return None
    cost = dice.one_of(telling)
    right = 100 * explanation.share_of_work(cost)
    form = decimal(right, 0.1, "%")
    mine, everything = cost.multiply_adds.value, explanation.multiply_adds
    steps = [Step(each.name, each.multiply_adds) for each in working]
    quotient = f"{number(mine)} / {number(everything.value)} = {right:.2f} %"
    return Question(
        TOPIC,
        ("share", cost.name),
        f"What part of all multiply-adds of the network does {called(cost)} carry, in percent?",
        form,
        (*steps, Step("all", everything), Step("", quotient)),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ([100 * explanation.share_of_parameters(cost)], "that is its part of parameters"),
                ([100 - right], "that is the part of all others"),
                ([100 / len(working)], "layers do not share the work evenly"),
                ([right / 100], "in percent it is a hundred times that"),
            ],
        ),
    )


def dense_instead(ground: Ground, dice: Dice) -> Question | None:
    """The weights of a fully connected layer in the place of a convolution."""
    return _instead(
        ground,
        dice,
        "dense",
        "had a fully connected layer in its place, from all numbers of its input to all of its "
        "output. How many weights (without biases) would that have?",
    )


def unshared_instead(ground: Ground, dice: Dice) -> Question | None:
    """The weights of a convolution whose every place has a kernel of its own."""
    return _instead(
        ground,
        dice,
        "unshared",
        "had a kernel of its own at every place, with nothing shared. How many weights (without "
        "biases) would it have?",
    )


def _instead(ground: Ground, dice: Dice, which: str, told: str) -> Question | None:
    cost = ground.one(dice, Conv)
    if cost is None or cost.dense is None or cost.unshared is None:
        return None
    right, other = (cost.dense, cost.unshared) if which == "dense" else (cost.unshared, cost.dense)
    other_name = "without sharing" if which == "dense" else "as a dense layer"
    form = whole(right.value, "weights")
    one_place = cost.output.height * cost.output.width
    return Question(
        SHARING,
        (which, *about(cost)),
        f"Suppose {called(cost)} {told}",
        form,
        (*ground.volume_steps(cost.name), Step("", right)),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (cost.weights.value, "that is what the convolution itself has"),
                (other.value, f"that is what it would have {other_name}"),
                (cost.input.size + cost.output.size, "the sizes are added, not multiplied"),
                (cost.input.size * cost.output.channels, "the output has more than one place"),
                (one_place, "these are the places of its output"),
            ],
        ),
    )


def wrong_work(cost: LayerCost) -> tuple[Mistake, ...]:
    """Typical wrong numbers of multiply-adds."""
    form = whole(cost.multiply_adds.value)
    work, made = cost.multiply_adds.value, cost.output
    in_place = cost.input.height * cost.input.width * cost.weights.value
    is_conv = isinstance(cost.layer, Conv)
    return wrong_wholes(
        form,
        [
            (2 * work, "these are FLOPs: two for each multiply-add"),
            (work + made.size, "biases are not counted"),
            (in_place if is_conv else None, "the kernel stands at every place of the output"),
            (cost.weights.value if is_conv else None, "every weight works at every place"),
            (work // made.channels, "that is one channel of the output"),
            (
                work // max(1, cost.input.channels) if is_conv else None,
                "the kernel is as deep as its input",
            ),
            (made.size, "these are the numbers that it makes"),
        ],
    )
