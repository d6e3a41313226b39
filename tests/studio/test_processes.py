"""Trainings as processes: one for a run, stopped, gone on with, found again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from convscope.errors import RunError
from convscope.studio.children import Children
from convscope.studio.launching import launched
from convscope.studio.processes import Processes
from convscope.studio.settings import Settings
from convscope.studio.warming import have_process
from convscope.training.checkpoint import read_checkpoint
from convscope.training.files import claimed, write_json
from convscope.training.runs import open_run
from convscope.training.train import train
from tests.studio.conftest import Asked, Opening

PATIENCE = 300
SMALL = "input auto -> maxpool 4 -> fc classes"
QUICK = {"data": "fashion-mini", "recipe": "article", "settings": {"precision": "float32"}}


def eventually(found: Callable[[], Any], what: str) -> Any:
    """Waits until something is so."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if value := found():
            return value
        time.sleep(0.05)
    pytest.fail(f"never: {what}")


def state(asked: Asked, name: str) -> dict[str, Any]:
    found: dict[str, Any] = asked.get(f"runs/{name}").json()
    return found


def until(asked: Asked, name: str, word: str) -> dict[str, Any]:
    """The run once it stands so."""
    found: dict[str, Any] = eventually(
        lambda: (now := state(asked, name))["state"] == word and now, f"{name} is {word}"
    )
    return found


def kill_all(runs: Path) -> None:
    """Nothing of a test goes on after it."""
    for path in (runs / ".studio").glob("*.json"):
        number = json.loads(path.read_text(encoding="utf-8"))["pid"]
        if not path.with_suffix(".code").exists():
            with suppress(OSError):
                os.kill(number, signal.SIGTERM)


WAITING = """\
import pathlib, sys, time
print("waiting", file=sys.stderr, flush=True)
try:
    time.sleep(600)
except KeyboardInterrupt:
    print("saving", file=sys.stderr, flush=True)
    while not pathlib.Path(__file__).with_name("saved").exists():
        time.sleep(0.02)
"""
"""In the place of a training: does nothing until Ctrl-C, and ends once it may."""


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Processes whose trainings only wait."""
    module = tmp_path / "waiting.py"
    module.write_text(WAITING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr("convscope.studio.children._MODULE", "waiting")
    made = Processes(Settings(tmp_path / "runs"))
    yield made
    for child in made._children._children.values():
        child.kill()
        child.wait()


def test_names_are_free_and_what_was_started_is_known(processes: Processes) -> None:
    first = processes.begin(("article", "shapes"), ["--data=shapes"])
    second = processes.begin(("article", "shapes"), ["--data=shapes"])
    assert (first, second) == ("article-shapes-001", "article-shapes-002")
    assert processes.pending() == (first, second)
    assert processes.condition(first).word == "starting"
    eventually(lambda: processes.condition(first).message == "waiting", "it says something")


def test_trainings_do_not_get_what_the_studio_sets_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "telling.py").write_text(
        "import os; print(f\"{os.environ.get('OMP_WAIT_POLICY')}, {os.environ['KEPT']}\")"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("KEPT", "yes")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setattr("convscope.studio.children._MODULE", "telling")
    monkeypatch.setattr("convscope.studio.warming._own", threading.Event())
    monkeypatch.setattr("gc.freeze", lambda: None)
    have_process()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"  # a person's own choice holds
    monkeypatch.delenv("OMP_WAIT_POLICY")
    children = Children(tmp_path / "children", {})
    have_process()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    children.start("one", [])
    eventually(lambda: children.said("one") == "None, yes", "the child has told")


def test_a_second_training_of_a_run_is_refused(processes: Processes) -> None:
    name = processes.begin(("article", "shapes"), [])
    with pytest.raises(RunError) as caught:
        processes.resume(name)
    assert str(caught.value) == (
        f"{name}: this training is under way already: look at it, or stop it first"
    )


def test_stopping_asks_once_and_a_later_server_can_do_it(
    processes: Processes, tmp_path: Path
) -> None:
    name = processes.begin(("article", "shapes"), [])
    eventually(lambda: processes.condition(name).message == "waiting", "it waits")
    later = Processes(Settings(tmp_path / "runs"))
    assert later.condition(name).word == "starting"
    later.stop(name)
    eventually(lambda: processes.condition(name).message == "saving", "it saves")
    later.stop(name)  # a second Ctrl-C would break into the saving
    assert later.condition(name).word == "stopping"
    # The waiting one has no launcher that would write its exit code down.
    (tmp_path / "saved").touch()
    eventually(lambda: not processes.condition(name).alive, "it ends")
    with pytest.raises(RunError, match="this training is not under way"):
        processes.stop(name)


def test_a_training_of_somebody_else_is_not_ours_to_stop(tmp_path: Path) -> None:
    processes = Processes(Settings(tmp_path))
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "run.json").write_text('{"finished": false}', encoding="utf-8")
    assert processes.condition("theirs").word == "stopped"
    with claimed(tmp_path / "theirs"):
        assert processes.condition("theirs").word == "training"
        for asked_for in (processes.stop, processes.finish):
            with pytest.raises(RunError, match="press Ctrl-C where it was started"):
                asked_for("theirs")


ENDING = """\
import pathlib, runpy, sys, time
from convscope.studio import launching
def command(*_, **__):
    print(*sys.argv[1:], file=sys.stderr, flush=True)
    place = pathlib.Path(__file__)
    if "--finish" in sys.argv:
        while not place.with_name("measured").exists():
            time.sleep(0.02)
        raise SystemExit(1)
    try:
        time.sleep(600)
    except KeyboardInterrupt:
        raise SystemExit(130)
runpy.run_module = command
sys.exit(launching.launched(sys.argv[1:]))
"""
"""The launcher, with commands that say what they are: one that waits for Ctrl-C, and an end
that fails once it may."""


@pytest.fixture
def launching(processes: Processes, tmp_path: Path) -> str:
    """A run that goes on, of processes that are the launcher's."""
    (tmp_path / "waiting.py").write_text(ENDING, encoding="utf-8")
    name = processes.begin(("article", "shapes"), ["--data=shapes"])
    eventually(lambda: "--data=shapes" in processes.condition(name).message, "it waits")
    folder = tmp_path / "runs" / name
    folder.mkdir()
    (folder / "run.json").write_text('{"finished": false}', encoding="utf-8")
    return name


def test_a_stop_for_good_pauses_and_then_ends_in_the_same_process(
    processes: Processes, launching: str, tmp_path: Path
) -> None:
    name, runs = launching, tmp_path / "runs"
    number = processes._children.process(name)
    processes.finish(name)
    assert processes.condition(name).word == "ending"
    later = Processes(Settings(runs))
    assert later.condition(name).word == "ending"  # whoever looks sees the same
    command = f"train --resume --finish --offline --out {runs / name}"
    eventually(lambda: processes._children.said(name) == command, "it is being ended")
    assert processes._children.process(name) == number
    for each in (processes, later):
        for again in (each.finish, each.resume, each.stop):
            with pytest.raises(RunError) as caught:
                again(name)
            assert str(caught.value) == (
                f"{name}: this training is being stopped for good already: "
                "wait a moment for its result"
            )
    (tmp_path / "measured").touch()
    eventually(lambda: processes.condition(name).word == "failed", "what came of it is told")
    # What was asked for once is not done again with the next Ctrl-C.
    processes.resume(name)
    assert not (runs / ".studio" / f"{name}.then").exists()
    assert processes.condition(name).word == "starting"


def test_what_is_paused_is_ended_by_a_process_of_its_own(
    processes: Processes, launching: str, tmp_path: Path
) -> None:
    processes.stop(launching)
    eventually(lambda: processes.condition(launching).word == "stopped", "it is paused")
    processes.finish(launching)
    assert processes.condition(launching).word == "ending"
    (tmp_path / "measured").touch()
    eventually(lambda: not processes.condition(launching).alive, "it ends")
    assert "--finish" in processes.condition(launching).message


def test_what_has_not_begun_saves_or_is_over_is_not_ended(
    processes: Processes, tmp_path: Path
) -> None:
    name = processes.begin(("article", "shapes"), [])
    eventually(lambda: processes.condition(name).message == "waiting", "it waits")
    with pytest.raises(RunError, match="has not begun yet: there is nothing to be measured"):
        processes.finish(name)
    folder = tmp_path / "runs" / name
    folder.mkdir()
    (folder / "run.json").write_text('{"finished": false}', encoding="utf-8")
    processes.stop(name)
    with pytest.raises(RunError, match="just saving: ask again once it is paused"):
        processes.finish(name)
    results = '{"ended_early": true, "steps": 5, "planned_steps": 12}'
    for text, words in (
        ("{}", "is finished"),
        (results, "was stopped after 5 of 12 steps for good"),
    ):
        record = f'{{"finished": true, "results": {text}}}'
        (folder / "run.json").write_text(record, encoding="utf-8")
        for asked_for in (processes.finish, processes.resume):
            with pytest.raises(RunError) as caught:
                asked_for(name)
            assert str(caught.value) == f"{name}: this training {words}: begin a new one"


def test_a_number_that_was_given_anew_is_not_stopped(tmp_path: Path) -> None:
    """The process of the record has ended, and another one has its number now."""
    processes = Processes(Settings(tmp_path))
    (tmp_path / ".studio").mkdir()
    record = {"pid": os.getpid(), "command": ["train"]}
    (tmp_path / ".studio" / "old.json").write_text(json.dumps(record), encoding="utf-8")
    assert processes.condition("old").word == "stopped"


def test_the_launcher_leaves_the_exit_code(tmp_path: Path) -> None:
    for words, code in ((["--version"], 0), (["explain", "nothing-such"], 2)):
        place = tmp_path / f"{code}.code"
        command = [sys.executable, "-m", "convscope.studio.launching", str(place), *words]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code
        assert place.read_text(encoding="utf-8") == f"{code}\n"


@pytest.mark.filterwarnings("ignore:.*found in sys.modules.*:RuntimeWarning")
def test_the_launcher_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "nice", lambda by: by, raising=False)
    monkeypatch.setattr(sys, "argv", [])
    before = signal.getsignal(signal.SIGINT)
    try:
        assert launched([str(tmp_path / "code"), "zoo", "--nothing"]) == 2
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"recipe": "/etc/passwd"}, 'there is no recipe "/etc/passwd"'),
        ({"recipe": "fats"}, 'did you mean "fast"?'),
        ({"data": "/etc"}, "'/etc' are no data that this studio knows"),
        ({"data": "fashion-min"}, 'did you mean "fashion-mini"?'),
        ({"architecture": "input 4x4x1 -> cnv"}, "unknown layer 'cnv'"),
        ({"architecture": "/etc/passwd"}, "'/' means nothing here"),
        ({"settings": {"epochs": -1}}, "epochs"),
        ({"settings": {"nothing": 1}}, "nothing"),
    ],
)
def test_what_cannot_be_trained_is_told_at_once(
    asked: Asked, body: dict[str, Any], words: str
) -> None:
    assert words in asked.problem("runs", 422, **body)
    assert not (asked.runs / ".studio").exists()


def test_the_example_stays_as_it_is(asked: Asked) -> None:
    for verb in ("resume", "finish"):
        words = asked.problem(f"runs/example/{verb}", 409)
        assert "this run is not in the folder of runs" in words
    for verb in ("stop", "finish"):
        assert asked.post(f"runs/nothing/{verb}").status_code == 404


@pytest.mark.slow
def test_a_training_through_the_page(opening: Opening, tmp_path: Path) -> None:
    """Started, stopped, found by a server that comes later, gone on with: to the same bits."""
    asked = opening(tmp_path / "runs")
    settings = QUICK["settings"] | {"epochs": 6}  # type: ignore[operator]
    name = asked.record("runs", **QUICK | {"settings": settings})["run"]
    assert name == "article-fashion-mini-001"
    eventually(lambda: state(asked, name)["pace"]["step"] > 3, "it makes steps")
    assert "under way already" in asked.problem(f"runs/{name}/resume", 409)
    assert asked.post(f"runs/{name}/stop").status_code == 202
    until(asked, name, "stopped")
    assert not open_run(asked.runs / name).finished
    later = opening(tmp_path / "runs")
    assert later.post(f"runs/{name}/resume").status_code == 202
    until(later, name, "training")
    assert state(asked, name)["state"] == "training"  # the first server sees the same
    until(asked, name, "finished")
    run = open_run(asked.runs / name)
    straight = train(
        "article", data="fashion-mini", recipe="article", settings=settings, out=tmp_path / "alone"
    )
    assert run.results["correct"] == straight.results["correct"]
    assert (run.path / "model.safetensors").read_bytes() == (
        straight.path / "model.safetensors"
    ).read_bytes()
    assert "this training is finished" in asked.problem(f"runs/{name}/resume", 409)


@pytest.mark.slow
@pytest.mark.parametrize("paused", [False, True])
def test_a_training_is_stopped_for_good(opening: Opening, tmp_path: Path, paused: bool) -> None:
    """While it goes on, and while it is paused: the result is the network of its checkpoint."""
    asked = opening(tmp_path / "runs")
    body = {"architecture": SMALL, "data": "fashion-mini", "settings": {"epochs": 4000}}
    name = asked.record("runs", **body)["run"]
    eventually(lambda: state(asked, name)["pace"]["step"] > 3, "it makes steps")
    if paused:
        asked.record(f"runs/{name}/stop")
        until(asked, name, "stopped")
    answer = asked.post(f"runs/{name}/finish")
    assert (answer.status_code, answer.json()["state"]) == (202, "ending")
    assert "is being stopped for good already" in asked.problem(f"runs/{name}/finish", 409)
    found = until(asked, name, "finished")
    results = found["results"]
    checkpoint = read_checkpoint(asked.runs / name / "checkpoint.pt")
    assert (results["ended_early"], results["planned_steps"]) == (True, 80_000)
    assert results["steps"] == found["pace"]["step"] == checkpoint["position"] < 80_000
    assert found["pace"]["remaining_seconds"] == 0
    assert found["snapshots"][-1] == results["steps"]
    weights = load_file(asked.runs / name / "model.safetensors")
    assert weights.keys() == checkpoint["network"].keys()
    for key, value in weights.items():
        assert torch.equal(value, checkpoint["network"][key]), key
    listed = {run["name"]: run for run in asked.get("runs").json()["runs"]}
    assert listed[name]["results"] == results
    for verb in ("resume", "finish"):
        words = asked.problem(f"runs/{name}/{verb}", 409)
        assert f"this training was stopped after {results['steps']:,} of 80,000 steps" in words


@pytest.mark.slow
def test_a_training_goes_on_without_its_server(tmp_path: Path) -> None:
    program = (
        "import sys, httpx\nfrom pathlib import Path\n"
        "from convscope.studio.notebook import started\n"
        "from convscope.studio.settings import Settings\n"
        "studio = started(Settings(Path(sys.argv[1]), port=0))\n"
        "body = {'data': 'fashion-mini', 'settings': {'epochs': 1}}\n"
        "made = httpx.post(studio.address + 'api/runs', json=body, timeout=600)\n"
        "print(made.json()['run'])\nstudio.close()\n"
    )
    runs = tmp_path / "runs"
    found = subprocess.run(
        [sys.executable, "-c", program, str(runs)], capture_output=True, check=True, text=True
    )
    processes, name = Processes(Settings(runs)), found.stdout.strip()
    assert processes.condition(name).word == "starting"
    eventually(lambda: processes.condition(name).word == "finished", "it finishes")


@pytest.mark.slow
def test_why_a_training_failed_is_told(opening: Opening, tmp_path: Path) -> None:
    asked = opening(tmp_path / "runs")
    network = "input 32x32x3 -> conv 4 3x3 -> fc 10"
    name = asked.record("runs", architecture=network, data="fashion-mini")["run"]
    failed = until(asked, name, "failed")
    assert "the network takes 32×32×3, and fashion-mini gives 28×28×1" in failed["message"]
    found = asked.get("runs").json()["runs"]
    assert [run["state"] for run in found if run["name"] == name] == ["failed"]
    assert asked.post(f"runs/{name}/forget").status_code == 200
    assert name not in [run["name"] for run in asked.get("runs").json()["runs"]]
    assert not list((tmp_path / "runs" / ".studio").glob(f"{name}.*"))
    assert asked.post(f"runs/{name}/forget").status_code == 404


def test_only_what_would_lose_nothing_is_forgotten(tmp_path: Path) -> None:
    runs, sleeps = tmp_path / "runs", "import time; time.sleep(60)"
    processes = Processes(Settings(runs))
    folder = runs / "begun"
    folder.mkdir(parents=True)
    write_json(folder / "run.json", {"finished": False})
    with pytest.raises(RunError, match="has left something, and it would be lost"):
        processes.forget("begun")
    assert (folder / "run.json").exists()
    (runs / ".studio").mkdir()
    mark = str(runs / ".studio" / "x.code")
    with subprocess.Popen([sys.executable, "-c", sleeps, mark]) as child:
        write_json(runs / ".studio" / "x.json", {"pid": child.pid, "command": ["train"]})
        with pytest.raises(RunError, match="under way"):
            processes.forget("x")
        child.kill()
    processes.forget("x")
    assert processes.pending() == ()


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="shells that start things in the background")
def test_ctrl_c_reaches_trainings_of_a_studio_in_the_background(tmp_path: Path) -> None:
    """A shell has what it starts with & ignore Ctrl-C; trainings must hear it all the same."""
    program = (
        "import signal, sys\nfrom pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from convscope.studio.processes import Processes\n"
        "from convscope.studio.settings import Settings\n"
        "print(Processes(Settings(Path(sys.argv[1]))).begin(('a', 'b'), "
        "['--data=fashion-mini', '--set=epochs=200', '--', 'article']))"
    )
    runs = tmp_path / "runs"
    found = subprocess.run(
        [sys.executable, "-c", program, str(runs)], capture_output=True, check=True, text=True
    )
    name = found.stdout.strip()
    processes = Processes(Settings(runs))
    try:
        eventually(lambda: (runs / name / "metrics.jsonl").is_file(), "it makes steps")
        processes.stop(name)
        eventually(lambda: processes.condition(name).word == "stopped", "it stops")
    finally:
        kill_all(runs)
    assert (runs / ".studio" / f"{name}.code").read_text(encoding="utf-8") == "130\n"
