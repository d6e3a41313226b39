"""The segmenter: trained, measured, saved, gone on with, on images of any size and colour."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.applications.segmentation.tiny import REGIONS, tiny

from convscope.applications.planning import Options
from convscope.applications.segmentation.answers import write_masks
from convscope.applications.segmentation.methods import METHODS, STAGES, recipe_of
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.data.annotated import VOID, Annotated, Split
from convscope.data.palette import mask_png, voc_palette
from convscope.errors import DataError, RecipeError, RunError, UsageError
from convscope.training.loop import Step

SMALL = {"width": 8, "window": 3, "context": 3, "mixtures": 2}
NORM = "batchnorm -> relu -> maxpool 2"
BACKBONE = f"input auto -> conv 6 3x3 pad 1 -> {NORM} -> conv 8 3x3 pad 1 -> {NORM}"
LEARNING = {"epochs": "6", "batch_size": "4", "learning_rate": "0.01", "precision": "float32"}
SHORT = {"epochs": "1", "batch_size": "8", "precision": "float32"}


def made(
    method: str,
    data: Annotated,
    out: Path,
    *,
    backbone: str = BACKBONE,
    recipe: dict[str, str] | None = None,
    **options: object,
) -> Segmenter:
    how = Options(recipe=recipe or SHORT, **options)  # type: ignore[arg-type]
    return Segmenter(method, backbone, SMALL).fit(data, out=out, device="cpu", options=how)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Segmenter, Annotated]:
    data = tiny()
    folder = tmp_path_factory.mktemp("segmenter") / "run"
    return made("fcn-stride2", data, folder, recipe=LEARNING), data


def test_it_learns_what_can_be_learnt(trained: tuple[Segmenter, Annotated]) -> None:
    segmenter, data = trained
    found = segmenter.evaluate(data)
    assert found.scores.mean_iou > 0.75
    assert found.split == "test" and found.scores.images == 8
    stages = segmenter.trained_run.results["stages"]
    assert [stage["name"] for stage in stages] == list(STAGES["fcn-stride2"])
    assert segmenter.trained_run.results["mean_iou"] == stages[-1]["mean_iou"]


def test_with_shuffled_labels_the_score_collapses(
    trained: tuple[Segmenter, Annotated], tmp_path: Path
) -> None:
    segmenter, data = trained
    control = made("fcn-stride2", data, tmp_path / "r", recipe=LEARNING, control="shuffled-labels")
    assert control.evaluate(data).scores.mean_iou < 0.45
    assert segmenter.evaluate(data).scores.mean_iou > 0.75
    assert control.trained_run.settings["control"] == "shuffled-labels"


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns_in_its_stages(method: str, tmp_path: Path) -> None:
    found = made(method, tiny(count=8), tmp_path / "run")
    assert [stage["name"] for stage in found.run.results["stages"]] == list(STAGES[method])  # type: ignore[union-attr]
    assert found.predict(np.zeros((20, 31), np.uint8)).mask.shape == (20, 31)


def test_images_of_several_sizes_in_colour_with_many_regions(tmp_path: Path) -> None:
    names = tuple(f"region {k}" for k in range(21))
    data = tiny(count=9, sizes=((32, 32), (24, 40), (37, 21)), channels=3, regions=names)
    found = made("dpn", data, tmp_path / "run")
    evaluation = found.evaluate(data, split="validation")
    assert [region.iou is None for region in evaluation.scores.regions].count(True) <= 18
    answer = found.predict(Image.new("RGB", (50, 23), "red"))
    assert answer.mask.shape == (23, 50) and answer.regions == names


def test_a_mask_is_named_region_by_region(trained: tuple[Segmenter, Annotated]) -> None:
    segmenter, data = trained
    found = segmenter.predict(data.test.images[0][0])
    assert set(found.parts) <= set(REGIONS) and sum(found.parts.values()) == pytest.approx(1)
    assert next(iter(found.parts)) == "background"
    square = found.where("square")
    assert data.test.masks is not None
    truth = data.test.masks[0] == 1
    assert (square & truth).sum() > 0.6 * (square | truth).sum()
    assert found.sureness.min() >= 1 / 3 and found.sureness.max() <= 1
    record = json.loads(json.dumps(found.as_dict()))
    assert [region["name"] for region in record["regions"]] == list(REGIONS)
    assert sum(region["pixels"] for region in record["regions"]) == 32 * 32
    assert "background" in repr(found)


def test_a_palette_png_is_read_back_by_others(
    trained: tuple[Segmenter, Annotated], tmp_path: Path
) -> None:
    segmenter, data = trained
    found = segmenter.predict(data.test.images[0][0])
    with Image.open(found.save(tmp_path / "mask.png")) as picture:
        assert picture.mode == "P"
        assert np.array_equal(np.asarray(picture), found.mask)
        colours = np.asarray(picture.convert("RGB"))
    assert np.array_equal(colours, voc_palette()[found.mask])
    assert found.palette_picture().size == (32, 32)
    paths = write_masks([found, found], tmp_path / "masks")
    assert [path.name for path in paths] == ["image-1.png", "image-1-2.png"]


def test_paths_pictures_and_arrays_are_answered_alike(
    trained: tuple[Segmenter, Annotated], tmp_path: Path
) -> None:
    segmenter, data = trained
    pixels = data.test.images[0][0]
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "one.png")
    several = segmenter.predict([pixels, picture, tmp_path / "one.png", str(tmp_path / "one.png")])
    assert len(several) == 4
    assert all(np.array_equal(found.mask, several[0].mask) for found in several)
    (alone,) = segmenter.predict(tmp_path)
    assert alone.source == str(tmp_path / "one.png")
    assert np.array_equal(alone.mask, several[0].mask)


def test_a_large_picture_is_looked_at_smaller(
    trained: tuple[Segmenter, Annotated],
) -> None:
    segmenter, data = trained
    run = segmenter.trained_run
    small = replace(segmenter, run=replace(run, data=replace(run.data, longest=32)))
    large = np.kron(data.test.images[0][0], np.ones((4, 4), np.uint8))
    found, single = small.predict(large), segmenter.predict(data.test.images[0][0])
    assert found.mask.shape == (128, 128)
    assert (found.mask[::4, ::4] == single.mask).mean() > 0.9


def test_what_is_saved_is_loaded(trained: tuple[Segmenter, Annotated], tmp_path: Path) -> None:
    segmenter, data = trained
    again = Segmenter.load(segmenter.save(tmp_path / "copy"))
    picture = data.test.images[1][0]
    assert np.array_equal(again.predict(picture).mask, segmenter.predict(picture).mask)
    assert again.evaluate(data).scores.mean_iou == segmenter.evaluate(data).scores.mean_iou


class StoppedError(Exception):
    """Whatever ends a training from outside."""


def test_a_training_that_was_cut_off_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    data = tiny(count=16)
    whole = made("dpn", data, tmp_path / "whole")
    steps = 0

    def stop(step: Step) -> None:
        nonlocal steps
        steps += 1
        if steps == 5:  # in the third of four stages of two steps each
            raise StoppedError

    segmenter = Segmenter("dpn", BACKBONE, SMALL)
    with pytest.raises(StoppedError):
        segmenter.fit(
            data, out=tmp_path / "cut", device="cpu", options=Options(recipe=SHORT), observe=stop
        )
    again = Segmenter.go_on(tmp_path / "cut", data=data)
    for name, value in whole.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name


def test_void_is_neither_learnt_nor_judged(tmp_path: Path) -> None:
    data = tiny(count=8)
    assert data.train.masks is not None and data.test.masks is not None
    assert (np.asarray(data.test.masks) == VOID).any()
    found = made("fcn-stride8", data, tmp_path / "run").evaluate(data)
    assert found.scores.pixels == int((np.asarray(data.test.masks) != VOID).sum())


def with_masks(data: Annotated, masks: object) -> Annotated:
    return replace(data, train=Split(data.train.names, data.train.images, masks=masks))  # type: ignore[arg-type]


def test_a_mask_of_an_unknown_region_is_refused(tmp_path: Path) -> None:
    data = tiny(count=4)
    masks = [np.full((32, 32), 9, np.uint8)] * 4
    with pytest.raises(DataError, match="the mask of 0-0 holds the index 9, and there are 3"):
        made("fcn-stride8", with_masks(data, masks), tmp_path / "run")


def test_data_without_masks_are_refused(tmp_path: Path) -> None:
    data = tiny(count=4)
    with pytest.raises(DataError, match="come without masks"):
        made("fcn-stride8", with_masks(data, None), tmp_path / "run")


def test_other_regions_than_those_of_the_training_are_refused(
    trained: tuple[Segmenter, Annotated],
) -> None:
    segmenter, data = trained
    with pytest.raises(DataError, match="the run knows the regions background, square, bar"):
        segmenter.evaluate(replace(data, regions=("a", "b", "c")))


def test_pictures_that_are_none_are_refused(
    trained: tuple[Segmenter, Annotated], tmp_path: Path
) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    for source, problem in (
        (tmp_path / "empty.png", "is empty"),
        (tmp_path / "missing.png", "cannot be read"),
        (np.zeros((4, 4), np.float32), "is no picture"),
    ):
        with pytest.raises((DataError, UsageError), match=problem):
            trained[0].predict(source)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"colour": 3}, "a segmenter has no setting 'colour'"),
        ({"window": 4}, "the setting window is 4: give an odd number from 3 to 51"),
        ({"mixtures": "five"}, "the setting mixtures is 'five'"),
        ({"balance": 2}, "the setting balance is 2: give a number from 0 to 1"),
        ({"measure": "metres"}, 'give "likeness" or "distance"'),
    ],
)
def test_impossible_settings_are_refused(
    settings: dict[str, object], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=problem):
        Segmenter("dpn", BACKBONE, settings).fit(tiny(count=4), out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_few_images_are_looked_at_more_often() -> None:
    many, few = (recipe_of("stride8", count, {}, quick=False) for count in (6000, 2000))
    assert (many.epochs, few.epochs) == (1.5, 4.5)
    assert recipe_of("stride8", 100, {}, quick=False).epochs == 60
    assert recipe_of("stride8", 2000, {}, quick=True).epochs == 0.45
    assert recipe_of("joint", 2000, {"epochs": "3"}, quick=True).epochs == 3


def test_a_setting_that_means_nothing_here_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="cutout means nothing to a segmenter"):
        made("fcn-stride8", tiny(count=4), tmp_path / "run", recipe={"cutout": "4"})


def test_a_run_of_another_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="one of an application is wanted"):
        Segmenter.load("example")
    with pytest.raises(UsageError, match="no method"):
        Segmenter("fcn-stride16")


def test_the_classifier_lends_its_weights(tmp_path: Path) -> None:
    found = made("fcn-stride8", tiny(count=8), tmp_path / "run", backbone="example")
    assert found.trained_run.settings["reader"] == [10, 7, 7]
    assert found.trained_run.backbone["origin"] == "example"


def test_a_mask_in_memory_is_that_of_the_file(trained: tuple[Segmenter, Annotated]) -> None:
    found = trained[0].predict(trained[1].test.images[0][0])
    with Image.open(io.BytesIO(mask_png(found.mask))) as picture:
        assert np.array_equal(np.asarray(picture), found.mask)
