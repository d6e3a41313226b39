"""Boxes, masks and captions over the wire: what the functions give when they are called."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convscope.applications.captioning.baselines import most_frequent_caption
from convscope.applications.captioning.captioner import Captioner
from convscope.applications.detection.baseline import Baseline
from convscope.applications.detection.detector import Detector
from convscope.applications.planning import Options
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.data.scenes.loading import make_scenes
from convscope.studio.baselines import SCENES
from convscope.training.runs import open_run
from tests.applications.captioning.making import toy_captioner, toy_data, toy_options, toy_split
from tests.applications.detection.making import bars, data_of_bars
from tests.applications.segmentation.tiny import tiny
from tests.studio.conftest import Asked, Opening

BACKBONE = "input auto -> conv 6 3x3 pad 1 -> batchnorm -> relu -> maxpool 2"
SHORT: dict[str, Any] = {"epochs": 1, "batch_size": 8, "precision": "float32"}


def as_if_of_scenes(run: Path) -> None:
    """What it has learnt from is then called so: its answers are no better for it."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    record["data"]["source"] = "scenes"
    (run / "run.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One run of each task, hardly trained."""
    runs = tmp_path_factory.mktemp("applications") / "runs"
    options = Options(recipe=SHORT)
    Detector("faster").fit(data_of_bars(16, 4), out=runs / "bars", options=options)
    small = {"width": 8, "window": 3, "context": 3, "mixtures": 2}
    Segmenter("fcn-stride4", f"{BACKBONE} -> conv 8 3x3 pad 1 -> relu -> maxpool 2", small).fit(
        tiny(count=8), out=runs / "masks", options=options
    )
    as_if_of_scenes(runs / "masks")
    toy_captioner("attention").fit(
        toy_data(train=40), out=runs / "said", options=toy_options(epochs=1)
    )
    toy_captioner("clip-lstm").fit(
        toy_data(train=40, clips=True), out=runs / "clips", options=toy_options(epochs=1)
    )
    return runs


@pytest.fixture(scope="module")
def applied(opening: Opening, trained: Path) -> Asked:
    return opening(trained)


def uploaded(asked: Asked, pixels: Any) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    answer = asked.client.post("/api/images", content=file.getvalue())
    assert answer.status_code == 200, answer.text
    name: str = answer.json()["id"]
    return name


def same(found: Any, wanted: Any) -> bool:
    """As JSON, whatever the picture was called."""
    first, second = json.loads(json.dumps(found)), json.loads(json.dumps(wanted))
    return {**first, "source": ""} == {**second, "source": ""}


def test_without_runs_there_is_the_baseline(asked: Asked) -> None:
    tasks = asked.get("applications").json()["tasks"]
    assert [task["task"] for task in tasks] == ["detection", "segmentation", "captioning"]
    own = [run for task in tasks for run in task["runs"]]
    assert all(run["example"] for run in own)
    names = [[each["name"] for each in task["baselines"]] for task in tasks]
    assert names == [["baseline"], [], ["nearest", "frequent"]]
    assert tasks[0]["command"] == "convscope detect"


def test_captions_that_cost_nothing(asked: Asked) -> None:
    known = make_scenes(count=SCENES, part="train")
    assert known.captions is not None
    head, arrays = asked.arrays("applications/captioning", run="frequent", seed=5)
    (said,) = head["found"]["sentences"]
    assert said == {"text": most_frequent_caption(known.captions), "probability": None}
    scene = make_scenes(seed=5, count=1, part="test")
    assert scene.captions is not None
    assert head["truth"] == list(scene.captions[0])
    assert (arrays["picture"] == scene.images[0]).all()
    head, _ = asked.arrays("applications/captioning", run="nearest", seed=5)
    assert head["found"]["sentences"][0]["text"] in {own[0] for own in known.captions}
    # A scene that is known is nearest to itself, as a picture of somebody's, too.
    for place in (3, 7):
        picture = uploaded(asked, known.images[place][0])
        head, _ = asked.arrays("applications/captioning", run="nearest", images=[picture])
        assert head["found"]["sentences"][0]["text"] == known.captions[place][0]
        assert head["truth"] is None


def test_the_baseline_on_a_scene(asked: Asked) -> None:
    head, arrays = asked.arrays("applications/detection", run="baseline", seed=5, least=0.1)
    part = make_scenes(seed=5, count=1, part="test")
    assert (arrays["picture"] == part.images[0]).all()
    assert part.objects is not None
    assert [each["box"] for each in head["truth"]] == part.objects[0].boxes.tolist()
    classifier = open_run("example")
    (found,), _ = Baseline(classifier).detected(part, classifier.classes)
    keep = found.scores >= 0.1
    assert [each["score"] for each in head["found"]["objects"]] == found.scores[keep].tolist()
    assert head["seconds"] > 0
    other, _ = asked.arrays("applications/detection", run="baseline", seed=6)
    assert other["truth"] != head["truth"]


def test_what_cannot_be_asked(asked: Asked) -> None:
    text = asked.problem("applications/detection", 404, run="nothing")
    assert text.startswith('there is no run "nothing"')
    text = asked.problem("applications/segmentation", 409, run="example")
    assert text == "example: this is no run of segmentation: choose one of the list"
    text = asked.problem("applications/detection", 422, run="baseline", images=["picture-0"])
    assert text == "picture-0: this picture is no longer here: upload or draw it again"
    picture = uploaded(asked, np.zeros((8, 8), np.uint8))
    text = asked.problem("applications/detection", 422, run="baseline", images=[picture, picture])
    assert text == "one picture is looked at at a time: choose one"
    assert asked.post("applications/painting", run="baseline").status_code == 422


@pytest.mark.parametrize("size", [(1, 1), (300, 7), (1500, 2000)])
def test_pictures_of_any_size(asked: Asked, size: tuple[int, int]) -> None:
    picture = uploaded(asked, np.full((*size, 3), 90, np.uint8))
    head, arrays = asked.arrays("applications/detection", run="baseline", images=[picture])
    assert head["found"]["objects"] == []
    assert head["truth"] is None
    assert max(arrays["picture"].shape[1:]) <= 640


@pytest.mark.slow
def test_runs_are_listed_with_what_they_read(applied: Asked) -> None:
    tasks = {task["task"]: task["runs"] for task in applied.get("applications").json()["tasks"]}
    names = {task: {run["name"]: run["clips"] for run in runs} for task, runs in tasks.items()}
    assert names["detection"].get("bars") is False
    assert names["segmentation"].get("masks") is False
    assert (names["captioning"]["said"], names["captioning"]["clips"]) == (False, True)


@pytest.mark.slow
def test_boxes(applied: Asked, trained: Path) -> None:
    pixels = np.asarray(bars(2, 7).images[1][0])
    picture = uploaded(applied, pixels)
    head, arrays = applied.arrays("applications/detection", run="bars", images=[picture], least=0)
    (wanted,) = Detector.load(trained / "bars").predict(pixels, least=0)
    assert same(head["found"], wanted.as_dict())
    assert (arrays["picture"] == wanted.picture).all()
    # A run that has learnt from other things knows no scenes of garments.
    text = applied.problem("applications/detection", 422, run="bars", seed=1)
    assert text == ("this run has learnt from bars, not from scenes: give pictures to look at")


@pytest.mark.slow
def test_masks(applied: Asked, trained: Path) -> None:
    segmenter = Segmenter.load(trained / "masks")
    head, arrays = applied.arrays("applications/segmentation", run="masks", seed=3)
    (wanted,) = segmenter.predict_scenes(1, 3)
    assert same(head["found"], wanted.as_dict())
    assert (arrays["mask"] == wanted.mask).all()
    assert np.allclose(arrays["sureness"], wanted.sureness, atol=1e-6)
    masks = make_scenes(seed=3, count=1, part="test").masks
    assert masks is not None
    assert (arrays["truth"] == masks[0]).all()
    assert head["names"] == list(wanted.regions)
    picture = uploaded(applied, np.zeros((20, 30, 3), np.uint8))
    _, arrays = applied.arrays("applications/segmentation", run="masks", images=[picture])
    assert arrays["mask"].shape == (20, 30)
    assert "truth" not in arrays


@pytest.mark.slow
def test_captions_of_pictures_and_of_clips(applied: Asked, trained: Path) -> None:
    pixels = np.asarray(toy_split(1, 9).images[0][0])
    picture = uploaded(applied, pixels)
    head, _ = applied.arrays("applications/captioning", run="said", images=[picture], beam=2)
    (wanted,) = Captioner.load(trained / "said").predict(pixels, beam=2)
    assert same(head["found"], wanted.as_dict())
    assert all(word["weights"] for word in head["found"]["words"])
    other = uploaded(applied, pixels // 2)
    head, arrays = applied.arrays(
        "applications/captioning", run="clips", images=[picture, other, picture]
    )
    assert arrays["picture"].shape[0] == 3
    clip = np.stack([pixels, pixels // 2, pixels])
    (wanted,) = Captioner.load(trained / "clips").predict(clip)
    assert same(head["found"], wanted.as_dict())
    smaller = uploaded(applied, pixels[:20])
    text = applied.problem("applications/captioning", 422, run="clips", images=[picture, smaller])
    assert text == ("the frames of a clip differ in size: choose frames of one and the same clip")
