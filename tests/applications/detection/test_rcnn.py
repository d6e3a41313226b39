"""R-CNN: every proposal is seen by itself, and what was fitted is kept with the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from convscope.applications.detection.boxes import coded
from convscope.applications.detection.detector import Detector
from convscope.applications.detection.head import Head
from convscope.applications.detection.method import looked
from convscope.applications.detection.proposals import proposals_of
from convscope.applications.detection.region_cnn import RegionCNN
from convscope.applications.detection.selective_search import Search
from convscope.applications.detection.windows import BACKGROUNDS, FineTuning, Windows, windows_of
from convscope.applications.planning import Options
from convscope.data.annotated import Annotated, Objects
from convscope.data.preprocessing import Preprocessing
from convscope.errors import DataError
from convscope.training.checkpoint import load_weights
from convscope.training.recipe import Recipe
from convscope.training.task import Normalise
from tests.applications.detection.things import BACKBONE, CLASSES, things

NORMALISE = Normalise(Preprocessing((28, 28), 1, "pad", (0.4,), (0.2,)))


def regions(data: Annotated) -> Windows:
    stored = proposals_of(data.train.images)
    return windows_of(data.train.images, data.train.objects or (), stored.boxes, len(CLASSES))


def network(stride: int = 4) -> RegionCNN:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(stride), nn.Conv2d(4, 8, 1)
    )
    return RegionCNN(layers, Head(8, 3, channels=6, units=10), stride).eval()


def test_regions_are_compared_with_the_objects_of_their_own_image() -> None:
    objects = [
        Objects(
            np.array([[0, 0, 10, 10], [20, 0, 30, 10], [0, 20, 10, 30]], np.float32),
            np.array([1, 0, 0]),
            np.array([False, False, True]),
        ),
        Objects(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool)),
    ]
    proposals = [
        np.array([[0, 0, 10, 20], [0, 20, 10, 30], [40, 40, 50, 50]], np.float32),
        np.array([[0, 0, 10, 10]], np.float32),
    ]
    images = np.zeros((2, 1, 60, 60), np.uint8)
    found = windows_of(images, objects, proposals, 3)
    assert found.image.tolist() == [0, 0, 0, 0, 0, 1]
    assert found.overlap.tolist() == [0.5, 0, 0, 1, 1, 0]
    assert found.label.tolist() == [1, -1, -1, 1, 0, -1]
    assert found.exact.tolist() == [False, False, False, True, True, False]
    assert found.difficult.tolist() == [0, 1, 0, 0, 0, 0]
    # Difficult objects are no examples, but their regions are no negatives of their class.
    assert found.by_class[:, 0].tolist() == [0, 1, 0, 0, 1, 0]
    assert found.by_class[:, 1].tolist() == [0.5, 0, 0, 1, 0, 0]
    assert found.by_class[:, 2].tolist() == [0] * 6
    assert found.target[0].tolist() == [0, 0, 10, 10]
    assert found.positive.tolist() == [0, 3, 4]
    assert found.background.tolist() == [2, 5]


def test_a_batch_holds_three_times_as_many_regions_of_background() -> None:
    windows = regions(things())
    task = FineTuning(windows, NORMALISE, Recipe())
    assert task.count == len(windows.positive) > 20
    crops, labels = task.batch(np.arange(6))
    assert crops.shape == (6 * (1 + BACKGROUNDS), 1, 28, 28)
    assert labels[:6].tolist() == windows.label[windows.positive[:6]].tolist()
    assert (labels[6:] == len(CLASSES)).all()


def test_flipping_mirrors_crops() -> None:
    windows = regions(things())
    torch.manual_seed(1)
    plain, _ = FineTuning(windows, NORMALISE, Recipe()).batch(np.arange(8))
    torch.manual_seed(1)
    flipped, _ = FineTuning(windows, NORMALISE, Recipe(flip=True)).batch(np.arange(8))
    same = (plain == flipped).flatten(1).all(1)
    mirrored = (plain.flip(3) == flipped).flatten(1).all(1)
    assert (same | mirrored).all()
    assert not same.all()
    assert not mirrored.all()


def test_without_an_object_there_is_nothing_to_learn() -> None:
    data = things(train=1)
    with pytest.raises(DataError, match="no object to learn from: give images with objects"):
        FineTuning(regions(data), NORMALISE, Recipe())


def test_the_backbone_runs_once_for_each_proposal() -> None:
    net, seen = network(), []
    net.backbone.register_forward_hook(lambda _, given, out: seen.append(given[0].shape))
    images = NORMALISE(torch.from_numpy(things().train.images[:2]))
    boxes = [torch.tensor([[0.0, 0, 20, 30]] * 270), torch.tensor([[5.0, 5, 25, 20]] * 7)]
    looked(net, images, boxes)
    assert sum(shape[0] for shape in seen) == 277
    assert {tuple(shape[1:]) for shape in seen} == {(1, 28, 28)}
    assert max(shape[0] for shape in seen) <= 250


def test_images_without_proposals_hold_nothing() -> None:
    net = network()
    images = NORMALISE(torch.from_numpy(things().train.images[:2]))
    found = looked(net, images, [torch.zeros(0, 4), torch.zeros(0, 4)])
    assert [len(each) for each in found] == [0, 0]


def test_the_heads_apply_what_was_fitted() -> None:
    net = network()
    with torch.no_grad():
        net.vectors.normal_()
        net.vector_offsets.normal_()
        net.shift_offsets[1] = torch.tensor([0.5, 0.0, 0.0, 0.0])
    features = torch.rand(3, 8, 7, 7)
    box = torch.tensor([[0.0, 0.0, 10.0, 20.0]]).expand(3, 4)
    found = net.heads(features, [box])
    margins = net.units(net.places(features)) @ net.vectors.T + net.vector_offsets
    torch.testing.assert_close(found.scores, torch.sigmoid(margins))
    assert found.boxes[0, 0].tolist() == [0, 0, 10, 20]
    assert found.boxes[0, 1].tolist() == [5, 0, 15, 20]
    codes = coded(found.boxes[:, 1], box)
    torch.testing.assert_close(codes, net.shift_offsets[1].expand(3, 4))


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_crops_suit_the_stride_of_the_backbone(stride: int) -> None:
    net = network(stride)
    image = torch.zeros(1, 1, 64, 64)
    features = net.features(image, image, [torch.tensor([[0.0, 0.0, 30.0, 30.0]])])
    assert net.side == 7 * stride
    assert features.shape == (1, 8, 7, 7)
    assert net(torch.zeros(2, 1, net.side, net.side)).shape == (2, 4)


def test_other_maps_are_pooled_to_seven_places() -> None:
    net = network()
    assert net.seen(torch.zeros(1, 1, 40, 44)).shape == (1, 8, 7, 7)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    """Trained once, into a cache of its own."""
    folder = tmp_path_factory.mktemp("rcnn")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_CACHE", str(folder / "cache"))
        return fitted(folder / "run")


def fitted(out: Path, **options: Any) -> Detector:
    detector = Detector("rcnn", BACKBONE, {"proposals": 60, "cost": 0.01})
    recipe = {"epochs": "2", "batch_size": "16", "learning_rate": "0.005"}
    data = things(60, validation=20)
    return detector.fit(data, out=out, options=Options(recipe=recipe, **options))


def test_it_learns_to_detect(trained: Detector) -> None:
    results = trained.trained_run.results
    assert [stage["name"] for stage in results["stages"]] == [
        "fine-tuning",
        "support-vectors",
        "box-regression",
    ]
    assert results["at_0.5"] > 0.8
    machines = results["stages"][1]["machines"]
    assert [machine["class"] for machine in machines] == list(CLASSES)
    assert all(machine["complete"] and machine["negatives"] > 0 for machine in machines)


def test_one_file_holds_the_machines_and_the_regression(trained: Detector) -> None:
    run = trained.trained_run
    again = Detector.load(run.path)
    net = again.build(run, backbone=_backbone(again))
    assert (net.vectors == 0).all()
    load_weights(run.model, net)
    assert (net.vectors != 0).any()
    assert (net.shifts != 0).any()
    assert "head.codes.weight" not in net.state_dict()


def _backbone(detector: Detector) -> Any:
    from convscope.applications.planning import stored_backbone

    return stored_backbone(detector.trained_run)


def test_the_regression_brings_boxes_nearer(trained: Detector) -> None:
    data = things()
    net = trained.network
    windows = regions(data)
    near = np.flatnonzero((windows.overlap >= 0.6) & ~windows.exact)
    with torch.no_grad():
        features = net.seen(windows.crops(near, Normalise(trained.trained_run), net.side))
        found = net.heads(features, [torch.from_numpy(windows.boxes[near])])
    own = found.boxes[torch.arange(len(near)), torch.from_numpy(windows.label[near])].numpy()
    target = windows.target[near]
    before = np.abs(windows.boxes[near] - target).mean()
    assert np.abs(own - target).mean() < before


def test_with_shuffled_labels_it_collapses(trained: Detector, tmp_path: Path) -> None:
    shuffled = fitted(tmp_path / "run", control="shuffled-labels")
    own = trained.trained_run.results["at_0.5"]
    assert shuffled.trained_run.results["at_0.5"] < 0.7 * own


def test_it_reads_the_stored_proposals(trained: Detector) -> None:
    stored = proposals_of(things(60).train.images, Search(most=60))
    told = trained.trained_run.results["stages"][1]["proposals"]
    assert told["fingerprint"] == stored.fingerprint


def test_pictures_of_several_sizes_and_colours_are_learnt_from(tmp_path: Path) -> None:
    detector = Detector("rcnn", BACKBONE, {"proposals": 20})
    recipe = {"epochs": "0.3", "batch_size": "8"}
    data = things(12, 4, 4, channels=3, sizes=True)
    trained = detector.fit(data, out=tmp_path / "run", options=Options(recipe=recipe, quick=True))
    assert trained.trained_run.channels == 3
