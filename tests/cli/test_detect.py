"""``convscope detect``, on a small folder of Pascal VOC."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.cli.app import main
from tests.applications.detection.making import CLASSES, bars

SHORT = ["--set", "epochs=2", "--set", "batch_size=4", "--set", "proposals=20", "--quiet"]


def write_voc(place: Path, *, images: int = 8) -> Path:
    """Bars as people have them: XML, pixels counted from 1, the last one within."""
    names = {"train": images, "val": 4, "test": 4}
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (place / folder).mkdir(parents=True)
    for seed, (part, count) in enumerate(names.items()):
        split = bars(count, seed)
        lines = "".join(f"{name}\n" for name in split.names)
        (place / "ImageSets" / "Main" / f"{part}.txt").write_text(lines, encoding="utf-8")
        for name, image, objects in zip(
            split.names, split.images, split.objects or (), strict=True
        ):
            Image.fromarray(image[0]).save(place / "JPEGImages" / f"{name}.png")
            text = "".join(
                f"<object><name>{CLASSES[label]}</name><difficult>0</difficult><bndbox>"
                f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax>"
                f"<ymax>{bottom}</ymax></bndbox></object>"
                for (left, top, right, bottom), label in zip(
                    objects.boxes.astype(int).tolist(), objects.labels.tolist(), strict=True
                )
            )
            (place / "Annotations" / f"{name}.xml").write_text(
                f"<annotation><filename>{name}.png</filename><size><width>64</width>"
                f"<height>64</height><depth>1</depth></size>{text}</annotation>",
                encoding="utf-8",
            )
    return place


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_voc(tmp_path_factory.mktemp("voc") / "bars")


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("runs") / "mine"
    assert main(["detect", "train", "--data", str(folder), *SHORT, "--out", str(place)]) == 0
    return place


def test_training_says_what_came_of_it(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "train", "--resume", "--out", str(run), "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "on 4 validation images" in shown and f"run           {run}" in shown
    assert main(["detect", "train", "--resume", "--out", str(run), "--json", "--quiet"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["finished"] and sorted(record["classes"]) == sorted(CLASSES)
    assert record["settings"]["proposals"] == 20 and len(record["settings"]["anchors"]) == 9
    assert record["results"]["stages"][0]["steps"] == 4


def test_a_detector_is_measured(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["detect", "evaluate", str(run), "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in (*CLASSES, "AP@0.5", "mean", "an image: proposals"))
    assert main(["detect", "evaluate", str(run), "--split", "validation", "--json", "-q"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["schema"] == "convscope.detection-evaluation/1"
    assert record["split"] == "validation" and record["precision"]["images"] == 4
    assert set(record["seconds_an_image"]) == {"proposals", "features", "heads", "all"}


def test_objects_are_found_drawn_and_written_for_other_programs(
    run: Path, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = next((folder / "JPEGImages").glob("*.png"))
    given = ["detect", "predict", str(run), str(picture), "--least", "0"]
    assert main([*given, "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    (found,) = record["pictures"]
    assert found["source"] == str(picture) and found["height"] == found["width"] == 64
    assert {each["class"] for each in found["objects"]} <= set(CLASSES)
    results = tmp_path / "results.json"
    assert main([*given, "--out", str(tmp_path / "drawn"), "--results", str(results)]) == 0
    assert str(picture) in capsys.readouterr().out
    entries = json.loads(results.read_text(encoding="utf-8"))
    assert len(entries) == len(found["objects"])
    assert np.asarray(Image.open(tmp_path / "drawn.png")).std() > 0
    assert (tmp_path / "drawn.svg").exists()
    written = tmp_path / "all.json"
    assert main(["detect", "evaluate", str(run), "-q", "--results", str(written)]) == 0
    assert {each["image_id"] for each in json.loads(written.read_text("utf-8"))} <= {1, 2, 3, 4}


def test_fresh_scenes_are_for_those_who_have_learnt_scenes(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", "predict", str(run)]) == 2
    assert "has learnt from bars, not from scenes" in capsys.readouterr().err


def test_a_control_is_a_command(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["detect", "train", "--data", str(folder), *SHORT, "--control", "shuffled-labels"]
    assert main([*given, "--out", str(tmp_path / "control"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["settings"]["control"] == "shuffled-labels"


def test_bad_boxes_stop_a_training_or_are_left_out_as_it_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = write_voc(tmp_path / "voc")
    file = sorted((place / "Annotations").glob("bars-0-*.xml"))[0]
    text = file.read_text(encoding="utf-8").replace(
        "</annotation>",
        "<object><name>lying</name><bndbox><xmin>9</xmin><ymin>9</ymin><xmax>90</xmax>"
        "<ymax>20</ymax></bndbox></object></annotation>",
    )
    file.write_text(text, encoding="utf-8")
    given = ["detect", "train", "--data", str(place), *SHORT, "--out", str(tmp_path / "run")]
    assert main(given) == 1
    shown = capsys.readouterr().err
    assert file.name in shown and "beyond" in shown
    assert main([*given, "--on-bad", "skip"]) == 0
    capsys.readouterr()
    assert main(["detect", "evaluate", str(tmp_path / "run")]) == 0
    lines = capsys.readouterr().err.splitlines()
    (named,) = (line for line in lines if file.name in line)
    assert named.startswith(f"  Annotations/{file.name}: ")
    before = " ".join(lines[: lines.index(named)]).split()
    assert " ".join(before).endswith("passed over: 1 file cannot be used:")


def test_settings_are_the_recipe_s_or_the_method_s(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["detect", "train", "--data", str(folder), "--quiet", "--out", str(tmp_path / "run")]
    assert main([*given, "--set", "anchor=3"]) == 2
    assert 'there is no setting "anchor"' in capsys.readouterr().err
    assert main([*given, "--set", "epochs=soon"]) == 2
    assert "epochs" in capsys.readouterr().err
