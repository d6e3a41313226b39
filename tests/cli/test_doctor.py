"""``doctor``: what is found is measured, and what stops convscope is said."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from convscope.cli import machine
from convscope.cli.machine import folder_state, instruction_sets, memory, processor_flags
from convscope.errors import ConvscopeError
from convscope.training.recorder import require_tensorboard
from tests.cli.conftest import Command


def test_a_machine_that_works(command: Command) -> None:
    outcome = command("doctor")
    assert (outcome.code, outcome.err) == (0, "")
    assert "All that is needed is there." in outcome.out
    assert torch.__version__ in outcome.out
    assert os.environ["CONVSCOPE_CACHE"] in outcome.out


def test_the_same_as_json(command: Command) -> None:
    found = command("doctor", "--json").json
    assert found["schema"] == "convscope.doctor/1"
    assert found["torch"]["version"] == torch.__version__
    assert found["torch"]["threads"] == torch.get_num_threads()
    assert found["python"]["executable"] == sys.executable
    assert found["machine"]["processors"] >= 1
    assert {source["name"] for source in found["data"]} == {
        "fashion-mnist",
        "fashion-mini",
        "shapes",
    }
    assert not any(advice["stops"] for advice in found["advice"])


def test_a_torch_that_does_not_load(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {"loads": False, "problem": "no library"}
    monkeypatch.setattr("convscope.cli.doctor.torch_state", lambda: broken)
    outcome = command("doctor")
    assert outcome.code == 1
    assert "torch cannot be loaded (no library): pip install torch" in outcome.out


@pytest.mark.parametrize(("threads", "told"), [(1, ", 1 thread, "), (2, ", 2 threads, ")])
def test_threads_are_counted_in_words(
    command: Command, monkeypatch: pytest.MonkeyPatch, threads: int, told: str
) -> None:
    state = {**machine.torch_state(), "threads": threads}
    monkeypatch.setattr("convscope.cli.doctor.torch_state", lambda: state)
    assert told in command("doctor").out


def test_tensorboard_is_advised_as_the_training_does(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = {**machine.package_versions(), "tensorboard": None}
    monkeypatch.setattr("convscope.cli.doctor.package_versions", lambda: packages)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install tensorboard\n" in command("doctor").out
    with pytest.raises(ConvscopeError, match="pip install tensorboard"):
        require_tensorboard()


def test_torch_that_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    state = machine.torch_state()
    assert state["loads"] is False
    assert "torch" in str(state["problem"])


def test_a_folder_that_cannot_be_written(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_bytes(b"")
    monkeypatch.setenv("CONVSCOPE_RUNS", str(in_the_way / "runs"))
    outcome = command("doctor")
    assert outcome.code == 1
    assert "To be mended:" in outcome.out
    assert "set CONVSCOPE_RUNS to a folder where you may write" in outcome.out


def test_folders_are_tried_and_left_as_they_were(tmp_path: Path) -> None:
    state = folder_state(tmp_path / "a" / "b")
    assert (state["writable"], state["exists"]) == (True, False)
    assert list(tmp_path.iterdir()) == []


def test_little_memory_and_a_card_that_is_not_used(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("convscope.cli.doctor.memory", lambda: 10**9)
    monkeypatch.setattr("convscope.cli.doctor.shutil.which", lambda name: f"/usr/bin/{name}")
    outcome = command("doctor")
    assert outcome.code == 0
    assert "there is little memory" in outcome.out
    assert torch.cuda.is_available() or "there is an NVIDIA card" in outcome.out


def test_instruction_sets_by_flags_or_by_torchs_word() -> None:
    flags = frozenset({"avx2", "avx512f", "amx_tile", "sse"})
    assert instruction_sets(flags, "DEFAULT") == ["AVX2", "AVX-512", "AMX"]
    assert instruction_sets(frozenset(), "AVX512") == ["AVX2", "AVX-512"]
    assert instruction_sets(frozenset(), "DEFAULT") == []


@pytest.mark.skipif(not Path("/proc/cpuinfo").exists(), reason="Linux only")
def test_flags_are_those_of_the_system() -> None:
    words = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    assert processor_flags() <= set(words)
    assert processor_flags()


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="Linux only")
def test_memory_is_that_of_the_system() -> None:
    line = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()[0]
    assert memory() == int(line.split()[1]) * 1024


def test_a_mac_names_its_flags_otherwise(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(machine, "Path", lambda _: tmp_path / "absent")
    monkeypatch.setattr("platform.system", lambda: "Darwin")
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert processor_flags() == {"asimd"}
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    answer = SimpleNamespace(stdout="FPU SSE4.2\nAVX2 BMI1\n")
    monkeypatch.setattr("subprocess.run", lambda *_, **__: answer)
    assert processor_flags() == {"fpu", "sse4.2", "avx2", "bmi1"}
    monkeypatch.setattr("platform.system", lambda: "Windows")
    assert processor_flags() == frozenset()


def test_a_system_that_does_not_tell_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: str) -> int:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr("os.sysconf", unknown)
    assert memory() is None


def test_processors_where_there_is_no_affinity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    assert machine.usable_processors() == os.cpu_count()
