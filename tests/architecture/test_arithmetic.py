"""Costs: the article's by hand, each derivation worked out, each claim counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convscope.architecture import Architecture, Volume
from convscope.architecture.arithmetic import Explanation, explain
from convscope.architecture.counts import Count, number, product, total
from convscope.architecture.printing import WORDS
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.errors import UsageError

from .random_architectures import random_architecture, random_architectures

random_ones = st.randoms(use_true_random=False).map(random_architecture)


def explained(text: str) -> Explanation:
    return explain(find_architecture(text))


# name: output, parameters, multiply-adds, field, jump
GOLDEN = {
    "conv1": ("28×28×16", 416, 313_600, 5, 1),
    "batch1": ("28×28×16", 32, 0, 5, 1),
    "relu1": ("28×28×16", 0, 0, 5, 1),
    "pool1": ("14×14×16", 0, 0, 6, 2),
    "conv2": ("14×14×32", 12_832, 2_508_800, 14, 2),
    "batch2": ("14×14×32", 64, 0, 14, 2),
    "relu2": ("14×14×32", 0, 0, 14, 2),
    "pool2": ("7×7×32", 0, 0, 16, 4),
    "fc": ("10", 15_690, 15_680, None, None),
}


def test_the_article_s_network_is_as_worked_out_by_hand() -> None:
    explanation = explained("article")
    assert [cost.name for cost in explanation.layers] == list(GOLDEN)
    for name, (output, parameters, multiply_adds, size, jump) in GOLDEN.items():
        cost = explanation[name]
        assert str(cost.output) == output
        assert cost.parameters.value == parameters
        assert cost.multiply_adds.value == multiply_adds
        if size is None:
            assert cost.field.everything
        else:
            assert cost.field.height == cost.field.width
            assert cost.field.width.size.value == size
            assert cost.field.width.jump is not None
            assert cost.field.width.jump.value == jump
    assert explanation.parameters.value == 29_034
    assert explanation.multiply_adds.value == 2_838_080
    assert explanation.flops == Count(5_676_160, "2 · 2,838,080")


def test_conv1_stands_in_the_place_of_a_dense_layer_and_of_one_without_sharing() -> None:
    cost = explained("article")["conv1"]
    assert cost.dense == Count(9_834_496, "784 · 12,544")
    assert cost.unshared == Count(313_600, "12,544 · 25")
    assert cost.weights == Count(400, "16 kernels · (5·5·1)")
    assert cost.biases == Count(16, "16 biases")


def test_convolutions_carry_99_4_percent_of_the_work() -> None:
    explanation = explained("article")
    assert f"{explanation.share_of_kind('conv'):.1%}" == "99.4%"
    assert f"{explanation.share_of_work(explanation['conv2']):.1%}" == "88.4%"
    assert f"{explanation.share_of_parameters(explanation['fc']):.1%}" == "54.0%"


def test_derivations_are_those_of_a_hand_with_the_numbers_put_in() -> None:
    explanation = explained("article")
    conv1, pool1 = explanation["conv1"], explanation["pool1"]
    assert [str(side.output) for side in conv1.sides] == ["(28 − 5 + 2·2)/1 + 1 = 28"] * 2
    assert [side.symbol for side in conv1.sides] == ["H_out", "W_out"]
    assert str(conv1.parameters) == "16 kernels · (5·5·1) + 16 biases = 416"
    assert str(conv1.multiply_adds) == "28·28·16 places · (5·5·1) = 313,600"
    assert str(pool1.sides[1].output) == "(28 − 2)/2 + 1 = 14"
    assert str(explanation["batch1"].parameters) == "16 scales + 16 shifts = 32"
    assert str(explanation["batch1"].statistics) == "16 running means + 16 running variances = 32"
    assert str(explanation["fc"].parameters) == "1,568 · 10 + 10 biases = 15,690"
    assert str(explanation.parameters) == "416 + 32 + 12,832 + 64 + 15,690 = 29,034"


def test_groups_one_kernel_and_nobias_are_said() -> None:
    explanation = explained("input 9x9x8 -> conv 12 3x3 groups 4 nobias -> conv 1 1x1 -> fc 1")
    conv1, conv2, fc = explanation.layers
    assert str(conv1.weights) == "12 kernels · (3·3·8/4) = 216"
    assert conv1.parameters == conv1.weights
    assert str(conv1.biases) == "0: none"
    assert str(conv1.unshared) == "588 · 18 = 10,584"
    assert str(conv2.parameters) == "1 kernel · (1·1·12) + 1 bias = 13"
    assert str(fc.biases) == "1 bias = 1"


def test_height_and_width_are_derived_apart() -> None:
    (cost,) = explained("input 30x20x1 -> conv 4 3x5 stride 2x3 pad 1x2 dilation 2x1").layers
    height, width = cost.sides
    assert str(height.output) == "⌊(30 − 2·(3 − 1) − 1 + 2·1)/2⌋ + 1 = 14"
    assert str(width.output) == "⌊(20 − 5 + 2·2)/3⌋ + 1 = 7"
    assert (height.left_over, height.dropped, height.skipped) == (1, 0, 15)
    assert (width.left_over, width.dropped, width.skipped) == (1, 0, 0)


def test_the_floor_says_how_many_pixels_are_never_seen() -> None:
    (cost,) = explained("input 29x32x1 -> maxpool 3").layers
    assert [side.dropped for side in cost.sides] == [2, 2]
    assert str(cost.sides[0].output) == "⌊(29 − 3)/3⌋ + 1 = 9"
    (cost,) = explained("input 29x32x1 -> maxpool 2x4").layers
    assert [side.dropped for side in cost.sides] == [1, 0]


def test_same_padding_is_shown_at_both_ends() -> None:
    (cost,) = explained("input 9x9x1 -> conv 2 4x3 pad same").layers
    assert str(cost.sides[0].output) == "(9 − 4 + 1 + 2)/1 + 1 = 9"
    assert str(cost.sides[1].output) == "(9 − 3 + 2·1)/1 + 1 = 9"
    assert cost.sides[0].padding == (1, 2)


def test_a_pool_saves_what_the_layers_after_it_would_cost_without_it() -> None:
    text = "input 28x28x1 -> conv 16 5x5 pad 2 -> {}conv 32 5x5 pad 2 -> maxpool 2 -> fc 10"
    pooled, bare = explained(text.format("maxpool 2 -> ")), explained(text.format(""))
    saving = pooled["pool1"].saving
    assert saving is not None
    assert saving.values == Count(9_408, "12,544 − 3,136")
    saved = bare.multiply_adds.value - pooled.multiply_adds.value
    assert saving.multiply_adds.value == saved == 7_573_440
    assert saving.weights.value == bare.weights.value - pooled.weights.value == 47_040


def test_a_pool_s_saving_is_left_out_where_nothing_fits_without_it() -> None:
    text = "input 9x9x1 -> residual { maxpool 3 stride 2 pad 1 } -> maxpool 3 stride 1 -> avgpool 2"
    explanation = explained(text)
    assert explanation["block1.pool1"].saving is None  # its block would not add up
    assert explanation["pool1"].saving is None  # nothing to save: stride 1
    assert explanation["pool2"].saving is not None


def test_a_projection_has_rows_of_its_own_and_the_sum_costs_no_multiply_adds() -> None:
    explanation = explained("input 8x8x2 -> residual { conv 4 3x3 pad 1 stride 2 -> batchnorm }")
    assert [cost.name for cost in explanation.layers] == [
        "block1.conv1",
        "block1.batch1",
        "block1.shortcut.conv1",
        "block1.shortcut.batch1",
        "block1",
    ]
    assert explanation["block1.shortcut.conv1"].multiply_adds.value == 4 * 4 * 4 * 2
    block = explanation["block1"]
    assert (block.parameters.value, block.multiply_adds.value) == (0, 0)
    assert block.formula == "body + shortcut (a projection): 4·4·4 = 64 sums, not in the work"


def test_memory_by_hand() -> None:
    explanation = explained("input 4x4x1 -> conv 2 3x3 pad 1 -> relu -> maxpool 2 -> fc 3")
    conv, relu, pool, fc = explanation.layers
    assert str(conv.memory_inference) == "(4·4·1 + 4·4·2) · 4 bytes = 192"
    assert str(explanation.memory_inference) == "(4·4·2 + 4·4·2) · 4 bytes = 256, at relu1"
    # the convolution's output: ReLU needs only its own, which the pool's input is as well
    assert str(conv.memory_training) == "0: no derivative needs it"
    assert str(relu.memory_training) == "4·4·2 · 4 bytes = 128, for its own derivative"
    assert str(pool.memory_training) == "2·2·2 · 4 bytes + 2·2·2 places · 8 bytes = 96, for fc"
    assert fc.memory_training.value == 0
    assert explanation.memory_input == Count(64, "4·4·1 · 4 bytes, for conv1")
    assert str(explanation.memory_training) == "64 + 128 + 96 = 288"


def test_a_block_holds_its_input_for_the_shortcut_and_its_body_for_the_sum() -> None:
    text = (
        "input 4x4x2 -> residual { conv 2 3x3 pad 1 -> relu } -> "
        "residual { relu -> conv 4 3x3 pad 1 } -> flatten"
    )
    explanation = explained(text)
    held = {cost.name: str(cost.memory_inference) for cost in explanation.layers}
    assert held == {
        "block1.conv1": "(4·4·2 + 4·4·2) · 4 bytes = 256",
        "block1.relu1": "(4·4·2 + 4·4·2 + 4·4·2 held) · 4 bytes = 384",
        "block1": "(4·4·2 + 4·4·2 + 4·4·2) · 4 bytes = 384",
        "block2.relu1": "(4·4·2 + 4·4·2) · 4 bytes = 256",
        "block2.conv1": "(4·4·2 + 4·4·4 + 4·4·2 held) · 4 bytes = 512",
        "block2.shortcut.conv1": "(4·4·2 + 4·4·4 + 4·4·4 held) · 4 bytes = 640",
        "block2": "(4·4·4 + 4·4·4 + 4·4·4) · 4 bytes = 768",
        "flatten": "4·4·4 · 4 bytes = 256",
    }


def test_dropout_keeps_a_mask_in_training_and_nothing_in_use() -> None:
    explanation = explained("input 4x4x1 -> dropout -> fc 2")
    dropout = explanation["dropout"]
    assert str(dropout.memory_inference) == "4·4·1 · 4 bytes = 64"
    assert str(dropout.memory_training) == "4·4·1 · 4 bytes + 4·4·1 mask · 4 bytes = 128, for fc"


def test_what_is_not_known_yet_is_asked_for() -> None:
    with pytest.raises(UsageError, match='"input auto" is filled in from the data'):
        explain(ZOO["article"].architecture)
    with pytest.raises(UsageError, match='write numbers, as in "input 28x28x1" and "fc 10"'):
        explain(Architecture.parse("input 8x8x1 -> fc classes"))
    completed = ZOO["article"].architecture.completed(Volume(28, 28, 1), 10)
    assert explain(completed).parameters.value == 29_034


def test_a_name_that_no_layer_has_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        explained("article")["conv9"]


@pytest.mark.parametrize("name", ZOO)
def test_every_named_architecture_is_explained(name: str) -> None:
    explanation = explain(ZOO[name].example)
    assert explanation.parameters.value > 0


def test_published_sizes_come_out() -> None:
    # Simonyan and Zisserman 2014, table 2: 138 million; torchvision's vgg16: 138,357,544.
    assert explained("vgg16").parameters.value == 138_357_544
    assert explained("lenet5").parameters.value == 61_706
    # He et al. 2016, table 6: 0.27 M and 0.85 M.
    assert round(explained("resnet20").parameters.value / 1e6, 2) == 0.27
    assert round(explained("resnet56").parameters.value / 1e6, 2) in (0.85, 0.86)


@settings(max_examples=100, deadline=None)
@given(random_ones)
def test_totals_are_sums_and_shares_make_one(architecture: Architecture) -> None:
    explanation = explain(architecture)
    layers = explanation.layers
    assert explanation.parameters.value == sum(cost.parameters.value for cost in layers)
    assert explanation.parameters.value == explanation.weights.value + explanation.biases.value
    assert explanation.multiply_adds.value == sum(cost.multiply_adds.value for cost in layers)
    for part, whole in (
        (explanation.share_of_parameters, explanation.parameters.value),
        (explanation.share_of_work, explanation.multiply_adds.value),
    ):
        assert sum(map(part, layers)) == pytest.approx(1 if whole else 0)
    kinds = {cost.kind for cost in layers}
    by_kind = sum(explanation.share_of_kind(kind) for kind in kinds)
    assert by_kind == pytest.approx(sum(map(explanation.share_of_work, layers)))


def test_weights_of_dense_and_unshared_layers_are_its_connections() -> None:
    """Counted: every pair of numbers, and every pair of an output and a tap."""
    cost = explained("input 4x5x4 -> conv 6 2x3 stride 2x1 groups 2").layers[0]
    outputs = [(r, c, k) for r in range(2) for c in range(3) for k in range(6)]
    inputs = [(r, c, k) for r in range(4) for c in range(5) for k in range(4)]
    connected = [
        (unit, tap)
        for unit in outputs
        for tap in inputs
        if 0 <= tap[0] - 2 * unit[0] < 2
        and 0 <= tap[1] - unit[1] < 3
        and tap[2] // 2 == unit[2] // 3
    ]
    assert cost.dense is not None
    assert cost.unshared is not None
    assert cost.dense.value == len(outputs) * len(inputs)
    assert cost.unshared.value == len(connected) == cost.multiply_adds.value


def test_pixels_dropped_and_skipped_are_those_that_no_tap_reads() -> None:
    for architecture in random_architectures(200, seed=8):
        for cost in explain(architecture).layers:
            for side in cost.sides:
                read = {
                    unit * side.stride - side.padding[0] + tap * side.dilation
                    for unit in range(side.output.value)
                    for tap in range(side.kernel)
                } & set(range(side.input))
                assert side.dropped + side.skipped == side.input - len(read), str(architecture)
                last_tap = (side.output.value - 1) * side.stride - side.padding[0]
                last_tap += (side.kernel - 1) * side.dilation
                assert side.dropped == len(range(last_tap + 1, side.input)), str(architecture)


def test_the_record_is_json_and_holds_what_the_values_hold() -> None:
    explanation = explained("resnet20")
    record = json.loads(json.dumps(explanation.as_dict()))
    assert record["schema"] == "convscope.explain/1"
    assert Architecture.parse(record["architecture"]) == explanation.architecture
    assert record["output"] == {"height": 1, "width": 1, "channels": 10, "flat": True, "size": 10}
    assert set(record["conventions"]) == {"multiply_adds", "memory", "field"}
    assert [layer["name"] for layer in record["layers"]] == [c.name for c in explanation.layers]
    assert {layer["kind"] for layer in record["layers"]} <= set(WORDS.values())
    for layer, cost in zip(record["layers"], explanation.layers, strict=True):
        assert layer["input"]["size"] == cost.input.size
        assert layer["multiply_adds"]["value"] == cost.multiply_adds.value
        assert layer["multiply_adds_share"] == explanation.share_of_work(cost)
        assert (layer["dense"] is None) == (cost.kind != "conv")
        assert [side["axis"] for side in layer["sides"]] == ["height", "width"][: len(cost.sides)]
    totals = record["totals"]
    for key in ("parameters", "multiply_adds", "statistics", "weights", "biases"):
        assert totals[key]["value"] == sum(layer[key]["value"] for layer in record["layers"])
    kept = sum(layer["memory_training"]["value"] for layer in record["layers"])
    assert totals["memory_training"]["value"] == kept + totals["memory_input"]["value"]


FORMULAS = {
    "relu": "max(0, x)",
    "leakyrelu 0.2": "x where x > 0, 0.2·x elsewhere",
    "sigmoid": "1/(1 + e^−x), in 0 … 1",
    "tanh": "tanh x, in −1 … 1",
    "gelu": "x·Φ(x), Φ the normal distribution function",
    "silu": "x/(1 + e^−x)",
    "batchnorm": "(x − mean)/√(variance + ε) · scale + shift, channel by channel",
    "maxpool 2x3": "the largest of each 2×3 window, on every channel alone",
    "avgpool 2": "the mean of each 2×2 window, on every channel alone",
    "avgpool 3 pad 1": "the mean of each 3×3 window, on every channel alone; "
    "padding counts as zeros",
    "l2pool 2": "√(Σ x²) over each 2×2 window, on every channel alone",
    "distancepool 3 falloff 0.5": "a mean of each 3×3 window, on every channel alone, weights "
    "e^(−0.5·r) by the distance r from its centre, divided by their sum",
    "globalavgpool": "the mean of all 8·8 = 64 places, on every channel alone",
    "flatten": "8·8·2 = 128 numbers, channel by channel",
    "fc 3": "lays 8·8·2 = 128 numbers out as a vector, then a matrix product",
    "dropout 0.1": "in training each value is zeroed with probability 0.1, the others divided "
    "by 1 − 0.1; in use nothing happens",
    "residual { relu }": "body + shortcut (the identity): 8·8·2 = 128 sums, not in the work",
    "conv 3 1x1": "a dot product of the kernel with each place, and the bias",
}


@pytest.mark.parametrize("notation", FORMULAS)
def test_each_layer_says_what_it_computes(notation: str) -> None:
    assert explained(f"input 8x8x2 -> {notation}").layers[-1].formula == FORMULAS[notation]


def test_every_kind_has_a_formula() -> None:
    assert {notation.split()[0] for notation in FORMULAS} == set(WORDS.values())


def test_numbers_and_volumes_as_text() -> None:
    assert number(-12_544) == "−12,544"
    assert product(Volume(28, 28, 1024)) == "28·28·1,024"
    assert product(Volume(1, 1, 10, flat=True)) == "10"
    assert str(Count(5, "5")) == "5"
    assert str(Count(5, "5, a remark")) == "5, a remark"
    assert str(Count(0, "")) == "0"
    assert total([]) == Count(0, "none")
    assert total([Count(2, "x"), Count(0, "y"), Count(1, "z")]) == Count(3, "2 + 1")


def test_the_docs_name_every_field_of_the_record() -> None:
    page = (Path(__file__).parents[2] / "docs" / "json.md").read_text(encoding="utf-8")

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*map(keys, value.values()))
        return set().union(*map(keys, value)) if isinstance(value, list) else set()

    assert {key for key in keys(explained("article").as_dict()) if f"`{key}`" not in page} == set()
