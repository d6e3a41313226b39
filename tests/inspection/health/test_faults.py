"""Every fault is found where it is put in, and healthy trainings are left in peace."""

from __future__ import annotations

import pytest

from convscope.architecture.zoo import find_architecture
from convscope.data.sources import load_data
from convscope.inspection.health.faults import FAULTS, VARIANTS, watched
from convscope.inspection.health.rules import RULES

SMALL = (
    "input auto -> conv 8 5x5 stride 2 -> batchnorm -> relu -> conv 12 3x3 -> batchnorm -> relu "
    "-> maxpool 2 -> fc classes"
)
QUICK = ["pixels not normalised", "labels shuffled", "biases of −50", "rate × 1000"]


def found(fault: str | None, **options: str) -> set[str]:
    architecture = find_architecture(SMALL, example=False)
    health = watched(architecture, load_data("fashion-mini"), fault=fault, seed=11, **options)
    return {finding.kind for finding in health.findings}


@pytest.mark.parametrize("fault", QUICK)
def test_a_fault_is_found(fault: str) -> None:
    assert found(fault) & set(FAULTS[fault].findings)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in QUICK])
def test_every_other_fault_is_found_too(fault: str) -> None:
    assert found(fault) & set(FAULTS[fault].findings)


def test_a_healthy_training_is_left_in_peace() -> None:
    assert found(None) == set()


@pytest.mark.slow
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("recipe", ["article", "fast"])
def test_healthy_trainings_of_every_kind(variant: str, recipe: str) -> None:
    assert found(None, variant=variant, recipe=recipe) == set()


def test_every_finding_can_be_provoked() -> None:
    """ "not finite" needs more than 120 steps or an overflow; the kinds of inputs share a rule."""
    provoked = {kind for fault in FAULTS.values() for kind in fault.findings}
    assert provoked == (set(RULES) - {"inputs"}) | {"inputs not normalised", "inputs all alike"}
    assert len(FAULTS) >= 12
