"""Runs as values: found by name, read from their folder, and honest about damage."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from convscope.errors import RunError
from convscope.training.files import claimed
from convscope.training.runs import (
    Run,
    example_folder,
    list_runs,
    new_folder,
    open_run,
    run_path,
    runs_folder,
)


@pytest.fixture
def copy(finished: Run, tmp_path: Path) -> Path:
    """The finished run, to be spoilt."""
    return Path(shutil.copytree(finished.path, tmp_path / "runs" / "toy-run"))


def altered(folder: Path, **changes: Any) -> Path:
    path = folder / "run.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**values, **changes}), encoding="utf-8")
    return folder


def test_a_run_read_is_the_run_written(finished: Run) -> None:
    assert open_run(finished.path) == finished
    assert open_run(finished) is finished
    assert finished.name == "toy-run"
    assert finished.accuracy == finished.results["accuracy"]
    assert not finished.live
    assert not finished.is_example


def test_a_run_is_found_by_its_name(copy: Path) -> None:
    assert open_run("toy-run").path == copy == runs_folder() / "toy-run"


def test_a_run_right_here_goes_before_one_in_the_runs_folder(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "runs")
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "elsewhere"))
    assert open_run("toy-run").path == copy
    assert run_path("other") == tmp_path / "elsewhere" / "other"
    for here in ("./other", Path("other")):
        assert run_path(here) == tmp_path / "runs" / "other"
    assert run_path("..") == tmp_path / "runs" / ".."


def test_without_a_word_from_the_environment_runs_are_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("CONVSCOPE_RUNS")
    monkeypatch.chdir(tmp_path)
    assert runs_folder() == tmp_path / "runs"
    assert list_runs() == ()


def test_the_example_is_inside_the_package() -> None:
    assert run_path("example") == example_folder()
    assert example_folder().parts[-4:] == ("convscope", "training", "files", "example")


def test_a_name_that_is_almost_one_is_corrected(copy: Path) -> None:
    with pytest.raises(RunError) as error:
        open_run("toy-rum")
    assert str(error.value) == (
        f'{runs_folder() / "toy-rum"}: there is no run: did you mean "toy-run"?'
    )


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        open_run(tmp_path)
    assert str(error.value) == (
        f"{tmp_path}: this folder holds no run (no run.json): give a run's folder or name, "
        'or "example"; "convscope runs" lists them'
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"schema": "convscope.run/99"},
        {"architecture": {"name": "x", "notation": "input 2x2x1 -> conv"}},
        {"architecture": "article"},
        {"recipe": {"name": "x", "unheard_of": 1}},
        {"recipe": {"name": "x", "epochs": -1}},
        {"preprocessing": {}},
        {"data": {"name": "x"}},
        {"conditions": None},
        {"seed": "zero"},
    ],
)
def test_a_damaged_record_is_said_and_left_out_of_lists(
    copy: Path, changes: dict[str, Any]
) -> None:
    altered(copy, **changes)
    with pytest.raises(RunError, match="this is no run that this version can read"):
        open_run("toy-run")
    assert list_runs() == ()


def test_a_record_that_lacks_a_key(copy: Path) -> None:
    values = json.loads((copy / "run.json").read_text(encoding="utf-8"))
    del values["classes"]
    (copy / "run.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(RunError, match=r"run\.json: this is no run.*'classes'"):
        open_run(copy)


def test_runs_are_listed_by_age(copy: Path) -> None:
    for name, created in [("a", "2030-01-01T00:00:00+00:00"), ("b", "2020-01-01T00:00:00+00:00")]:
        altered(Path(shutil.copytree(copy, runs_folder() / name)), created=created)
    (runs_folder() / "no-run").mkdir()
    assert [run.name for run in list_runs()] == ["b", "toy-run", "a"]
    assert [run.name for run in list_runs(runs_folder())] == ["b", "toy-run", "a"]


def test_folders_are_numbered() -> None:
    assert new_folder("article", "fashion-mnist") == runs_folder() / "article-fashion-mnist-001"
    assert new_folder("article", "fashion-mnist").name == "article-fashion-mnist-002"
    assert new_folder("my net", "Photos: 2024").name == "my-net-Photos--2024-001"


def test_the_network_has_the_weights_of_the_file(finished: Run) -> None:
    network = finished.network()
    assert not network.training
    last = finished.network(step=finished.results["steps"])
    for name, value in network.state_dict().items():
        assert torch.equal(value, last.state_dict()[name])
    start = finished.network(step=0)
    assert not torch.equal(start.state_dict()["fc.weight"], network.state_dict()["fc.weight"])


def test_looking_for_a_network_leaves_the_callers_random_numbers_alone(finished: Run) -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    finished.network()
    assert torch.equal(torch.rand(2), expected)


def test_weights_that_were_not_kept(finished: Run) -> None:
    with pytest.raises(RunError) as error:
        finished.network(step=2)
    assert str(error.value).startswith(
        f"{finished.path}: the weights after step 2 were not kept: kept are 0, 1, 3, 6, 12, 18"
    )


def test_missing_truncated_and_strange_weights(copy: Path) -> None:
    content = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(content[:-40])
    with pytest.raises(RunError, match="the weights are damaged or cut short"):
        open_run(copy).network()
    (copy / "model.safetensors").unlink()
    with pytest.raises(RunError, match="the weights are not there"):
        open_run(copy).network()
    (copy / "model.safetensors").write_bytes(content)
    notation = "input 12x12x1 -> conv 5 3x3 pad 1 -> batchnorm -> relu -> maxpool 4 -> fc 3"
    altered(copy, architecture={"name": "custom", "notation": notation})
    with pytest.raises(RunError, match=r"of another architecture: conv1\.weight is 4×1×3×3"):
        open_run(copy).network()


def test_metrics_are_the_lines_that_are_whole(copy: Path) -> None:
    run = open_run(copy)
    lines = run.metrics()
    assert [line["step"] for line in lines] == list(range(1, run.results["steps"] + 1))
    with (copy / "metrics.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"step": 99')
    assert run.metrics() == lines
    (copy / "metrics.jsonl").unlink()
    assert run.metrics() == ()


def test_an_unfinished_run_has_no_accuracy(finished: Run) -> None:
    with pytest.raises(RunError) as error:
        _ = replace(finished, finished=False).accuracy
    assert str(error.value) == (
        f"{finished.path}: the training has not been finished: go on with it: "
        f"convscope train --resume --out {finished.path}"
    )


def test_a_run_is_live_while_someone_holds_it(copy: Path) -> None:
    run = open_run(copy)
    with claimed(copy):
        assert run.live
    assert not run.live


def test_a_damaged_line_of_the_metrics_is_told(copy: Path) -> None:
    (copy / "metrics.jsonl").write_text('{"step": 1}\n{broken\n', encoding="utf-8")
    with pytest.raises(RunError, match=r"metrics\.jsonl: a line cannot be read"):
        open_run(copy).metrics()
