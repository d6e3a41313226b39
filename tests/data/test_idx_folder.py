"""Folders of IDX files: MNIST's names, one's own names, and damage."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from convscope.data.choosing import Wanted
from convscope.data.idx import write_idx
from convscope.data.idx_folder import idx_files, load_idx_folder
from convscope.data.images import Data
from convscope.data.progress import teller
from convscope.errors import DataError
from tests.data.making import NAMES, idx_folder, idx_payloads, pixels

PAYLOADS = idx_payloads()


def load(root: Path, **wanted: object) -> Data:
    return load_idx_folder(root, idx_files(root), Wanted(**wanted), teller(None))  # type: ignore[arg-type]


def files(root: Path, **contents: bytes) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (root / name).write_bytes(content)
    return root


@pytest.mark.parametrize("packed", [True, False])
def test_mnists_names(cache: Path, tmp_path: Path, packed: bool) -> None:
    root = idx_folder(tmp_path / "digits", PAYLOADS, packed=packed)
    for _ in range(2):  # read, and from the cache
        data = load(root)
        assert data.train.images.tobytes() == PAYLOADS[0][16:]
        assert data.test.labels.tolist() == list(PAYLOADS[3][8:])
        assert (data.name, data.place, data.classes) == ("digits", str(root), ("0", "1", "2"))
        assert data.volume.size == 36


def test_a_second_start_reads_no_file(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = idx_folder(tmp_path / "d", PAYLOADS)
    first = load(root)
    monkeypatch.setattr("convscope.data.idx_folder.payload_of", lambda path: pytest.fail("read"))
    assert load(root).fingerprint == first.fingerprint


@pytest.mark.parametrize(
    "names",
    [
        ("train-images.idx3-ubyte", "train-labels.idx1-ubyte", "t10k-images.idx3-ubyte", "t10k-l"),
        ("emnist-train-x", "emnist-train-y", "emnist-test-x", "emnist-test-y"),
        ("TrainA", "TrainB", "ValA", "ValB"),
    ],
)
def test_other_names_are_told_apart_by_their_content(
    cache: Path, tmp_path: Path, names: tuple[str, ...]
) -> None:
    root = files(tmp_path / "d", **dict(zip(names, PAYLOADS, strict=True)))
    data = load(root)
    assert (len(data.train), len(data.test)) == (30, 10)


def test_of_a_raw_file_and_its_gz_the_raw_one_counts(cache: Path, tmp_path: Path) -> None:
    root = idx_folder(tmp_path / "d", PAYLOADS)
    idx_folder(root, PAYLOADS, packed=True)
    assert len(idx_files(root)) == 4
    assert len(load(root).train) == 30


@pytest.mark.parametrize("word", ["", "train-"])
def test_one_pair_is_split_by_the_seed(cache: Path, tmp_path: Path, word: str) -> None:
    contents = {f"{word}images": PAYLOADS[0], f"{word}labels": PAYLOADS[1]}
    root = files(tmp_path / "d", **contents)
    first, other = load(root), load(root, seed=1)
    assert (len(first.train), len(first.test)) == (24, 6)
    assert first.notes == ("no test set: 20% of each class is held out as one, by seed 0",)
    assert first.fingerprint != other.fingerprint


def test_colour_images_have_their_channels_last(cache: Path, tmp_path: Path) -> None:
    shown = pixels(12, 5, 4, 3)
    labels = write_idx((np.arange(12) % 2).astype(np.uint8))
    root = files(
        tmp_path / "d", trainx=write_idx(shown), trainy=labels, testx=write_idx(shown), testy=labels
    )
    data = load(root)
    assert str(data.volume) == "5×4×3"
    assert np.array_equal(data.train.images, shown.transpose(0, 3, 1, 2))


def test_another_size_is_fitted(cache: Path, tmp_path: Path) -> None:
    data = load(idx_folder(tmp_path / "d", PAYLOADS), size=(9, 12), channels=3)
    assert data.train.images.shape == (30, 3, 9, 12)


def test_labels_need_not_begin_at_zero(cache: Path, tmp_path: Path) -> None:
    labels = (np.arange(12) % 2 * 5 + 3).astype(np.uint8)
    root = files(tmp_path / "d", x=write_idx(pixels(12, 4, 4)), y=write_idx(labels))
    data = load(root)
    assert data.classes == ("3", "8")
    assert set(data.train.labels.tolist()) == {0, 1}


def test_classes_may_be_named_in_a_file(cache: Path, tmp_path: Path) -> None:
    root = idx_folder(tmp_path / "d", PAYLOADS)
    assert load(root).classes == ("0", "1", "2")
    (root / "classes.txt").write_text("ant\nbée\n\ncow\n", encoding="utf-8")
    assert load(root).classes == ("ant", "bée", "cow")
    (root / "classes.txt").write_text("ant\nbee\n", encoding="utf-8")
    with pytest.raises(DataError, match="names 2 classes, and the labels are of 3"):
        load(root)
    (root / "classes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        load(root)


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        ({"a": PAYLOADS[0]}, "cannot tell which of these IDX files belong together: a"),
        (
            {"x": PAYLOADS[0], "y": PAYLOADS[1], "z": PAYLOADS[3]},
            "cannot tell which .* name them as MNIST does",
        ),
        ({"testx": PAYLOADS[0], "testy": PAYLOADS[1]}, "cannot tell which"),
        ({"x": PAYLOADS[0], "y": PAYLOADS[3]}, "30 images and 10 labels do not belong together"),
        ({"x": PAYLOADS[0][:-3], "y": PAYLOADS[1]}, "the file is truncated"),
        ({"x": PAYLOADS[0] + b"1", "y": PAYLOADS[1]}, "the file is altered"),
        ({"x": gzip.compress(PAYLOADS[0])[:-9], "y": PAYLOADS[1]}, "damaged or cut short"),
        ({"x-images-idx3-ubyte": b"", "y": PAYLOADS[1]}, "is not an IDX file"),
        ({"x": write_idx(pixels(3, 4, 4, 2)), "y": PAYLOADS[1]}, "must be N×H×W"),
        ({"x": write_idx(pixels(0, 4, 4)), "y": write_idx(pixels(0))}, "holds no images"),
        (
            {"x": write_idx(pixels(4, 4, 4)), "y": write_idx(np.full(4, 7, np.uint8))},
            "all training labels are 7: at least two classes",
        ),
    ],
)
def test_what_cannot_be_used_is_refused(
    cache: Path, tmp_path: Path, contents: dict[str, bytes], said: str
) -> None:
    root = files(tmp_path / "d", **contents)
    with pytest.raises(DataError, match=said):
        load(root)
    kept = cache / "decoded"
    assert not kept.exists() or not [path for path in kept.iterdir() if path.is_dir()]


def test_training_and_test_must_agree(cache: Path, tmp_path: Path) -> None:
    smaller = idx_payloads(side=5)
    root = idx_folder(tmp_path / "d", (*PAYLOADS[:2], *smaller[2:]))
    with pytest.raises(DataError, match="differ in size"):
        load(root)
    strange = write_idx(np.full(10, 9, np.uint8))
    root = idx_folder(tmp_path / "e", (*PAYLOADS[:3], strange))
    with pytest.raises(DataError, match="labels that training lacks: 9"):
        load(root)


def test_images_are_not_mistaken_for_idx(tmp_path: Path) -> None:
    root = files(tmp_path / "d", **{"a.png": PAYLOADS[0], "b.txt": b"hello", "c": b"\x00\x00"})
    assert idx_files(root) == ()
    with pytest.raises(DataError, match="cannot be read"):
        idx_files(tmp_path / "none")


def test_the_names_of_mnist_are_those_of_the_payloads() -> None:
    assert all("idx" in name for name in NAMES)
