"""Image folders as a user has them: decoded once, refused by name, never half kept."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from convscope.data import folders
from convscope.data.choosing import Wanted
from convscope.data.folders import load_image_folder
from convscope.data.images import Data
from convscope.data.preprocessing import fit_image
from convscope.data.progress import Progress, teller
from convscope.errors import DataError
from tests.data.making import image_folder, picture, pixels


def load(root: Path, **wanted: object) -> Data:
    return load_image_folder(root, Wanted(**wanted), teller(None))  # type: ignore[arg-type]


def test_every_pixel_arrives_at_its_place(cache: Path, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "pets", train=40, test=3, grey=False)
    data = load(root)
    for part, found in (("train", data.train), ("test", data.test)):
        index = 0
        for label, name in enumerate(data.classes):
            for path in sorted((root / part / name).iterdir()):
                shown = np.asarray(Image.open(path)).transpose(2, 0, 1)
                assert np.array_equal(found.images[index], shown)
                assert found.labels[index] == label
                index += 1
        assert index == len(found)
    assert (data.name, data.place) == ("pets", str(root))
    assert (data.size, data.channels, data.skipped) == ((12, 10), 3, ())


def test_all_formats_and_sizes_are_fitted(cache: Path, tmp_path: Path) -> None:
    root = tmp_path / "d"
    for name in ("a", "b"):
        for number, suffix in enumerate(("png", "jpg", "JPEG", "webp", "bmp")):
            size = (10 + 7 * number, 30 - 3 * number)
            picture(root / "train" / name / f"{number}.{suffix}", *size, seed=number)
        picture(root / "test" / name / "x.png")
    data = load(root, size=(16, 20), fit="crop", channels=1)
    assert data.train.images.shape == (10, 1, 16, 20)
    assert data.fit == "crop"
    first = Image.open(root / "train" / "a" / "0.png")
    assert np.array_equal(data.train.images[0], fit_image(first, (16, 20), 1, "crop"))


def test_it_is_decoded_once(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = image_folder(tmp_path / "d")
    picture(root / "train" / "cat" / "large.png", 200, 200)
    first = load(root)
    monkeypatch.setattr(folders, "open_image", lambda *_, **__: pytest.fail("opened again"))
    again = load(root)
    assert again.fingerprint == first.fingerprint
    assert again.notes == first.notes != ()
    # the chosen size asked for by name is the same entry, as a run asks for it later
    asked = load(root, size=first.size, channels=first.channels)
    assert (asked.fingerprint, asked.kept) == (first.fingerprint, first.kept)


@pytest.mark.parametrize("change", ["touched", "added", "removed"])
def test_a_changed_folder_is_decoded_anew(cache: Path, tmp_path: Path, change: str) -> None:
    root = image_folder(tmp_path / "d")
    first = load(root)
    one = root / "train" / "cat" / "0.png"
    if change == "touched":
        picture(one, seed=99)
        os.utime(one, ns=(5, 5))
    elif change == "added":
        picture(root / "train" / "cat" / "new.png")
    else:
        one.unlink()
    assert load(root).fingerprint != first.fingerprint


@pytest.mark.parametrize("wanted", [{"size": (5, 5)}, {"fit": "squash"}, {"channels": 3}])
def test_each_form_has_an_entry_of_its_own(
    cache: Path, tmp_path: Path, wanted: dict[str, object]
) -> None:
    root = image_folder(tmp_path / "d")
    assert load(root).kept != load(root, **wanted).kept


def test_the_seed_splits_one_level(cache: Path, tmp_path: Path) -> None:
    for number in range(20):
        picture(tmp_path / "d" / f"{'ab'[number % 2]}" / f"{number}.png", seed=number)
    first, again, other = (load(tmp_path / "d", seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert (len(first.train), len(first.test)) == (16, 4)
    assert "held out" in first.notes[0]


def spoil(root: Path) -> None:
    """One empty, one of noise, one cut, one text: in both sets."""
    (root / "train" / "cat" / "empty.png").touch()
    (root / "train" / "dog" / "noise.jpg").write_bytes(pixels(500).tobytes())
    whole = picture(root / "test" / "dog" / "cut.png").read_bytes()
    (root / "test" / "dog" / "cut.png").write_bytes(whole[: len(whole) // 2])
    (root / "test" / "dog" / "notes.txt").write_text("n", encoding="utf-8")


def test_bad_files_are_refused_by_name_and_nothing_is_kept(cache: Path, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d")
    spoil(root)
    with pytest.raises(DataError) as caught:
        load(root)
    said = str(caught.value)
    assert said.startswith(f"{root}: 4 files cannot be used:\n  test/dog/notes.txt: is not named")
    assert "\n  train/cat/empty.png: is empty (0 bytes)\n" in said
    assert "\n  train/dog/noise.jpg: is not a PNG, JPEG, WebP or BMP image\n" in said
    assert "\n  test/dog/cut.png: is damaged (" in said
    assert said.endswith("what to do: mend or remove them, or pass them over with --on-bad skip")
    assert [path for path in (cache / "decoded").iterdir() if path.is_dir()] == []


def test_bad_files_are_skipped_as_told(cache: Path, tmp_path: Path, heard: list[Progress]) -> None:
    clean = load(image_folder(tmp_path / "clean"))
    root = image_folder(tmp_path / "d")
    spoil(root)
    for _ in range(2):  # decoded, and from the cache
        heard.clear()
        data = load_image_folder(root, Wanted(on_bad="skip"), heard.append)
        assert {skipped.path for skipped in data.skipped} == {
            "train/cat/empty.png",
            "train/dog/noise.jpg",
            "test/dog/cut.png",
            "test/dog/notes.txt",
        }
        assert np.array_equal(data.train.images, clean.train.images)
        assert np.array_equal(data.test.labels, clean.test.labels)
        assert any(one.important and "4 files" in one.text for one in heard)
    with pytest.raises(DataError, match="4 files cannot be used"):
        load(root)  # what one caller passed over, the next may refuse


@pytest.mark.parametrize(("part", "said"), [("train", "the class cat"), ("test", "the test set")])
def test_a_class_that_skipping_empties_is_an_error(
    cache: Path, tmp_path: Path, part: str, said: str
) -> None:
    root = image_folder(tmp_path / "d")
    spoiled = root / part / "cat" if part == "train" else root / part
    for path in spoiled.rglob("*.png"):
        path.write_bytes(b"x")
    with pytest.raises(DataError, match=f"no usable image is left in {said}"):
        load(root, on_bad="skip")


def test_a_bomb_is_refused_without_being_unpacked(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)  # Pillow warns above it
    root = image_folder(tmp_path / "d")
    picture(root / "train" / "cat" / "huge.png", 40, 40)
    with pytest.raises(DataError, match=r"huge.png: has more than .* pixels"):
        load(root)


def test_progress_is_counted_in_images(cache: Path, tmp_path: Path, heard: list[Progress]) -> None:
    root = image_folder(tmp_path / "d", train=12, test=8)
    load_image_folder(root, Wanted(), heard.append)
    assert heard[-1] == Progress(f"decoding {root}", 40, 40, "images")


def test_files_that_change_meanwhile_are_noticed(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = image_folder(tmp_path / "d")
    keep = folders.keep

    def keep_while_somebody_writes(*words: object) -> Data:
        picture(root / "train" / "cat" / "late.png")
        return keep(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(folders, "keep", keep_while_somebody_writes)
    with pytest.raises(DataError, match="files changed while they were read"):
        load(root)


def test_a_background_is_judged_before_padding(cache: Path, tmp_path: Path) -> None:
    """Photographs on white stay photographs on white, however black the padding."""
    for name in ("a", "b"):
        for number in range(4):
            for shade, root in ((240, "light"), (5, "dark")):
                path = tmp_path / root / name / f"{number}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                shown = np.full((10, 30), shade, np.uint8)
                shown[4:6, 10:20] = 128
                Image.fromarray(shown).save(path)
    light, dark = load(tmp_path / "light", size=(16, 16)), load(tmp_path / "dark", size=(16, 16))
    assert (light.dark_background, dark.dark_background) == (False, True)
    assert not light.train.images[:, :, 0].any()


def test_a_full_disk_is_seen_before_decoding(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "open_image", lambda *_, **__: pytest.fail("decoded"))
    free = SimpleNamespace(free=500 * 2**20)
    monkeypatch.setattr("convscope.data.cache.shutil.disk_usage", lambda path: free)
    with pytest.raises(DataError, match=r"604 MB are needed and 524 MB are free.*smaller --size"):
        load(image_folder(tmp_path / "d"), size=(4096, 4096), channels=3)


def test_blocks_are_written_as_they_come(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More images than one block holds give the same data."""
    root = image_folder(tmp_path / "d", train=20)
    whole = load(root)
    monkeypatch.setattr(folders, "_BLOCK_BYTES", 1)
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "another"))
    assert load(root).fingerprint == whole.fingerprint
