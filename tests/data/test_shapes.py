"""shapes: the same bytes everywhere, and something to learn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from convscope.data.images import order
from convscope.data.shapes import CLASSES, FIGURES, load_shapes
from convscope.data.sources import preprocessing_of

FINGERPRINT = "451ae58ef6385e52ef3ada1cf7b757097c8d64664c1adad013bc9a414eea47c5"


def test_the_bytes_never_change() -> None:
    """Runs and claims rest on them: another platform or numpy must give the same."""
    data = load_shapes()
    assert data.fingerprint == FINGERPRINT
    assert data.fingerprint == load_shapes().fingerprint


def test_there_are_enough_of_each_and_no_two_alike() -> None:
    data = load_shapes()
    assert np.bincount(data.train.labels).tolist() == [500] * 6
    assert np.bincount(data.test.labels).tolist() == [100] * 6
    everything = np.concatenate([data.train.images, data.test.images])
    assert len({image.tobytes() for image in everything}) == 3600
    assert set(data.train.labels[:50].tolist()) == set(range(6))
    assert data.dark_background


@pytest.mark.parametrize("name", CLASSES)
def test_a_figure_is_where_its_name_says(name: str) -> None:
    """Inside is below 0; the centre is empty in ring and frame; all of it within its size."""
    steps = np.linspace(-20, 20, 401)
    x, y = np.meshgrid(steps, steps)
    inside = FIGURES[name](x, y, np.float64(10)) < 0
    assert inside[200, 200] == (name not in ("ring", "frame"))
    assert 60 < inside.sum() / 100 < 330
    assert np.hypot(x, y)[inside].max() <= 10.5


def test_half_of_the_disc_is_its_area() -> None:
    steps = np.linspace(-20, 20, 401)
    x, y = np.meshgrid(steps, steps)
    assert (FIGURES["disc"](x, y, np.float64(10)) < 0).sum() / 100 == pytest.approx(314, abs=2)
    assert (FIGURES["square"](x, y, np.float64(10)) < 0).sum() / 100 == pytest.approx(196, abs=3)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """A network as small as this gains nothing by two, and waits for them on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.slow
def test_a_small_network_learns_it_and_a_line_does_not(one_thread: None) -> None:
    data = load_shapes()
    preprocessing = preprocessing_of(data)
    images, labels = (
        torch.from_numpy(preprocessing.normalised(data.train.images)),
        torch.from_numpy(data.train.labels),
    )
    unseen = torch.from_numpy(preprocessing.normalised(data.test.images))

    def accuracy(network: nn.Module, epochs: int) -> float:
        torch.manual_seed(0)
        optimizer = torch.optim.Adam(network.parameters(), 5e-3)
        for epoch in range(epochs):
            for chosen in torch.from_numpy(order(len(images), 0, epoch)).split(50):
                optimizer.zero_grad()
                nn.functional.cross_entropy(network(images[chosen]), labels[chosen]).backward()
                optimizer.step()
        network.eval()
        return (network(unseen).argmax(1).numpy() == data.test.labels).mean().item()

    torch.manual_seed(0)
    convolutions = nn.Sequential(
        nn.Conv2d(1, 8, 5, padding=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 5, padding=2),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(784, 6),
    )
    assert accuracy(convolutions, 5) > 0.9
    assert accuracy(nn.Sequential(nn.Flatten(), nn.Linear(784, 6)), 8) < 0.75
