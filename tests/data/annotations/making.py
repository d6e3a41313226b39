"""Little folders in each format, written here by hand: nothing of ours that writes is used."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.data.making import picture

Thing = tuple[str, tuple[float, float, float, float]]
"""A class and xmin, ymin, xmax, ymax as they are to stand in the file."""


def voc_text(
    filename: str, things: Iterable[Thing], size: tuple[int, int] | None = (20, 30), **extra: str
) -> str:
    """An annotation of an image of (height, width)."""
    root = ElementTree.Element("annotation")
    ElementTree.SubElement(root, "filename").text = filename
    if size is not None:
        sizes = ElementTree.SubElement(root, "size")
        for key, value in (("width", size[1]), ("height", size[0]), ("depth", 3)):
            ElementTree.SubElement(sizes, key).text = str(value)
    for name, box in things:
        thing = ElementTree.SubElement(root, "object")
        ElementTree.SubElement(thing, "name").text = name
        for key, text in extra.items():
            ElementTree.SubElement(thing, key).text = text
        corners = ElementTree.SubElement(thing, "bndbox")
        for key, edge in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True):
            ElementTree.SubElement(corners, key).text = f"{edge}"
    return ElementTree.tostring(root, encoding="unicode")


def voc_folder(root: Path, count: int = 6, sets: Mapping[str, Sequence[int]] | None = None) -> Path:
    """``count`` images 20 high and 30 wide, each with a cat, and every second with a dog."""
    for number in range(count):
        picture(root / "JPEGImages" / f"{number}.png", 20, 30, grey=False, seed=number)
        things: list[Thing] = [("cat", (1, 1, 10 + number, 12))]
        if number % 2 == 0:
            things.append(("dog", (5, 6, 30, 20)))
        write(root / "Annotations" / f"{number}.xml", voc_text(f"{number}.png", things))
    for name, numbers in (sets or {}).items():
        lines = "".join(f"{number}\n" for number in numbers)
        write(root / "ImageSets" / "Main" / f"{name}.txt", lines)
    return root


def coco_record(count: int = 6, first: int = 0) -> dict[str, Any]:
    """What ``voc_folder`` says, as COCO says it; file names are ``NUMBER.png``."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number in range(first, first + count):
        images.append({"id": number, "file_name": f"{number}.png", "width": 30, "height": 20})
        boxes = [(3, [0, 0, 10 + number, 12])] + ([(7, [4, 5, 26, 15])] if number % 2 == 0 else [])
        for category, box in boxes:
            annotations.append(
                {
                    "id": len(annotations) + 100 * number,
                    "image_id": number,
                    "category_id": category,
                    "bbox": box,
                    "iscrowd": 0,
                    "segmentation": [corners_of(box)],
                }
            )
    categories = [{"id": 7, "name": "dog"}, {"id": 3, "name": "cat"}]
    return {"images": images, "annotations": annotations, "categories": categories}


def corners_of(box: Sequence[float]) -> list[float]:
    """A box of x, y, width, height as a polygon."""
    x, y, width, height = box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def coco_folder(root: Path, record: Mapping[str, Any] | None = None, count: int = 6) -> Path:
    """Images in ``images``, one file ``annotations/instances.json``."""
    for number in range(count):
        picture(root / "images" / f"{number}.png", 20, 30, grey=False, seed=number)
    write_json(root / "annotations" / "instances.json", record or coco_record(count))
    return root


def mask_folder(root: Path, masks: Sequence[NDArray[np.uint8]], *, palette: bool = False) -> Path:
    """``images/N.png`` of the masks' sizes, ``masks/N.png``."""
    for number, mask in enumerate(masks):
        picture(root / "images" / f"{number}.png", *mask.shape, seed=number)
        save_mask(root / "masks" / f"{number}.png", mask, palette=palette)
    return root


def save_mask(path: Path, mask: NDArray[np.uint8], *, palette: bool = False) -> None:
    """A mask as a grey PNG, or as one with a palette in which nothing looks like its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(mask)
    if palette:
        image.putpalette([255 - value // 3 for value in range(768)])
        assert image.mode == "P"
    image.save(path)


def caption_folder(root: Path, text: str | None = None, count: int = 6) -> Path:
    """``Images/N.jpg`` and ``captions.txt``: by default two sentences an image, as Flickr8k."""
    for number in range(count):
        picture(root / "Images" / f"{number}.jpg", 12, 10 + number, grey=False, seed=number)
    lines = [
        f"{number}.jpg#{k}\tpicture {number}, seen {k} times ."
        for number in range(count)
        for k in range(2)
    ]
    write(root / "captions.txt", "\n".join(lines) if text is None else text)
    return root


def write(path: Path, text: str) -> Path:
    """A text in UTF-8, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def write_json(path: Path, value: object) -> Path:
    """A value as JSON."""
    return write(path, json.dumps(value))
