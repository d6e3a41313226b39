"""``convscope segment``, on a small folder of masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.cli.app import main
from convscope.data.palette import mask_png
from tests.applications.segmentation.test_segmenter import BACKBONE
from tests.applications.segmentation.tiny import REGIONS, split

SHORT = ["--set", "epochs=1", "--set", "precision=float32", "--backbone", BACKBONE, "--quiet"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images and index masks, in parts, as people have them."""
    place = tmp_path_factory.mktemp("masks")
    for seed, (part, count) in enumerate((("train", 8), ("val", 4), ("test", 4))):
        data = split(count, ((32, 32), (24, 40)), seed=seed)
        assert data.masks is not None
        for kind in ("images", "masks"):
            (place / kind / part).mkdir(parents=True)
        for name, image, mask in zip(data.names, data.images, data.masks, strict=True):
            Image.fromarray(image[0]).save(place / "images" / part / f"{name}.png")
            (place / "masks" / part / f"{name}.png").write_bytes(mask_png(mask))
    (place / "classes.txt").write_text("\n".join(REGIONS) + "\n", encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs") / "mine"
    method = ["--method", "fcn-stride4", "--data", str(folder)]
    assert main(["segment", "train", *method, *SHORT, "--out", str(place)]) == 0
    return place


def test_training_says_what_came_of_each_stage(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(tmp_path / "run")
    given = ["--method", "fcn-stride8", "--data", str(folder), *SHORT, "--out", out]
    assert main(["segment", "train", *given]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert f"run       {out}" in shown.out and "stride8  " in shown.out
    assert "training  fcn-stride8, in " in shown.out
    assert "mean IoU on validation" in shown.out and "8 training images" in shown.out
    assert main(["segment", "train", *given]) == 1
    assert "holds a run already" in capsys.readouterr().err
    assert main(["segment", "train", "--resume", "--out", out, "--json", "--quiet"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["finished"] and record["regions"] == list(REGIONS)
    assert (record["name"], record["path"]) == ("run", out)


def test_evaluation_as_text_and_json(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["segment", "evaluate", str(run), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "% mean IoU" in text and "on 4 test images of" in text and "square" in text
    assert main(["segment", "evaluate", str(run), "--split", "validation", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "convscope.segmentation-evaluation/1"
    assert record["split"] == "validation" and len(record["regions"]) == 3
    assert np.array(record["confusion"]).sum() == record["pixels"]
    smaller = ["--longest", "20", "--on-bad", "skip", "--scene-seed", "3"]
    assert main(["segment", "evaluate", str(run), "--split", "validation", "--json", *smaller]) == 0
    assert json.loads(capsys.readouterr().out)["pixels"] < record["pixels"]


def test_prediction_writes_masks_and_a_drawing(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    pictures = [str(folder / "images" / "test" / f"2-{k}.png") for k in range(2)]
    given = ["segment", "predict", str(run), *pictures, "--out", str(tmp_path / "out"), "--json"]
    assert main(given) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "convscope.segmentations/1"
    assert [found["source"] for found in record["found"]] == pictures
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["2-0.png", "2-1.png", "segmentations.png", "segmentations.svg"]
    with Image.open(tmp_path / "out" / "2-1.png") as mask:
        assert mask.mode == "P" and mask.size == (40, 24)
    assert main(["segment", "predict", str(run), "--scenes", "1", "--seed", "5"]) == 0
    shown = capsys.readouterr().out
    assert "128×128" in shown
    assert main(["segment", "predict", str(run), "--count", "1", "--scene-seed", "5"]) == 0
    assert capsys.readouterr().out == shown


def test_comparison_goes_on_where_it_was(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "comparison"
    method = ["--method", "fcn-stride2", "--data", str(folder), "--seeds", "1", *SHORT]
    given = ["segment", "compare", *method, "--out", str(out)]
    assert main(given) == 0
    text = capsys.readouterr().out
    assert [name in text for name in ("fcn-stride8", "fcn-stride4", "fcn-stride2")] == [True] * 3
    assert {"segmentation.jsonl", "segmentation.png", "segmentation.svg"} <= {
        path.name for path in out.iterdir()
    }
    before = (out / "segmentation.jsonl").read_bytes()
    assert main([*given, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "convscope.segmentation-comparison/1"
    assert [rung["stage"] for rung in record["rungs"]] == ["stride8", "stride4", "stride2"]
    assert (out / "segmentation.jsonl").read_bytes() == before


def test_the_control_is_a_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    given = ["segment", "train", "--method", "fcn-stride8", "--data", str(folder), *SHORT]
    wrong = [*given, "--control", "no-such", "--out", str(tmp_path / "a")]
    assert main(wrong) == 2
    assert "known are shuffled-labels" in capsys.readouterr().err
    right = [*given, "--control", "shuffled-labels", "--out", str(tmp_path / "b"), "--json"]
    assert main(right) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["control"] == "shuffled-labels"


def test_other_runs_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["segment", "evaluate", "no-such-run"]) == 2
    assert "there is no run" in capsys.readouterr().err
    assert main(["segment", "predict", "example"]) == 1
    assert "a run of classification" in capsys.readouterr().err
