"""Entries of the cache: mapped, checked, never half there."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from convscope.data import decoded, entries
from convscope.data.decoded import Part, Story, entry_folder, keep, open_entry
from convscope.data.images import Data, Images, Labels, Skipped, fingerprint_of
from convscope.errors import DataError
from tests.data.making import pixels

STORY = Story(
    "x",
    "/there",
    ("a", "b"),
    "crop",
    (4, 3),
    3,
    skipped=(Skipped("p", "is empty"),),
    notes=("ü → n",),
    dark_background=True,
)


def blocks(count: int, seed: int) -> Iterator[tuple[Images, Labels]]:
    whole, labels = pixels(count, 3, 4, 3, seed=seed), np.arange(count) % 2
    for start in range(0, count, 3):
        yield whole[start : start + 3], labels[start : start + 3]


def kept(folder: Path) -> Data:
    return keep(folder, (Part("train", blocks(8, 0)), Part("test", blocks(5, 1))), lambda: STORY)


def test_an_entry_holds_what_was_written(cache: Path) -> None:
    data = kept(entry_folder("k"))
    assert entry_folder("k") == cache / "decoded" / "k"
    again = open_entry(entry_folder("k"))
    assert again is not None
    for found in (data, again):
        assert np.array_equal(found.train.images, pixels(8, 3, 4, 3, seed=0))
        assert np.array_equal(found.test.images, pixels(5, 3, 4, 3, seed=1))
        assert found.train.labels.tolist() == [0, 1] * 4
        assert (found.name, found.place, found.classes) == (STORY.name, STORY.place, STORY.classes)
        assert (found.fit, found.size, found.channels) == ("crop", (4, 3), 3)
        assert (found.skipped, found.notes) == (STORY.skipped, STORY.notes)
        assert found.dark_background
        assert found.fingerprint == fingerprint_of(found.train, found.test, ("a", "b"))
        assert found.kept == str(entry_folder("k"))


def test_torch_shares_the_map_and_the_file_stays_as_it_is(cache: Path) -> None:
    data = kept(entry_folder("k"))
    torch.from_numpy(data.train.images).zero_()  # would warn, were the map read-only
    again = open_entry(entry_folder("k"))
    assert again is not None
    assert again.train.images.any()


def test_a_large_map_is_read_only(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "_WRITABLE_MAP", 10)
    assert not kept(entry_folder("k")).train.images.flags.writeable


def test_an_unchanged_entry_is_not_hashed_again(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(entry_folder("k"))
    monkeypatch.setattr(decoded, "fingerprint_of", lambda *_: pytest.fail("hashed"))
    assert open_entry(entry_folder("k")) is not None


def test_a_copied_entry_is_hashed_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(entry_folder("k"))
    shutil.copytree(entry_folder("k"), entry_folder("copy"), copy_function=shutil.copyfile)
    assert open_entry(entry_folder("copy")) is not None
    monkeypatch.setattr(decoded, "fingerprint_of", lambda *_: pytest.fail("hashed"))
    assert open_entry(entry_folder("copy")) is not None


@pytest.mark.parametrize("name", ["train.pixels", "test.pixels", "train.labels", "test.labels"])
def test_an_altered_entry_is_not_used(cache: Path, name: str) -> None:
    kept(entry_folder("k"))
    path = entry_folder("k") / name
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(1, 1))
    assert open_entry(entry_folder("k")) is None


@pytest.mark.parametrize("name", ["train.pixels", "train.labels", "entry.json"])
@pytest.mark.parametrize("change", ["gone", "empty", "cut"])
def test_an_incomplete_entry_is_not_used(cache: Path, name: str, change: str) -> None:
    kept(entry_folder("k"))
    path = entry_folder("k") / name
    content = path.read_bytes()
    path.unlink()
    if change != "gone":
        path.write_bytes(b"" if change == "empty" else content[:-9])
    assert open_entry(entry_folder("k")) is None


def test_an_entry_of_another_form_is_not_used(cache: Path) -> None:
    kept(entry_folder("k"))
    path = entry_folder("k") / "entry.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**record, "schema": "convscope.decoded/0"}), encoding="utf-8")
    assert open_entry(entry_folder("k")) is None
    path.write_text("[1, 2]", encoding="utf-8")
    assert open_entry(entry_folder("k")) is None


def test_a_full_disk_leaves_nothing(cache: Path) -> None:
    def full() -> Iterator[tuple[Images, Labels]]:
        yield from blocks(3, 0)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DataError, match="disk is full"):
        keep(entry_folder("k"), [Part("train", full())], lambda: STORY)
    assert list((cache / "decoded").iterdir()) == []


def test_an_empty_part_is_refused(cache: Path) -> None:
    with pytest.raises(DataError):
        keep(entry_folder("k"), (Part("train", []), Part("test", blocks(2, 0))), lambda: STORY)
    assert list((cache / "decoded").iterdir()) == []
