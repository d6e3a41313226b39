"""Every derivation, worked out as arithmetic, gives the number that it stands beside."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from convscope.architecture.arithmetic import Explanation, LayerCost, explain
from convscope.architecture.counts import Count
from convscope.architecture.zoo import ZOO

from .random_architectures import random_architectures


def evaluated(derivation: str) -> int | None:
    """A derivation read as arithmetic, its words and its remark left out."""
    arithmetic = derivation.partition(", ")[0]
    arithmetic = re.sub(r"[A-Za-z]+", "", arithmetic).replace(",", "").replace("−", "-")
    arithmetic = arithmetic.replace("·", "*").replace("⌊", "floor(").replace("⌋", ")")
    if not re.search("[0-9]", arithmetic):
        return None
    numbers = re.sub(r"([0-9]+)", r"Fraction(\1)", arithmetic)
    value = eval(numbers, {"Fraction": Fraction, "floor": lambda x: Fraction(x // 1)})
    assert value.denominator == 1, derivation
    return int(value)


def counts_of(cost: LayerCost) -> list[Count]:
    counts = [cost.weights, cost.biases, cost.parameters, cost.statistics, cost.multiply_adds]
    counts += [cost.memory_training, cost.memory_inference, *(side.output for side in cost.sides)]
    counts += [count for count in (cost.dense, cost.unshared) if count]
    for span in (cost.field.height, cost.field.width):
        counts += [count for count in (span.size, span.jump, span.start) if count]
    if cost.saving:
        counts += [cost.saving.values, cost.saving.multiply_adds, cost.saving.weights]
    return counts


def check_derivations(explanation: Explanation) -> None:
    totals = [
        explanation.weights,
        explanation.biases,
        explanation.parameters,
        explanation.statistics,
        explanation.multiply_adds,
        explanation.flops,
        explanation.memory_training,
        explanation.memory_input,
        explanation.memory_inference,
    ]
    for count in [*totals, *(count for cost in explanation.layers for count in counts_of(cost))]:
        assert count.derivation
        worked_out = evaluated(count.derivation)
        assert (0 if worked_out is None else worked_out) == count.value, count


def test_each_derivation_worked_out_gives_its_number() -> None:
    for architecture in random_architectures(200, seed=7):
        check_derivations(explain(architecture))


@pytest.mark.parametrize("name", ZOO)
def test_the_derivations_of_named_architectures(name: str) -> None:
    check_derivations(explain(ZOO[name].example))
