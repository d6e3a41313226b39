"""What lies in a folder, and that names lead nowhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from convscope.data.annotations.files import Pictures, files_of, shortened, stem_of
from convscope.errors import DataError, UsageError
from tests.data.annotations.making import write


def test_images_and_texts_are_listed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("b/2.JPG", "a.xml", "b/c/3.png", "notes.pdf", ".git/x.txt", "__MACOSX/1.png"):
        write(tmp_path / name, "x")
    files = files_of(tmp_path)
    assert list(files) == ["a.xml", "b/2.JPG", "b/c/3.png"]
    assert files.folders == {"b", "b/c"}
    assert files.below("b", ".jpg", ".png") == ["b/2.JPG", "b/c/3.png"]
    assert "a.xml" in files and "notes.pdf" not in files


def test_the_content_changes_with_any_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xml", "one")
    before = files_of(tmp_path).content
    assert files_of(tmp_path).content == before
    os.utime(path, ns=(0, 123_456_789))
    assert files_of(tmp_path).content != before


def test_one_file_is_a_folder_of_one(tmp_path: Path) -> None:
    write(tmp_path / "a.json", "{}")
    write(tmp_path / "b.json", "{}")
    files = files_of(tmp_path / "a.json")
    assert (files.root, list(files)) == (tmp_path.resolve(), ["a.json"])


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder or file"):
        files_of(tmp_path / "nothing")


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_links_to_folders_are_followed_once_and_links_to_nothing_passed_over(
    tmp_path: Path,
) -> None:
    write(tmp_path / "elsewhere" / "1.png", "x")
    root = tmp_path / "data"
    root.mkdir()
    (root / "images").symlink_to(tmp_path / "elsewhere")
    (root / "ring").symlink_to(root)
    (root / "2.png").symlink_to(root / "gone.png")
    assert list(files_of(root)) == ["images/1.png"]


def test_texts_too_large_or_of_another_encoding(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "x" * 100)
    (tmp_path / "b.txt").write_bytes(b"caf\xe9")
    (tmp_path / "c.txt").write_bytes("\ufeffname".encode())
    files = files_of(tmp_path)
    with pytest.raises(DataError, match=r"a\.txt: has more than 0 MB"):
        files.read("a.txt", 99)
    with pytest.raises(DataError, match=r"b\.txt: is not UTF-8 \(byte 3\)"):
        files.read_text("b.txt")
    assert files.read_text("c.txt") == "name"
    (tmp_path / "a.txt").unlink()
    with pytest.raises(DataError, match=r"a\.txt: cannot be read"):
        files.read("a.txt", 100)


PATHS = ["train2017/1.jpg", "val2017/1.jpg", "val2017/2.jpg", "deep/er/3.png"]


@pytest.mark.parametrize(
    ("name", "near", "part", "found"),
    [
        ("2.jpg", "", "", "val2017/2.jpg"),
        ("val2017/1.jpg", "", "", "val2017/1.jpg"),
        ("1.jpg", "annotations/x.json", "validation", "val2017/1.jpg"),
        ("1.jpg", "train2017/x.json", "", "train2017/1.jpg"),
        ("../val2017/2.jpg", "", "", "val2017/2.jpg"),
        ("C:\\data\\3.png", "", "", "deep/er/3.png"),
        ("/home/me/deep/3.png", "", "", "deep/er/3.png"),
        ("er\\3.png", "", "", "deep/er/3.png"),
    ],
)
def test_names_are_looked_up(name: str, near: str, part: str, found: str) -> None:
    assert Pictures(PATHS).named(name, near, part) == found


@pytest.mark.parametrize("name", ["4.jpg", "other/2.jpg", "", "..", "val2017/../2.jpg", "r/3.png"])
def test_names_that_lead_nowhere(name: str) -> None:
    with pytest.raises(DataError, match="is missing"):
        Pictures(PATHS).named(name)


def test_a_name_of_several_images() -> None:
    with pytest.raises(DataError, match=r'"1\.jpg" may be any of train2017/1\.jpg, val2017/1\.jpg'):
        Pictures(PATHS).named("1.jpg")
    with pytest.raises(DataError, match='the image of "1" may be any of'):
        Pictures(PATHS).of_stem("1")
    assert Pictures(PATHS).of_stem("3") == "deep/er/3.png"
    assert Pictures(PATHS).of_stem("5") is None


def test_strangers_texts_fit_into_a_message() -> None:
    assert shortened("a\nb\x1b[31m") == "a?b?[31m"
    assert len(shortened("x" * 1000)) == 80
    assert (stem_of("a/b.tar.gz"), stem_of("a/.png"), stem_of("a")) == ("b.tar", ".png", "a")
