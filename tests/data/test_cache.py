"""The cache: all of an entry or nothing, and words where it cannot be written."""

from __future__ import annotations

import errno
import shutil
import threading
from pathlib import Path

import pytest

from convscope.data.cache import (
    StoringError,
    cache_folder,
    locked,
    need_room,
    new_folder,
    storing,
)
from convscope.data.progress import Progress, teller
from convscope.errors import DataError


def test_the_variable_chooses_the_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    assert not cache_folder().exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONVSCOPE_CACHE", "there")
    assert cache_folder() == tmp_path / "there"
    monkeypatch.setenv("CONVSCOPE_CACHE", " ")
    assert cache_folder().name == "convscope"
    monkeypatch.delenv("CONVSCOPE_CACHE")
    assert cache_folder().is_absolute()


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a" / "entry"
    with new_folder(target) as filling:
        (filling / "x").write_text("1", encoding="utf-8")
        assert not target.exists()
    assert (target / "x").read_text(encoding="utf-8") == "1"
    assert [path.name for path in target.parent.iterdir()] == ["entry"]


def test_a_new_folder_takes_the_place_of_an_old_one(tmp_path: Path) -> None:
    target = tmp_path / "entry"
    for content in ("1", "2"):
        with new_folder(target) as filling:
            (filling / content).touch()
    assert [path.name for path in target.iterdir()] == ["2"]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_after_an_error_nothing_is_left_and_the_old_stays(
    tmp_path: Path, problem: type[BaseException]
) -> None:
    target = tmp_path / "entry"
    with new_folder(target) as filling:
        (filling / "old").touch()
    with pytest.raises(problem), new_folder(target) as filling:
        (filling / "new").touch()
        raise problem
    assert [path.name for path in target.iterdir()] == ["old"]
    assert [path.name for path in tmp_path.iterdir()] == ["entry"]


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "entry.12345.part"
    left.mkdir()
    (left / "half").touch()
    with new_folder(tmp_path / "entry"):
        pass
    assert not left.exists()


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "cannot write: the disk is full .*: set CONVSCOPE_CACHE to a folder"),
        (errno.EROFS, "the file system is read-only .*: set CONVSCOPE_CACHE"),
        (errno.EACCES, "you may not write there .*: set"),
        (errno.EIO, "set CONVSCOPE_CACHE to a folder with room that you may write to"),
    ],
)
def test_a_failure_to_write_says_what_to_do(tmp_path: Path, number: int, said: str) -> None:
    with pytest.raises(StoringError, match=said) as caught, storing(tmp_path):
        raise OSError(number, "as the system says it")
    assert caught.value.place == str(tmp_path)
    assert "(as the system says it)" in str(caught.value)


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("I am a file", encoding="utf-8")
    with (
        pytest.raises(StoringError, match="a file stands where a folder is needed"),
        new_folder(tmp_path / "cache" / "entry"),
    ):
        pass
    with (
        pytest.raises(StoringError, match="a file stands where a folder is needed"),
        locked(tmp_path / "cache" / "entry", teller(None)),
    ):
        pass


def test_room_is_asked_for_beforehand(tmp_path: Path) -> None:
    need_room(tmp_path / "not" / "yet", 1)
    free = shutil.disk_usage(tmp_path).free
    with pytest.raises(
        DataError,
        match=r"MB are needed and .* MB are free: free some space, or set CONVSCOPE_CACHE",
    ):
        need_room(tmp_path / "not" / "yet", free * 2)


def test_one_waits_for_the_other_and_says_so(tmp_path: Path, heard: list[Progress]) -> None:
    target, inside, leave = tmp_path / "entry", threading.Event(), threading.Event()
    times = []

    def first() -> None:
        with locked(target, teller(None)):
            inside.set()
            leave.wait(10)
            times.append("first")

    def tell(said: Progress) -> None:
        heard.append(said)
        leave.set()

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(10)
    with locked(target, tell):
        times.append("second")
    thread.join()
    assert times == ["first", "second"]
    assert [said.text for said in heard] == ["another process prepares entry: waiting for it"]
