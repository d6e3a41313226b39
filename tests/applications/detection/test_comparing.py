"""Detectors side by side: cells that are kept, relations with their rules."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convscope.applications.detection.comparing import compare_detectors, comparison_of, proposed_by
from convscope.applications.detection.detector import Detector
from convscope.applications.detection.proposals import proposals_of
from convscope.applications.detection.relations import (
    EXPECTATIONS,
    DetectionComparison,
    relations_of,
    result_of,
)
from convscope.applications.detection.selective_search import Search
from convscope.applications.planning import Options
from convscope.data.progress import Progress
from convscope.data.scenes import load_scenes
from convscope.errors import DataError, UsageError
from convscope.experiments.table import Cell, Row, Table, read_table
from tests.applications.detection.things import BACKBONE, things

CONDITIONS = {"threads": 2, "processor": "a processor"}


def values(
    at_half: float, seconds: tuple[float, float, float], training: float | None, work: float | None
) -> dict[str, Any]:
    return {
        "images": 500,
        "at_half": at_half,
        "mean": 0.7 * at_half,
        "recall": 0.96,
        "boxes": 171.0,
        "seconds": dict(zip(("proposals", "features", "heads"), seconds, strict=True)),
        "training_seconds": training,
        "proposals": None if training is None else "fingerprint",
        "work": work,
    }


def made_up(seeds: int = 3, faster: float = 0.8) -> tuple[Table, list[Cell]]:
    """A table as it could be, in which seeds differ a little."""
    shared: dict[str, Any] = {"data": "scenes", "split": "test", "quick": False}
    plain = values(0.3, (0.002, 0, 0.001), None, None)
    rows = [Row({"method": "baseline", "seed": None, **shared}, plain, 1)]
    for seed in range(seeds):
        shift = 0.004 * seed
        for method, measured in (
            ("rcnn", values(0.60 + shift, (0.02, 0.016 + shift / 10, 0.002), 100.0 + seed, 8.0)),
            ("fast", values(0.65 + shift / 2, (0.02, 0.002, 0.002), 120.0 - seed, None)),
            ("faster", values(faster - shift, (0.001, 0.002, 0.002), 130.0, None)),
        ):
            rows.append(Row({"method": method, "seed": seed, **shared}, measured, 1))
    return Table("detection", tuple(rows), CONDITIONS), [row.cell for row in rows]


def test_methods_are_means_over_the_seeds() -> None:
    table, cells = made_up()
    found = comparison_of(table, cells)
    assert [each.method for each in found.results] == ["baseline", "rcnn", "fast", "faster"]
    rcnn = found.result("rcnn")
    assert rcnn is not None
    assert rcnn.at_half.mean == pytest.approx(0.604)
    assert rcnn.at_half.deviation == pytest.approx(0.004)
    assert rcnn.seconds["all"].mean == pytest.approx(0.02 + 0.0164 + 0.002)
    assert rcnn.fingerprint == "fingerprint"
    baseline = found.result("baseline")
    assert baseline is not None
    assert (baseline.seeds, baseline.training) == (1, None)
    assert found.result("nothing") is None
    assert found.seeds == (0, 1, 2)
    assert repr(found).startswith("<DetectionComparison: mAP@0.5 baseline 0.300, rcnn 0.604")


def test_the_work_of_convolutions_stands_beside_what_was_measured() -> None:
    found = comparison_of(*made_up())
    assert found.work == 8.0
    assert found.work_measured is not None
    assert found.work_measured.mean == pytest.approx(np.mean([8.0, 8.2, 8.4]))


def verdicts(table: Table) -> dict[str, str]:
    return {each.says[:40]: each.verdict for each in relations_of(table.rows)}


def test_what_is_expected_is_reproduced_where_the_interval_says_so() -> None:
    table, _ = made_up()
    found = relations_of(table.rows)
    assert len(found) == len(EXPECTATIONS)
    told = verdicts(table)
    assert told["Fast R-CNN is more precise than R-CNN (6"] == "reproduced"
    # Here Fast R-CNN took longer: an expectation that did not come true is said to.
    assert told["R-CNN trains longer than Fast R-CNN (84 "] == "not reproduced"
    worse, _ = made_up(faster=0.655)
    assert verdicts(worse)["Faster R-CNN is more precise than Fast R"] == "not reproduced"


def test_times_are_compared_as_ratios() -> None:
    table, _ = made_up()
    (longer,) = [each for each in relations_of(table.rows) if "5 times" in each.says]
    assert longer.times is not None
    mean, low, high = longer.times
    assert mean == pytest.approx(0.0384 / 0.005, rel=0.01)
    assert low < mean < high
    assert longer.reproduced == (low > 5)


def test_of_one_seed_nothing_is_decided() -> None:
    table, cells = made_up(seeds=1)
    found = comparison_of(table, cells)
    assert {each.verdict for each in found.relations} == {"not decided"}
    assert not any(each.reproduced for each in found.relations)
    text = json.dumps(found.as_dict(), allow_nan=False)
    assert json.loads(text)["methods"][1]["at_half"]["low"] is None


def test_expectations_without_their_methods_are_left_out() -> None:
    table, _ = made_up()
    only = Table(
        "detection", tuple(r for r in table.rows if r.cell["method"] != "rcnn"), CONDITIONS
    )
    assert len(relations_of(only.rows)) == 3
    assert result_of(only.rows, "fast").seeds == 3


def test_nothing_measured_is_nothing_to_compare() -> None:
    with pytest.raises(UsageError, match="nothing has been measured"):
        comparison_of(Table("detection", (), CONDITIONS), [])


class Told(list[str]):
    """What was said on the way."""

    def __call__(self, said: Progress) -> None:
        self.append(said.text)


OPTIONS = Options(recipe={"epochs": "0.5", "batch_size": "8"})
SETTINGS = {"proposals": 30}


def compared(folder: Path, told: Told, **more: Any) -> DetectionComparison:
    asked: dict[str, Any] = {"methods": ("rcnn", "fast", "faster"), "seeds": (0,), **more}
    return compare_detectors(
        things(12, 4, 6),
        folder=folder,
        backbone=BACKBONE,
        settings=SETTINGS,
        options=OPTIONS,
        progress=told,
        **asked,
    )


def test_cells_are_measured_once_and_kept(tmp_path: Path) -> None:
    told = Told()
    found = compared(tmp_path, told)
    assert [each.method for each in found.results] == ["rcnn", "fast", "faster"]
    again = Told()
    assert compared(tmp_path, again).as_dict() == found.as_dict()
    assert "rcnn, seed 0" in told
    assert not any("seed" in text for text in again)
    # R-CNN and Fast R-CNN have read the same proposals, Faster R-CNN has made its own.
    stored = proposals_of(things(12, 4, 6).test.images, Search(most=30))
    rows = {row.cell["method"]: row.values for row in read_table(tmp_path / "detection.jsonl").rows}
    assert rows["rcnn"]["proposals"] == rows["fast"]["proposals"] == stored.fingerprint
    assert rows["faster"]["proposals"] is None
    assert rows["rcnn"]["work"] == pytest.approx(stored.mean * 28**2 / 48**2)
    assert found.work == rows["rcnn"]["work"]


def test_other_settings_are_other_cells(tmp_path: Path) -> None:
    compared(tmp_path, Told(), methods=("fast",))
    told = Told()
    compare_detectors(
        things(12, 4, 6), folder=tmp_path, backbone=BACKBONE, methods=("fast",), seeds=(0,),
        settings={"proposals": 20}, options=OPTIONS, progress=told,
    )  # fmt: skip
    assert "fast, seed 0" in told
    assert len(read_table(tmp_path / "detection.jsonl").rows) == 2


def test_the_proposals_of_a_detector_are_what_its_heads_are_given(tmp_path: Path) -> None:
    data = things(12, 4, 6, sizes=True)
    detector = Detector("faster", BACKBONE, {"proposals": 15}).fit(
        data, out=tmp_path / "run", options=OPTIONS
    )
    found = proposed_by(detector, data.test, None)
    assert len(found) == 6
    assert all(0 < len(boxes) <= 15 for boxes in found)
    stored = [np.zeros((1, 4), np.float32)] * 6
    assert proposed_by(detector, data.test, stored) == tuple(stored)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"methods": ("fastest",)}, 'no method "fastest" to compare: did you mean "faster"?'),
        ({"seeds": ()}, "there is nothing to compare: give one method and one seed"),
        ({"methods": ("fast",), "settings": {"cost": 1}}, 'no method has a setting "cost"'),
    ],
)  # fmt: skip
def test_what_cannot_be_compared_is_refused(
    asked: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError) as caught:
        compare_detectors(things(2, 2, 2), folder=tmp_path, backbone=BACKBONE, **asked)
    assert message in str(caught.value)
    assert not (tmp_path / "detection.jsonl").exists()


def test_without_objects_in_the_part_nothing_can_be_measured(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no object to be found"):
        compare_detectors(things(4, 2, 1), folder=tmp_path, backbone=BACKBONE)


def test_estimates_of_times_stay_finite() -> None:
    table, _ = made_up(seeds=1)
    for each in relations_of(table.rows):
        assert each.times is None or math.isfinite(each.times[2])


def test_the_baseline_is_measured_once_whatever_the_seeds(tmp_path: Path) -> None:
    scenes = load_scenes(train=1, validation=1, test=6)
    found = compare_detectors(scenes, folder=tmp_path, methods=("baseline",), seeds=(0, 1))
    (result,) = found.results
    assert (result.method, result.seeds, result.training) == ("baseline", 1, None)
    assert 0 < result.recall.mean <= 1
    assert found.seeds == ()
    assert len(read_table(tmp_path / "detection.jsonl").rows) == 1


def test_an_architecture_from_scratch_is_no_baseline(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs a trained classifier that tells the same classes"):
        compare_detectors(
            things(2, 2, 2), folder=tmp_path, backbone=BACKBONE, methods=("baseline",)
        )
