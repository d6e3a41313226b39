"""A captioner as it is used: fit, predict, evaluate, save, load, go on, and what it refuses."""

from __future__ import annotations

import json
import math
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from convscope.applications.application import Application
from convscope.applications.captioning.captioner import Captioner
from convscope.applications.captioning.evaluation import FREQUENT, NEAREST, CaptionEvaluation
from convscope.applications.captioning.scores import CaptionScores
from convscope.applications.captioning.vocabulary import END
from convscope.applications.planning import Options
from convscope.data.annotated import Split
from convscope.errors import DataError, RunError, UsageError
from convscope.training.loop import Step
from tests.applications.captioning.making import (
    BACKBONE,
    SETTINGS,
    toy_captioner,
    toy_data,
    toy_options,
    toy_split,
)


def objects_of(scores: CaptionScores) -> float:
    assert scores.facts is not None and scores.facts.objects.value is not None
    return scores.facts.objects.value


@pytest.mark.parametrize("name", ["looking", "plain"])
def test_it_learns_and_another_images_features_are_worth_nothing(
    name: str, request: pytest.FixtureRequest
) -> None:
    """The negative control: what is said of another image is hardly ever true of this one."""
    captioner: Captioner = request.getfixturevalue(name)
    data = toy_data()
    found = captioner.evaluate(data)
    assert found.scores.facts is not None and found.scores.facts.complete.value > 0.9
    assert found.scores.cider > 6
    other = captioner.evaluate(data, control="other-images", baselines=False)
    assert other.control == "other-images"
    assert other.scores.cider < 0.5 * found.scores.cider
    assert objects_of(other.scores) < 0.7  # of two things, half by chance
    assert other.scores.facts is not None and other.scores.facts.complete.value < 0.35
    assert other.scores.cider < 1.3 * found.baselines[FREQUENT].cider


def test_learnt_from_captions_of_other_images_it_knows_nothing(tmp_path: Path) -> None:
    options = replace(toy_options(), control="other-images")
    captioner = toy_captioner().fit(toy_data(), out=tmp_path / "run", options=options)
    assert captioner.trained_run.settings["control"] == "other-images"
    found = captioner.evaluate(toy_data(), baselines=False)
    assert objects_of(found.scores) < 0.7
    assert found.scores.facts is not None and found.scores.facts.complete.value < 0.35


def test_an_evaluation_holds_all_that_others_need(looking: Captioner) -> None:
    data = toy_data()
    found = looking.evaluate(data, split="validation")
    values = json.loads(json.dumps(found.as_dict()))
    assert values["schema"] == "convscope.caption-evaluation/1"
    assert values["split"] == "validation" and values["scores"]["count"] == 40
    assert set(values["baselines"]) == {FREQUENT, NEAREST}
    assert values["held_out"] is None
    assert found.results() == [
        {"image_id": name, "caption": caption}
        for name, caption in zip(data.validation.names, found.captions, strict=True)
    ]
    assert repr(found).startswith("<CaptionEvaluation: attention") and len(repr(found)) < 120


def test_scores_do_not_hang_on_the_order_of_images(plain: Captioner) -> None:
    data = toy_data()
    turned = replace(data, test=data.test.part(range(39, -1, -1)))
    one, other = (plain.evaluate(each, baselines=False) for each in (data, turned))
    assert one.captions == other.captions[::-1]


def test_predictions_of_paths_pictures_and_arrays_are_one(
    looking: Captioner, tmp_path: Path
) -> None:
    pixels = toy_split(1, 5).images[0][0]
    picture = Image.fromarray(pixels)
    picture.save(tmp_path / "one.png")
    ways = [tmp_path / "one.png", str(tmp_path / "one.png"), picture, pixels,
            np.stack([pixels] * 3, 2)]  # fmt: skip
    found = looking.predict(ways)
    assert len({each.text for each in found}) == 1
    assert found[0].source == str(tmp_path / "one.png") and found[3].source == "image 4"
    assert looking.predict(pixels)[0].text == found[0].text
    assert [each.source for each in looking.predict(tmp_path)] == [str(tmp_path / "one.png")]


def test_a_sentences_probability_is_the_product_of_its_words_and_its_end(
    looking: Captioner,
) -> None:
    caption = looking.predict(toy_split(1, 5).images[0][0])[0]
    assert [word.word for word in caption.words] == caption.text.split()
    of_words = math.prod(word.probability for word in caption.words)
    reading = looking.reading
    prepared = torch.from_numpy(caption.picture[None].astype(np.float32) / 255)
    run = looking.trained_run
    prepared = (prepared - run.mean[0]) / run.std[0]
    table = torch.from_numpy(reading.vocabulary.table([tuple(caption.text.split())]))
    with torch.no_grad():
        logits, _ = reading.network(prepared, table[:, :-1])
    logits[..., [0, 1, 3]] = -torch.inf
    end = float(torch.softmax(logits[0, len(caption.words)], 0)[END])
    assert caption.sentences[0].probability == pytest.approx(of_words * end, rel=1e-4)
    chances = [each.probability for each in caption.sentences]
    assert chances == sorted(chances, reverse=True) and sum(chances) <= 1 + 1e-6


def test_each_word_says_where_it_looked(looking: Captioner, plain: Captioner) -> None:
    pixels = np.full((32, 32), 30, np.uint8)
    pixels[12:20, 2:10] = 220
    caption = looking.predict(pixels)[0]
    assert caption.text.endswith("on the left")
    for word in caption.words:
        assert word.weights is not None and word.weights.shape == (4, 4)
        assert float(word.weights.sum()) == pytest.approx(1, abs=1e-5)
    assert all(word.weights is None for word in plain.predict(pixels)[0].words)
    values = json.loads(json.dumps(caption.as_dict()))
    assert values["schema"] == "convscope.caption/1"
    assert np.asarray(values["words"][0]["weights"]).shape == (4, 4)


def test_clips_are_arrays_or_folders_of_frames(watching: Captioner, tmp_path: Path) -> None:
    clip = toy_split(1, 5, clips=True).images[0]
    for number, frame in enumerate(clip):
        Image.fromarray(frame[0]).save(tmp_path / f"frame-{number}.png")
    found = watching.predict([clip[:, 0], tmp_path])
    assert found[0].text == found[1].text
    assert found[0].picture.shape == (3, 1, 32, 32)
    assert found[1].source == str(tmp_path)
    with pytest.raises(UsageError, match="is no clip: give a folder of frames"):
        watching.predict(tmp_path / "frame-0.png")
    with pytest.raises(UsageError, match="Image is no clip"):
        watching.predict(Image.new("L", (32, 32)))
    with pytest.raises(UsageError, match="is no picture"):
        watching.predict(np.zeros((3, 4, 5, 6), np.uint8))


def test_clips_are_scored_too(watching: Captioner) -> None:
    found = watching.evaluate(toy_data(train=40, clips=True))
    assert found.scores.count == 40 and NEAREST in found.baselines


def test_saved_and_loaded_it_says_the_same(looking: Captioner, tmp_path: Path) -> None:
    place = looking.save(tmp_path / "kept")
    again = Captioner.load(place)
    pixels = toy_split(1, 5).images[0][0]
    assert again.predict(pixels)[0].as_dict() == looking.predict(pixels)[0].as_dict()
    assert {path.name for path in place.iterdir()} == {"run.json", "model.safetensors"}
    with pytest.raises(RunError, match="holds a run already"):
        looking.save(place)


def test_equal_seeds_give_equal_weights_and_a_cut_training_goes_on(tmp_path: Path) -> None:
    data, options = toy_data(train=40, held=10), toy_options(epochs=2)
    whole = toy_captioner("plain").fit(data, seed=3, out=tmp_path / "whole", options=options)

    def stop(step: Step) -> None:
        if step.step == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        toy_captioner("plain").fit(
            data, seed=3, out=tmp_path / "cut", options=options, observe=stop
        )
    with pytest.raises(RunError, match="has not been finished"):
        Captioner.load(tmp_path / "cut")
    cut = Captioner.go_on(tmp_path / "cut", data=data)
    one, other = (load_file(each.trained_run.model) for each in (whole, cut))
    assert one.keys() == other.keys()
    assert all(one[name].tobytes() == other[name].tobytes() for name in one)


def test_quick_is_short_and_settings_of_the_recipe_are_taken(tmp_path: Path) -> None:
    data = toy_data(train=60, held=10)
    recipe = {"batch_size": 30, "precision": "float32"}
    quick = toy_captioner("plain").fit(
        data, out=tmp_path / "quick", options=Options(quick=True, recipe=recipe)
    )
    stages = quick.trained_run.results["stages"]
    assert [stage["name"] for stage in stages] == ["words", "encoder", "decoder"]
    assert all(stage["images"] < 60 * 8 for stage in stages)
    assert quick.trained_run.results["split"] == "validation"
    assert 0 < stages[2]["words"] < 1


def test_words_that_are_rare_or_new_do_no_harm(tmp_path: Path) -> None:
    data = toy_data(train=40, held=10)
    assert data.train.captions is not None
    odd = (*data.train.captions[:-1], ("A zyzzyva, of course.",))
    train = replace(data.train, captions=odd)
    held = replace(data.test, captions=(("Ein Pferd frisst keinen Gurkensalat",),) * 10)
    captioner = Captioner("plain", backbone=BACKBONE, settings={**SETTINGS, "least": 2}).fit(
        replace(data, train=train, test=held), out=tmp_path / "run", options=toy_options(epochs=1)
    )
    vocabulary = captioner.reading.vocabulary
    assert not vocabulary.knows("zyzzyva") and vocabulary.knows("bag")
    found = captioner.evaluate(replace(data, train=train, test=held))
    assert found.scores.bleu[0] == pytest.approx(0, abs=1e-6)
    assert found.scores.facts is None
    assert all("<unknown>" not in caption for caption in found.captions)


def test_images_of_other_sizes_are_brought_to_one(tmp_path: Path) -> None:
    data = toy_data(train=40, held=10)

    def odd(part: Split) -> Split:
        images = [image[:, : 20 + n % 12, : 31 - n % 7] for n, image in enumerate(part.images)]
        return replace(part, images=images)

    parts = {name: odd(data.split(name)) for name in ("train", "validation", "test")}
    captioner = toy_captioner().fit(
        replace(data, **parts), out=tmp_path / "run", options=toy_options(epochs=1)
    )
    assert captioner.predict(np.zeros((70, 200, 3), np.uint8))[0].picture.shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sides": 32}, "a captioner has no setting 'sides'"),
        ({**SETTINGS, "side": 7}, "of 7 pixels the backbone leaves nothing to look at"),
        ({**SETTINGS, "least": 100_000}, "no word stands 100000 times or more"),
    ],
)
def test_settings_that_cannot_be_are_refused(
    settings: dict[str, int], message: str, tmp_path: Path
) -> None:
    with pytest.raises((UsageError, DataError), match=message):
        Captioner("plain", backbone=BACKBONE, settings=settings).fit(
            toy_data(train=20, held=4), out=tmp_path / "run", options=toy_options(epochs=1)
        )


def test_clips_and_images_are_not_mixed(looking: Captioner, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="reads clips, and these are images"):
        toy_captioner("clip-mean").fit(toy_data(train=20, held=4), out=tmp_path / "run")
    with pytest.raises(DataError, match="reads images, and these are clips: give images, or take"):
        looking.evaluate(toy_data(train=20, held=4, clips=True))


def test_data_without_captions_and_wrong_words_are_refused(
    looking: Captioner, tmp_path: Path
) -> None:
    data = toy_data(train=20, held=4)
    bare = replace(data, train=replace(data.train, captions=None))
    with pytest.raises(DataError, match="these images come without captions"):
        toy_captioner().fit(bare, out=tmp_path / "run")
    with pytest.raises(UsageError, match='no method "atention" of captioning: did you mean'):
        Captioner("atention")
    with pytest.raises(UsageError, match='no control "other-image" of captioning'):
        looking.evaluate(data, control="other-image")
    with pytest.raises(UsageError, match="the beam is 0: give a number from 1 to 100"):
        looking.predict(data.test.images[0][0], beam=0)
    with pytest.raises(UsageError, match="this Captioner has not been trained"):
        Captioner().predict(data.test.images[0][0])
    with pytest.raises(UsageError, match="no image was given"):
        looking.predict([])
    with pytest.raises(DataError, match="holds no images"):
        looking.predict(tmp_path)


class _Detector(Application):
    task, kind, methods = "detection", "objects", ("any",)


def test_a_run_of_another_task_is_refused(looking: Captioner) -> None:
    path = looking.trained_run.path
    with pytest.raises(RunError, match="this is a run of captioning, and one of detection"):
        _Detector.load(path)
    with pytest.raises(RunError, match="and one of an application is wanted"):
        Captioner.load("example")


def test_evaluations_and_captions_are_one_line_each(looking: Captioner) -> None:
    found = looking.evaluate(toy_data(), baselines=False)
    assert isinstance(found, CaptionEvaluation)
    caption = looking.predict(toy_split(1, 5).images[0][0])[0]
    for value in (looking, found, caption):
        assert repr(value).startswith("<") and len(repr(value)) < 120
