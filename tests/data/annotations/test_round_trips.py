"""Scenes that were written in each format are read as they were made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convscope.data.annotated import Kind
from convscope.data.annotated_sources import load_annotated
from convscope.data.annotations.checking import check_annotated
from convscope.data.annotations.parts import PARTS
from convscope.data.scenes.writing import write_scenes

pytestmark = pytest.mark.usefixtures("cache")

COUNTS: dict[str, Any] = {"train": 14, "validation": 2, "test": 4, "source": "fashion-mini"}


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("voc", "objects"),
        ("coco", "objects"),
        ("coco", "masks"),
        ("masks", "masks"),
        ("captions", "captions"),
    ],
)
def test_scenes(tmp_path: Path, form: str, kind: Kind) -> None:
    write_scenes(tmp_path / "scenes", form=form, count=20, seed=5, source="fashion-mini")  # type: ignore[arg-type]
    made = load_annotated("scenes", kind, seed=5, **COUNTS)
    assert check_annotated(tmp_path / "scenes").faults == ()
    read = load_annotated(tmp_path / "scenes", kind)
    assert read.channels == 1 and read.notes == ()
    for part in PARTS:
        ours, theirs = read.split(part), made.split(part)
        assert [name.removesuffix(".png") for name in ours.names] == list(theirs.names)
        np.testing.assert_array_equal(ours.images, theirs.images)
        if kind == "objects":
            assert ours.objects is not None and theirs.objects is not None
            assert read.classes == made.classes
            for found, wanted in zip(ours.objects, theirs.objects, strict=True):
                np.testing.assert_array_equal(found.boxes, wanted.boxes)
                np.testing.assert_array_equal(found.labels, wanted.labels)
                np.testing.assert_array_equal(found.difficult, wanted.difficult)
        elif kind == "masks":
            assert ours.masks is not None and theirs.masks is not None
            assert read.regions == made.regions
            np.testing.assert_array_equal(ours.masks, theirs.masks)
        else:
            assert ours.captions == theirs.captions


def test_clips(tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    write_scenes(folder, form="captions", clips=True, count=20, seed=5, source="fashion-mini")
    read = load_annotated(folder, "captions")
    made = load_annotated("scenes", "captions", seed=5, clips=True, **COUNTS)
    for part in PARTS:
        ours, theirs = read.split(part), made.split(part)
        assert (ours.names, ours.captions) == (theirs.names, theirs.captions)
        np.testing.assert_array_equal(ours.images, theirs.images)
