"""A detector from fit to predict, on images that can be learnt in seconds."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.applications.detection import detector as detector_module
from convscope.applications.detection import training as training_module
from convscope.applications.detection.detector import Detector
from convscope.applications.detection.prediction import DetectionPrediction, coco_results
from convscope.applications.planning import Options
from convscope.applications.runs import open_application
from convscope.data.annotated import Annotated, Split
from convscope.errors import DataError, RunError, UsageError

from .making import CLASSES, bars, data_of_bars

RECIPE = {"epochs": 22, "batch_size": 4, "learning_rate": 0.004}


@pytest.fixture(scope="module")
def data() -> Annotated:
    return data_of_bars()


@pytest.fixture(scope="module", params=["faster", "fast"])
def trained(
    request: pytest.FixtureRequest, data: Annotated, tmp_path_factory: pytest.TempPathFactory
) -> Detector:
    out = tmp_path_factory.mktemp("detectors") / request.param
    settings = {"proposals": 40}
    return Detector(request.param, settings=settings).fit(
        data, seed=1, out=out, options=Options(recipe=RECIPE)
    )


def test_it_learns_to_find_objects_in_images_that_it_has_not_seen(
    trained: Detector, data: Annotated
) -> None:
    found = trained.evaluate(data)
    assert found.precision.at(0.5) > 0.8
    assert found.split == "test" and found.precision.images == len(data.test)
    assert all(seconds > 0 for seconds in found.seconds.values())
    assert (found.proposals is None) == (trained.method == "faster")
    run = trained.trained_run
    assert run.results["at_0.5"] > 0.8 and run.results["split"] == "validation"
    assert json.loads(json.dumps(found.as_dict()))["precision"]["at_0.5"] > 0.8
    assert "mAP@0.5" in repr(found)


def test_with_shuffled_labels_precision_collapses(tmp_path: Path, data: Annotated) -> None:
    """Check 9: what is then still right, is so by chance."""
    options = Options(recipe=RECIPE, control="shuffled-labels")
    found = Detector("faster").fit(data, seed=1, out=tmp_path / "control", options=options)
    # many images: of few, some would be right by chance
    control = found.evaluate(replace(data, test=bars(200, 9)))
    assert control.precision.at(0.5) < 0.45
    # the boxes are still found: it is the classes that are not
    assert control.precision.average_recall() > 0.2


def test_saved_and_loaded_it_finds_the_same(
    trained: Detector, data: Annotated, tmp_path: Path
) -> None:
    again = Detector.load(trained.save(tmp_path / "copy"))
    pictures = [image[0] for image in data.test.images[:4]]
    before, after = trained.predict(pictures), again.predict(pictures)
    assert any(each.objects for each in before)
    assert [each.as_dict() for each in before] == [each.as_dict() for each in after]


def test_a_picture_may_come_as_path_picture_or_array(
    trained: Detector, data: Annotated, tmp_path: Path
) -> None:
    pixels = data.test.images[0][0]
    picture = Image.fromarray(pixels)
    path = tmp_path / "bars.png"
    picture.save(path)
    found = [trained.predict(source)[0] for source in (pixels, picture, path, str(path), tmp_path)]
    for each in found:
        assert each.objects == found[0].objects
        assert each.size == (64, 64)
    assert found[2].source == str(path)
    colour = np.repeat(pixels[:, :, None], 3, 2)
    assert trained.predict(colour)[0].objects == found[0].objects


def test_boxes_are_in_the_pixels_of_the_picture_as_it_was_given(
    trained: Detector, data: Annotated
) -> None:
    place = next(k for k, each in enumerate(data.test.objects or ()) if len(each) == 1)
    pixels = data.test.images[place][0]
    large = np.repeat(np.repeat(pixels, 2, 0), 2, 1)
    found = trained.predict(large, least=0.3, longest=64)[0]
    assert found.size == (128, 128) and found.picture.shape == (1, 64, 64)
    seen = found.detections.boxes
    assert len(seen) and np.allclose([each.box for each in found.objects], seen * 2)
    # brought down it is, but for the filter, the picture that it was
    (truth,) = (data.test.objects or ())[place].boxes * 2
    assert np.abs(np.array(found.objects[0].box) - truth).max() < 12
    assert trained.predict(large, longest=None)[0].picture.shape == (1, 128, 128)


def test_only_what_is_sure_enough_is_told(trained: Detector, data: Annotated) -> None:
    picture = data.test.images[1][0]
    assert all(each.score >= 0.9 for each in trained.predict(picture, least=0.9)[0].objects)
    most, fewest = trained.predict(picture, least=0.0)[0], trained.predict(picture, least=1.0)[0]
    assert len(most.objects) >= len(fewest.objects)
    assert fewest.words == "nothing" and "nothing" in repr(fewest)


def test_predictions_are_written_as_coco_reads_them(trained: Detector, data: Annotated) -> None:
    from pycocotools.coco import COCO

    found = trained.predict([image[0] for image in data.test.images[:6]])
    results = coco_results(found)
    assert len(results) == sum(len(each.objects) for each in found) > 0
    first = next(each for each in found if each.objects)
    entry = next(each for each in results if each["image_id"] == found.index(first) + 1)
    left, top, right, bottom = first.objects[0].box
    assert entry["bbox"] == [left, top, right - left, bottom - top]
    assert CLASSES[entry["category_id"] - 1] == first.objects[0].name
    truth = COCO()
    truth.dataset = {
        "images": [{"id": k + 1} for k in range(6)],
        "categories": [{"id": k + 1, "name": name} for k, name in enumerate(CLASSES)],
        "annotations": [],
    }
    truth.createIndex()
    assert len(truth.loadRes(results).anns) == len(results)
    named = coco_results(found, {each.source: 7 for each in found})
    assert {each["image_id"] for each in named} == {7}


def test_a_training_that_was_cut_off_ends_in_the_same_bits(tmp_path: Path) -> None:
    data = data_of_bars(16, 4)
    recipe = {"epochs": 3, "batch_size": 4, "flip": True}
    whole = Detector("faster").fit(data, out=tmp_path / "whole", options=Options(recipe=recipe))
    steps = Detector("faster").fit_steps(data, out=tmp_path / "cut", options=Options(recipe=recipe))
    for _ in range(5):
        next(steps)
    steps.close()
    assert not open_application(tmp_path / "cut", "detection").finished
    resumed = Detector.go_on(tmp_path / "cut", data=data)
    one, other = whole.network.state_dict(), resumed.network.state_dict()
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    left, right = (dict(each.trained_run.results) for each in (whole, resumed))
    assert left["classes"] == right["classes"]


def test_the_same_seed_gives_the_same_network_and_another_another() -> None:
    data = data_of_bars(8, 4)
    quick = Options(recipe={"epochs": 1, "batch_size": 4})
    one, same, other = (Detector().fit(data, seed=seed, options=quick) for seed in (3, 3, 4))
    weights = [each.network.state_dict()["head.fc.weight"] for each in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_faster_r_cnn_asks_for_no_selective_search(
    data: Annotated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Check 8, from training to prediction."""

    def refused(*arguments: object, **more: object) -> None:
        raise AssertionError("selective search was asked for")

    for module in (detector_module, training_module):
        monkeypatch.setattr(module, "proposals_of", refused)
    options = Options(recipe={"epochs": 1})
    found = Detector("faster").fit(data, out=tmp_path / "run", options=options)
    found.predict(data.test.images[0][0])
    found.evaluate(data)
    with pytest.raises(AssertionError, match="was asked for"):
        Detector("fast").fit(data, out=tmp_path / "other", options=options)


def test_images_may_be_of_several_sizes_and_in_colour(tmp_path: Path) -> None:
    whole = data_of_bars(0, 0, channels=3)
    parts = {}
    for number, name in enumerate(("train", "validation", "test")):
        some = [
            bars(6, 10 * number + k, size=size, channels=3)
            for k, size in enumerate(((64, 48), (40, 72)))
        ]
        parts[name] = Split(
            tuple(f"{k}-{each}" for k, part in enumerate(some) for each in part.names),
            [image for part in some for image in part.images],
            tuple(objects for part in some for objects in part.objects or ()),
        )
    data = replace(whole, **parts)  # type: ignore[arg-type]
    options = Options(recipe={"epochs": 2, "batch_size": 4, "flip": True})
    found = Detector("faster", backbone="article").fit(data, out=tmp_path / "run", options=options)
    assert found.trained_run.backbone["origin"] == "from scratch"
    assert found.trained_run.channels == 3
    evaluation = found.evaluate(data)
    assert evaluation.precision.images == 12
    for image, detections in zip(parts["test"].images, evaluation.found, strict=True):
        height, width = image.shape[-2:]
        assert (detections.boxes >= 0).all()
        assert (detections.boxes[:, 2] <= width).all() and (detections.boxes[:, 3] <= height).all()
    assert isinstance(
        found.predict(parts["test"].images[0].transpose(1, 2, 0))[0], DetectionPrediction
    )
    run = found.trained_run
    of_scenes = replace(found, run=replace(run, data=replace(run.data, source="scenes")))
    (scene,), (truth,) = of_scenes.predict_scenes(count=1)
    assert scene.picture.shape == (3, 128, 128) and len(truth) > 0


def test_what_cannot_be_done_is_said(trained: Detector, data: Annotated, tmp_path: Path) -> None:
    options = Options(recipe={"epochs": 1})
    with pytest.raises(UsageError, match='there is no setting "proposal"') as caught:
        Detector(settings={"proposal": 5}).fit(data, out=tmp_path / "a", options=options)
    assert caught.value.remedy == 'did you mean "proposals"?'
    with pytest.raises(UsageError) as caught:
        Detector(settings={"floor": "0.7"}).fit(data, out=tmp_path / "b", options=options)
    assert str(caught.value) == ("setting floor: 0.7 is not allowed: give a number from 0 to 0.5")
    with pytest.raises(UsageError, match="has not been trained"):
        Detector().predict(data.test.images[0][0])
    with pytest.raises(UsageError, match='there is no method "yolo" of detection'):
        Detector("yolo")
    with pytest.raises(UsageError, match='there is no control "other-images"'):
        Detector().fit(data, out=tmp_path / "c", options=Options(control="other-images"))
    others = replace(data, classes=("up", "down"))
    with pytest.raises(DataError, match="its classes are up, down, and the run knows lying"):
        trained.evaluate(others)
    empty = replace(data, test=data.test.part([]))
    with pytest.raises(DataError, match="there are no images to be measured on"):
        trained.evaluate(empty)


def test_images_without_any_object_teach_nothing_and_it_is_said(tmp_path: Path) -> None:
    data = data_of_bars(4, 2)
    nothing = bars(4, 0, most=0)
    with pytest.raises(DataError, match="no image has an object"):
        Detector("faster").fit(replace(data, train=nothing), out=tmp_path / "run")


def test_a_run_of_another_task_is_refused(trained: Detector, tmp_path: Path) -> None:
    copy = trained.save(tmp_path / "copy")
    record = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    record["task"] = "captioning"
    (copy / "run.json").write_text(json.dumps(record), encoding="utf-8")
    with pytest.raises(RunError, match="a run of captioning, and one of detection is wanted"):
        Detector.load(copy)
