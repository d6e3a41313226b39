"""A classifier and its convolutional twin."""

from __future__ import annotations

import pytest
import torch

from convscope.applications.segmentation.surgery import convolutional, halving
from convscope.architecture.architecture import Architecture
from convscope.errors import UsageError
from convscope.network.build import build
from convscope.training.runs import open_run

CLASSIFIERS = [
    "input 28x28x1 -> conv 4 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> fc 10",
    "input 28x28x1 -> conv 4 3x3 -> relu -> maxpool 2 -> flatten -> relu -> fc 12 -> relu -> "
    "dropout 0.5 -> fc 12 -> batchnorm -> relu -> fc 3",
    "input 20x32x3 -> conv 4 3x3 stride 2 -> relu -> fc 7 nobias -> fc 2",
    "input 16x16x1 -> residual { conv 4 3x3 pad 1 -> batchnorm } -> relu -> globalavgpool -> fc 5",
    "input 16x16x2 -> conv 4 3x3 -> relu -> globalavgpool -> flatten -> batchnorm -> fc 5",
    "input 1x1x6 -> flatten -> batchnorm -> fc 4",
]


def trained(text: str) -> tuple[Architecture, torch.nn.Module]:
    """A network whose normalisations have statistics of their own."""
    architecture = Architecture.parse(text)
    network = build(architecture, seed=1)
    volume = architecture.input
    assert volume is not None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network(torch.randn(8, volume.channels, volume.height, volume.width))
    return architecture, network.eval()


def test_the_article_s_network_says_the_same_at_its_own_size() -> None:
    run = open_run("example")
    classifier = run.network()
    images = torch.randn(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        found = convolutional(run.architecture, classifier)(images)
        wanted = classifier(images)
    assert found.shape == (5, 10, 1, 1)
    assert (found[:, :, 0, 0] - wanted).abs().max() < 1e-5


@pytest.mark.parametrize("text", CLASSIFIERS)
def test_every_classifier_says_the_same_at_its_own_size(text: str) -> None:
    architecture, classifier = trained(text)
    volume = architecture.input
    assert volume is not None
    images = torch.randn(3, volume.channels, volume.height, volume.width)
    with torch.inference_mode():
        found, wanted = convolutional(architecture, classifier)(images), classifier(images)
    assert torch.allclose(found.flatten(1), wanted, atol=1e-5)


def test_on_a_larger_image_it_is_the_classifier_slid_over_it() -> None:
    """Stride 4: place (2, 1) of the result has seen the 28×28 pixels from (8, 4) on."""
    text = "input 28x28x1 -> maxpool 2 -> conv 4 1x1 -> relu -> maxpool 2 -> fc 10"
    architecture, classifier = trained(text)
    image = torch.randn(1, 1, 40, 36)
    with torch.inference_mode():
        found = convolutional(architecture, classifier)(image)
        window = classifier(image[:, :, 8:36, 4:32])
    assert found.shape == (1, 10, 4, 3)
    assert torch.allclose(found[:, :, 2, 1], window, atol=1e-5)


def test_the_classifier_stays_as_it_is() -> None:
    architecture, classifier = trained(CLASSIFIERS[0])
    before = {name: value.clone() for name, value in classifier.state_dict().items()}
    twin = convolutional(architecture, classifier)
    assert list(dict(twin.named_children())) == list(dict(classifier.named_children()))
    assert not twin.training
    with torch.no_grad():
        for weight in twin.parameters():
            weight.add_(1)
    after = classifier.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_a_normalisation_of_single_pixels_is_refused() -> None:
    architecture, classifier = trained("input 4x4x1 -> flatten -> batchnorm -> fc 2")
    with pytest.raises(UsageError, match="batch1 normalises each pixel on its own"):
        convolutional(architecture, classifier)


@pytest.mark.parametrize(
    "text", ["conv 3 5x5", "conv 3 3x3 stride 2", "maxpool 3 stride 2", "conv 3 3x3 dilation 2"]
)
def test_layers_divide_a_side_by_their_stride_alone(text: str) -> None:
    network = halving(build(f"input 16x16x2 -> {text}"))
    stride = 2 if "stride" in text else 1
    assert network(torch.zeros(1, 2, 32, 48)).shape[2:] == (32 // stride, 48 // stride)
