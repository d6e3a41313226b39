"""Writers of scenes and clips: one for each form that other programs read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotations.parts import Part
from convscope.data.palette import mask_png
from convscope.data.scenes.clip import Clip
from convscope.data.scenes.formats import (
    caption_table,
    coco_annotations,
    coco_categories,
    voc_xml,
)
from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.loading import REGIONS
from convscope.data.scenes.scene import Scene

__all__ = ["FORMS", "WRITERS", "Clips", "Form", "Writer", "write_text"]

Form = Literal["voc", "coco", "masks", "captions"]
FORMS: tuple[Form, ...] = get_args(Form)

_LISTS: dict[Part, str] = {"train": "train", "validation": "val", "test": "test"}
"""What a part is called in names of files."""


class Writer:
    """Takes scenes one by one; what is known of all of them is written at the end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: dict[Part, list[str]] = {}

    def add(self, part: Part, name: str, scene: Any) -> None:
        """One scene or clip."""
        self.names.setdefault(part, []).append(name)
        self.write(part, name, scene)

    def write(self, part: Part, name: str, scene: Any) -> None:
        """The files of one scene or clip."""
        raise NotImplementedError

    def finish(self) -> None:
        """The files that are about all of them."""
        raise NotImplementedError

    def lists(self, folder: str, *, ending: str = "", suffix: str = "") -> None:
        """A list of names for each part, called train, val and test (with an ``ending``)."""
        for part, names in self.names.items():
            text = "".join(f"{name}{suffix}\n" for name in names)
            write_text(self.folder / folder / f"{_LISTS[part]}{ending}.txt", text)


class Voc(Writer):
    """``Annotations``, ``JPEGImages`` (PNG, nothing is lost), ``ImageSets/Main``."""

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "JPEGImages" / f"{name}.png", _png(scene.picture[0]))
        size = (scene.owners.shape[0], scene.owners.shape[1])
        text = voc_xml(f"{name}.png", size, scene.objects, CLASSES)
        write_text(self.folder / "Annotations" / f"{name}.xml", text)

    def finish(self) -> None:
        self.lists("ImageSets/Main")
        write_text(self.folder / "classes.txt", "".join(f"{name}\n" for name in CLASSES))


class Masks(Writer):
    """``JPEGImages``, ``SegmentationClass`` (palette PNG), ``ImageSets/Segmentation``."""

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "JPEGImages" / f"{name}.png", _png(scene.picture[0]))
        _write(self.folder / "SegmentationClass" / f"{name}.png", mask_png(scene.mask))

    def finish(self) -> None:
        self.lists("ImageSets/Segmentation")
        write_text(self.folder / "classes.txt", "".join(f"{name}\n" for name in REGIONS))


class Coco(Writer):
    """``annotations/instances_train.json`` … beside folders of images of the same names."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._images: dict[Part, list[dict[str, Any]]] = {}
        self._annotations: dict[Part, list[dict[str, Any]]] = {}

    def write(self, part: Part, name: str, scene: Scene) -> None:
        images = self._images.setdefault(part, [])
        annotations = self._annotations.setdefault(part, [])
        height, width = scene.owners.shape
        number = len(images) + 1
        file = f"{name}.png"
        _write(self.folder / _LISTS[part] / file, _png(scene.picture[0]))
        images.append({"id": number, "file_name": file, "width": width, "height": height})
        annotations += coco_annotations(scene, number, len(annotations) + 1)

    def finish(self) -> None:
        for part, images in self._images.items():
            record = {
                "info": {"description": "scenes of garments, made by convscope"},
                "images": images,
                "annotations": self._annotations[part],
                "categories": coco_categories(CLASSES),
            }
            path = self.folder / "annotations" / f"instances_{_LISTS[part]}.json"
            write_text(path, json.dumps(record))


class Captions(Writer):
    """``Images``, ``captions.txt`` (image, caption), and lists as Flickr8k has them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._captions: list[tuple[str, tuple[str, ...]]] = []

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "Images" / f"{name}.png", _png(scene.picture[0]))
        self._captions.append((f"{name}.png", scene.captions))

    def finish(self) -> None:
        write_text(self.folder / "captions.txt", caption_table(self._captions))
        self.lists(".", ending="Images", suffix=".png")


class Clips(Writer):
    """A folder of frames for each clip, ``1.png`` to ``8.png``, and ``captions.txt``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._captions: list[tuple[str, tuple[str, ...]]] = []

    def write(self, part: Part, name: str, scene: Clip) -> None:
        for number, frame in enumerate(scene.frames, 1):
            _write(self.folder / "Clips" / name / f"{number}.png", _png(frame[0]))
        self._captions.append((name, scene.captions))

    def finish(self) -> None:
        write_text(self.folder / "captions.txt", caption_table(self._captions))
        self.lists(".", ending="Clips")


WRITERS: dict[Form, type[Writer]] = {
    "voc": Voc,
    "coco": Coco,
    "masks": Masks,
    "captions": Captions,
}


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def write_text(path: Path, text: str) -> None:
    _write(path, text.encode("utf-8"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
