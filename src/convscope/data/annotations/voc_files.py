"""The XML files of Pascal VOC's kind in a folder: which they are, and what they are called."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.data.annotations.listing import Place
from convscope.data.annotations.parts import part_of_word
from convscope.errors import DataError

__all__ = ["VocFiles", "is_voc", "voc_files"]

_ANNOTATIONS = "annotations"
_SNIFFED = 8


@dataclass(frozen=True, slots=True)
class VocFiles:
    """The XML files, and the folder that holds ``Annotations`` ("" is the root).

    ``prefix`` is the way to them, which is no part of a name.
    """

    base: str
    prefix: str
    paths: tuple[str, ...]

    def name(self, path: str) -> str:
        """What a file is called in lists: without prefix and suffix."""
        return path.removeprefix(self.prefix)[: -len(".xml")]

    def beside(self, folder: str) -> str:
        """The path of a folder beside ``Annotations``."""
        return f"{self.base}/{folder}" if self.base else folder


def voc_files(place: Place) -> VocFiles:
    """The files in the folder ``Annotations``; without one, all XML files below the root.

    Several such folders are meant where they stand in train, test and the like;
    DataError otherwise.
    """
    paths = place.annotations.below("", ".xml")
    inside = [path for path in paths if _folder_of(path) is not None]
    prefixes = sorted({_folder_of(path) or "" for path in inside})
    bases = [prefix.rstrip("/").rpartition("/")[0] for prefix in prefixes]
    if all(part_of_word(base.rpartition("/")[2]) for base in bases):  # or there is none
        return VocFiles("", "", tuple(inside or paths))
    if len(bases) > 1:
        raise DataError(
            f"there are several data sets here: {', '.join(base or '.' for base in bases)}",
            place=str(place.images.root),
            remedy="give one of them",
        )
    return VocFiles(bases[0], prefixes[0], tuple(inside))


def is_voc(place: Place) -> bool:
    """Whether there are XML files, and some of the first ones speak of annotations."""
    paths = place.annotations.below("", ".xml")
    inside = [path for path in paths if _folder_of(path) is not None]
    return any(_speaks(place, path) for path in (inside or paths)[:_SNIFFED])


def _folder_of(path: str) -> str | None:
    """``VOC2007/Annotations/`` of ``VOC2007/Annotations/1.xml``; capitals are no matter."""
    folders = path.split("/")[:-1]
    for place, folder in enumerate(folders, 1):
        if folder.lower() == _ANNOTATIONS:
            return "/".join([*folders[:place], ""])
    return None


def _speaks(place: Place, path: str) -> bool:
    try:
        with (place.annotations.root / path).open("rb") as file:
            return b"<annotation" in file.read(4096)
    except OSError:
        return False
