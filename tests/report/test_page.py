"""The report of a run: whole, self-contained, and honest about what is missing."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from convscope.errors import RunError
from convscope.report.page import write_report
from convscope.training.evaluate import evaluate
from convscope.training.runs import Run, open_run

from .samples import HOSTILE, evaluation
from .test_document import read

FIGURES = ["classes", "confusion", "curves", "kernels", "mistakes", "network", "reliability"]


@pytest.fixture(scope="module")
def page(small_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(small_run, out=tmp_path_factory.mktemp("report"))


@pytest.fixture
def no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the page: figures take most of the time."""
    monkeypatch.setattr("convscope.report.page._write_figures", lambda material, folder: None)


@pytest.fixture(scope="module")
def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_all_figures_stand_beside_it(page: Path) -> None:
    names = sorted(path.name for path in (page.parent / "figures").iterdir())
    assert names == sorted(f"{name}.{kind}" for name in FIGURES for kind in ("png", "svg"))
    assert sorted(path.name for path in page.parent.iterdir()) == ["figures", "report.html"]


def test_it_asks_nothing_of_any_network(text: str) -> None:
    for name, values in read(text).tags:
        for key, value in values.items():
            assert not key.startswith("on"), (name, key)
            assert key != "style", name
            if key in ("src", "href", "xlink:href", "action", "srcset", "poster"):
                assert value is not None
                assert value.startswith(("#", "data:image/")), value
        assert name not in ("script", "iframe", "object", "embed", "link", "base", "form")
    addresses = set(re.findall(r"https?://[^\"'\s<>)]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}


def test_it_is_small(page: Path) -> None:
    assert page.stat().st_size < 300_000


def test_names_are_unique_and_links_lead_somewhere(text: str) -> None:
    tags = read(text).tags
    names = [values["id"] for _, values in tags if "id" in values]
    assert len(names) == len(set(names))
    targets = {
        (values["href"] or "")[1:]
        for _, values in tags
        if (values.get("href") or "").startswith("#")
    }
    assert targets <= set(names)


def test_headings_make_an_outline(text: str) -> None:
    levels = [int(name[1]) for name, _ in read(text).tags if re.fullmatch(r"h\d", name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_pictures_and_drawings_are_told_in_words(text: str) -> None:
    for name, values in read(text).tags:
        if name == "img":
            assert values.get("alt")
    assert text.count("<desc>From left to right: input 28×28×1, conv1") == 3


def test_result_and_conditions_stand_in_one_sentence(text: str, small_run: Run) -> None:
    found = evaluate(small_run)
    lede = re.findall(r'<p class="lede">(.*?)</p>', text)[0].replace("\xa0", " ")
    assert lede.startswith(f"{100 * found.accuracy:.2f} % of the 500 test images of fashion-mini")
    assert "after 0.5 epochs of 1,800 images with the recipe fast" in lede
    assert "seed 0" in lede
    assert lede.endswith("measured in float32.")


def test_an_early_end_stands_in_that_sentence(
    small_run: Run, no_figures: None, tmp_path: Path
) -> None:
    early = {"ended_early": True, "planned_steps": 2 * small_run.results["steps"]}
    run = replace(small_run, results={**small_run.results, **early})
    text = write_report(run, out=tmp_path).read_text(encoding="utf-8")
    lede = re.findall(r'<p class="lede">(.*?)</p>', text)[0].replace("\xa0", " ")
    told = f"(stopped after {run.results['steps']} of {early['planned_steps']} steps)"
    assert f"after 0.25 epochs of 1,800 images {told} with the recipe fast" in lede


def test_twice_written_it_is_the_same(small_run: Run, page: Path, tmp_path: Path) -> None:
    again = write_report(small_run, out=tmp_path)
    assert again.read_bytes() == page.read_bytes()
    for path in (page.parent / "figures").glob("*.svg"):
        assert path.read_bytes() == (tmp_path / "figures" / path.name).read_bytes()


def test_it_is_written_into_the_run(run_copy: Run, no_figures: None) -> None:
    assert write_report(run_copy.path) == run_copy.path / "report.html"
    assert (run_copy.path / "figures").is_dir()


def test_the_examples_report_is_not_written_into_the_package(
    small_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_figures: None
) -> None:
    monkeypatch.setattr(Run, "is_example", property(lambda self: True))
    path = write_report(small_run)
    assert path == tmp_path / "runs" / small_run.name / "report.html"


def test_a_given_evaluation_is_taken_as_it_is(run_copy: Run) -> None:
    found = replace(evaluation((HOSTILE, "other")), note="a note <to> be read")
    text = write_report(run_copy, evaluation=found).read_text(encoding="utf-8")
    assert "A note &lt;to&gt; be read" in text
    assert "onclick=" not in re.sub(r"&lt;.*?&gt;", "", text)
    assert "The images of some-data are not those of this run" in text
    assert not (run_copy.path / "figures" / "mistakes.png").exists()


def unfinished(run: Run) -> Run:
    import json

    path = run.path / "run.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values |= {"finished": False, "results": {}}
    path.write_text(json.dumps(values), encoding="utf-8")
    (run.path / "model.safetensors").unlink()
    return open_run(run.path)


def test_an_unfinished_run_says_so(run_copy: Run, no_figures: None) -> None:
    text = write_report(unfinished(run_copy)).read_text(encoding="utf-8")
    assert "The training has not been finished: the run was cut off" in text
    assert "Training loss" in text
    assert 'id="confusion"' not in text
    assert "There are no kernels." in text


def test_a_run_without_metrics_says_so(run_copy: Run, no_figures: None) -> None:
    (run_copy.path / "metrics.jsonl").unlink()
    text = write_report(run_copy).read_text(encoding="utf-8")
    assert "There are no curves." in text
    assert 'id="confusion"' in text


def test_damaged_metrics_are_told(run_copy: Run, no_figures: None) -> None:
    (run_copy.path / "metrics.jsonl").write_text("{broken\n", encoding="utf-8")
    text = write_report(run_copy).read_text(encoding="utf-8")
    assert "metrics.jsonl: a line cannot be read" in text


def test_missing_weights_are_told_with_what_the_run_room_says(
    run_copy: Run, no_figures: None
) -> None:
    (run_copy.path / "model.safetensors").write_bytes(b"no weights")
    text = write_report(run_copy).read_text(encoding="utf-8")
    assert "Nothing was measured." in text
    assert "There are no kernels." in text
    assert "Traceback" not in text


def test_data_that_are_gone_are_told(run_copy: Run, tmp_path: Path, no_figures: None) -> None:
    data = replace(run_copy.data, source=str(tmp_path / "gone"), place=str(tmp_path / "gone"))
    text = write_report(replace(run_copy, data=data)).read_text(encoding="utf-8")
    assert "Nothing was measured." in text
    assert str(tmp_path / "gone") in text
    assert "Training loss" in text


def test_figures_of_an_earlier_report_that_no_longer_hold_go(run_copy: Run) -> None:
    figure = run_copy.path / "figures" / "confusion.png"
    own = run_copy.path / "figures" / "my-own.png"
    figure.parent.mkdir()
    for path in (figure, own):
        path.write_bytes(b"")
    write_report(unfinished(run_copy))
    assert not figure.exists()
    assert own.exists()


def test_a_place_that_cannot_be_written_is_one_sentence(run_copy: Run, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("", encoding="utf-8")
    with pytest.raises(RunError) as caught:
        write_report(run_copy, out=blocked)
    assert caught.value.place == str(blocked)
    assert "--resume" not in str(caught.value)


def test_a_full_disk_leaves_the_earlier_report(
    run_copy: Run, monkeypatch: pytest.MonkeyPatch, no_figures: None
) -> None:
    earlier = write_report(run_copy).read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RunError, match="disk is full"):
        write_report(run_copy)
    assert (run_copy.path / "report.html").read_bytes() == earlier
    assert not list(run_copy.path.rglob("*.part"))


def test_no_run_is_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="there is no run"):
        write_report(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


@pytest.mark.parametrize(
    "network",
    [
        "input auto -> fc 6 -> relu -> fc classes",
        "input auto -> maxpool 2 -> flatten -> fc classes",
        "input auto -> relu -> globalavgpool -> fc classes",
    ],
)
def test_networks_without_convolutions_have_a_report(
    network: str, tmp_path: Path, no_figures: None
) -> None:
    from convscope.training.train import train

    run = train(network, data="fashion-mini", settings={"epochs": 0.1}, out=tmp_path / "run")
    text = write_report(run).read_text(encoding="utf-8")
    seen = "What fc1 looks for in the image: 6 kernels of 28×28 pixels"
    hidden = "The first layer with weights does not look at the image."
    assert (seen if "relu -> fc" in network else hidden) in text


def test_colour_images_are_shown_in_colour(tmp_path: Path, no_figures: None) -> None:
    import numpy as np
    from PIL import Image

    from convscope.training.train import train

    draw = np.random.default_rng(0)
    for part, count in (("train", 6), ("test", 3)):
        for name in ("one", "two"):
            folder = tmp_path / "data" / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = draw.integers(0, 256, (12, 16, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    run = train(
        "input auto -> conv 4 3x3 -> relu -> fc classes",
        data=str(tmp_path / "data"),
        settings={"epochs": 1},
        out=tmp_path / "run",
    )
    text = write_report(run).read_text(encoding="utf-8")
    assert "4 kernels of 3×3 pixels, each in red, green and blue" in text
    assert text.count('alt="kernel ') == 4 * 3
    shutil.rmtree(tmp_path / "data")
    assert "Nothing was measured." in write_report(run).read_text(encoding="utf-8")


def test_a_training_of_one_point_is_told_in_words(run_copy: Run, tmp_path: Path) -> None:
    metrics = run_copy.path / "metrics.jsonl"
    first = metrics.read_text(encoding="utf-8").splitlines()[0]
    metrics.write_text(first + "\n", encoding="utf-8")
    page = write_report(run_copy, evaluation=evaluation(10), out=tmp_path / "out")
    assert "which makes no curve: the loss was" in page.read_text(encoding="utf-8")
    assert not (page.parent / "figures" / "curves.png").exists()
