"""How other programs write boxes, masks and captions: each function gives a file's text.

Pascal VOC (Everingham et al. 2010), COCO (Lin et al. 2014), Flickr8k (Hodosh et al. 2013).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from convscope.data.annotated import Objects
from convscope.data.scenes.scene import Scene

__all__ = ["caption_table", "coco_annotations", "coco_categories", "run_lengths", "voc_xml"]


def voc_xml(filename: str, size: tuple[int, int], objects: Objects, classes: Sequence[str]) -> str:
    """A file of ``Annotations``.  VOC counts pixels from 1, and both ends belong to a box."""
    height, width = size
    lines = [
        "<annotation>",
        f"  <filename>{escape(filename)}</filename>",
        "  <source><database>convscope scenes</database></source>",
        f"  <size><width>{width}</width><height>{height}</height><depth>1</depth></size>",
        "  <segmented>0</segmented>",
    ]
    for box, label, difficult in zip(
        objects.boxes.astype(int).tolist(), objects.labels, objects.difficult, strict=True
    ):
        left, top, right, bottom = box
        lines += [
            "  <object>",
            f"    <name>{escape(classes[label])}</name>",
            f"    <difficult>{int(difficult)}</difficult>",
            f"    <bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin>"
            f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox>",
            "  </object>",
        ]
    return "\n".join([*lines, "</annotation>", ""])


def coco_categories(classes: Sequence[str]) -> list[dict[str, Any]]:
    """The classes, numbered from 1."""
    return [
        {"id": number, "name": name, "supercategory": "garment"}
        for number, name in enumerate(classes, 1)
    ]


def coco_annotations(scene: Scene, image: int, first: int) -> list[dict[str, Any]]:
    """The objects of the image ``image``, numbered from ``first``; difficult ones are crowds."""
    found = []
    for place, (box, number) in enumerate(
        zip(scene.objects.boxes.astype(int).tolist(), scene.numbers, strict=True)
    ):
        left, top, right, bottom = box
        pixels = scene.owners == number
        found.append(
            {
                "id": first + place,
                "image_id": image,
                "category_id": int(scene.objects.labels[place]) + 1,
                "bbox": [left, top, right - left, bottom - top],
                "area": int(pixels.sum()),
                "iscrowd": int(scene.objects.difficult[place]),
                "segmentation": {"size": list(pixels.shape), "counts": run_lengths(pixels)},
            }
        )
    return found


def run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """How many pixels outside, inside, outside, … column by column; the first may be 0."""
    flat = mask.T.ravel()
    ends = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff([0, *ends.tolist(), flat.size]).tolist()
    return [0, *lengths] if flat[0] else lengths


def caption_table(captions: Iterable[tuple[str, Sequence[str]]]) -> str:
    """``image,caption`` and a line for each sentence of each image."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("image", "caption"))
    writer.writerows((image, sentence) for image, own in captions for sentence in own)
    return file.getvalue()
