"""The one loop: for any task, and to the same bits however often it is cut off."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.architecture import Architecture
from convscope.data.sources import preprocessing_of
from convscope.errors import TrainingError
from convscope.network.build import build
from convscope.network.fast import fast_forward
from convscope.training.loop import Training, _mixed, steps_of, total_steps
from convscope.training.recipe import Recipe
from convscope.training.task import Classification
from tests.training.making import TINY, quick, toy_data

Pair = tuple[Tensor, Tensor]


class Line:
    """A task that knows no classes: y = 3x − 1, with noise drawn anew for each batch."""

    def __init__(self, count: int = 40, *, spoilt: int | None = None) -> None:
        self.count = count
        self.seen: list[NDArray[np.int64]] = []
        self.spoilt = spoilt

    def batch(self, indices: NDArray[np.int64]) -> Pair:
        self.seen.append(indices)
        x = torch.from_numpy(indices).float()[:, None] / self.count
        if self.spoilt in indices:
            x = x * math.inf
        return x, 3 * x - 1 + 0.01 * torch.randn(x.shape)

    def loss(self, network: Callable[..., Any], batch: Pair) -> Tensor:
        return (network(batch[0]) - batch[1]).square().mean()

    def score(self, network: nn.Module) -> Mapping[str, float]:
        return {"slope": float(network(torch.ones(1, 1)) - network(torch.zeros(1, 1)))}


def line(recipe: Recipe, *, seed: int = 0, task: Line | None = None) -> Training[Pair]:
    network = nn.Linear(1, 1)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    return Training(network, task or Line(), recipe, seed=seed)


def toy_training(recipe: Recipe, precision: str = "float32") -> Training[Any]:
    data = toy_data()
    text = TINY.replace("fc", "dropout 0.3 -> fc").replace("auto", "12x12x1")
    network = build(Architecture.parse(text.replace("classes", "3")), seed=1)
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    task = Classification(data.train, preprocessing_of(data), recipe, held=data.test)
    return Training(
        network, task, recipe, seed=5, precision=precision, forward=fast_forward(network)
    )


def state_of(training: Training[Any]) -> dict[str, Any]:
    """The state as it comes back from a file."""
    packed = io.BytesIO()
    torch.save(training.state_dict(), packed)
    packed.seek(0)
    state = torch.load(packed, weights_only=True)
    assert isinstance(state, dict)
    return state


def test_a_task_that_knows_no_classes_is_learnt() -> None:
    recipe = Recipe(optimizer="sgd", learning_rate=0.2, batch_size=8, epochs=60.0, momentum=0.9)
    training = line(recipe)
    steps = list(steps_of(training))
    assert training.network.weight.item() == pytest.approx(3, abs=0.05)
    assert training.network.bias.item() == pytest.approx(-1, abs=0.05)
    assert steps[-1].loss < 0.001 < steps[0].loss


def test_steps_say_where_the_training_is() -> None:
    training = line(Recipe(batch_size=8, epochs=2.0, learning_rate=0.5))
    steps = list(steps_of(training))
    assert [step.step for step in steps] == list(range(1, 11))
    assert {step.steps for step in steps} == {10}
    assert [step.epoch for step in steps] == pytest.approx([k / 5 for k in range(1, 11)])
    assert [step.images for step in steps] == [8 * k for k in range(1, 11)]
    assert [step.done for step in steps] == pytest.approx([k / 10 for k in range(1, 11)])
    assert {step.learning_rate for step in steps} == {0.5}
    assert [bool(step.scores) for step in steps] == [k in (5, 10) for k in range(1, 11)]
    seconds = [step.seconds for step in steps]
    assert seconds == sorted(seconds)
    assert seconds[0] > 0
    assert all(step.images_per_second > 0 for step in steps)
    assert steps[-1].remaining_seconds == 0 < steps[0].remaining_seconds


def test_an_epoch_takes_each_example_once_in_an_order_of_its_own() -> None:
    task = Line(40)
    list(steps_of(line(Recipe(batch_size=8, epochs=2.0), task=task)))
    first, second = np.concatenate(task.seen[:5]), np.concatenate(task.seen[5:])
    assert sorted(first) == sorted(second) == list(range(40))
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize(
    ("count", "size", "epochs", "steps"),
    [(40, 8, 1.0, 5), (43, 8, 1.0, 5), (40, 8, 0.75, 4), (40, 8, 0.01, 1), (5, 100, 2.0, 2)],
)
def test_parts_of_an_epoch_and_batches_that_do_not_fill(
    count: int, size: int, epochs: float, steps: int
) -> None:
    recipe = Recipe(batch_size=size, epochs=epochs)
    assert total_steps(recipe, count) == steps
    task = Line(count)
    found = list(steps_of(line(recipe, task=task)))
    assert len(found) == steps
    assert {len(indices) for indices in task.seen} == {min(size, count)}
    assert found[-1].scores


def test_the_seed_fixes_everything_and_another_one_changes_it() -> None:
    recipe = Recipe(batch_size=8, epochs=1.0)
    losses = []
    for seed in (1, 1, 2):
        torch.manual_seed(len(losses))  # the caller's random state must not matter
        losses.append([step.loss for step in steps_of(line(recipe, seed=seed))])
    assert losses[0] == losses[1] != losses[2]


def test_whoever_reads_the_steps_may_draw_random_numbers() -> None:
    recipe = Recipe(batch_size=8, epochs=1.0)
    undisturbed = [step.loss for step in steps_of(line(recipe))]
    disturbed = []
    for step in steps_of(line(recipe)):
        disturbed.append(step.loss)
        torch.rand(10)
    assert disturbed == undisturbed


def test_no_two_steps_of_any_seeds_share_their_random_numbers() -> None:
    seeds = [0, 1, 2, 2**31, 2**32, 2**40, 2**62]
    numbers = {_mixed(seed, step) % 2**32 for seed in seeds for step in range(2000)}
    # Of 14,000 draws out of 2³², 0.02 pairs would meet by chance.
    assert len(numbers) >= 7 * 2000 - 1


def test_the_callers_random_state_comes_back() -> None:
    training = line(Recipe(batch_size=8, epochs=1.0))
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    list(steps_of(training))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "muon"])
@pytest.mark.parametrize("cut", [1, 6, 11])
def test_a_training_that_was_cut_off_ends_in_the_same_bits(
    optimizer: str, precision: str, cut: int
) -> None:
    recipe = quick(optimizer=optimizer, flip=True, shift=1, cutout=3, average=0.9, weight_decay=0.1)
    whole = toy_training(recipe, precision)
    losses = [step.loss for step in steps_of(whole)]
    first = toy_training(recipe, precision)
    steps = steps_of(first)
    for _ in range(cut):
        next(steps)
    second = toy_training(recipe, precision)
    second.load_state_dict(state_of(first))
    assert second.position == cut
    assert [step.loss for step in steps_of(second)] == losses[cut:]
    for ended in (whole.network, whole.result()):
        other = second.network if ended is whole.network else second.result()
        for name, value in ended.state_dict().items():
            assert torch.equal(value, other.state_dict()[name]), name


def test_the_result_is_the_averaged_network_and_the_score_is_its() -> None:
    training = toy_training(quick(average=0.95))
    steps = list(steps_of(training))
    result = training.result()
    assert not result.training
    assert training.network.training
    assert not torch.equal(result.fc.weight, training.network.fc.weight)  # type: ignore[union-attr]
    assert steps[-1].scores == training.task.score(result)


def test_without_an_average_the_result_is_a_copy() -> None:
    training = line(Recipe(batch_size=8))
    result = training.result()
    training.advance()
    assert result.weight.item() == 0 != training.network.weight.item()


def test_a_loss_that_is_no_number_stops_before_the_weights_take_it() -> None:
    task = Line(40)
    list(steps_of(line(Recipe(batch_size=8, epochs=1.0), task=task)))
    spoilt = int(task.seen[3][0])
    training = line(Recipe(batch_size=8, epochs=1.0), task=Line(40, spoilt=spoilt))
    steps = steps_of(training)
    for _ in range(3):
        next(steps)
    with pytest.raises(TrainingError) as error:
        next(steps)
    assert str(error.value) == (
        "step 4 of 5 (epoch 0.60): the loss is nan: the learning rate is most likely too high "
        "for this network: train again with --set learning_rate=0.0001, or a longer warm-up "
        "(--set warmup=0.3)"
    )
    assert training.position == 3
    assert math.isfinite(training.network.weight.item())


def test_muon_is_told_to_lower_both_rates() -> None:
    training = toy_training(quick(optimizer="muon"))
    with pytest.raises(TrainingError, match=r"rate=0\.001 --set kernel_learning_rate=0\.01"):
        training.check(3, math.inf)


def test_a_first_loss_that_is_no_number_is_the_networks_fault() -> None:
    training = line(Recipe(), task=Line(40))
    nn.init.constant_(training.network.weight, math.inf)
    with pytest.raises(TrainingError, match=r"step 1 of 3.*the network itself overflows"):
        next(steps_of(training))


def test_weights_that_are_no_numbers_are_not_saved() -> None:
    training = line(Recipe(batch_size=8))
    training.advance()
    nn.init.constant_(training.network.weight, math.nan)
    with pytest.raises(TrainingError, match=r"step 1 of 15.*weights are no longer finite"):
        training.state_dict()


def test_on_an_accelerator_losses_are_read_seldom_and_all_the_same_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipe = Recipe(batch_size=1, epochs=1.0, learning_rate=0.1)
    plain = [step.loss for step in steps_of(line(recipe))]
    training = line(recipe)
    monkeypatch.setattr(training, "waits", True)
    found = [step.loss for step in steps_of(training)]
    assert found[0] == plain[0] == found[10]
    assert found[16] == plain[16] == found[20]
    assert found[32] == plain[32]
    assert found[-1] == plain[-1]
    task = Line(40)
    list(steps_of(line(recipe, task=task)))
    training = line(recipe, task=Line(40, spoilt=int(task.seen[20][0])))
    monkeypatch.setattr(training, "waits", True)
    with pytest.raises(TrainingError, match="step 21 of 40"):
        list(steps_of(training))
