"""What edges explain: all of a Sobel map, nothing of noise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from convscope.claims import simple_to_complex
from convscope.claims.claim import Setting
from convscope.claims.learning import Learnt
from convscope.claims.simple_to_complex import CLAIM, edge_features, explained_by_edges
from convscope.data.sources import load_data
from tests.claims.samples import sample


@pytest.fixture(scope="module")
def images() -> torch.Tensor:
    pixels = np.array(load_data("fashion-mini", offline=True).test.images[:40])
    return torch.from_numpy(pixels).float() / 255


def test_sobel_is_explained_and_noise_is_not(images: torch.Tensor) -> None:
    torch.manual_seed(0)
    sobel = torch.tensor([[1.0, 2, 1], [0, 0, 0], [-1, -2, -1]])[None, None]
    padded = functional.pad(images, (1, 1, 1, 1), mode="replicate")
    maps = torch.cat([functional.conv2d(padded, sobel), torch.randn(images.shape)], 1)
    edges, noise = explained_by_edges(maps, images)
    assert edges == pytest.approx(1, abs=1e-4)
    assert abs(noise) < 0.02


def test_what_edges_do_not_tell_is_explained_less(images: torch.Tensor) -> None:
    """A map of what lies ten pixels away is simple, but not at this place."""
    here, away = images, images.roll(10, -1)
    found = explained_by_edges(torch.cat([here, away], 1), images)
    assert found[0] > 0.999
    assert found[1] < 0.5


def test_constant_channels_are_left_out(images: torch.Tensor) -> None:
    assert len(explained_by_edges(torch.cat([images, torch.ones_like(images)], 1), images)) == 1


def test_features_of_a_flat_image() -> None:
    features = edge_features(torch.full((1, 1, 9, 9), 3.0))[0, :, 4, 4]
    torch.testing.assert_close(features, torch.tensor([3.0, 0, 0, 0, 0] * 2))


def test_without_learning_there_is_no_difference(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a network that learns nothing explains as much as before."""

    def idle(network: nn.Module, *_: object, **__: object) -> Learnt:
        return Learnt(network.eval(), (2.3,), 0.1, 0.0)

    monkeypatch.setattr(simple_to_complex, "learn", idle)
    found = CLAIM.measure(setting)
    assert found["more"]["mean"] == pytest.approx(0, abs=1e-9)
    assert found["trained"] == found["random"]
    assert 0.3 < found["random"]["conv1"]["mean"] < 1
    assert CLAIM.judge(found | {"seeds": 5}).word != "holds"


def test_verdicts() -> None:
    def judged(fall: float, more: float, seeds: int = 5) -> str:
        values = sample("simple-to-complex") | {"seeds": seeds}
        values["trained"]["fall"]["low"], values["more"]["low"] = fall, more
        return CLAIM.judge(values).word

    assert judged(0.1, 0.1) == "holds"
    assert judged(0.1, -0.1) == "holds when"
    assert judged(-0.1, -0.1) == "not reproduced here"
    assert judged(-0.1, -0.1, seeds=2) == "too little data to say"
