"""Questions about memory: what lives at once, what training keeps, what weights take."""

from __future__ import annotations

from convscope.architecture.counts import Count, number
from convscope.architecture.layers import Conv, Dropout, Flatten, FullyConnected, Residual
from convscope.architecture.memory import FLOAT_BYTES
from convscope.exercises.dice import Dice
from convscope.exercises.forms import whole
from convscope.exercises.ground import WINDOWS, Ground, about, called
from convscope.exercises.question import Question, Step, wrong_wholes

__all__ = ["bytes_in_use", "bytes_kept", "bytes_of_weights"]

TOPIC = "memory"


def bytes_of_weights(ground: Ground, dice: Dice) -> Question | None:
    """What a layer's parameters take on disk."""
    cost = ground.one(dice, Conv, FullyConnected)
    if cost is None:
        return None
    count = cost.parameters.value
    form = whole(FLOAT_BYTES * count, "bytes")
    return Question(
        TOPIC,
        ("bytes of weights", cost.notation, str(cost.input.channels)),
        f"How many bytes do the parameters of {called(cost)} take in float32?",
        form,
        (
            Step("parameters", cost.parameters),
            Step("", Count(form.accepted[0], f"{number(count)} · {FLOAT_BYTES} bytes")),
        ),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (count, "these are the parameters: each takes 4 bytes"),
                (FLOAT_BYTES * cost.weights.value, "the biases are left out"),
                (8 * count, "float32 takes 4 bytes, not 8"),
                (32 * count, "these are bits"),
            ],
        ),
    )


def bytes_in_use(ground: Ground, dice: Dice) -> Question | None:
    """What is alive while one layer works."""
    costs = [
        cost
        for cost in ground.costs(*WINDOWS)
        if "." not in cost.name and cost.memory_inference.derivation.startswith("(")
    ]
    if not costs:
        return None
    cost = dice.one_of(costs)
    right = cost.memory_inference
    form = whole(right.value, "bytes")
    return Question(
        TOPIC,
        ("in use", *about(cost)),
        f"While {called(cost)} works on one image in use, its input and its output are alive. How "
        "many bytes are that in float32?",
        form,
        (*ground.volume_steps(cost.name), Step("", right)),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (right.value // FLOAT_BYTES, "these are the numbers: each takes 4 bytes"),
                (FLOAT_BYTES * cost.output.size, "the input is alive as well"),
                (FLOAT_BYTES * cost.input.size, "the output is alive as well"),
                (FLOAT_BYTES * cost.input.size * cost.output.size, "the sizes add up"),
            ],
        ),
    )


def bytes_kept(ground: Ground, dice: Dice) -> Question | None:
    """What training keeps of a layer's output for the backward pass."""
    costs = [
        cost
        for cost in ground.costs(object)
        if "." not in cost.name and not isinstance(cost.layer, Residual | Flatten | Dropout)
    ]
    if not costs:
        return None
    cost = dice.one_of(costs)
    right = cost.memory_training
    form = whole(right.value, "bytes")
    made = FLOAT_BYTES * cost.output.size
    return Question(
        TOPIC,
        ("kept", *about(cost), right.derivation),
        f"In training a tensor is kept for the backward pass if a derivative needs it: conv, fc, "
        "batchnorm, leakyrelu, gelu, silu and every pooling window need their input; relu, "
        "sigmoid, tanh and l2pool their output. A maxpool also keeps the place of each maximum (8 "
        "bytes), a batchnorm a mean and a deviation of each channel (4 bytes each). Each tensor "
        "counts once, "
        f"at the layer that made it. How many bytes does {called(cost)} leave for the backward "
        "pass of one image in float32?",
        form,
        (*ground.volume_steps(cost.name), Step("", right)),
        level=3,
        mistakes=wrong_wholes(
            form,
            [
                (made, "this is its whole output, and nothing beside that"),
                (0, "a derivative needs something of it"),
                (made + FLOAT_BYTES * cost.input.size, "its input counts at the layer before"),
                (right.value // FLOAT_BYTES, "these are the numbers, not the bytes"),
                (made + 8 * cost.output.size, "only a maxpool keeps the places of its maxima"),
            ],
        ),
    )
