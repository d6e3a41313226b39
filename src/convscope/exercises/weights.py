"""Questions about what a layer learns."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

from convscope.architecture.arithmetic import LayerCost
from convscope.architecture.counts import Count, number, product
from convscope.architecture.layers import BatchNorm, Conv, FullyConnected
from convscope.exercises.dice import Dice
from convscope.exercises.forms import whole
from convscope.exercises.ground import Ground, called
from convscope.exercises.question import (
    Mistake,
    Question,
    Step,
    wrong_wholes,
)

__all__ = [
    "MOST_LEARNT",
    "all_parameters",
    "batch_norm_numbers",
    "parameters",
    "weights_or_biases",
    "wrong_parameters",
]

TOPIC = "parameters"
MOST_LEARNT = 12
"""Layers with weights over which one still sums by hand."""


def parameters(ground: Ground, dice: Dice) -> Question | None:
    """All parameters of one layer."""
    cost = ground.one(dice, Conv, FullyConnected)
    if cost is None:
        return None
    return Question(
        TOPIC,
        ("parameters", cost.notation, str(cost.input.channels)),
        f"How many parameters (weights and biases) has {called(cost)}?",
        whole(cost.parameters.value, "parameters"),
        (*_before_fc(ground, cost), Step("", cost.parameters)),
        level=1 if cost.kind == "conv" else 2,
        mistakes=wrong_parameters(cost),
    )


def weights_or_biases(ground: Ground, dice: Dice) -> Question | None:
    """One of the two alone."""
    cost = ground.one(dice, Conv, FullyConnected)
    if cost is None:
        return None
    asked = dice.one_of(["weights", "biases"])
    right, other = (
        (cost.weights, cost.biases) if asked == "weights" else (cost.biases, cost.weights)
    )
    form = whole(right.value, asked)
    channels = cost.input.channels
    remark = "" if asked == "weights" else " Write 0 if it has none."
    return Question(
        TOPIC,
        (asked, cost.notation, str(channels)),
        f"How many {asked} has {called(cost)}?{remark}",
        form,
        (*_before_fc(ground, cost), Step("", right)),
        level=1 if cost.kind == "conv" else 2,
        mistakes=wrong_wholes(
            form,
            [
                (cost.parameters.value, "these are weights and biases together"),
                (other.value, f"these are the {'biases' if asked == 'weights' else 'weights'}"),
                (cost.output.size, "that is one for each number of the output"),
                (right.value * channels, "the channels of the input are counted twice"),
                (channels, "these are the channels of its input"),
            ],
        ),
    )


def batch_norm_numbers(ground: Ground, dice: Dice) -> Question | None:
    """What a batch normalisation learns, and what it stores beside that."""
    cost = ground.one(dice, BatchNorm)
    if cost is None:
        return None
    channels = cost.input.channels
    learns = dice.one_of([True, False])
    right = cost.parameters if learns else cost.statistics
    asked = "does it learn" if learns else "does it store for its use, beside those that it learns"
    form = whole(right.value, "numbers")
    return Question(
        TOPIC,
        ("batchnorm", "learnt" if learns else "stored", str(channels)),
        f"{cost.name} is a batch normalisation of {number(channels)} channels. How many numbers "
        f"{asked}?",
        form,
        (Step("", right),),
        level=1,
        mistakes=wrong_wholes(
            form,
            [
                (channels, "there are two for each channel"),
                (4 * channels, "that is what it learns and what it stores, together"),
                (2 * cost.input.size, "there are two for each channel, not for each number"),
                (2, "each channel has its own"),
            ],
        ),
    )


def all_parameters(ground: Ground, dice: Dice) -> Question | None:
    """The sum over the network."""
    explanation = ground.explanation
    learnt = [cost for cost in explanation.layers if cost.parameters.value]
    if not 2 <= len(learnt) <= MOST_LEARNT:
        return None
    right = explanation.parameters
    form = whole(right.value, "parameters")
    norms = sum(cost.parameters.value for cost in learnt if cost.kind == "batchnorm")
    steps = [Step(cost.name, cost.parameters) for cost in learnt]
    return Question(
        TOPIC,
        ("all parameters",),
        "How many parameters has the whole network?",
        form,
        (*steps, Step("", right)),
        level=3,
        mistakes=wrong_wholes(
            form,
            [
                (explanation.weights.value, "the biases and shifts are left out"),
                (right.value - norms, "the batch normalisations are left out"),
                (right.value - learnt[-1].parameters.value, f"{learnt[-1].name} is left out"),
                (
                    right.value + explanation.statistics.value,
                    "running statistics are stored, and not learnt",
                ),
            ],
        ),
    )


def wrong_parameters(cost: LayerCost) -> tuple[Mistake, ...]:
    """Typical wrong numbers of parameters."""
    form = whole(cost.parameters.value)
    if isinstance(cost.layer, Conv):
        return wrong_wholes(form, _wrong_of_conv(cost, cost.layer))
    taken, made = cost.input, cost.output.size
    places = taken.height * taken.width
    has_bias = cost.biases.value > 0
    return wrong_wholes(
        form,
        [
            (cost.weights.value if has_bias else None, "the biases are left out"),
            (None if has_bias else cost.weights.value + made, "it has no biases"),
            (cost.weights.value + taken.size, "there is a bias for each output, not each input"),
            (taken.channels * made + cost.biases.value, f"each channel has {places} places"),
            (cost.weights.value + 1, "each output has a bias of its own"),
            (made, "these are its outputs"),
        ],
    )


def _wrong_of_conv(cost: LayerCost, layer: Conv) -> Iterator[tuple[int | None, str]]:
    kernel, biases = prod(layer.kernel), cost.biases.value
    depth = cost.input.channels // layer.groups
    if biases:
        yield cost.weights.value, "the biases are left out"
        yield cost.weights.value + 1, "each kernel has a bias of its own"
        yield layer.channels * cost.input.channels * (kernel + 1), "one bias a kernel is enough"
    else:
        yield cost.weights.value + layer.channels, "it has no biases"
    yield layer.channels * kernel + biases, "a kernel is as deep as its input"
    yield kernel * depth + (1 if biases else 0), "that is one kernel alone"
    yield layer.channels * layer.kernel[0] * depth + biases, "a kernel has height and width"
    if layer.groups > 1:
        whole_depth = layer.channels * kernel * cost.input.channels
        yield whole_depth + biases, "with groups a kernel sees only a part of the channels"
    yield cost.multiply_adds.value, "that is its work: weights are shared by all places"


def _before_fc(ground: Ground, cost: LayerCost) -> tuple[Step, ...]:
    """A fully connected layer needs the volume that reaches it."""
    if cost.kind != "fc" or cost.input.flat:
        return ()
    sizes = Step("inputs", Count(cost.input.size, product(cost.input)))
    return (*ground.volume_steps(cost.name)[:-1], sizes)
