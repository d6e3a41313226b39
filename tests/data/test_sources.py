"""Data by one word, as a user writes it; and what there is to say about them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from convscope.data import sources
from convscope.data.fashion_mnist import FASHION_MNIST
from convscope.data.gathering import Folder
from convscope.data.sources import (
    NAMES,
    describe,
    list_sources,
    load_data,
    preprocessing_of,
    verify,
)
from convscope.errors import DataError, UsageError
from tests.data.making import NAMES as IDX_NAMES
from tests.data.making import idx_folder, idx_payloads, image_folder, picture


@pytest.mark.parametrize("name", ["fashion-mini", "shapes"])
def test_what_is_inside_needs_no_cache(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "file"))
    data = load_data(name, size=(32, 32))
    assert data.name == name
    assert data.train.images.shape[1:] == (1, 32, 32)


def test_a_folder_is_found_from_the_current_folder(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_folder(tmp_path / "pets")
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    data = load_data("../pets")
    assert data.place == data.source == str((tmp_path / "pets").resolve())
    assert load_data(Path("..") / "pets").kept == data.kept
    assert load_data(data.source).fingerprint == data.fingerprint


def test_a_folder_of_idx_files_is_known_by_them(cache: Path, tmp_path: Path) -> None:
    data = load_data(idx_folder(tmp_path / "d", idx_payloads()), size=(8, 8), channels=3)
    assert data.train.images.shape == (30, 3, 8, 8)


def test_names_come_before_folders(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image_folder(tmp_path / "shapes")
    monkeypatch.chdir(tmp_path)
    assert load_data("shapes").name == "shapes"
    assert load_data("shapes").classes[0] == "disc"
    assert load_data("./shapes").classes == ("cat", "dog")


def test_a_typo_never_starts_a_download(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sources, "load_fashion_mnist", lambda **_: pytest.fail("went for Fashion-MNIST")
    )
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        load_data("fashon-mnist", allow_download=True)
    assert str(caught.value) == (
        'there is no data set of the name "fashon-mnist" and no folder '
        f'{tmp_path.resolve() / "fashon-mnist"}: did you mean "fashion-mnist"?'
    )
    assert caught.value.exit_code == 2
    with pytest.raises(UsageError, match="give a folder, or one of fashion-mnist, fashion-mini"):
        load_data("zzz")
    image_folder(tmp_path / "Pictures")
    with pytest.raises(UsageError, match=r'did you mean ".*Pictures"'):
        load_data("pictuers")
    with pytest.raises(UsageError, match="no folder"):
        load_data(tmp_path / "not" / "there")


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    path = picture(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"a.png: is a file, and data are a folder: give"):
        load_data(path)


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no folders of classes"):
        load_data(tmp_path)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"size": (0, 4)}, "a size of 0×4 cannot be used"),
        ({"size": (4, 5000)}, "between 1 and 4096"),
        ({"fit": "padd"}, 'did you mean "pad"'),
        ({"channels": 2}, "channels must be 1"),
        ({"on_bad": "ignore"}, 'must be "refuse" or "skip"'),
    ],
)
def test_impossible_options_are_usage_errors(options: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_data("shapes", **options)  # type: ignore[arg-type]


def test_the_network_is_used_only_where_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load(**options: object) -> object:
        asked.append((options["offline"], options["allow_download"]))
        return load_data("fashion-mini")

    monkeypatch.setattr(sources, "load_fashion_mnist", load)
    load_data("fashion-mnist")
    load_data("fashion-mnist", allow_download=True)
    load_data("fashion-mnist", allow_download=True, offline=True)
    assert asked == [(False, False), (False, True), (True, True)]


def test_sources_are_listed_without_reading_them(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy"
    monkeypatch.setattr(sources, "known_folders", lambda: (Folder("a copy", copy),))
    absent, mini, shapes = list_sources()
    assert (absent.name, absent.ready) == ("fashion-mnist", False)
    assert absent.places == (
        (str(cache / "decoded" / "fashion-mnist"), "not in the cache"),
        (str(copy), "a copy: absent"),
    )
    assert mini.ready and shapes.ready
    copy.mkdir()
    for name in IDX_NAMES:
        (copy / f"{name}.gz").touch()
    found, *_ = list_sources()
    assert found.ready
    assert found.places[1] == (str(copy), "a copy: found")
    assert {source.name for source in list_sources()} == set(NAMES)
    assert FASHION_MNIST.name in NAMES
    assert not cache.exists()


def test_a_description_counts_everything(cache: Path, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "pets", train=4, test=2)
    picture(root / "train" / "cat" / "more.png")
    (root / "train" / "cat" / "bad.png").touch()
    data = load_data(root, on_bad="skip")
    found = describe(data)
    assert (found.train, found.test, found.volume) == (9, 4, "12×10×1")
    assert found.classes == (("cat", 5, 2), ("dog", 4, 2))
    assert found.mean == pytest.approx([data.train.images.mean() / 255])
    assert found.kept == data.kept
    assert found.cache == str(cache)
    record = json.loads(json.dumps(found.as_dict()))
    assert record["schema"] == "convscope.data/1"
    assert record["classes"][0] == {"name": "cat", "train": 5, "test": 2}
    assert record["skipped"] == [{"path": "train/cat/bad.png", "reason": "is empty (0 bytes)"}]
    assert record["fingerprint"] == data.fingerprint


def test_preprocessing_is_measured_on_the_training_images(cache: Path, tmp_path: Path) -> None:
    data = load_data(image_folder(tmp_path / "pets", grey=False), fit="crop")
    preprocessing = preprocessing_of(data)
    assert (preprocessing.size, preprocessing.channels, preprocessing.fit) == ((12, 10), 3, "crop")
    normalised = preprocessing.normalised(data.train.images)
    assert np.abs(normalised.mean((0, 2, 3))).max() < 1e-5
    assert np.abs(normalised.std((0, 2, 3)) - 1).max() < 1e-5
    assert not preprocessing.dark_background
    assert preprocessing_of(load_data("fashion-mini")).dark_background


def test_images_of_one_value_do_not_divide_by_zero(cache: Path, tmp_path: Path) -> None:
    from PIL import Image

    for name in ("a", "b"):
        for number in range(2):
            path = tmp_path / "d" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (8, 8), 51).save(path)
    preprocessing = preprocessing_of(load_data(tmp_path / "d"))
    assert (preprocessing.mean, preprocessing.std) == ((0.2,), (1.0,))


def test_verify_finds_an_altered_pixel(cache: Path, tmp_path: Path) -> None:
    data = load_data(image_folder(tmp_path / "pets"))
    verify(data)
    data.train.images[0, 0, 0, 0] ^= 1
    with pytest.raises(DataError, match="the pixels are not those of the fingerprint"):
        verify(data)


def test_an_empty_name_is_not_the_current_folder() -> None:
    with pytest.raises(UsageError, match="the name of the data is empty"):
        load_data("")
