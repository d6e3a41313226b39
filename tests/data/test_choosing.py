"""The size and the colours of a folder where nobody says."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from convscope.data import choosing
from convscope.data.choosing import Choice, Wanted, choose, default_size
from convscope.data.listing import list_images
from convscope.errors import DataError
from tests.data.making import image_folder, picture


@pytest.mark.parametrize(
    ("sizes", "size", "note"),
    [
        ([(28, 28)] * 3, (28, 28), ""),
        ([(128, 96)] * 3, (128, 96), ""),
        ([(480, 640)] * 3, (48, 64), "all images are 480×640: brought to 48×64"),
        ([(10, 10), (20, 30), (40, 50)], (20, 32), "median 20×30): brought to 20×32"),
        ([(1, 900), (1, 1000)], (8, 64), "brought to 8×64"),
        ([(3, 3), (5, 5)], (8, 8), "brought to 8×8"),
    ],
)
def test_the_default_size(sizes, size, note) -> None:  # type: ignore[no-untyped-def]
    chosen, said = default_size(sizes)
    assert chosen == size
    assert note in said
    assert bool(said) == bool(note)


def chosen(root: Path, wanted: Wanted) -> Choice:
    with ThreadPoolExecutor(2) as pool:
        return choose(list_images(root, 0), wanted, pool)


def test_grey_stays_grey_and_one_colour_image_colours_all(cache: Path, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d")
    assert chosen(root, Wanted()) == Choice((12, 10), 1)
    picture(root / "test" / "dog" / "x.jpg", grey=False)
    assert chosen(root, Wanted()) == Choice((12, 10), 3)
    assert chosen(root, Wanted(channels=1)) == Choice((12, 10), 1)
    assert chosen(root, Wanted(size=(4, 4))) == Choice((4, 4), 3)


def test_a_choice_is_remembered(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = image_folder(tmp_path / "d")
    picture(root / "train" / "cat" / "large.png", 300, 200)
    first = chosen(root, Wanted())
    assert first.note
    monkeypatch.setattr(choosing, "measure", lambda path: pytest.fail("opened again"))
    assert chosen(root, Wanted()) == first
    assert chosen(root, Wanted(size=(9, 9))).note == ""
    assert chosen(root, Wanted(size=(9, 9), channels=3)) == Choice((9, 9), 3)


def test_a_damaged_memory_is_made_anew(cache: Path, tmp_path: Path) -> None:
    root = image_folder(tmp_path / "d")
    chosen(root, Wanted())
    (path,) = (cache / "chosen").iterdir()
    path.write_text('{"size": 3', encoding="utf-8")
    assert chosen(root, Wanted()) == Choice((12, 10), 1)


def test_damaged_files_do_not_count_and_all_damaged_is_an_error(
    cache: Path, tmp_path: Path
) -> None:
    root = image_folder(tmp_path / "d", train=1, test=1)
    files = sorted(root.rglob("*.png"))
    files[0].write_bytes(b"x")
    assert chosen(root, Wanted()).size == (12, 10)
    for path in files:
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"4 files cannot be used:\n.*is empty"):
        chosen(root, Wanted())
