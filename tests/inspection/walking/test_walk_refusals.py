"""Modules that cannot be walked through are named, with the reason."""

from __future__ import annotations

import pytest
from torch import Tensor, nn

from convscope.errors import UsageError
from convscope.inspection.walking.walk import walk
from tests.inspection.random_subjects import subject_for
from tests.inspection.walking.foreign_walks import COLOURED, layers_in, right


class Softly(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images / (1 + images.abs())


class OwnConv(nn.Conv2d):
    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * 2


@pytest.mark.parametrize("layer", [Softly(), OwnConv(3, 3, 3), nn.Softmax(1), nn.Conv2d(3, 3, 3)])
def test_what_is_not_known_is_named(layer: nn.Module) -> None:
    if type(layer) is nn.Conv2d:
        layer.forward = lambda images: images[:, :, 1:-1, 1:-1]  # type: ignore[method-assign]
    subject = subject_for(nn.Sequential(nn.ReLU(), layer, nn.Sigmoid()), COLOURED)
    with pytest.raises(UsageError) as caught:
        walk(subject, "1", (0, 1, 1))
    name = type(layer).__name__
    words = f"made: 1 is a {name}, and what that computes is not known here: ask for 0, 2"
    assert str(caught.value) == words
    assert layers_in(right(walk(subject, "2", (0, 1, 1)))) == ["2"]
    field = walk(subject, "2", (0, 1, 1))
    assert field.field is None
    assert field.field_note == f"1 is a {name}, whose geometry is not known"


def test_a_layer_that_a_hook_alters_is_refused() -> None:
    module = nn.Sequential(nn.Conv2d(3, 3, 3), nn.ReLU())
    subject = subject_for(module, COLOURED)
    hook = module[0].register_forward_hook(lambda _, __, output: output + 1)
    with pytest.raises(UsageError, match="this Conv2d computes something of its own"):
        walk(subject, "0", (0, 1, 1))
    hook.remove()
    right(walk(subject, "0", (0, 1, 1)))


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 4, 2, 2)
        self.linear = nn.Linear(4, 4)
        self.relu = nn.ReLU()
        self.head = nn.Linear(4, 2)

    def forward(self, images: Tensor) -> Tensor:
        tokens = self.patches(images).flatten(2).transpose(1, 2)
        return self.head(self.relu(self.linear(tokens)).mean(1))


def test_tokens_are_neither_maps_nor_a_vector() -> None:
    subject = subject_for(Tokens(), COLOURED)
    with pytest.raises(UsageError) as caught:
        walk(subject, "linear", (0, 0))
    assert str(caught.value).startswith(
        "made: linear, a Linear, makes 30×4 numbers, neither maps nor a vector: ask for patches"
    )
    head = right(walk(subject, "head", (1,)))
    assert head.last.source is None
    assert head.field is None
    assert head.field_note == "what head is given was made by something that is no module"
    with pytest.raises(UsageError, match="no way leads from head back to patches"):
        walk(subject, "head", (1,), through="patches")


def test_channels_last_are_no_maps_of_ours() -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 5)
            self.relu = nn.ReLU()

        def forward(self, images: Tensor) -> Tensor:
            return self.relu(self.linear(images.permute(0, 2, 3, 1)))

    subject = subject_for(Last(), COLOURED)
    with pytest.raises(UsageError, match="linear, a Linear, makes 12×10×5 numbers"):
        walk(subject, "linear", (0, 0, 0))


def test_other_norms_of_a_pool_are_refused() -> None:
    subject = subject_for(nn.Sequential(nn.LPPool2d(3, 2)), COLOURED)
    with pytest.raises(UsageError, match="0 is an LPPool2d with p = 3"):
        walk(subject, "0", (0, 0, 0))


def test_a_silent_tensor_has_no_origin() -> None:
    """All zeros equal any other zeros: nothing is said of where they come from."""

    class Silent(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)
            self.relu = nn.ReLU()

        def forward(self, images: Tensor) -> Tensor:
            return self.relu(self.conv(images) * 0)

    found = walk(subject_for(Silent(), COLOURED), "relu", (0, 0, 0))
    assert layers_in(found) == ["relu"]
    assert found.last.source is None
