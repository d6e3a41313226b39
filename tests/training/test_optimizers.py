"""Optimizers against torch's own and against plain loops."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from convscope.training.optimizers import (
    NEWTON_SCHULZ,
    AdamW,
    Muon,
    Optimizers,
    orthogonalised,
    rate_factor,
)
from convscope.training.recipe import Recipe

SHAPES = [(16, 25), (32, 400), (64, 9), (8, 8)]


def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.Flatten(), nn.Linear(6 * 36, 4))


def gradients(model: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.grad = torch.randn(weight.shape, generator=generator)


@pytest.mark.parametrize("steps", [1, 7, 100, 1801])
@pytest.mark.parametrize("warmup", [0.0, 0.2, 0.5])
@pytest.mark.parametrize("schedule", ["constant", "linear", "cosine"])
def test_the_rate_rises_to_its_peak_and_then_never_rises(
    schedule: str, warmup: float, steps: int
) -> None:
    recipe = Recipe(schedule=schedule, warmup=warmup)  # type: ignore[arg-type]
    factors = [rate_factor(recipe, step, steps) for step in range(steps)]
    assert all(0 < factor <= 1 for factor in factors)
    peak = int(np.argmax(factors))
    assert factors[peak] > 0.9 or steps < 20
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    if schedule == "constant":
        assert factors[-1] == 1
    elif steps >= 100:
        assert factors[-1] <= 0.02


def test_the_linear_schedule_by_hand() -> None:
    recipe = Recipe(schedule="linear", warmup=0.2)
    factors = [rate_factor(recipe, step, 10) for step in range(10)]
    assert factors == pytest.approx([0.5, 1, 1, 7 / 8, 6 / 8, 5 / 8, 4 / 8, 3 / 8, 2 / 8, 1 / 8])


def test_half_a_cosine_is_half_way_in_the_middle() -> None:
    assert rate_factor(Recipe(schedule="cosine"), 50, 100) == pytest.approx(0.5)
    assert rate_factor(Recipe(schedule="cosine"), 25, 100) == pytest.approx(
        (1 + math.cos(math.pi / 4)) / 2
    )


def test_adam_is_torchs_adam() -> None:
    ours, theirs = network(), network()
    optimizers = Optimizers(ours, Recipe(learning_rate=0.003))
    reference = torch.optim.Adam(theirs.parameters(), 0.003)
    for step in range(5):
        gradients(ours, step)
        gradients(theirs, step)
        optimizers.step(1.0)
        reference.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-6, atol=1e-7)


def test_sgd_is_torchs_with_nesterov() -> None:
    ours, theirs = network(), network()
    recipe = Recipe(optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01)
    optimizers = Optimizers(ours, recipe)
    reference = torch.optim.SGD(
        theirs.parameters(), 0.1, momentum=0.9, nesterov=True, weight_decay=0.01
    )
    for step in range(5):
        gradients(ours, step)
        gradients(theirs, step)
        optimizers.step(1.0)
        reference.step()
    for mine, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(mine, other)


def test_the_factor_scales_every_rate() -> None:
    model = network()
    optimizers = Optimizers(model, Recipe(optimizer="muon", learning_rate=0.01))
    gradients(model, 0)
    optimizers.step(0.5)
    once = [weight.detach().clone() for weight in model.parameters()]
    same = network()
    gradients(same, 0)
    half = Recipe(optimizer="muon", learning_rate=0.005, kernel_learning_rate=0.05)
    Optimizers(same, half).step(1.0)
    for weight, other in zip(once, same.parameters(), strict=True):
        torch.testing.assert_close(weight, other.detach())


def test_muon_takes_the_kernels_and_adam_the_rest() -> None:
    model = network()
    parts = Optimizers(model, Recipe(optimizer="muon")).parts
    taken = [[id(weight) for weight in part.parameters] for part in parts]
    assert [type(part) for part in parts] == [Muon, AdamW]
    assert taken[0] == [id(model[0].weight)]
    assert sorted(taken[0] + taken[1]) == sorted(id(weight) for weight in model.parameters())


def test_muon_without_kernels_is_adam_alone() -> None:
    parts = Optimizers(nn.Linear(3, 2), Recipe(optimizer="muon")).parts
    assert [type(part) for part in parts] == [AdamW]


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonalising_brings_all_singular_values_near_one(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    assert values.max() / values.min() > 1.2
    found = orthogonalised(matrix, iterations=10)
    # Jordan's coefficients do not converge: they keep the values in about 0.7…1.2.
    assert torch.linalg.svdvals(found).sub(1).abs().max() < 0.4
    # The singular vectors stay; only their weights change.
    inner = left.T @ found @ right.T
    off = inner - torch.diag(inner.diagonal())
    assert off.abs().max() < 1e-3


@pytest.mark.parametrize("shape", SHAPES)
def test_orthogonalising_is_the_polynomial_of_the_singular_values(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    a, b, c = NEWTON_SCHULZ
    values = values / (matrix.norm() + 1e-7)
    for _ in range(3):
        values = a * values + b * values**3 + c * values**5
    torch.testing.assert_close(orthogonalised(matrix), left @ torch.diag(values) @ right)


def test_muon_against_a_plain_loop() -> None:
    torch.manual_seed(3)
    weight = nn.Parameter(torch.randn(8, 2, 3, 3))
    ours = nn.Parameter(weight.detach().clone(memory_format=torch.channels_last))
    optimizer = Muon([ours], 0.1, momentum=0.9, decay=0.5)
    value, mean = weight.detach().clone(), torch.zeros_like(weight)
    for step in range(4):
        gradient = torch.randn(weight.shape, generator=torch.Generator().manual_seed(step))
        ours.grad = gradient.clone()
        optimizer.step(1.0)
        mean = 0.9 * mean + 0.1 * gradient
        update = (0.1 * gradient + 0.9 * mean).reshape(8, 18)
        value = value * (1 - 0.1 * 0.5) - 0.1 * orthogonalised(update).reshape(value.shape)
    torch.testing.assert_close(ours.detach(), value, rtol=1e-5, atol=1e-6)


def test_a_tall_kernel_moves_by_the_root_of_its_proportions() -> None:
    weight = nn.Parameter(torch.zeros(36, 1, 3, 3))
    weight.grad = torch.randn(36, 1, 3, 3, generator=torch.Generator().manual_seed(0))
    Muon([weight], 1.0, momentum=0.0, decay=0.0).step(1.0)
    torch.testing.assert_close(
        -weight.detach().flatten(1) / 2, orthogonalised(weight.grad.flatten(1))
    )


@pytest.mark.parametrize("kind", ["adam", "sgd", "muon"])
def test_a_parameter_without_gradient_stays(kind: str) -> None:
    model = network()
    recipe = Recipe(optimizer=kind, weight_decay=0.5)  # type: ignore[arg-type]
    before = [weight.detach().clone() for weight in model.parameters()]
    gradients(model, 0)
    model[0].weight.grad = model[3].bias.grad = None
    Optimizers(model, recipe).step(1.0)
    stay = [torch.equal(*pair) for pair in zip(before, model.parameters(), strict=True)]
    assert stay == [True, False, False, False, False, True]


def test_making_and_using_them_loads_no_compiler() -> None:
    code = (
        "import sys, torch\n"
        "from convscope.training.optimizers import Optimizers\n"
        "from convscope.training.recipe import Recipe\n"
        "for kind in ('adam', 'sgd', 'muon'):\n"
        "    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.Flatten())\n"
        "    optimizers = Optimizers(network, Recipe(optimizer=kind))\n"
        "    network(torch.rand(2, 1, 5, 5)).sum().backward()\n"
        "    optimizers.step(1.0)\n"
        "    optimizers.zero_grad()\n"
        "assert 'torch._dynamo' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_weights_decay_alike_whoever_moves_them() -> None:
    model = network()
    before = [weight.detach().clone() for weight in model.parameters()]
    recipe = Recipe(optimizer="muon", learning_rate=0.01, weight_decay=2.0)
    optimizers = Optimizers(model, recipe)
    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizers.step(1.0)
    for weight, old in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(weight.detach(), old * 0.98)


@pytest.mark.parametrize("kind", ["adam", "sgd", "muon"])
def test_the_state_goes_on_where_it_was(kind: str) -> None:
    recipe = Recipe(optimizer=kind)  # type: ignore[arg-type]
    whole, first = network(), network()
    uncut, cut = Optimizers(whole, recipe), Optimizers(first, recipe)
    for step in range(3):
        gradients(whole, step)
        gradients(first, step)
        uncut.step(1.0)
        cut.step(1.0)
    second = network()
    second.load_state_dict(first.state_dict())
    resumed = Optimizers(second, recipe)
    resumed.load_state_dict(cut.state_dict())
    for step in range(3, 6):
        gradients(whole, step)
        gradients(second, step)
        uncut.step(0.3)
        resumed.step(0.3)
    for mine, other in zip(whole.parameters(), second.parameters(), strict=True):
        assert torch.equal(mine, other)
