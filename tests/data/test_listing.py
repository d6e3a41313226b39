"""Which files a folder holds, in which class and set."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from convscope.data.images import Skipped
from convscope.data.listing import bad_files, list_images
from convscope.errors import DataError
from tests.data.making import image_folder


def fill(root: Path, *paths: str) -> Path:
    """Empty files: a listing opens none."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


def paths(files) -> list[str]:  # type: ignore[no-untyped-def]
    return [file.path for file in files]


def test_training_and_test_folders(tmp_path: Path) -> None:
    listing = list_images(image_folder(tmp_path, train=2, test=1), 0)
    assert listing.classes == ("cat", "dog")
    assert paths(listing.train) == [
        "train/cat/0.png",
        "train/cat/1.png",
        "train/dog/0.png",
        "train/dog/1.png",
    ]
    assert [file.label for file in listing.train] == [0, 0, 1, 1]
    assert paths(listing.test) == ["test/cat/0.png", "test/dog/0.png"]
    assert listing.notes == listing.skipped == ()


@pytest.mark.parametrize("name", ["val", "valid", "validation", "VAL"])
def test_a_validation_set_serves_for_testing_or_joins_training(tmp_path: Path, name: str) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", f"{name}/a/2.png", f"{name}/b/2.png")
    listing = list_images(tmp_path, 0)
    assert paths(listing.test) == [f"{name}/a/2.png", f"{name}/b/2.png"]
    assert listing.notes == (f'the folder "{name}" serves as the test set',)
    fill(tmp_path, "test/a/3.png", "test/b/3.png")
    listing = list_images(tmp_path, 0)
    assert paths(listing.test) == ["test/a/3.png", "test/b/3.png"]
    assert len(listing.train) == 4
    assert listing.notes == (f'the images in "{name}" are used for training',)


def test_one_level_is_split_by_the_seed(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{name}/{n}.jpg" for name in "ab" for n in range(10)))
    listing = list_images(tmp_path, 0)
    assert len(listing.train), len(listing.test) == (16, 4)
    assert [file.label for file in listing.test] == [0, 0, 1, 1]
    assert not set(paths(listing.train)) & set(paths(listing.test))
    assert listing == list_images(tmp_path, 0)
    assert listing.test != list_images(tmp_path, 1).test
    assert listing.notes == ("no test set: 20% of each class is held out as one, by seed 0",)


def test_a_training_folder_alone_is_split_too(tmp_path: Path) -> None:
    fill(tmp_path, *(f"train/{name}/{n}.jpg" for name in "ab" for n in range(5)), "extra/x/1.png")
    listing = list_images(tmp_path, 0)
    assert (len(listing.train), len(listing.test)) == (8, 2)
    assert listing.notes[0] == "not used: extra"


def test_train_may_be_a_class_among_vehicles(tmp_path: Path) -> None:
    fill(tmp_path, *(f"{name}/{n}.png" for name in ("bus", "train") for n in range(3)))
    assert list_images(tmp_path, 0).classes == ("bus", "train")


def test_classes_are_sorted_and_numbers_as_numbers(tmp_path: Path) -> None:
    fill(tmp_path / "a", *(f"{n}/{i}.png" for n in (10, 9, 1) for i in range(2)))
    fill(tmp_path / "b", *(f"{n}/{i}.png" for n in ("10", "9", "x") for i in range(2)))
    assert list_images(tmp_path / "a", 0).classes == ("1", "9", "10")
    assert list_images(tmp_path / "b", 0).classes == ("10", "9", "x")


def test_folders_below_a_class_count_and_hidden_files_do_not(tmp_path: Path) -> None:
    image_folder(tmp_path)
    fill(
        tmp_path,
        "train/cat/deep/er/x.JPG",
        "train/cat/.DS_Store",
        "train/cat/Thumbs.db",
        "train/.hidden/x.png",
        "train/cat/.cache/x.png",
        "notes.txt",
    )
    listing = list_images(tmp_path, 0)
    assert "train/cat/deep/er/x.JPG" in paths(listing.train)
    assert len(listing.train) == 9
    assert listing.skipped == ()


def test_files_that_are_no_images_are_listed(tmp_path: Path) -> None:
    fill(image_folder(tmp_path), "train/cat/notes.txt", "test/dog/x.gif")
    listing = list_images(tmp_path, 0)
    assert [skipped.path for skipped in listing.skipped] == [
        "train/cat/notes.txt",
        "test/dog/x.gif",
    ]
    assert listing.skipped[0].reason == "is not named as PNG, JPEG, WebP or BMP"


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need rights there")
def test_a_dangling_link_is_listed(tmp_path: Path) -> None:
    image_folder(tmp_path)
    (tmp_path / "train" / "cat" / "x.png").symlink_to(tmp_path / "none.png")
    assert [one.path for one in list_images(tmp_path, 0).skipped] == ["train/cat/x.png"]


def test_the_content_changes_with_every_file(tmp_path: Path) -> None:
    image_folder(tmp_path)
    first = list_images(tmp_path, 0).content
    assert first == list_images(tmp_path, 0).content
    one = tmp_path / "train" / "cat" / "0.png"
    os.utime(one, ns=(1, 1))
    second = list_images(tmp_path, 0).content
    one.rename(one.with_name("00.png"))
    third = list_images(tmp_path, 0).content
    fill(tmp_path, "train/dog/x.txt")
    assert len({first, second, third, list_images(tmp_path, 0).content}) == 4


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ((), "holds no folders of classes; at least two are needed"),
        (("1.png", "2.png"), "holds no folders of classes"),
        (("a/1.png", "a/2.png"), r'holds one class \("a"\); at least two'),
        (("train/1.png", "test/2.png"), "test and train hold no folders of classes"),
        (("train/a/1.png", "test/a/1.png"), r'holds one class \("a"\)'),
        (
            ("train/a/1.png", "train/b/1.png", "test/a/1.png", "test/c/1.png"),
            "holds classes that train lacks: c",
        ),
        (("train/a/1.png", "train/b/x.txt", "test/a/1.png"), "no training image of the class b"),
        (("train/a/1.png", "train/b/1.png", "test/a/x.txt"), "the test set holds no image"),
        (("a/1.png", "a/2.png", "b/1.png"), 'class "b" has one image; two are needed'),
        (("a/1.png", "a/2.png", "b/x.txt"), "no training image of the class b"),
        (("test/a/1.png", "test/b/1.png", "a/1.png"), r'a test set \("test"\) and no training'),
    ],
)
def test_what_is_no_set_of_classes_is_refused(
    tmp_path: Path, files: tuple[str, ...], said: str
) -> None:
    fill(tmp_path, *files)
    with pytest.raises(DataError, match=said):
        list_images(tmp_path, 0)


def test_a_class_without_test_images_is_noted(tmp_path: Path) -> None:
    fill(tmp_path, "train/a/1.png", "train/b/1.png", "test/a/1.png")
    assert list_images(tmp_path, 0).notes == ("the test set has no image of b",)


def test_bad_files_are_counted_and_the_first_named() -> None:
    many = [Skipped(f"{n}.png", "is empty") for n in range(25)]
    lines = bad_files(many).splitlines()
    assert lines[0] == "25 files cannot be used:"
    assert lines[1] == "  0.png: is empty"
    assert lines[-1] == "  and 5 more"
    assert bad_files(many[:1]) == "1 file cannot be used:\n  0.png: is empty"
