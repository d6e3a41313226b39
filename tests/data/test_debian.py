"""Debian's package, with a stand-in for apt-get and dpkg-deb."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from convscope.data.debian import run_program, unpacked_package
from convscope.errors import DataError

URIS = "'http://deb.example.org/pool/little_1_all.deb' little_1_all.deb 1234 SHA256:00\n"


class Apt:
    """Answers as the programs would; ``broken`` is the word at which it fails."""

    def __init__(self, broken: str = "", uris: str = URIS, makes_file: bool = True) -> None:
        self.commands: list[list[str]] = []
        self.broken, self.uris, self.makes_file = broken, uris, makes_file

    def __call__(self, words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        self.commands.append(list(words))
        if self.broken and self.broken in words:
            said = "W: nothing\nE: Unable to locate package little\nE: more\n"
            return subprocess.CompletedProcess(list(words), 100, "", said)
        if "--print-uris" in words:
            return subprocess.CompletedProcess(list(words), 0, self.uris, "")
        if words[0] == "apt-get" and self.makes_file:
            (folder / "little_1_all.deb").touch()
        elif words[0] == "dpkg-deb":
            (folder / "unpacked").mkdir()
        return subprocess.CompletedProcess(list(words), 0, "", "")


def test_host_and_size_are_announced_before_anything_is_fetched(tmp_path: Path) -> None:
    apt = Apt()
    announced = []

    def announce(host: str, size: int) -> None:
        announced.append((host, size, len(apt.commands)))

    assert unpacked_package("little", tmp_path / "d", announce, apt) == tmp_path / "d" / "unpacked"
    assert announced == [("deb.example.org", 1234, 1)]
    assert apt.commands[-1] == ["dpkg-deb", "-x", "little_1_all.deb", "unpacked"]
    assert not any("update" in words for words in apt.commands)


@pytest.mark.parametrize(
    ("apt", "said"),
    [
        (Apt("--print-uris"), r"failed \(E: Unable to locate package little\)"),
        (Apt("dpkg-deb"), "dpkg-deb -x little_1_all.deb unpacked failed"),
        (Apt(uris=""), "knows no address"),
        (Apt(makes_file=False), "downloaded no file"),
    ],
)
def test_each_failure_has_its_reason(tmp_path: Path, apt: Apt, said: str) -> None:
    with pytest.raises(DataError, match=said):
        unpacked_package("little", tmp_path, lambda host, size: None, apt)


def test_a_machine_without_apt_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataError, match="there is no apt-get on this machine"):
        unpacked_package("little", tmp_path, lambda host, size: None)


def test_a_program_that_hangs_or_is_absent_is_an_error(tmp_path: Path) -> None:
    def hanging(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        raise subprocess.TimeoutExpired(list(words), 600)

    with pytest.raises(DataError, match="timed out"):
        unpacked_package("little", tmp_path, lambda host, size: None, hanging)


def test_programs_run_without_input_in_their_folder(tmp_path: Path) -> None:
    script = "import os, sys; print(os.getcwd(), os.environ['LC_ALL'], repr(sys.stdin.read()))"
    done = run_program([sys.executable, "-c", script], tmp_path)
    assert done.stdout.split() == [str(tmp_path.resolve()), "C.UTF-8", "''"]
