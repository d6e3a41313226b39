"""Masks whose pixels are numbers of regions: palette or grey PNG, 255 = void.

``JPEGImages`` + ``SegmentationClass`` + ``ImageSets/Segmentation`` as Pascal VOC has them,
or a folder of images beside one of masks (``images`` + ``masks``), divided by folders such
as train and val inside or around them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotated import VOID
from convscope.data.annotations.files import Pictures, shortened, stem_of
from convscope.data.annotations.image_sets import Told, read_sets
from convscope.data.annotations.listing import Item, Listing, Place, class_names
from convscope.data.annotations.parts import Part, part_of_path
from convscope.data.images import Skipped
from convscope.data.opening import LARGEST_PIXELS, SUFFIXES
from convscope.errors import DataError

__all__ = ["IndexMask", "has_masks", "read_index_mask", "read_masks"]

_SUFFIXES = (".png", ".bmp")
_MASKS = ("segmentationclass", "masks", "mask", "labels", "annotations")
_IMAGES = ("jpegimages", "images", "image", "imgs", "img")
_ENDINGS = ("_mask", "-mask", "_label", "_labels")
_MODES = ("P", "L", "1", "I", "I;16", "I;16B", "I;16L")


def read_index_mask(path: Path) -> NDArray[np.uint8]:
    """The numbers of a mask as they stand in the file, H×W; a palette's colours are no matter."""
    try:
        with Image.open(path, formats=("PNG", "BMP")) as image:
            if image.width * image.height > LARGEST_PIXELS:
                raise DataError(f"has more than {LARGEST_PIXELS:,} pixels")
            if image.mode not in _MODES:
                raise DataError(
                    f"is a picture of colours ({image.mode}), not of numbers: a mask is a grey "
                    "or palette PNG whose values are regions"
                )
            values: NDArray[Any] = np.asarray(image)
    except DataError:
        raise
    except Exception as problem:  # Pillow's decoders raise whatever a damaged file provokes
        said = str(problem).strip().split("\n")[0].replace(str(path), path.name)
        raise DataError(f"the mask is damaged ({said or type(problem).__name__})") from problem
    for extreme in (int(values.min()), int(values.max())):
        if not 0 <= extreme <= VOID:
            raise DataError(f"holds the number {extreme}: a region is 0 to 254, and 255 is void")
    return values.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class IndexMask:
    """A mask in a file of its own; ``known`` regions where their names are told, else 0."""

    root: Path
    path: str
    known: int

    def read(self, size: tuple[int, int]) -> NDArray[np.uint8]:
        """H×W; DataError where the size is another, or a number has no name."""
        mask = read_index_mask(self.root / self.path)
        if mask.shape != size:
            raise DataError(
                f"the mask is {mask.shape[0]}×{mask.shape[1]} (height × width), "
                f"its image {size[0]}×{size[1]}"
            )
        if self.known:
            unknown = np.flatnonzero(np.bincount(mask.ravel(), minlength=256)[self.known : VOID])
            if len(unknown):
                numbers = ", ".join(str(self.known + one) for one in unknown[:5].tolist())
                row, column = np.argwhere(mask == self.known + unknown[0])[0].tolist()
                raise DataError(
                    f"holds {numbers} (first at row {row}, column {column}), "
                    f"and classes.txt names 0 to {self.known - 1}"
                )
        return mask


def has_masks(place: Place) -> bool:
    """Whether there is a folder of masks that has images beside it."""
    return bool(_folders(place))


def read_masks(place: Place) -> Listing:
    """All masks with their images.

    The regions are the lines of ``classes.txt`` (the first is the number 0); without one
    they are numbered when all masks have been read.
    """
    folders = _folders(place)
    if not folders:
        raise DataError("there is no folder of masks", place=str(place.annotations.root))
    base = next(iter(folders)).rpartition("/")[0]
    regions = class_names(place, base)
    if len(regions) > VOID:
        raise DataError(f"{len(regions)} regions are more than a mask can tell apart")
    keys: list[str] = []
    items: dict[str, Item] = {}
    faults: list[Skipped] = []
    unused = 0
    for masks, images in folders.items():
        pictures = place.images.below(images, *SUFFIXES)
        finder = Pictures(pictures)
        taken: dict[str, str] = {}
        for path in place.annotations.below(masks, *_SUFFIXES):
            keys.append(path)
            try:
                items[path] = _item(place, path, masks, images, finder, taken, len(regions))
            except DataError as problem:
                faults.append(Skipped(place.shown(path), problem.problem))
        unused += len(pictures) - len(taken)
    parts, more, notes = _parts(place, base, keys)
    if unused:
        notes.append(f"images without a mask, not used: {unused:,}")
    found = (*faults, *more)
    return Listing(
        "masks", "masks", items, parts, regions=regions, faults=found, notes=tuple(notes)
    )


def _item(
    place: Place,
    path: str,
    masks: str,
    images: str,
    finder: Pictures,
    taken: dict[str, str],
    known: int,
) -> Item:
    inside = path.removeprefix(f"{masks}/")
    image = _image_of(inside, images, finder)
    if image in taken:
        raise DataError(f'its image "{image}" belongs to {taken[image]} already')
    taken[image] = path
    mask = IndexMask(place.annotations.root, path, known)
    return Item(_bare(inside), image, place.shown(path), mask=mask)


def _folders(place: Place) -> dict[str, str]:
    """Each folder of masks and the folder of images that belongs to it.

    What was said to be the annotations is a folder of masks, whatever it is called.
    """
    if place.chosen:
        inside = bool(place.annotations.below("", *_SUFFIXES))
        named = [folder for folder in sorted(place.images.folders) if _is(folder, _IMAGES)]
        return {"": named[0] if named else ""} if inside else {}
    found: dict[str, str] = {}
    for word in _MASKS:
        for folder in sorted(place.images.folders):
            if not _is(folder, (word,)) or not place.annotations.below(folder, *_SUFFIXES):
                continue
            parent = folder.rpartition("/")[0]
            beside = [
                other
                for other in sorted(place.images.folders)
                if other.rpartition("/")[0] == parent and _is(other, _IMAGES)
            ]
            if beside:
                found[folder] = beside[0]
        if found:
            break
    return found


def _is(folder: str, words: tuple[str, ...]) -> bool:
    return folder.rpartition("/")[2].lower() in words


def _bare(path: str) -> str:
    """A mask's path without suffix, and without an ending such as ``_mask``."""
    stem = path.rpartition(".")[0]
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return stem


def _image_of(inside: str, folder: str, pictures: Pictures) -> str:
    """The image at the same place below its folder, whatever its suffix."""
    prefix = f"{folder}/" if folder else ""
    for stem in dict.fromkeys((inside.rpartition(".")[0], _bare(inside))):
        found = pictures.of_stem(stem.rpartition("/")[2], f"{prefix}{stem}.png")
        if found and found.rpartition(".")[0] == f"{prefix}{stem}":
            return found
    raise DataError(f'its image "{shortened(_bare(inside))}" is missing')


def _parts(place: Place, base: str, keys: list[str]) -> Told:
    """By ImageSets/Segmentation, whose lists hold bare names; else by folders."""
    by_name = {stem_of(key): key for key in keys}
    told = read_sets(place, f"{base}/ImageSets/Segmentation".lstrip("/"), list(by_name), "mask")
    if told is not None:
        parts, faults, notes = told
        named = {part: tuple(by_name[name] for name in names) for part, names in parts.items()}
        return named, faults, notes
    found: dict[Part | None, list[str]] = {}
    for key in keys:
        found.setdefault(part_of_path(key), []).append(key)
    return {part: tuple(names) for part, names in found.items()}, [], []
