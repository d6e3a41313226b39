"""Methods side by side: resumable, means over seeds, baselines beside."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from convscope.applications.captioning import comparing
from convscope.applications.captioning.captioner import Captioner
from convscope.applications.captioning.comparing import compare_captioners
from convscope.applications.captioning.evaluation import FREQUENT, NEAREST
from convscope.applications.planning import Options
from convscope.data.progress import Progress
from convscope.errors import UsageError
from convscope.experiments.statistics import estimate

FEW = Options(
    recipe={"epochs": 0.2, "batch_size": 20, "precision": "float32"},
    scenes={"train": 40, "validation": 6, "test": 8, "size": 96},
)


def test_methods_are_measured_once_and_averaged_over_seeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convscope.applications.captioning.material.HELD_OUT", 4)
    found = compare_captioners(("plain",), folder=tmp_path, seeds=(0, 1), options=FEW)
    assert [(row.name, row.kind) for row in found.rows] == [
        ("plain", "method"),
        ("plain", "held_out"),
        (FREQUENT, "baseline"),
        (NEAREST, "baseline"),
    ]
    assert found.seeds == 2 and found.count == 8 and not found.quick
    rows = [json.loads(line) for line in (tmp_path / comparing.TABLE).read_text().splitlines()]
    values = [row["values"]["scores"]["cider"] for row in rows[1:]]
    assert found.row("plain").measures["cider"] == estimate(values)
    assert found.row("plain").training is not None
    assert json.loads(json.dumps(found.as_dict()))["schema"] == "convscope.caption-comparison/1"
    assert repr(found) == "<CaptionComparison: plain; 2 seeds, 8 images>"
    with pytest.raises(KeyError):
        found.row("attention")

    def never(*_: object, **__: object) -> Captioner:
        raise AssertionError("what stands in the table is not trained again")

    monkeypatch.setattr(Captioner, "fit", never)
    told: list[Progress] = []
    again = compare_captioners(
        ("plain",), folder=tmp_path, seeds=(0, 1), options=FEW, progress=told.append
    )
    assert again == found and told[-1].done == 2
    # a row that is missing is measured from its run, without a new training
    lines = (tmp_path / comparing.TABLE).read_text().splitlines(keepends=True)
    (tmp_path / comparing.TABLE).write_text("".join(lines[:-1]))
    once_more = compare_captioners(("plain",), folder=tmp_path, seeds=(0, 1), options=FEW)
    assert once_more.row("plain").measures == found.row("plain").measures
    shutil.rmtree(tmp_path)


def test_an_unknown_method_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='no method "plane" of captioning: did you mean "plain"'):
        compare_captioners(("plane",), folder=tmp_path)
    with pytest.raises(UsageError, match="nothing is compared"):
        compare_captioners((), folder=tmp_path)
