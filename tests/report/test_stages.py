"""A network as the steps a person would draw."""

from __future__ import annotations

import pytest

from convscope.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import ZOO
from convscope.report.stages import MOST_STAGES, Stage, stages_of


def stages(text: str) -> tuple[Stage, ...]:
    return stages_of(explain(ZOO[text].example if text in ZOO else Architecture.parse(text)))


def test_the_articles_network_has_six_steps() -> None:
    found = stages("article")
    assert [stage.name for stage in found] == ["input", "conv1", "pool1", "conv2", "pool2", "fc"]
    assert found[1].words == ("conv 16 5×5",)
    assert found[1].train == ("batchnorm", "relu")
    assert [stage.kind for stage in found] == ["input", "map", "pooled", "map", "pooled", "vector"]
    assert found[1].window == (5, 5)


@pytest.mark.parametrize("name", ZOO)
def test_shares_add_up_and_no_volume_is_lost(name: str) -> None:
    explanation = explain(ZOO[name].example)
    found = stages_of(explanation)
    assert sum(stage.share for stage in found) == pytest.approx(1)
    assert found[0].output == explanation.input
    assert found[-1].output == explanation.output


def test_residual_blocks_tell_their_shortcut() -> None:
    by_name = {stage.name: stage for stage in stages("resnet20")}
    assert by_name["block1"].words == ("2 × conv 16 3×3", "+ identity")
    assert by_name["block1"].shortcut == "identity"
    assert by_name["block4"].shortcut == "conv 1×1"
    assert by_name["conv1"].shortcut == ""


def test_a_long_network_tells_runs_of_equal_steps_once() -> None:
    found = stages("resnet56")
    assert len(found) <= MOST_STAGES
    assert sum(stage.count for stage in found) == 31
    assert {stage.heading for stage in found} >= {"block2 … block9"} or {
        stage.heading for stage in found
    } >= {"block1 … block9"}


def test_a_short_network_tells_every_step() -> None:
    assert all(stage.count == 1 for stage in stages("resnet20"))


def test_options_that_change_the_volume_are_told() -> None:
    found = stages(
        "input 32x32x4 -> conv 8 3x3 stride 2 dilation 2 groups 2 -> maxpool 3 stride 2x1 -> "
        "dropout -> conv 8 3x1 stride 1x2"
    )
    assert found[1].words == ("conv 8 3×3 stride\xa02 dilation\xa02 groups\xa02",)
    assert found[2].words == ("maxpool 3×3 stride\xa02×1",)
    assert found[2].train == ("dropout",)
    assert found[3].words == ("conv 8 3×1 stride\xa01×2",)


def test_a_layer_before_all_that_change_the_volume_is_a_step() -> None:
    assert [stage.name for stage in stages("input 8x8x1 -> batchnorm -> relu -> fc 2")] == [
        "input",
        "batch1",
        "fc",
    ]
