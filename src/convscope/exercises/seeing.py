"""Questions about receptive fields: size, jump, and the real pixels of one unit."""

from __future__ import annotations

from collections.abc import Sequence

from convscope.architecture.arithmetic import LayerCost
from convscope.architecture.counts import Count, number
from convscope.architecture.fields import Field, Span, reach
from convscope.exercises.dice import Dice
from convscope.exercises.forms import Numbers, sides, whole
from convscope.exercises.ground import WINDOWS, Ground, about, called
from convscope.exercises.question import Question, Step, wrong_numbers, wrong_wholes

__all__ = ["field_jump", "field_size", "seen_by_unit"]

TOPIC = "receptive fields"
_MOST_STEPS = 16
_TRIES = 12


def field_size(ground: Ground, dice: Dice) -> Question | None:
    """How many pixels a unit sees."""
    found = _layer(ground, dice)
    if found is None:
        return None
    cost, chain = found
    height, width = cost.field.height, cost.field.width
    form = sides(height.size.value, width.size.value, "pixels")
    kernels = [sum(each.sides[axis].kernel for each in chain) for axis in (0, 1)]
    own = [side.kernel for side in cost.sides]
    before = _before(ground, chain)
    reached = [side.dilation * (side.kernel - 1) + 1 for side in cost.sides]
    return Question(
        TOPIC,
        ("field", *about(cost)),
        f"How large is the receptive field of a unit of {called(cost)}, in pixels of the image? "
        "Padding counts as image.",
        form,
        _steps(chain, "size"),
        level=2,
        mistakes=wrong_numbers(
            form,
            [
                (own, "that is what it sees of the layer before it"),
                (kernels, "the windows are added up without the jump between units"),
                (
                    [size + reached[axis] - 1 for axis, size in enumerate(_sizes(before))],
                    "a step of the window is as long as the jump of the layer before",
                ),
                (
                    [
                        size + reached[axis] * _jumps(before)[axis]
                        for axis, size in enumerate(_sizes(before))
                    ],
                    "a window of F has F − 1 steps",
                ),
                (_sizes(before), "that is the field of the layer before it"),
                (_jumps(cost.field), "that is the jump"),
            ],
        ),
    )


def field_jump(ground: Ground, dice: Dice) -> Question | None:
    """By how many pixels the fields of neighbours differ."""
    found = _layer(ground, dice)
    if found is None:
        return None
    cost, chain = found
    jumps = _jumps(cost.field)
    strides = [[each.sides[axis].stride for each in chain] for axis in (0, 1)]
    if jumps[0] != jumps[1]:
        return None
    form = whole(jumps[0], "pixels")
    return Question(
        TOPIC,
        ("jump", *about(cost)),
        f"Two units of {called(cost)} lie side by side. By how many pixels of the image are their "
        "receptive fields apart?",
        form,
        _steps(chain, "jump"),
        level=2,
        mistakes=wrong_wholes(
            form,
            [
                (strides[1][-1], "that is its own stride alone"),
                (sum(strides[1]), "strides multiply, they do not add"),
                (cost.field.width.size.value, "that is how large a field is"),
                (jumps[0] * 2, "one stride is counted twice"),
                (1, "the strides before it move its units apart"),
            ],
        ),
    )


def seen_by_unit(ground: Ground, dice: Dice) -> Question | None:
    """The rows and columns of the image that a unit sees, borders taken into account."""
    for _ in range(_TRIES):
        found = _layer(ground, dice)
        if found is None:
            return None
        cost, chain = found
        row = _unit(dice, cost.output.height)
        column = _unit(dice, cost.output.width)
        question = _seen(ground, cost, chain, row, column)
        if question is not None:
            return question
    return None


def _unit(dice: Dice, side: int) -> int:
    """The first, the last, or any."""
    return dice.one_of([0, side - 1, dice.below(side)])


def _seen(
    ground: Ground, cost: LayerCost, chain: Sequence[LayerCost], row: int, column: int
) -> Question | None:
    box = reach(ground.architecture, cost.name, row, column)
    image = ground.explanation.input
    lines = [
        _line(span, unit, side)
        for span, unit, side in (
            (cost.field.height, row, image.height),
            (cost.field.width, column, image.width),
        )
    ]
    if box is None:
        return None
    ends = (box.top, box.bottom - 1, box.left, box.right - 1)
    cut = [(max(0, first), min(side - 1, last)) for first, last, side in lines]
    if ends != (*cut[0], *cut[1]):
        return None  # padding inside, or holes: the rule alone does not give it
    form = Numbers(ends, "first row, last row, first column, last column", joined=", ")
    (top, bottom, _), (left, right, _) = lines
    sizes = (cost.field.height.size.value, cost.field.width.size.value)
    return Question(
        TOPIC,
        ("seen", str(row), str(column), *about(cost)),
        f"Which rows and columns of the image does the unit of {called(cost)} at row {row}, column "
        f"{column} see? All are counted from 0; pixels in the padding do not count.",
        form,
        (
            *_steps(chain, "all"),
            *_ends("rows", row, cost.field.height, cut[0]),
            *_ends("columns", column, cost.field.width, cut[1]),
        ),
        level=3,
        mistakes=wrong_numbers(
            form,
            [
                ((top, bottom, left, right), "a part of that lies in the padding"),
                (
                    (cut[0][0], cut[0][1] + 1, cut[1][0], cut[1][1] + 1),
                    "the last ones are one too many",
                ),
                ((*cut[1], *cut[0]), "rows and columns are swapped"),
                ((row, row + sizes[0] - 1, column, column + sizes[1] - 1), "the jump is left out"),
                ((0, sizes[0] - 1, 0, sizes[1] - 1), "that is the first unit without padding"),
            ],
        ),
    )


def _line(span: Span, unit: int, side: int) -> tuple[int, int, int]:
    assert span.jump is not None
    assert span.start is not None
    first = span.start.value + unit * span.jump.value
    return first, first + span.size.value - 1, side


def _ends(name: str, unit: int, span: Span, cut: tuple[int, int]) -> tuple[Step, ...]:
    first, last, _ = _line(span, unit, 0)
    assert span.jump is not None
    assert span.start is not None
    start = number(span.start.value)
    return (
        Step(f"first of the {name}", Count(first, f"{start} + {unit}·{span.jump.value}")),
        Step(f"last of the {name}", Count(last, f"{number(first)} + {span.size.value} − 1")),
        Step(f"{name} in the image", f"{cut[0]} … {cut[1]}"),
    )


def _layer(ground: Ground, dice: Dice) -> tuple[LayerCost, list[LayerCost]] | None:
    """A layer whose field follows from a plain chain of windows, and that chain."""
    found = []
    for cost in ground.costs(*WINDOWS):
        if "." in cost.name or cost.field.everything or None in _both(cost.field):
            continue
        chain = [each for each in ground.chain(cost.name) if each.sides]
        plain = not any(each.kind == "residual" for each in ground.chain(cost.name))
        if plain and len(chain) <= _MOST_STEPS:
            found.append((cost, chain))
    return dice.one_of(found) if found else None


def _both(field: Field) -> list[Count | None]:
    return [field.height.jump, field.width.jump, field.height.start, field.width.start]


def _before(ground: Ground, chain: Sequence[LayerCost]) -> Field | None:
    return chain[-2].field if len(chain) > 1 else None


def _sizes(field: Field | None) -> list[int]:
    return [field.height.size.value, field.width.size.value] if field else [1, 1]


def _jumps(field: Field | None) -> list[int]:
    if field is None:
        return [1, 1]
    return [span.jump.value if span.jump else 0 for span in (field.height, field.width)]


def _steps(chain: Sequence[LayerCost], what: str) -> tuple[Step, ...]:
    """Size, jump and start from layer to layer."""
    steps: list[Step] = []
    for cost in chain:
        spans = [("", cost.field.width)]
        if cost.field.height != cost.field.width:
            spans = [("height: ", cost.field.height), ("width: ", cost.field.width)]
        for axis, span in spans:
            parts = {"size": span.size, "jump": span.jump, "start": span.start}
            shown = parts if what == "all" else {"size": span.size, "jump": span.jump}
            if what == "jump":
                shown = {"jump": span.jump}
            text = "; ".join(f"{word} {count}" for word, count in shown.items() if count)
            steps.append(Step(cost.name, axis + text))
    return tuple(steps)
