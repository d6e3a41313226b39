"""Scenes in the cache: read back as they were made, and made anew where that is wiser."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convscope.data.annotated import Split
from convscope.data.scenes import keeping, load_scenes
from convscope.data.scenes import loading as module


@pytest.fixture(autouse=True)
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "_WORTH_KEEPING", 3)


@pytest.fixture
def makes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, and not read."""
    made: list[str] = []

    def counted(name: str) -> None:
        original = getattr(module, name)

        def make(**settings: object) -> Split:
            made.append(f"{name} {settings['part']}")
            split: Split = original(**settings)
            return split

        monkeypatch.setattr(module, name, make)

    counted("make_scenes")
    counted("make_clips")
    return made


def loaded(**settings: object) -> Split:
    few = {"train": 4, "validation": 1, "test": 1, "source": "fashion-mini"}
    return load_scenes(**{**few, **settings}).train  # type: ignore[arg-type]


def equal(one: Split, other: Split) -> bool:
    same = np.array_equal(np.asarray(one.images), np.asarray(other.images))
    same &= one.names == other.names and one.captions == other.captions
    if one.objects is None or other.objects is None:
        return same and one.objects is other.objects and one.masks is other.masks
    same &= np.array_equal(np.asarray(one.masks), np.asarray(other.masks))
    return same and all(
        np.array_equal(getattr(a, name), getattr(b, name))
        and getattr(a, name).dtype == getattr(b, name).dtype
        for a, b in zip(one.objects, other.objects, strict=True)
        for name in ("boxes", "labels", "difficult")
    )


@pytest.mark.parametrize("clips", [False, True])
def test_read_back_as_made(cache: Path, makes: list[str], clips: bool) -> None:
    first = loaded(clips=clips)
    kind = "make_clips" if clips else "make_scenes"
    assert makes == [f"{kind} train", f"{kind} validation", f"{kind} test"]
    assert equal(first, loaded(clips=clips))
    assert makes[3:] == [f"{kind} validation", f"{kind} test"]  # too few to be kept
    assert len([path for path in (cache / "scenes").iterdir() if path.is_dir()]) == 1


def test_whatever_changes_bytes_changes_the_entry(
    cache: Path, makes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for settings in ({}, {"seed": 1}, {"size": 96}, {"difficulty": "hard"}, {"train": 5}):
        loaded(**settings)
    assert makes.count("make_scenes train") == 5
    monkeypatch.setitem(keeping.VERSIONS, "scenes", 0)
    loaded()
    assert makes.count("make_scenes train") == 6


@pytest.mark.parametrize("file", ["images.npy", "known.npz", "words.json", "entry.json"])
def test_a_damaged_entry_is_made_anew(cache: Path, makes: list[str], file: str) -> None:
    first = loaded()
    (path,) = (cache / "scenes").glob(f"*/{file}")
    path.write_bytes(path.read_bytes()[:-40])
    assert equal(first, loaded())
    assert makes.count("make_scenes train") == 2
    loaded()
    assert makes.count("make_scenes train") == 2


def test_a_cache_that_cannot_be_written_is_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, makes: list[str]
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "file"))
    assert len(loaded()) == 4
    assert makes.count("make_scenes train") == 1


def test_a_disk_that_fills_up_is_no_harm(
    cache: Path, monkeypatch: pytest.MonkeyPatch, makes: list[str]
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    assert len(loaded()) == 4
    assert makes.count("make_scenes train") == 1
