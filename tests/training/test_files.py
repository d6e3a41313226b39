"""Files that are whole or not there, and folders that belong to one training."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.errors import RunError
from convscope.training.files import (
    LOCK,
    Lines,
    claimed,
    is_live,
    read_json,
    write_bytes,
    write_json,
    writing,
)


def refuse(code: int) -> OSError:
    return OSError(code, os.strerror(code))


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    write_bytes(path, b"new")
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (errno.ENOSPC, "the disk is full: free some space"),
        (
            errno.EROFS,
            "this folder cannot be written to: give another --out, or the permission to write "
            "there",
        ),
        (
            errno.EACCES,
            "this folder cannot be written to: give another --out, or the permission to write "
            "there",
        ),
        (
            errno.EIO,
            "cannot be written (Input/output error): give another --out, or change what stands "
            "in the way",
        ),
    ],
)
@pytest.mark.parametrize("call", ["os.fsync", "pathlib.Path.replace"])
def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, message: str, call: str
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise refuse(code)

    with monkeypatch.context() as patch:
        patch.setattr(call, fail)
        with pytest.raises(RunError) as error:
            write_bytes(path, b"new")
    assert str(error.value) == f"{path}: {message}"
    assert path.read_bytes() == b"old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_json_keeps_its_letters(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"word": "28×28 →", "numbers": [1, 2.5, None, True]})
    assert "28×28 →" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "a.json") == {"word": "28×28 →", "numbers": [1, 2.5, None, True]}


@pytest.mark.parametrize("content", [b'{"half": ', b"[1]", b"\xff\xfe", b""])
def test_json_that_is_none_is_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(RunError, match="this is no JSON object: the file is damaged"):
        read_json(tmp_path / "a.json")


def test_json_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be read"):
        read_json(tmp_path / "a.json")


def test_lines_are_seen_at_once_and_can_be_cut_back(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    lines = Lines(path, 0)
    lines.add({"step": 1})
    position = lines.position
    lines.add({"step": 2})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 2]
    lines.close()
    again = Lines(path, position)
    again.add({"step": 22})
    again.close()
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [1, 22]


def test_lines_that_are_shorter_than_remembered_are_not_filled_up(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "lines", 100)
    lines.add({"step": 1})
    lines.close()
    assert (tmp_path / "lines").read_bytes() == b'{"step": 1}\n'


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    lines = Lines(tmp_path / "lines", 0)
    lines.add({"step": 1})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (lines.position + 5, hard))
    try:
        with pytest.raises(RunError, match="cannot be written"):
            lines.add({"step": 2})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (tmp_path / "lines").read_bytes() == b'{"step": 1}\n'
    lines.add({"step": 3})
    lines.close()
    assert (tmp_path / "lines").read_bytes() == b'{"step": 1}\n{"step": 3}\n'


def test_a_folder_in_the_place_of_the_lines(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        Lines(tmp_path, 0)


def test_a_folder_belongs_to_one(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert not is_live(folder)
    with claimed(folder):
        assert is_live(folder)
        with pytest.raises(RunError) as error, claimed(folder):
            pass
        assert str(error.value) == (
            f"{folder}: another training is writing into this folder: "
            "wait until it has finished, or give another --out"
        )
        (folder / "something").touch()
    assert not is_live(folder)
    with claimed(folder):
        pass


def test_the_lock_of_a_process_that_died_is_free(tmp_path: Path) -> None:
    code = (
        "import os, sys, pathlib\n"
        "from convscope.training.files import claimed\n"
        "with claimed(pathlib.Path(sys.argv[1])):\n"
        "    pathlib.Path(sys.argv[1], 'something').touch()\n"
        "    os._exit(9)\n"
    )
    folder = tmp_path / "run"
    assert subprocess.run([sys.executable, "-c", code, str(folder)], check=False).returncode == 9
    assert (folder / LOCK).exists()
    assert not is_live(folder)
    with claimed(folder):
        assert is_live(folder)


def test_a_folder_in_which_nothing_came_to_be_is_removed_again(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), claimed(tmp_path / "run"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine").touch()
    with claimed(tmp_path):
        pass
    assert (tmp_path / "mine").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot be written"), claimed(tmp_path / "file" / "run"):
        pass


def test_a_folder_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise refuse(errno.EACCES)

    monkeypatch.setattr("filelock.FileLock.acquire", fail)
    with pytest.raises(RunError, match="cannot be written to"), claimed(tmp_path / "run"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_read_only_folder_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(RunError, match="cannot be written to"), claimed(tmp_path / "run"):
            pass
    finally:
        tmp_path.chmod(0o700)


def test_other_errors_pass(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), writing(tmp_path):
        raise ZeroDivisionError
