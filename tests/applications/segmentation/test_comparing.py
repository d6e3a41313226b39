"""The ladder: every stage measured over seeds, and gone on with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.applications.segmentation.test_segmenter import BACKBONE, SHORT
from tests.applications.segmentation.tiny import tiny

from convscope.applications.planning import Options
from convscope.applications.segmentation.comparing import compare_segmenters, stage_network
from convscope.applications.segmentation.ladder import RUNGS_SHOWN, SegmentationComparison
from convscope.applications.segmentation.methods import STAGES
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.errors import UsageError
from convscope.experiments.statistics import paired_difference

DATA = tiny(count=8)


def compared(folder: Path, **more: object) -> SegmentationComparison:
    return compare_segmenters(
        DATA, folder=folder, seeds=(0, 1), backbone=BACKBONE, options=Options(recipe=SHORT), **more
    )  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("comparison")
    compared(place)
    return place


def test_every_stage_is_a_rung(folder: Path) -> None:
    found = compared(folder)
    names = [rung.name for rung in found.rungs]
    assert names == [name for rungs in RUNGS_SHOWN.values() for _, name in rungs]
    assert (found.images, found.train, found.seeds) == (8, 8, (0, 1))
    for method, rungs in RUNGS_SHOWN.items():
        assert tuple(stage for stage, _ in rungs) == STAGES[method]


def test_what_is_measured_is_not_measured_again(folder: Path) -> None:
    table = folder / "segmentation.jsonl"
    before = table.read_bytes()
    first, again = compared(folder), compared(folder)
    assert table.read_bytes() == before
    assert first.as_dict() == again.as_dict()


def test_the_last_stage_is_the_run_itself(folder: Path) -> None:
    run = Segmenter.load(folder / "runs" / "dpn-1")
    rung = compared(folder).rungs[-1]
    other = Segmenter.load(folder / "runs" / "dpn-0").evaluate(DATA).scores.mean_iou
    own = run.evaluate(DATA).scores.mean_iou
    assert rung.scores["mean_iou"].mean == pytest.approx((own + other) / 2)


def test_gains_are_paired_by_seed(folder: Path) -> None:
    found = {rung.name: rung for rung in compared(folder).rungs}
    gain = found["fcn-stride4"].gain
    assert found["fcn-stride8"].gain is None and found["dpn: unary"].gain is None
    assert gain is not None
    means = (found[name].scores["mean_iou"].mean for name in ("fcn-stride4", "fcn-stride8"))
    assert gain.mean == pytest.approx(next(means) - next(means))
    assert gain.count == 2 and gain.low <= gain.mean <= gain.high
    assert paired_difference([1.0, 2.0], [0.0, 1.0]).mean == 1


def test_a_stage_s_network_uses_what_was_learnt_by_then(folder: Path) -> None:
    run = Segmenter.load(folder / "runs" / "dpn-0").trained_run
    images = torch.randn(1, 1, 24, 24)
    unary, joint = stage_network(run, "unary"), Segmenter.load(run).network
    with torch.inference_mode():
        assert torch.equal(unary(images), unary.unary(images))  # type: ignore[operator]
        assert torch.equal(stage_network(run, "joint")(images), joint(images))
    found = {rung.name: rung.parameters for rung in compared(folder).rungs}
    assert found["fcn-stride8"] < found["fcn-stride4"] < found["fcn-stride2"]
    assert found["dpn: unary"] == found["fcn-stride2"] == found["+ local"] - 3
    assert found["joint"] == found["+ context"] > found["+ local"]


def test_what_is_no_rung_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="fcn-stride9 cannot be compared"):
        compared(tmp_path, methods=("fcn-stride9",))
