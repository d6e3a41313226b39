"""What detector, segmenter and captioner share, on an application that is as small as can be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import torch

from convscope.applications.backbone import backbone_of
from convscope.applications.planning import Options, data_for
from convscope.applications.runs import is_application_run, list_applications, open_application
from convscope.errors import DataError, NoRunError, RunError, UsageError
from convscope.training.runs import list_runs, open_run
from tests.applications.toy import Toy, toy_data

BACKBONE = "input auto -> conv 4 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 -> fc classes"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Toy]:
    folder = tmp_path_factory.mktemp("toys") / "whole"
    yield Toy("two", BACKBONE).fit(toy_data(), seed=3, out=folder)


def weights(toy: Toy) -> dict[str, Any]:
    return dict(toy.network.state_dict())


def same(first: Toy, second: Toy) -> bool:
    one, two = weights(first), weights(second)
    return one.keys() == two.keys() and all(torch.equal(one[key], two[key]) for key in one)


def test_fit_trains_every_stage_and_keeps_what_each_gave(trained: Toy) -> None:
    run = trained.trained_run
    stages = run.results["stages"]
    assert [stage["name"] for stage in stages] == ["first", "second", "fitted"]
    assert [stage.get("steps") for stage in stages] == [8, 4, None]
    assert float(weights(trained)["shift"]) == 32
    assert run.finished and 0 <= run.results["right"] <= 1
    assert run.results["seconds"] == pytest.approx(
        sum(stage["seconds"] for stage in stages), abs=0.01
    )
    assert run.metrics("first").is_file()


def test_before_fit_nothing_can_be_asked() -> None:
    toy = Toy("one", BACKBONE)
    assert repr(toy) == "<Toy: one, not trained>"
    with pytest.raises(UsageError, match="has not been trained"):
        _ = toy.network


def test_unknown_methods_controls_and_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r'no method "tow" of detection.*two'):
        Toy("tow")
    toy = Toy("one", BACKBONE)
    with pytest.raises(UsageError, match='no control "shuffled"'):
        toy.fit(toy_data(), out=tmp_path / "a", options=Options(control="shuffled"))
    with pytest.raises(UsageError, match="the seed is -1"):
        toy.fit(toy_data(), out=tmp_path / "a", seed=-1)
    assert not (tmp_path / "a").exists()


def test_data_without_what_the_task_needs_are_refused(tmp_path: Path) -> None:
    class Captions(Toy):
        kind = "captions"

    with pytest.raises(DataError, match="these images come without captions"):
        Captions("one", BACKBONE).fit(toy_data(), out=tmp_path / "a")


def test_a_loaded_one_has_the_same_weights(trained: Toy) -> None:
    assert same(Toy.load(trained.trained_run.path), trained)


def test_a_saved_one_is_complete_without_its_stages(trained: Toy, tmp_path: Path) -> None:
    saved = trained.save(tmp_path / "saved")
    assert sorted(path.name for path in saved.iterdir()) == ["model.safetensors", "run.json"]
    assert same(Toy.load(saved), trained)
    with pytest.raises(RunError, match="holds a run already"):
        trained.save(saved)


def test_the_same_seed_gives_the_same_bits_and_another_does_not(
    trained: Toy, tmp_path: Path
) -> None:
    again = Toy("two", BACKBONE).fit(toy_data(), seed=3, out=tmp_path / "again")
    other = Toy("two", BACKBONE).fit(toy_data(), seed=4, out=tmp_path / "other")
    assert same(again, trained)
    assert not same(other, trained)


@pytest.mark.parametrize("made", [1, 5, 8, 10])
def test_a_training_that_was_cut_off_ends_in_the_same_bits(
    trained: Toy, tmp_path: Path, made: int
) -> None:
    folder = tmp_path / "cut"
    steps = Toy("two", BACKBONE).fit_steps(toy_data(), seed=3, out=folder)
    assert len(list(islice(steps, made))) == made
    steps.close()
    assert not open_application(folder, "detection").finished
    seen: list[int] = []
    resumed = Toy.go_on(folder, data=toy_data(), observe=lambda step: seen.append(step.step))
    assert same(resumed, trained)
    assert len(seen) == 12 - made, "steps that were made are made again"


def test_going_on_with_what_is_finished_changes_nothing(trained: Toy) -> None:
    before = trained.trained_run.model.stat().st_mtime_ns
    assert same(Toy.go_on(trained.trained_run.path), trained)
    assert trained.trained_run.model.stat().st_mtime_ns == before


def test_going_on_with_other_data_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    steps = Toy("two", BACKBONE).fit_steps(toy_data(), out=folder)
    next(steps)
    steps.close()
    with pytest.raises(RunError, match="its data are toys, these are toys"):
        Toy.go_on(folder, data=toy_data(24))


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    steps = Toy("two", BACKBONE).fit_steps(toy_data(), out=tmp_path / "busy")
    next(steps)
    with pytest.raises(RunError, match="another training is writing into this folder"):
        Toy("two", BACKBONE).fit(toy_data(), out=tmp_path / "busy")
    steps.close()


def test_recipes_of_all_stages_can_be_changed(tmp_path: Path) -> None:
    options = Options(recipe={"batch_size": 16})
    toy = Toy("one", BACKBONE).fit(toy_data(), out=tmp_path / "run", options=options)
    first = toy.trained_run.results["stages"][0]
    assert first["steps"] == 4
    assert toy.trained_run.settings["recipe"] == {"batch_size": "16"}


def test_scenes_are_made_of_the_garments_that_are_asked_for() -> None:
    asked = {"train": 2, "validation": 1, "test": 1, "size": 96, "source": "fashion-mini"}
    backbone = backbone_of("example")
    data = data_for("scenes", "objects", backbone, Options(scenes=asked), None)
    assert len(data.train) == 2 and data.notes[0].startswith("made of fashion-mini")
    with pytest.raises(UsageError, match='scenes cannot be made of "mnist"'):
        data_for("scenes", "objects", backbone, Options(scenes={**asked, "source": "mnist"}), None)


def test_runs_of_applications_and_of_classifiers_know_each_other(
    trained: Toy, tmp_path: Path
) -> None:
    path = trained.trained_run.path
    with pytest.raises(RunError, match=r"run of detection.*convscope detect"):
        open_run(path)
    with pytest.raises(RunError, match=r"run of detection, and one of captioning"):
        open_application(path, "captioning")
    with pytest.raises(RunError, match="classification, and one of an application"):
        open_application("example", "detection")
    with pytest.raises(NoRunError, match="there is no run"):
        open_application(tmp_path / "nothing", "detection")
    assert is_application_run(path) and not is_application_run("example")
    assert [run.name for run in list_applications(path.parent)] == ["whole"]
    assert list_runs(path.parent) == ()


def test_a_damaged_run_is_named(trained: Toy, tmp_path: Path) -> None:
    saved = trained.save(tmp_path / "saved")
    values = json.loads((saved / "run.json").read_text(encoding="utf-8"))
    del values["mean"]
    (saved / "run.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RunError, match=r"no run that this version can read.*mean"):
        Toy.load(saved)
