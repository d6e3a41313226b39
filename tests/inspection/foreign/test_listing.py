"""The list of layers holds every parameter once, and every call by the name that commands take."""

from __future__ import annotations

import json

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import VisionTransformer

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.foreign.extraction import architecture_of
from convscope.inspection.foreign.listing import Listing, list_layers, listing_of
from convscope.inspection.recording import trace
from convscope.inspection.subject import Subject, subject_of
from tests.inspection.networks import ConvNet1, SmallResNet, Wrong


def check(listing: Listing, subject: Subject) -> None:
    """Against the module itself."""
    total = sum(p.numel() for p in subject.module.parameters())
    assert listing.parameters == total
    assert sum(each.parameters for each in listing.layers) == total
    calls = trace(subject.module, subject.tensor(subject.images[:1]))
    listed = [(each.name, each.output) for each in listing.layers if each.output is not None]
    assert listed == [(call.name, tuple(call.output.shape[1:])) for call in calls]


def test_our_own_network() -> None:
    subject = subject_of("article")
    listing = list_layers(subject)
    check(listing, subject)
    assert [each.here for each in listing.layers] == [each.name for each in listing.layers]
    assert [each.parameters for each in listing.layers] == [416, 32, 0, 0, 12832, 64, 0, 0, 15690]
    assert listing.notes == ("article is untrained: its weights are drawn with seed 0",)


def test_a_foreign_network_beside_ours() -> None:
    subject = subject_of(SmallResNet(), shape=Volume(8, 8, 1))
    listing = list_layers(subject)
    check(listing, subject)
    rows = {each.name: each for each in listing.layers}
    assert rows["blocks.0.relu:2"].here == "relu1"
    assert rows["blocks.0.relu"].remark == "in place"
    assert rows["blocks.1.shortcut.0"].here == "block2.shortcut.conv1"
    assert (rows["blocks.0"].here, rows["blocks.0"].leaf) == (None, False)
    assert listing.unexpressed == ()


def test_parameters_that_no_recorded_call_holds_are_listed_too() -> None:
    module = VisionTransformer(
        image_size=8, patch_size=4, num_layers=1, num_heads=1, hidden_dim=4, mlp_dim=4,
        num_classes=3,
    )  # fmt: skip
    subject = subject_of(module, shape=Volume(8, 8, 3))
    listing = list_layers(subject)
    check(listing, subject)
    rows = {each.name: each for each in listing.layers}
    assert rows[""].parameters == module.class_token.numel()
    assert rows["encoder"].parameters == module.encoder.pos_embedding.numel()
    attention = rows["encoder.layers.encoder_layer_0.self_attention"]
    assert attention.output is None
    assert attention.remark.startswith("not recorded")
    assert {each.what for each in listing.unexpressed} >= {"MultiheadAttention", "LayerNorm", "cat"}


def test_weights_that_are_used_again_are_counted_once() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(1, 1, 3, padding=1)
            self.other = nn.Conv2d(1, 1, 3, padding=1)
            self.other.weight = self.conv.weight
            self.fc = nn.Linear(36, 2)

        def forward(self, x: Tensor) -> Tensor:
            result: Tensor = self.fc(self.other(self.conv(self.conv(x))).flatten(1))
            return result

    subject = subject_of(Twice(), shape=Volume(6, 6, 1))
    listing = list_layers(subject)
    check(listing, subject)
    rows = {each.name: (each.parameters, each.remark) for each in listing.layers}
    assert rows["conv"] == (10, "")
    assert rows["conv:2"] == (0, "with the weights of conv")
    assert rows["other"] == (1, "with the weights of conv")


def test_a_module_that_is_no_classifier_can_be_listed() -> None:
    module = nn.Sequential(nn.Conv2d(4, 2, 3), nn.ReLU6())
    listing = listing_of(module, "net", Volume(5, 5, 4), architecture_of(module, Volume(5, 5, 4)))
    assert [each.output for each in listing.layers] == [(2, 3, 3), (2, 3, 3)]
    assert [each.what for each in listing.unexpressed] == ["ReLU6"]
    with pytest.raises(UsageError, match=r"^net: an image of 2×2×4 does not go through it"):
        listing_of(module, "net", Volume(2, 2, 4), architecture_of(module, Volume(5, 5, 4)))


def test_the_record_is_json() -> None:
    module = Wrong(lambda self, x: self.end(self.relu(self.conv(x))))
    record = list_layers(subject_of(module, shape=Volume(6, 6, 1))).as_dict()
    assert json.loads(json.dumps(record)) == record
    assert record["schema"] == "convscope.layers/1"
    assert record["input"] == [6, 6, 1]
    assert record["layers"][0] == {
        "name": "conv",
        "kind": "Conv2d",
        "output": [3, 6, 6],
        "parameters": 30,
        "leaf": True,
        "here": "conv1",
        "remark": "",
    }
    idle = [each["name"] for each in record["layers"] if each["output"] is None]
    assert idle == ["other", "norm"]


def test_listing_leaves_the_module_as_it_was() -> None:
    module = ConvNet1().train()
    state = torch.get_rng_state()
    listing_of(module, "net", Volume(28, 28, 1), architecture_of(module))
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)
