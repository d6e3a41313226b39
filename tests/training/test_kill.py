"""A training that is killed outright goes on, and ends in the same bits."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.numpy import load_file

from convscope.data.images import Data
from convscope.training import checkpoint
from convscope.training.checkpoint import read_checkpoint
from convscope.training.loop import Step
from convscope.training.runs import Run, open_run
from convscope.training.train import train
from tests.training.making import TINY

PROGRAM = """
import sys, time
import torch
from convscope.training import checkpoint
from convscope.training.train import train
line, data, epochs, threads, interval, pause, out = sys.argv[1:]
torch.set_num_threads(int(threads))
checkpoint.INTERVAL = float(interval)
settings = {"epochs": epochs, "flip": True, "dropout": 0.1}
train(
    line,
    data=data,
    settings=settings,
    out=out,
    resume=True,
    observe=lambda step: time.sleep(float(pause)),
)
"""


def started(
    folder: Path,
    line: str,
    data: str,
    epochs: float,
    *,
    interval: float = checkpoint.INTERVAL,
    pause: float = 0.0,
) -> Any:
    """A training in a process of its own, which begins or goes on; it rests after each step."""
    threads = str(torch.get_num_threads())
    words = [line, data, str(epochs), threads, str(interval), str(pause), str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": threads}
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *words], env=environment)


def killed(process: Any, folder: Path, *, above: int = 0, later: float = 0.0) -> dict[str, Any]:
    """Kills it once the checkpoint is above a position; returns the checkpoint it left."""
    end = time.monotonic() + 120
    path = folder / "checkpoint.pt"
    while not path.exists() or read_checkpoint(path)["position"] <= above:
        assert process.poll() is None, "the training was over before it could be killed"
        assert time.monotonic() < end, "no checkpoint within two minutes"
        time.sleep(0.01)
    time.sleep(later)
    process.kill()
    assert process.wait() != 0
    return read_checkpoint(path)


def require_equal_weights(one: Run, other: Run) -> None:
    first, second = (load_file(run.path / "model.safetensors") for run in (one, other))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert value.tobytes() == second[name].tobytes(), name


def test_a_killed_training_goes_on_and_ends_in_the_same_bits(
    tmp_path: Path,
) -> None:
    process = started(tmp_path / "cut", TINY, "fashion-mini", 2, interval=0.1, pause=0.1)
    reached = killed(process, tmp_path / "cut")["position"]
    assert not open_run(tmp_path / "cut").finished
    steps: list[Step] = []
    cut = train(out=tmp_path / "cut", resume=True, observe=steps.append)
    assert steps[0].step == reached + 1 > 1
    assert steps[-1].step == steps[-1].steps == 40
    settings = {"epochs": 2, "flip": True, "dropout": 0.1}
    whole = train(TINY, data="fashion-mini", settings=settings, out=tmp_path / "whole")
    require_equal_weights(whole, cut)
    assert [line["loss"] for line in cut.metrics()] == [line["loss"] for line in whole.metrics()]


@pytest.mark.slow
def test_the_articles_network_killed_twice_on_the_real_data(
    fashion_mnist: Data, tmp_path: Path
) -> None:
    """With all that could differ: bfloat16 where there is any, channels last, two threads."""
    torch.set_num_threads(2)
    folder, reached = tmp_path / "cut", 0
    for _ in range(2):
        process = started(folder, "article", "fashion-mnist", 2, pause=0.01)
        state = killed(process, folder, above=reached, later=1.5)
        repeated = open_run(folder).metrics()[-1]["seconds"] - state["seconds"]
        assert repeated <= 5
        reached = state["position"]
    steps: list[Step] = []
    cut = train(out=folder, data=fashion_mnist, resume=True, observe=steps.append)
    assert steps[0].step == reached + 1 > 1
    settings = {"epochs": 2, "flip": True, "dropout": 0.1}
    whole = train("article", data=fashion_mnist, settings=settings, out=tmp_path / "whole")
    require_equal_weights(whole, cut)
