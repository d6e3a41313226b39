"""Questions about what changes if: one layer is altered, and all else follows from that."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from convscope.architecture.arithmetic import LayerCost
from convscope.architecture.counts import Count, number
from convscope.architecture.layers import AvgPool, Conv, FullyConnected, Layer, MaxPool, Pair
from convscope.exercises.dice import Dice
from convscope.exercises.forms import decimal, volume, whole
from convscope.exercises.ground import WINDOWS, Ground, called, changed, layer_at, side_steps
from convscope.exercises.question import (
    Mistake,
    Question,
    Step,
    wrong_numbers,
    wrong_wholes,
)
from convscope.exercises.volumes import wrong_volumes
from convscope.exercises.weights import MOST_LEARNT, wrong_parameters
from convscope.exercises.work import wrong_work

__all__ = ["changed_after", "changed_here", "changed_work"]

TOPIC = "what changes if"
_TRIES = 12


@dataclass(frozen=True)
class _Change:
    """A layer before and after, in two networks that both fit; ``words`` say what was done."""

    words: str
    before: LayerCost
    after: LayerCost | None
    old: Ground
    new: Ground

    @property
    def told(self) -> str:
        return f"Suppose {called(self.before)} {self.words}, and nothing else is changed."

    @property
    def step(self) -> tuple[Step, ...]:
        if self.after is None:
            return ()
        return (Step(self.before.name, f"`{self.before.notation}` → `{self.after.notation}`"),)


def changed_here(ground: Ground, dice: Dice) -> Question | None:
    """The altered layer's own volume, parameters or work."""
    for _ in range(_TRIES):
        change = _change(ground, dice, leave_out=False)
        if change is None or change.after is None:
            continue
        asked = dice.one_of(["volume", "parameters", "work"])
        make = {"volume": _volume, "parameters": _parameters, "work": _work}[asked]
        question = make(change, change.after)
        if question is not None:
            return question
    return None


def changed_after(ground: Ground, dice: Dice) -> Question | None:
    """What the change does to the network, or to a layer with weights that comes later."""
    for _ in range(_TRIES):
        change = _change(ground, dice, leave_out=True)
        if change is None:
            continue
        question = _of_all(change) if dice.one_of([True, False]) else _of_later(change, dice)
        if question is not None:
            return question
    return None


def changed_work(ground: Ground, dice: Dice) -> Question | None:
    """By which factor the altered layer's work grows or shrinks."""
    for _ in range(_TRIES):
        change = _change(ground, dice, leave_out=False)
        if change is None or change.after is None:
            continue
        old, new = change.before.multiply_adds, change.after.multiply_adds
        if not old.value or not new.value or old.value == new.value:
            continue
        ratio = new.value / old.value
        form = decimal(ratio, 0.01 if ratio >= 0.2 else 0.001)
        return Question(
            TOPIC,
            ("factor", change.before.notation, change.words),
            f"{change.told} By which factor do its multiply-adds change? (2 is twice as many, 0.5 "
            "half as many.)",
            form,
            (
                *change.step,
                Step("before", old),
                *side_steps(change.after),
                Step("after", new),
                Step("", f"{number(new.value)} / {number(old.value)} = {ratio:.4g}"),
            ),
            level=2,
            mistakes=wrong_numbers(
                form,
                [
                    ([1 / ratio], "that is the other way round"),
                    ([1.0], "its work does change"),
                    ([ratio * ratio], "one factor is counted twice"),
                    ([ratio**0.5], "a factor counts for height and for width"),
                ],
            ),
        )
    return None


def _volume(change: _Change, after: LayerCost) -> Question | None:
    made, old = after.output, change.before.output
    if made == old:
        return None
    form = volume(made.height, made.width, made.channels)
    unchanged = wrong_numbers(
        form, [((old.height, old.width, old.channels), "that is its volume before the change")]
    )
    return Question(
        TOPIC,
        ("changed volume", change.before.notation, change.words),
        f"{change.told} What is its output volume then?",
        form,
        (*change.step, *side_steps(after), Step("", f"{after.input} → {made}")),
        level=2,
        mistakes=(*unchanged, *wrong_volumes(after)),
    )


def _parameters(change: _Change, after: LayerCost) -> Question | None:
    if after.parameters.value == change.before.parameters.value:
        return None
    return _counted(
        change,
        "parameters",
        "How many parameters has it then?",
        change.before.parameters,
        after.parameters,
        wrong_parameters(after),
    )


def _work(change: _Change, after: LayerCost) -> Question | None:
    if after.multiply_adds.value == change.before.multiply_adds.value:
        return None
    return _counted(
        change,
        "multiply-adds",
        "How many multiply-adds does it take then, for one image?",
        change.before.multiply_adds,
        after.multiply_adds,
        wrong_work(after),
        side_steps(after),
    )


def _of_all(change: _Change) -> Question | None:
    old, new = change.old.explanation, change.new.explanation
    learnt = [cost for cost in new.layers if cost.parameters.value]
    if not 2 <= len(learnt) <= MOST_LEARNT or new.parameters.value == old.parameters.value:
        return None
    steps = [Step(cost.name, cost.parameters) for cost in learnt]
    return _counted(
        change,
        "parameters",
        "How many parameters has the whole network then?",
        old.parameters,
        new.parameters,
        wrong_wholes(whole(new.parameters.value), [(new.weights.value, "the biases are left out")]),
        steps,
        level=3,
    )


def _of_later(change: _Change, dice: Dice) -> Question | None:
    """A layer behind the altered one, which it changes only by what it hands on."""
    names = [cost.name for cost in change.old.explanation.layers]
    later = names[names.index(change.before.name) + 1 :]
    known = {cost.name: cost for cost in change.new.explanation.layers}
    found = [
        (change.old.explanation[name], known[name])
        for name in later
        if name in known
        and isinstance(known[name].layer, Conv | FullyConnected)
        and known[name].parameters.value != change.old.explanation[name].parameters.value
    ]
    if not found:
        return None
    before, after = dice.one_of(found)
    return _counted(
        change,
        "parameters",
        f"How many parameters has {called(before)} then?",
        before.parameters,
        after.parameters,
        wrong_parameters(after),
        change.new.volume_steps(after.name),
        level=3,
        of=before.name,
    )


def _counted(
    change: _Change,
    unit: str,
    asks: str,
    old: Count,
    new: Count,
    mistakes: tuple[Mistake, ...],
    steps: list[Step] | tuple[Step, ...] = (),
    *,
    level: int = 2,
    of: str = "",
) -> Question:
    form = whole(new.value, unit)
    unchanged = wrong_wholes(form, [(old.value, "that is the number before the change")])
    return Question(
        TOPIC,
        ("changed", unit, of, change.before.notation, change.words),
        f"{change.told} {asks}",
        form,
        (*change.step, *steps, Step("before", old), Step("after", new)),
        level=level,
        mistakes=(*unchanged, *mistakes),
    )


def _change(ground: Ground, dice: Dice, *, leave_out: bool) -> _Change | None:
    """One alteration of one layer after which all still fits."""
    layers = ground.architecture.layers
    costs = [
        cost
        for cost in ground.costs(*WINDOWS)
        if not layer_at(layers, ground.nodes[cost.name].path)[1] and ".shortcut." not in cost.name
    ]
    if not costs:
        return None
    before = dice.one_of(costs)
    possible = list(_alterations(before, leave_out=leave_out))
    if not possible:
        return None
    words, layer = dice.one_of(possible)
    new = changed(ground.architecture, ground.nodes[before.name].path, layer)
    if new is None:
        return None
    after = None if layer is None else new.explanation[before.name]
    return _Change(words, before, after, ground, new)


def _alterations(cost: LayerCost, *, leave_out: bool) -> Iterator[tuple[str, Layer | None]]:
    layer = cost.layer
    assert isinstance(layer, WINDOWS)
    is_conv = isinstance(layer, Conv)
    if leave_out and not is_conv:
        yield "is left out", None
    padding = getattr(layer, "padding", (0, 0))
    if layer.stride[0] == layer.stride[1] and padding != "same":
        step = 2 if layer.stride[0] == 1 else 1
        new_layer = replace(layer, stride=(step, step))
        yield f"has stride {step} in place of {layer.stride[0]}", new_layer
    if layer.kernel[0] == layer.kernel[1]:
        yield from _other_kernels(layer)
    if isinstance(layer, Conv | MaxPool | AvgPool) and padding not in ((0, 0), "same"):
        yield "has no padding", replace(layer, padding=(0, 0))
    if isinstance(layer, Conv):
        yield from _other_channels(layer, cost.input.channels)


def _other_kernels(layer: Layer) -> Iterator[tuple[str, Layer]]:
    assert isinstance(layer, WINDOWS)
    side = layer.kernel[0]
    what = "kernels" if isinstance(layer, Conv) else "windows"
    for other in {5: (3, 7), 3: (5,), 2: (3,), 1: (3,)}.get(side, (3, 5)):
        new: Pair = (other, other)
        new_layer = replace(layer, kernel=new)
        yield f"has {what} of {other}×{other} in place of {side}×{side}", new_layer


def _other_channels(layer: Conv, depth: int) -> Iterator[tuple[str, Layer]]:
    if layer.groups == 1:
        doubled = replace(layer, channels=2 * layer.channels)
        yield f"has {2 * layer.channels} kernels in place of {layer.channels}", doubled
        for groups in sorted({2, 4, depth}):
            if groups > 1 and depth % groups == 0 and layer.channels % groups == 0:
                yield f"has {groups} groups", replace(layer, groups=groups)
    else:
        yield "has no groups", replace(layer, groups=1)
    if layer.bias:
        yield "has no biases", replace(layer, bias=False)
