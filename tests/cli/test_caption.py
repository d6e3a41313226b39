"""``caption``: what it writes, to whom, and with which exit code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.applications.captioning.captioner import Captioner
from tests.applications.captioning.making import toy_captioner, toy_data, toy_options, toy_split
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A captioner of small pictures, hardly trained."""
    path = tmp_path_factory.mktemp("caption") / "toy"
    toy_captioner().fit(toy_data(train=60, held=10), out=path, options=toy_options(epochs=2))
    return str(path)


FLICKR = "{name}#{number}\t{caption}"


def flickr_folder(place: Path, count: int) -> Path:
    """Pictures with a text of captions, as Flickr8k has them."""
    split, lines = toy_split(count, 7), []
    assert split.captions is not None
    for n, (image, captions) in enumerate(zip(split.images, split.captions, strict=True)):
        name = f"picture{n:03}.png"
        Image.fromarray(np.asarray(image)[0]).save(place / name)
        lines += [
            FLICKR.format(name=name, number=at, caption=text) for at, text in enumerate(captions)
        ]
    (place / "Flickr8k.token.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return place


def test_training_on_a_folder_in_flickrs_layout(command: Command, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    folder = flickr_folder(tmp_path / "data", 40)
    words = ["caption", "train", "--data", str(folder), "--backbone", "example", "--method",
             "plain", "--set", "epochs=0.2", "--set", "batch_size=10"]  # fmt: skip
    outcome = command(*words, "--out", str(tmp_path / "run"), "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    assert outcome.json["task"] == "captioning" and outcome.json["method"] == "plain"
    assert outcome.json["data"]["format"] is None and outcome.json["finished"]
    outcome = command("caption", "evaluate", str(tmp_path / "run"), "--split", "validation")
    assert outcome.code == 0, outcome.err
    assert "CIDEr" in outcome.out and "most frequent caption" in outcome.out
    assert "pairs never shown" not in outcome.out


def test_an_evaluation_as_table_json_and_result_file(
    command: Command, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = toy_data(train=60, held=10)
    monkeypatch.setattr(Captioner, "data_of", lambda *_: data)
    place = tmp_path / "captions.json"
    outcome = command("caption", "evaluate", run, "--results", str(place), "--json")
    assert outcome.code == 0, outcome.err
    assert outcome.json["schema"] == "convscope.caption-evaluation/1"
    records = json.loads(place.read_text(encoding="utf-8"))
    assert [record["image_id"] for record in records] == list(data.test.names)
    assert all(record["caption"] for record in records)
    assert f"written: {place}" in outcome.err
    control = command("caption", "evaluate", run, "--control", "other-images", "--no-baselines")
    assert control.code == 0 and "each is said of another image" in control.out
    assert "most frequent" not in control.out
    assert command("caption", "evaluate", run, "--control", "magic").code == 2


def test_result_files_are_what_pycocoevalcap_scores(run: str) -> None:
    """Tokenised by ours, scored by theirs: the same CIDEr."""
    cider = pytest.importorskip("pycocoevalcap.cider.cider").Cider()
    data = toy_data(train=60, held=10)
    found = Captioner.load(run).evaluate(data, baselines=False)
    from convscope.applications.captioning.tokens import sentence, words_of

    said = {record["image_id"]: [record["caption"]] for record in found.results()}
    wanted = {
        name: [sentence(words_of(text)) for text in own]
        for name, own in zip(found.names, found.references, strict=True)
    }
    score, _ = cider.compute_score(wanted, said)
    assert found.scores.cider == pytest.approx(float(score), rel=1e-9)


def test_predictions_in_words_json_and_pictures(command: Command, run: str, tmp_path: Path) -> None:
    Image.fromarray(toy_split(1, 3).images[0][0]).save(tmp_path / "one.png")
    outcome = command("caption", "predict", run, str(tmp_path / "one.png"), "--beam", "2")
    assert outcome.code == 0 and outcome.out.splitlines()[0] == str(tmp_path / "one.png")
    assert len(outcome.out.splitlines()) == 3
    outcome = command(
        "caption", "predict", run, "--scenes", "2", "--out", str(tmp_path / "out"), "--json"
    )
    assert outcome.json["schema"] == "convscope.captions/1"
    assert len(outcome.json["captions"]) == 2
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {
        "captions.json", "captions.png", "captions.svg", "attention.png", "attention.svg",
    }  # fmt: skip
    again = command("caption", "predict", run, "--scenes", "2", "--json")
    assert again.json == outcome.json
    other = command("caption", "predict", run, "--scenes", "2", "--seed", "5", "--json")
    assert other.json["captions"][0]["source"] != outcome.json["captions"][0]["source"]


def test_comparing_draws_and_goes_on(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {"train": 30, "validation": 4, "test": 6, "size": 96}
    monkeypatch.setattr(
        "convscope.applications.captioning.material.COUNTS",
        {"image": few, "clip": {**few, "clips": True}},
    )
    monkeypatch.setattr("convscope.applications.captioning.material.HELD_OUT", 4)
    words = ["caption", "compare", "--method", "plain", "--method", "clip-mean", "--seeds", "1",
             "--out", str(tmp_path / "compared"), "--set", "epochs=0.3", "--set",
             "batch_size=10"]  # fmt: skip
    outcome = command(*words)
    assert outcome.code == 0, outcome.err
    assert "captions of images" in outcome.out and "captions of clips" in outcome.out
    assert "nearest training image" in outcome.out
    assert (tmp_path / "compared" / "captioning.png").stat().st_size > 10_000
    again = command(*words, "--json", "--quiet")
    assert again.json["schema"] == "convscope.caption-comparison/1" and not again.err


def test_what_is_asked_wrongly(command: Command, run: str, tmp_path: Path) -> None:
    outcome = command("caption", "evaluate", str(tmp_path / "nothing"))
    assert outcome.code == 2 and "there is no run" in outcome.err
    outcome = command("caption", "train", "--method", "plane")
    assert outcome.code == 2 and "plane" in outcome.err
    outcome = command("caption", "train", "--control", "shuffled-labels", "--quiet")
    assert outcome.code == 2
    assert 'no control "shuffled-labels" of captioning: known are other-images' in outcome.err
    outcome = command("caption", "train", "--data", str(tmp_path), "--quiet")
    assert outcome.code == 1 and str(tmp_path) in outcome.err
    (tmp_path / "text.png").write_text("no picture")
    outcome = command("caption", "predict", run, str(tmp_path / "text.png"))
    assert outcome.code == 1 and "is not a PNG, JPEG, WebP or BMP image" in outcome.err
