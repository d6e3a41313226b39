"""A folder of images: which files it holds, in which class and set, before one is opened.

``DIR/train/CLASS/…`` and ``DIR/test/CLASS/…`` (``val`` or ``valid`` too), or
``DIR/CLASS/…``, of which a seeded part becomes the test set.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from convscope.data.images import Skipped, split_indices
from convscope.data.opening import SUFFIXES
from convscope.errors import DataError

__all__ = ["TEST_SHARE", "ImageFile", "Listing", "bad_files", "list_images", "split_note"]

TEST_SHARE = 0.2
"""Of each class, where a folder has no test set of its own."""

_TRAIN = ("train", "training")
_TEST = ("test", "testing")
_VALIDATION = ("val", "valid", "validation")
_SHOWN = 20
_JUNK = ("thumbs.db", "desktop.ini")
_LAYOUT = "put the images into DIR/train/CLASS/ and DIR/test/CLASS/, or into DIR/CLASS/"


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file: its path from the root with ``/``, its class, and the state it was seen in."""

    path: str
    label: int
    size: int
    modified: int


@dataclass(frozen=True, slots=True)
class Listing:
    """What a folder holds, class by class."""

    root: Path
    classes: tuple[str, ...]
    train: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...]

    @property
    def content(self) -> str:
        """SHA-256 over the paths, classes, sizes and times of all files: changes with any."""
        digest = hashlib.sha256(json.dumps([str(self.root), self.classes]).encode())
        for part in (self.train, self.test):
            for file in part:
                line = f"{file.path}\0{file.label}\0{file.size}\0{file.modified}\n"
                digest.update(line.encode(errors="surrogateescape"))
            digest.update(b"\n")
        for skipped in self.skipped:
            digest.update(f"{skipped.path}\n".encode(errors="surrogateescape"))
        return digest.hexdigest()


def list_images(root: Path, seed: int) -> Listing:
    """Reads the folder's names, sizes and times; every decision about sets falls here."""
    folders = _subfolders(root)
    sets = {name.lower(): folder for name, folder in folders.items()}
    train, test, validation = (_first(sets, words) for words in (_TRAIN, _TEST, _VALIDATION))
    if train is None or not _subfolders(train):
        _refuse_sets_without_classes(root, folders, test or validation)
        return _split_listing(root, root, seed, ())
    notes = []
    unused = sorted(set(folders.values()) - {train, test, validation})
    if unused:
        notes.append(f"not used: {', '.join(folder.name for folder in unused)}")
    if test is None and validation is None:
        return _split_listing(root, train, seed, tuple(notes))
    more = None
    if test is None:
        test = validation
        notes.append(f'the folder "{test.name if test else ""}" serves as the test set')
    elif validation is not None:
        more = validation
        notes.append(f'the images in "{validation.name}" are used for training')
    return _listing(root, train, test, more, notes)


def split_note(seed: int) -> str:
    """What is said where a folder has no test set of its own."""
    return f"no test set: {TEST_SHARE:.0%} of each class is held out as one, by seed {seed}"


def bad_files(skipped: Sequence[Skipped]) -> str:
    """How many files cannot be used, and the first of them with the reason, one a line."""
    lines = [f"\n  {one.path}: {one.reason}" for one in skipped[:_SHOWN]]
    rest = len(skipped) - len(lines)
    more = f"\n  and {rest:,} more" if rest else ""
    many = "file" if len(skipped) == 1 else "files"
    return f"{len(skipped):,} {many} cannot be used:{''.join(lines)}{more}"


def _listing(
    root: Path, train: Path, test: Path | None, more: Path | None, notes: list[str]
) -> Listing:
    """The listing of a folder that has a training and a test set."""
    classes = _class_names(train)
    skipped: list[Skipped] = []
    sets: list[tuple[ImageFile, ...]] = []
    for folders in ((train, more), (test,)):
        files: list[ImageFile] = []
        for folder in folders:
            if folder is not None:
                _refuse_unknown_classes(folder, classes, train)
                files += _files(root, folder, classes, skipped)
        sets.append(tuple(files))
    absent = [name for label, name in enumerate(classes) if not _of(sets[1], label)]
    if absent:
        notes.append(f"the test set has no image of {', '.join(absent)}")
    if not sets[1]:
        raise DataError("the test set holds no image", place=str(test), remedy=_LAYOUT)
    _refuse_empty_classes(root, classes, sets[0])
    return Listing(root, classes, sets[0], sets[1], tuple(skipped), tuple(notes))


def _split_listing(root: Path, folder: Path, seed: int, notes: tuple[str, ...]) -> Listing:
    """The listing of a folder without a test set: one is drawn, by ``seed``."""
    classes = _class_names(folder)
    skipped: list[Skipped] = []
    files = _files(root, folder, classes, skipped)
    _refuse_empty_classes(root, classes, files)
    for label, name in enumerate(classes):
        if len(_of(files, label)) < 2:
            raise DataError(
                f'class "{name}" has one image; two are needed, for training and for testing',
                place=str(root),
            )
    labels = np.array([file.label for file in files], np.int64)
    stays, held = split_indices(labels, TEST_SHARE, seed)
    return Listing(
        root,
        classes,
        tuple(files[index] for index in stays),
        tuple(files[index] for index in held),
        tuple(skipped),
        (*notes, split_note(seed)),
    )


def _files(
    root: Path, folder: Path, classes: tuple[str, ...], skipped: list[Skipped]
) -> list[ImageFile]:
    """All files below the classes of one set, sorted; what is no image goes to ``skipped``."""
    found = []
    for label, name in enumerate(classes):
        for path in _walk(folder / name):
            shown = path.relative_to(root).as_posix()
            if path.suffix.lower() not in SUFFIXES:
                skipped.append(Skipped(shown, "is not named as PNG, JPEG, WebP or BMP"))
                continue
            try:
                state = path.stat()
            except OSError as problem:
                skipped.append(Skipped(shown, f"cannot be read ({problem.strerror})"))
                continue
            found.append(ImageFile(shown, label, state.st_size, state.st_mtime_ns))
    return found


def _walk(folder: Path) -> list[Path]:
    """Files below a folder, sorted by path; hidden ones and those of file browsers do not count."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        names = [n for n in names if not n.startswith(".") and n.lower() not in _JUNK]
        found += [Path(place, name) for name in names]
    return sorted(found)


def _subfolders(folder: Path) -> dict[str, Path]:
    try:
        found = [path for path in folder.iterdir() if path.is_dir()]
    except OSError as problem:
        raise DataError(f"cannot be read ({problem.strerror})", place=str(folder)) from problem
    shown = [p for p in found if not p.name.startswith(".") and p.name != "__MACOSX"]
    return {path.name: path for path in shown}


def _class_names(folder: Path) -> tuple[str, ...]:
    """The names of the subfolders, sorted; as numbers where all of them are numbers."""
    names = sorted(_subfolders(folder))
    if all(name.isascii() and name.isdigit() for name in names):
        names.sort(key=int)
    if len(names) < 2:
        found = f'one class ("{names[0]}")' if names else "no folders of classes"
        raise DataError(
            f"holds {found}; at least two are needed", place=str(folder), remedy=_LAYOUT
        )
    return tuple(names)


def _refuse_sets_without_classes(root: Path, folders: dict[str, Path], test: Path | None) -> None:
    """``train`` and ``test`` that hold images directly are not two classes."""
    sets = {*_TRAIN, *_TEST, *_VALIDATION}
    if folders and {name.lower() for name in folders} <= sets:
        names = " and ".join(sorted(folders))
        raise DataError(f"{names} hold no folders of classes", place=str(root), remedy=_LAYOUT)
    if test is not None and _subfolders(test):
        raise DataError(
            f'holds a test set ("{test.name}") and no training set ("train")',
            place=str(root),
            remedy=_LAYOUT,
        )


def _refuse_unknown_classes(folder: Path, classes: tuple[str, ...], train: Path) -> None:
    unknown = sorted(set(_subfolders(folder)) - set(classes))
    if unknown:
        raise DataError(
            f"holds classes that {train.name} lacks: {', '.join(unknown)}",
            place=str(folder),
            remedy="every class needs training images: move or rename these folders",
        )


def _refuse_empty_classes(root: Path, classes: tuple[str, ...], files: Sequence[ImageFile]) -> None:
    empty = [name for label, name in enumerate(classes) if not _of(files, label)]
    if empty:
        raise DataError(
            f"no training image of the class {', '.join(empty)}",
            place=str(root),
            remedy="fill the folder, or remove it",
        )


def _of(files: Sequence[ImageFile], label: int) -> list[ImageFile]:
    return [file for file in files if file.label == label]


def _first(folders: dict[str, Path], words: tuple[str, ...]) -> Path | None:
    return next((folders[word] for word in words if word in folders), None)
