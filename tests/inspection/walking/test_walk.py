"""A walk's terms give what torch computed, for every kind of layer, border and stride."""

from __future__ import annotations

import json
import math
from collections import Counter
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from convscope.architecture.fields import reach
from convscope.architecture.pixels import Box
from convscope.architecture.shapes import STEMS
from convscope.errors import UsageError
from convscope.inspection.subject import Picture, Subject
from convscope.inspection.walking.passage import Passage
from convscope.inspection.walking.single import Activated, Added
from convscope.inspection.walking.sums import Pooled, Weighted
from convscope.inspection.walking.walk import Walk, walk, walk_in
from tests.architecture.random_architectures import random_architectures
from tests.inspection.random_subjects import parsed_subject, random_subject

UNITS = 50

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")
"""Torch copies the input where an even kernel keeps the size, and says so."""


def outputs_of(subject: Subject, image: int) -> dict[str, np.ndarray]:
    """What torch makes in every layer, by hooks of the test's own."""
    found: dict[str, np.ndarray] = {}
    hooks = [
        module.register_forward_hook(
            lambda _, __, output, name=name: found.update({name: output[0].numpy().copy()})
        )
        for name, module in subject.module.named_modules()
        if name
    ]
    with torch.no_grad():
        subject.module(subject.tensor(subject.images[image]))
    for hook in hooks:
        hook.remove()
    return found


def check_sums(found: Walk) -> None:
    """The numbers shown are the sums of the terms shown, and each stage's source is there."""
    made = {(stage.layer, stage.at) for stage in found.stages}
    for stage in found.stages:
        assert all(unit in made or unit[0] == "input" for unit in stage.follows)
        if isinstance(stage, Weighted):
            bias = [] if stage.bias is None else [stage.bias]
            assert stage.value == math.fsum([*stage.products.flat, *bias])
            assert stage.sums.tolist() == [math.fsum(each.flat) for each in stage.products]
            assert not stage.patch[:, ~stage.inside].any()
        if isinstance(stage, Pooled) and stage.reduction == "distance":
            assert stage.value == math.fsum(stage.terms.flat)
        if isinstance(stage, Added):
            assert stage.value == math.fsum(way.value for way in stage.ways)


@pytest.fixture(scope="module")
def walks() -> list[tuple[Subject, Walk, float]]:
    """50 random units of each of 20 random networks, with torch's own value."""
    random, found = Random(3), []
    for seed, architecture in enumerate(random_architectures(20, seed=11)):
        subject = random_subject(architecture, seed)
        image = random.randrange(len(subject.images))
        passage, truth = Passage(subject, subject.picture(image)), outputs_of(subject, image)
        for number in range(UNITS):
            # Each layer has its turn, the later ones as often as the first.
            layer = subject.layers[number % len(subject.layers)]
            at = tuple(random.randrange(side) for side in layer.shape)
            one = walk_in(passage, layer.name, at, every=number % 2 == 0)
            found.append((subject, one, float(truth[layer.name][at])))
    return found


def test_a_thousand_random_units_equal_torch(walks: list[tuple[Subject, Walk, float]]) -> None:
    assert len(walks) == 1000
    for subject, found, true in walks:
        place = f"{found.unit} of {subject.architecture}"
        assert abs(found.value - true) <= 1e-5 * found.last.size, place
        assert found.last.recorded == true, place
        for stage in found.stages:
            assert abs(stage.value - stage.recorded) <= 1e-5 * stage.size, place
        check_sums(found)


def test_among_them_is_every_kind_and_every_geometry(
    walks: list[tuple[Subject, Walk, float]],
) -> None:
    asked = [found.last for _, found, _ in walks]
    kinds = Counter(stage.kind for stage in asked)
    words = {"globalpool" if stem == "globalpool" else stem for stem in STEMS.values()}
    assert {kind for kind, count in kinds.items() if count >= 5} >= words - {"block"} | {"sum"}
    sums = [stage for stage in asked if isinstance(stage, Weighted)]
    windows = [stage.geometry for stage in sums if stage.geometry is not None]
    for number in (
        sum(stage.padded > 0 for stage in sums),
        sum(window.groups > 1 for window in windows),
        sum(window.dilation != (1, 1) for window in windows),
        sum(window.stride != (1, 1) for window in windows),
        sum(window.padding[0][0] != window.padding[0][1] for window in windows),
        sum(not stage.inside.any() for stage in sums),
    ):
        assert number >= 3
    reductions = Counter(stage.reduction for stage in asked if isinstance(stage, Pooled))
    assert min(reductions[each] for each in ("max", "average", "l2", "distance")) >= 5


def test_the_field_is_the_one_of_the_arithmetic(
    walks: list[tuple[Subject, Walk, float]],
) -> None:
    for subject, found, _ in walks:
        assert subject.architecture is not None
        row, column = found.at[1:] if len(found.at) == 3 else (0, 0)
        # The last layer of a shortcut is all of it; a vector laid out of maps keeps their places.
        name = found.last.layer
        true = reach(subject.architecture, name, row, column)
        if made_of_maps(found):
            assert found.field is None or inside(found.field, true)
            continue
        assert found.field == true, f"{found.unit} of {subject.architecture}"
        assert (found.field is None) == (found.field_note == "it sees padding alone")


def made_of_maps(found: Walk) -> bool:
    """Whether the unit is one of maps that were laid out as a vector before."""
    kinds = [stage.kind for stage in found.stages if len(stage.at) == 1]
    return "flatten" in kinds and "fc" not in kinds


def inside(box: Box, outer: Box | None) -> bool:
    return (
        outer is not None
        and outer.top <= box.top <= box.bottom <= outer.bottom
        and outer.left <= box.left <= box.right <= outer.right
    )


def test_walks_are_values_of_json(walks: list[tuple[Subject, Walk, float]]) -> None:
    for _, found, _ in walks[::7]:
        text = json.dumps(found.as_dict(), allow_nan=False)
        record = json.loads(text)
        assert record["value"] == found.value
        assert [stage["layer"] for stage in record["stages"]] == [s.layer for s in found.stages]
        for stage in record["stages"]:
            if "sums" in stage:
                products = np.array(stage["patch"]) * np.array(stage["kernel"])
                assert products.tolist() == stage["products"]


CHAIN = (
    "input 12x12x1 -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 "
    "-> conv 6 3x3 pad 1 -> batchnorm -> relu -> {pool} -> fc 3"
)


def layers_in(found: Walk) -> list[str]:
    return [stage.layer for stage in found.stages]


def test_a_pool_is_followed_back_to_the_nearest_sum() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    assert layers_in(walk(subject, "conv2")) == ["conv2"]
    found = walk(subject, "pool2")
    assert layers_in(found) == ["conv2", "batch2", "relu2", "pool2"]
    *_, relu, pool = found.stages
    assert isinstance(pool, Pooled)
    assert pool.winner == relu.at
    assert relu.recorded == pool.value
    every = walk(subject, "pool2", found.at, every=True)
    assert layers_in(every) == ["conv2", "batch2", "relu2"] * 4 + ["pool2"]
    window = {stage.at for stage in every.stages if stage.layer == "relu2"}
    assert window == {(pool.channel, row, column) for row in pool.rows for column in pool.columns}


@pytest.mark.parametrize("pool", ["avgpool 2", "l2pool 2", "distancepool 2"])
def test_of_an_average_the_largest_term_is_followed(pool: str) -> None:
    found = walk(parsed_subject(CHAIN.format(pool=pool)), "pool2")
    relu, last = found.stages[-2:]
    assert isinstance(last, Pooled)
    assert relu.recorded == last.values.max()


def test_through_goes_on_along_the_largest_terms() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    tail = ["conv2", "batch2", "relu2", "pool2"]
    head = ["conv1", "batch1", "relu1", "pool1"]
    assert layers_in(walk(subject, "fc", through="conv2")) == [*tail, "fc"]
    found = walk(subject, "fc", through="pool1")
    assert layers_in(found) == [*head, *tail, "fc"]
    conv2 = found.stages[4]
    assert isinstance(conv2, Weighted)
    largest = np.abs(conv2.products).max()
    channel, row, column = found.stages[3].at
    index = channel, conv2.rows.index(row), conv2.columns.index(column)
    assert abs(conv2.products[index]) == largest
    whole = walk(subject, "fc", through="input")
    assert layers_in(whole) == layers_in(found)
    (pixel,) = whole.stages[0].follows
    assert pixel[0] == "input"
    assert layers_in(walk(subject, "conv2", through="conv2")) == ["conv2"]


def test_both_ways_of_a_block_are_followed_unless_one_is_the_identity() -> None:
    subject = parsed_subject(
        "input 8x8x3 -> conv 4 3x3 pad 1 -> relu "
        "-> residual { conv 4 3x3 pad 1 -> batchnorm } -> relu "
        "-> residual { conv 6 3x3 stride 2 pad 1 -> batchnorm } -> relu"
    )
    one = walk(subject, "relu2")
    assert layers_in(one) == ["block1.conv1", "block1.batch1", "block1", "relu2"]
    added = one.stages[2]
    assert isinstance(added, Added)
    assert [way.source for way in added.ways] == ["block1.batch1", "relu1"]
    two = walk(subject, "block2")
    assert layers_in(two) == [
        "block2.conv1",
        "block2.batch1",
        "block2.shortcut.conv1",
        "block2.shortcut.batch1",
        "block2",
    ]
    by_body = walk(subject, "block2", through="block2.conv1")
    assert set(layers_in(by_body)) == set(layers_in(two))
    far = layers_in(walk(subject, "block1", through="conv1"))
    assert far.index("conv1") + 1 == far.index("relu1") < far.index("block1") == len(far) - 1


def test_layer_and_unit_are_chosen_and_said() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    found = walk(subject)
    assert found.chosen == "conv2, the last convolution, at its most active unit"
    assert found.value == pytest.approx(outputs_of(subject, 0)["conv2"].max(), rel=1e-5)
    assert walk(subject, "relu2", (0, 1, 2)).chosen == ""
    assert walk(subject, "relu2").chosen == "relu2, at its most active unit"
    assert walk(subject, at=(1, 2, 3)).chosen == "conv2, the last convolution"


def test_a_network_without_convolutions() -> None:
    subject = parsed_subject("input 4x4x1 -> sigmoid -> fc 3 -> tanh -> fc 2")
    found = walk(subject, image=1)
    assert found.layer == "fc2"
    assert found.chosen == "fc2, the last layer, at its most active unit"
    assert layers_in(walk(subject, "tanh1")) == ["fc1", "tanh1"]
    assert isinstance(walk(subject, "tanh1").last, Activated)


def test_the_example_of_the_package() -> None:
    found = walk("example", "pool2", (3, 2, 4), image=2)
    assert layers_in(found) == ["conv2", "batch2", "relu2", "pool2"]
    assert abs(found.value - found.last.recorded) <= 1e-5 * found.last.size
    assert found.trained
    assert found.label is not None


@pytest.mark.parametrize(
    ("layer", "at", "words"),
    [
        ("conv3", None, "made has no layer 'conv3': did you mean"),
        (
            "conv2",
            (6, 0, 0),
            "conv2 has no unit 6,0,0: give channel, row, column: "
            "it has channels 0 to 5, rows 0 to 5, columns 0 to 5",
        ),
        ("conv2", (1, 2), "conv2 has no unit 1,2: "),
        ("conv2", (0, 0, -1), "conv2 has no unit 0,0,-1: "),
        ("conv2", (0, 0, 1.5), "conv2 has no unit 0,0,1.5: "),
        ("fc", (3,), "fc has no unit 3: give one number, 0 to 2"),
        ("fc", (0, 1, 0), "fc has no unit 0,1,0: "),
    ],
)
def test_units_that_are_not_there(layer: str, at: tuple[int, ...] | None, words: str) -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    with pytest.raises(UsageError) as caught:
        walk(subject, layer, at)
    assert str(caught.value).startswith(words)


def test_a_units_place_in_a_vector_may_be_written_out() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    assert walk(subject, "fc", (2, 0, 0)).at == (2,)


@pytest.mark.parametrize("through", ["relu2", "fc"])
def test_there_is_no_way_back_to_what_stands_behind(through: str) -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    with pytest.raises(UsageError, match=f"^no way leads from conv2 back to {through}"):
        walk(subject, "conv2", through=through)


def test_images_that_are_not_there_or_of_another_size() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    with pytest.raises(UsageError, match="there is no image 4 of made"):
        walk(subject, image=4)
    small = Picture("small", np.zeros((1, 5, 6), np.uint8))
    with pytest.raises(UsageError, match="made takes"):
        walk(subject, image=small)


def test_values_that_are_not_finite_are_refused() -> None:
    subject = parsed_subject(CHAIN.format(pool="maxpool 2"))
    with torch.no_grad():
        subject.module.conv1.weight[0] = math.nan
    with pytest.raises(UsageError, match=r"conv2\[1, 1, 1\] is not a finite number"):
        walk(subject, "conv2", (1, 1, 1))
    with torch.no_grad():
        subject.module.conv1.weight[0] = math.inf
    with pytest.raises(UsageError, match="is not a finite number"):
        walk(subject, "pool1", (0, 1, 1))


def test_modes_hooks_and_random_state_are_given_back() -> None:
    subject = parsed_subject("input 6x6x1 -> conv 2 3x3 -> batchnorm -> dropout -> fc 3")
    subject.module.train()
    state = {key: value.clone() for key, value in subject.module.state_dict().items()}
    random = torch.get_rng_state()
    found = walk(subject, "dropout", (1, 2, 3))
    assert [stage.layer for stage in found.stages] == ["conv1", "batch1", "dropout"]

    def fails(*_: object) -> None:
        raise RuntimeError("in between")

    hook = subject.module.fc.register_forward_hook(fails)
    with pytest.raises(RuntimeError, match="in between"):
        walk(subject, "conv1")
    hook.remove()
    assert all(each.training for each in subject.module.modules())
    assert not any(
        each._forward_hooks or each._forward_pre_hooks for each in subject.module.modules()
    )
    assert torch.equal(random, torch.get_rng_state())
    for key, value in subject.module.state_dict().items():
        assert torch.equal(state[key], value)
    assert all(each.requires_grad for each in subject.module.parameters())


def test_a_constant_layer_has_a_winner() -> None:
    """All zero: the first place wins, as in torch."""
    subject = parsed_subject("input 4x4x1 -> maxpool 2")
    found = walk(subject, image=Picture("black", np.zeros((1, 4, 4), np.uint8)))
    assert isinstance(found.last, Pooled)
    assert found.last.winner == (0, 0, 0)
    assert found.value == 0


def test_nn_modules_may_be_given_as_they_are() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1352, 10))
    from convscope.architecture.layers import Volume
    from convscope.inspection.subject import subject_of

    found = walk(subject_of(module, shape=Volume(28, 28, 1)), "1", (1, 3, 4))
    assert layers_in(found) == ["0", "1"]
