"""Checkpoints and weights: whole, without code, and of the right network."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import torch
from torch import nn

from convscope.errors import RunError
from convscope.training import checkpoint
from convscope.training.checkpoint import (
    Clock,
    load_weights,
    read_checkpoint,
    save_weights,
    snapshot_name,
    snapshot_steps,
    write_checkpoint,
)


class Harmful:
    """What would run a command, were a checkpoint unpickled without care."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harmed",)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    state = {"position": 3, "network": {"w": torch.arange(4.0)}, "optimizers": [{"state": {}}]}
    write_checkpoint(tmp_path / "c.pt", state)
    found = read_checkpoint(tmp_path / "c.pt")
    assert found["position"] == 3
    assert torch.equal(found["network"]["w"], torch.arange(4.0))


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_checkpoint_that_was_cut_short_is_said(tmp_path: Path, share: float) -> None:
    path = tmp_path / "c.pt"
    write_checkpoint(path, {"network": {"w": torch.zeros(1000)}})
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError) as error:
        read_checkpoint(path)
    assert str(error.value) == (
        f"{path}: the checkpoint is damaged, or of another version of convscope: "
        "train again into another folder"
    )


@pytest.mark.parametrize("content", [{"schema": "other/1"}, [1, 2]])
def test_another_file_of_torchs_is_no_checkpoint(tmp_path: Path, content: object) -> None:
    torch.save(content, tmp_path / "c.pt")
    with pytest.raises(RunError, match="the checkpoint is damaged, or of another version"):
        read_checkpoint(tmp_path / "c.pt")


def test_no_code_in_a_checkpoint_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"schema": checkpoint.SCHEMA, "it": Harmful()}, "c.pt")
    with pytest.raises(RunError, match="damaged"):
        read_checkpoint(tmp_path / "c.pt")
    assert not Path("harmed").exists()


def test_weights_come_back_in_any_layout(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    save_weights(tmp_path / "deeper" / "w.safetensors", network)
    other = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    load_weights(tmp_path / "deeper" / "w.safetensors", other)
    for name, value in network.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.99])
def test_weights_that_were_cut_short_are_said(tmp_path: Path, share: float) -> None:
    path = tmp_path / "w.safetensors"
    network = nn.Linear(30, 30)
    save_weights(path, network)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(RunError, match="the weights are damaged or cut short") as error:
        load_weights(path, network)
    assert error.value.remedy == "copy the file again, or train again"


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError) as error:
        load_weights(tmp_path / "w.safetensors", nn.Linear(1, 1))
    assert str(error.value) == (
        f"{tmp_path / 'w.safetensors'}: the weights are not there: "
        "the training was not finished, and "
        f"convscope train --resume --out {tmp_path} goes on with it"
    )
    with pytest.raises(RunError, match="cannot be read"):
        load_weights(tmp_path, nn.Linear(1, 1))


def test_weights_of_another_architecture_say_what_differs(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_weights(path, nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2)))
    with pytest.raises(RunError) as error:
        load_weights(path, nn.Sequential(nn.Linear(3, 5, bias=False), nn.BatchNorm1d(5)))
    assert str(error.value) == (
        f"{path}: these are the weights of another architecture: 1.running_mean is missing, "
        "1.running_var is missing, 1.num_batches_tracked is missing, and 4 more: "
        "give the run they belong to"
    )
    with pytest.raises(RunError, match=r"0\.weight is 4×3 instead of 5×3"):
        load_weights(path, nn.Sequential(nn.Linear(3, 5), nn.Linear(5, 2)))


def test_snapshots_are_dense_at_first_and_sorted_by_name() -> None:
    assert sorted(snapshot_steps(1800, 600)) == [0, 1, 3, 10, 32, 100, 316, 600, 1200, 1800]
    assert sorted(snapshot_steps(7, 600)) == [0, 1, 3, 7]
    assert sorted(snapshot_steps(1, 1)) == [0, 1]
    assert sorted(snapshot_steps(45, 30)) == [0, 1, 3, 10, 30, 45]
    many = sorted(snapshot_steps(60_000, 600))
    assert [step for step in many if step >= 600] == list(range(3000, 60_001, 3000))
    assert sorted(map(snapshot_name, many)) == [snapshot_name(step) for step in many]


def test_the_clock_asks_every_three_seconds_or_for_two_percent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    clock = Clock()
    assert not clock.due()
    now = 103.0
    assert clock.due()
    clock.wrote(0.01)
    now = 105.9
    assert not clock.due()
    now = 106.0
    assert clock.due()
    clock.wrote(0.2)
    now = 115.9
    assert not clock.due()
    now = 116.0
    assert clock.due()
