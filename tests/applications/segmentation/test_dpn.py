"""The Deep Parsing Network: its parts together, and its rungs."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from convscope.applications.backbone import backbone_of
from convscope.applications.segmentation.dpn import DPN, RUNGS
from convscope.applications.segmentation.methods import chosen, network_of, prepare


def dpn(regions: int = 4, **settings: object) -> DPN:
    source = backbone_of("example", 1)
    network = network_of("dpn", chosen({"width": 8, **settings}, source), source, regions, 0)
    assert isinstance(network, DPN)
    return network


def learn_a_little(network: DPN) -> set[str]:
    """The parts in which something changed, statistics of normalisations included."""
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images, masks = torch.randn(2, 1, 24, 32), torch.randint(0, 4, (2, 24, 32))
    optimizer = torch.optim.SGD([w for w in network.parameters() if w.requires_grad], lr=0.1)
    network.train()
    functional.cross_entropy(network(images), masks).backward()
    optimizer.step()
    after = network.state_dict()
    return {name.split(".")[0] for name in after if not torch.equal(after[name], before[name])}


@pytest.mark.parametrize(
    ("rung", "learnt"),
    [
        ("unary", {"unary"}),
        ("local", {"local"}),
        ("context", {"contexts"}),
        ("joint", {"unary", "local", "contexts"}),
    ],
)
def test_a_rung_learns_its_part_and_leaves_all_else(rung: str, learnt: set[str]) -> None:
    network = dpn()
    prepare(network, rung)
    assert learn_a_little(network) == learnt


def test_the_unary_rung_is_the_fully_convolutional_network_alone() -> None:
    network, images = dpn().eval(), torch.randn(1, 1, 20, 20)
    network.learn("unary")
    with torch.inference_mode():
        assert torch.equal(network(images), network.unary(images))


def test_without_contexts_the_step_changes_nothing() -> None:
    network, images = dpn().eval(), torch.randn(1, 1, 20, 20)
    with torch.inference_mode():
        network.contexts.weight.zero_()
        found = network(images).softmax(1)
        assert torch.allclose(found, network.unary(images).softmax(1), atol=1e-6)


def test_a_lone_pixel_amid_another_label_is_smoothed_away() -> None:
    """At the beginning, too: neighbours that look the same pull towards their label."""
    network = dpn(2)
    scores = torch.zeros(1, 2, 9, 9)
    scores[:, 0] = 2.0
    scores[0, :, 4, 4] = torch.tensor([0.0, 0.2])
    with torch.inference_mode():
        alike = network.smoothed(scores, torch.zeros(1, 1, 9, 9))[0, :, 4, 4]
        other = torch.zeros(1, 1, 9, 9)
        other[0, 0, 4, 4] = 5.0
        unlike = network.smoothed(scores, other)[0, :, 4, 4]
    assert alike[0] > alike[1]
    assert unlike[0] < unlike[1]


@pytest.mark.parametrize("regions", [1, 2, 21])
@pytest.mark.parametrize("measure", ["likeness", "distance"])
def test_any_number_of_regions_and_sizes(regions: int, measure: str) -> None:
    network = dpn(regions, measure=measure, window=5, context=3, mixtures=2)
    for size in ((1, 1), (17, 30)):
        found = network(torch.randn(2, 1, *size))
        assert found.shape == (2, regions, *size)
        assert found.isfinite().all()


def test_rungs_are_climbed_in_the_paper_s_order() -> None:
    assert RUNGS == ("unary", "local", "context", "joint")
