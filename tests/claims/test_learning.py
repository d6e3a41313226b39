"""Small trainings in memory: they learn, stop when told, and a loss that runs away is told."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from convscope.claims.claim import Setting
from convscope.claims.learning import accuracy_on, learn
from convscope.data.sources import preprocessing_of
from convscope.training.recipe import Recipe


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.MaxPool2d(4), nn.Flatten(), nn.Linear(49, 10))


RECIPE = Recipe(name="adam", batch_size=50, learning_rate=0.01, precision="float32")


def test_it_learns_and_steps_are_as_many_as_asked(setting: Setting) -> None:
    found = learn(network(), setting.images(500), setting.data, RECIPE, steps=60)
    assert len(found.losses) == 60
    assert found.losses[-1] < found.losses[0] / 2
    assert found.accuracy > 0.6
    assert not found.network.training
    preprocessing = preprocessing_of(setting.data)
    assert accuracy_on(network().eval(), setting.data.test, preprocessing) < 0.3


def test_an_observer_stops_it(setting: Setting) -> None:
    found = learn(
        network(),
        setting.images(500),
        setting.data,
        RECIPE,
        steps=60,
        observe=lambda step: step.step == 7,
        test=False,
    )
    assert len(found.losses) == 7
    assert found.accuracy == pytest.approx(0.1)


def test_a_loss_that_runs_away(setting: Setting) -> None:
    wild = Recipe(name="sgd", optimizer="sgd", learning_rate=1000.0, batch_size=50,
                  precision="float32")  # fmt: skip
    torch.manual_seed(0)
    deep = nn.Sequential(network()[:2], nn.Linear(49, 50), nn.Linear(50, 50), nn.Linear(50, 10))
    found = learn(deep, setting.images(500), setting.data, wild, steps=20)
    assert found.broke
    assert found.accuracy == pytest.approx(0.1)
