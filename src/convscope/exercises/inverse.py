"""Questions the other way round: what must a layer be, so that this comes out?

Where several answers fit, all of them are right; they are found by trying all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from convscope.architecture.counts import Count, number
from convscope.architecture.layers import Conv, MaxPool
from convscope.architecture.printing import layer_text
from convscope.architecture.windows import output_side, side_formula
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Whole, whole
from convscope.exercises.ground import WINDOWS, Ground
from convscope.exercises.question import Question, Step, wrong_wholes

__all__ = ["channels_of", "input_of", "kernel_of", "padding_that_keeps", "stride_of"]

TOPIC = "the other way round"
_TRIES = 30


def _fitting(candidates: range, fits: Callable[[int], bool]) -> tuple[int, ...]:
    return tuple(value for value in candidates if fits(value))


def _formula_step(side: int, layer: Conv | MaxPool) -> Step:
    """W_out with the numbers put in."""
    padding = 2 * layer.padding[1] if layer.padding != "same" else 0
    dilation = layer.dilation[1] if isinstance(layer, Conv) else 1
    made = output_side(side, layer.kernel[1], layer.stride[1], padding, dilation)
    reach = dilation * (layer.kernel[1] - 1) + 1
    formula = side_formula(1, side, layer)
    if (side + padding - reach) % layer.stride[1]:
        formula = f"⌊{formula.removesuffix(' + 1')}⌋ + 1"
    return Step("W_out", Count(made, formula))


def _all_right(form: Whole) -> tuple[Step, ...]:
    """Where several fit, all of them."""
    return (Step("right are", form.shown),) if len(form.accepted) > 1 else ()


def _a_side(ground: Ground, dice: Dice) -> int:
    """The side of a square volume of the network, or a drawn one."""
    sides = {cost.input.height for cost in ground.costs(*WINDOWS) if cost.input.height >= 7}
    return dice.one_of(sorted(sides)) if sides else dice.whole(12, 32)


def padding_that_keeps(ground: Ground, dice: Dice) -> Question | None:
    """Which padding keeps the size."""
    side, kernel, dilation = _a_side(ground, dice), 2 * dice.whole(1, 5) + 1, dice.whole(1, 2)
    reach = dilation * (kernel - 1) + 1
    accepted = _fitting(
        range(reach + 1), lambda p: output_side(side, kernel, 1, 2 * p, dilation) == side
    )
    if not accepted:
        return None
    padding = accepted[0]
    form = whole(padding, "pixels", *accepted[1:])
    layer = Conv(1, (kernel, kernel), (1, 1), (padding, padding), (dilation, dilation))
    spread = f", stride 1 and dilation {dilation}" if dilation > 1 else " and stride 1"
    return Question(
        TOPIC,
        ("padding", str(kernel), str(dilation), str(side)),
        f"A convolution with kernels of {kernel}×{kernel}{spread} is to give maps as "
        f"high and wide as its input of {side}×{side}. How many pixels of padding does it need at "
        "each end?",
        form,
        (
            Step("at both ends", Count(2 * padding, f"{dilation}·({kernel} − 1)")),
            Step("at each end", Count(padding, f"{2 * padding}/2")),
            _formula_step(side, layer),
        ),
        level=1,
        mistakes=wrong_wholes(
            form,
            [
                (kernel - 1, "that is for both ends together, and without dilation"),
                (2 * padding, "that is for both ends together"),
                (kernel // 2, "the dilation spreads the kernel"),
                (kernel, "that is the kernel's side"),
                (padding + 1, "one too many: the kernel's centre is no neighbour of itself"),
                (padding - 1, "one too few"),
            ],
        ),
    )


def stride_of(ground: Ground, dice: Dice) -> Question | None:
    """Which stride gives these sides."""
    for _ in range(_TRIES):
        kernel, padding, step = _kernel(ground, dice), dice.whole(0, 2), dice.whole(2, 4)
        side = _a_side(ground, dice)
        made = output_side(side, kernel, step, 2 * padding)
        if made < 2 or padding > kernel // 2:
            continue  # one window fits with any stride
        accepted = _fitting(
            range(1, side + 2 * padding + 1),
            lambda s, side=side, kernel=kernel, padding=padding, made=made: (  # type: ignore[misc]
                output_side(side, kernel, s, 2 * padding) == made
            ),
        )
        layer = Conv(8, (kernel, kernel), (step, step), (padding, padding))
        text = layer_text(replace(layer, stride=(1, 1)))
        form = whole(step, "", *(value for value in accepted if value != step))
        return Question(
            TOPIC,
            ("stride", text, str(side), str(made)),
            f"`{text}` takes maps of {side}×{side}. With which stride, the same along both axes, "
            f"does it give {made}×{made}?",
            form,
            (_formula_step(side, layer), *_all_right(form)),
            level=2,
            mistakes=wrong_wholes(
                form,
                [
                    (side // made, "the kernel and the padding are left out"),
                    (side - made, "that is the difference of the sides"),
                    (max(1, step - 1), "that gives more"),
                    (step + 1, "that gives less"),
                    (step + 2, "that gives less"),
                ],
            ),
        )
    return None


def _kernel(ground: Ground, dice: Dice) -> int:
    known = {cost.sides[1].kernel for cost in ground.costs(Conv) if 2 <= cost.sides[1].kernel <= 7}
    return dice.one_of(sorted(known | {3, 5}))


def kernel_of(ground: Ground, dice: Dice) -> Question | None:
    """Which square kernel gives these sides."""
    side, step, padding = _a_side(ground, dice), dice.whole(1, 2), dice.whole(0, 1)
    kernel = dice.whole(2, min(7, side - 1))
    made = output_side(side, kernel, step, 2 * padding)
    if made < 2:
        return None
    accepted = _fitting(
        range(1, side + 2 * padding + 1),
        lambda k: output_side(side, k, step, 2 * padding) == made,
    )
    form = whole(kernel, "", *(value for value in accepted if value != kernel))
    padded = f"padding {padding}" if padding else "no padding"
    layer = Conv(1, (kernel, kernel), (step, step), (padding, padding))
    return Question(
        TOPIC,
        ("kernel", str(step), str(padding), str(side), str(made)),
        f"A convolution with stride {step} and {padded} makes {made}×{made} out of {side}×{side}. "
        "What is the side of its square kernel? (Write 5 for 5×5.)",
        form,
        (_formula_step(side, layer), *_all_right(form)),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (side - made, "one place more fits than the difference of the sides"),
                (side - made + 2, "one too many"),
                (kernel + 2 * padding, "the padding makes the input larger, not the kernel"),
                (kernel + step, "the floor does not reach that far"),
                (max(1, kernel - step), "the floor does not reach that far"),
            ],
        ),
    )


def channels_of(ground: Ground, dice: Dice) -> Question | None:
    """How many kernels a number of parameters is."""
    side, depth = dice.one_of([3, 5]), dice.one_of([1, 3, 8, 16, 32])
    costs = ground.costs(Conv)
    if costs:
        cost = dice.one_of(costs)
        depth = cost.input.channels
    kernels = 4 * dice.whole(2, 24)
    each = side * side * depth + 1
    form = whole(kernels, "kernels")
    total = number(kernels * each)
    return Question(
        TOPIC,
        ("channels", str(side), str(depth), str(kernels)),
        f"A convolution with kernels of {side}×{side} and one bias each takes "
        f"{_channels(depth)} and has {total} parameters. How many kernels has it?",
        form,
        (
            Step("each kernel", Count(each, f"{side}·{side}·{depth} + 1")),
            Step("kernels", Count(kernels, f"{total}/{number(each)}")),
        ),
        level=3,
        mistakes=wrong_wholes(
            form,
            [
                (kernels * each // (each - 1), "each kernel has a bias as well"),
                (kernels * each // (side * side + 1), "a kernel is as deep as its input"),
                (kernels * each // (side * side), "neither the depth nor the bias is counted"),
                (kernels * each // (side * depth + 1), "a kernel has height and width"),
                (kernels + 1, "one too many"),
            ],
        ),
    )


def input_of(ground: Ground, dice: Dice) -> Question | None:
    """A side of the input that gives this side of the output."""
    kernel, step = dice.one_of([2, 3]), dice.one_of([2, 2, 3])
    made = dice.whole(4, 14)
    layer = MaxPool((kernel, kernel), (step, step))
    limit = step * (made + 1) + kernel
    accepted = _fitting(range(kernel, limit + 1), lambda w: output_side(w, kernel, step, 0) == made)
    least = accepted[0]
    form = whole(least, "", *accepted[1:])
    return Question(
        TOPIC,
        ("input", str(kernel), str(step), str(made)),
        f"`{layer_text(layer)}` gives maps of {made}×{made}. How many pixels wide can its square "
        "input have been?",
        form,
        (
            Step("at least", Count(least, f"({made} − 1)·{step} + {kernel}")),
            _formula_step(least, layer),
            *_all_right(form),
        ),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (made + kernel - 1, "the stride is left out"),
                (least - 1, "the last window does not fit any more"),
                (accepted[-1] + 1, "one more window fits"),
                (2 * accepted[-1], "that gives twice as many"),
                (made, "the pooling makes less of it"),
            ],
        ),
    )


def _channels(depth: int) -> str:
    return "one channel" if depth == 1 else f"{depth} channels"
