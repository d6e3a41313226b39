"""Scenes and clips as files in a folder, as other programs read them.

All is written beside the folder and takes its name at the end: nobody finds half of it.
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.annotations.parts import PARTS, Part
from convscope.data.palette import mask_png
from convscope.data.progress import Tell
from convscope.data.scenes.clip import Clip, clips_in_turn
from convscope.data.scenes.formats import (
    caption_table,
    coco_annotations,
    coco_categories,
    voc_xml,
)
from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.loading import REGIONS, making_of, names_of, told
from convscope.data.scenes.planning import Pairs
from convscope.data.scenes.readme import readme
from convscope.data.scenes.scene import Scene, scenes_in_turn
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = ["FORMS", "Form", "WrittenScenes", "write_scenes"]

Form = Literal["voc", "coco", "masks", "captions"]
FORMS: tuple[Form, ...] = get_args(Form)

_SHARES: dict[Part, int] = {"test": 20, "validation": 10}
"""Percent of the scenes; the rest is for training."""
_LISTS: dict[Part, str] = {"train": "train", "validation": "val", "test": "test"}


@dataclass(frozen=True, slots=True)
class WrittenScenes:
    """What was written where: ``counts`` of scenes (or clips) by part."""

    folder: Path
    form: Form
    clips: bool
    seed: int
    size: int
    difficulty: str
    pairs: str
    source: str
    counts: tuple[tuple[Part, int], ...]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, schema ``convscope.scenes/1``."""
        return {
            "schema": "convscope.scenes/1",
            "folder": str(self.folder),
            "as": self.form,
            "clips": self.clips,
            "seed": self.seed,
            "size": self.size,
            "difficulty": self.difficulty,
            "pairs": self.pairs,
            "source": self.source,
            "counts": dict(self.counts),
        }


def write_scenes(
    folder: str | Path,
    *,
    form: Form = "voc",
    count: int = 100,
    seed: int = 0,
    part: Part | None = None,
    clips: bool = False,
    size: int = 128,
    difficulty: str = "default",
    pairs: Pairs = "seen",
    source: str | None = None,
    progress: Tell | None = None,
) -> WrittenScenes:
    """Writes ``count`` scenes, or clips, into a folder that is new or empty, with a README.

    Without a ``part`` they are divided: 70 % for training, 10 % for validation, 20 % for
    testing.  Clips can be written as captions only, each a folder of frames.
    """
    _check(form, clips)
    counts = _counts(count, part)
    makings = {
        name: making_of(seed, own, name, size, difficulty, pairs, source, progress)
        for name, own in counts.items()
    }
    garments = makings[next(iter(makings))].garments
    target = Path(os.path.normpath(Path(folder).expanduser().absolute()))
    written = WrittenScenes(
        folder=target,
        form=form,
        clips=clips,
        seed=seed,
        size=size,
        difficulty=difficulty,
        pairs=pairs,
        source=garments.source,
        counts=tuple(counts.items()),
    )
    with _filling(target) as filling:
        writer = _Clips(filling) if clips else _WRITERS[form](filling)
        for name, making in makings.items():
            made = (clips_in_turn if clips else scenes_in_turn)(making, range(counts[name]))
            kind = "clip" if clips else "scene"
            names = names_of(kind, making, counts[name])
            each = told(made, counts[name], f"{name} {kind}s", progress)
            for called, scene in zip(names, each, strict=True):
                writer.add(name, called, scene)
        writer.finish()
        _write_text(filling / "README.md", readme(written))
    return written


class _Writer:
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
            _write_text(self.folder / folder / f"{_LISTS[part]}{ending}.txt", text)


class _Voc(_Writer):
    """``Annotations``, ``JPEGImages`` (PNG, nothing is lost), ``ImageSets/Main``."""

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "JPEGImages" / f"{name}.png", _png(scene.picture[0]))
        size = (scene.owners.shape[0], scene.owners.shape[1])
        text = voc_xml(f"{name}.png", size, scene.objects, CLASSES)
        _write_text(self.folder / "Annotations" / f"{name}.xml", text)

    def finish(self) -> None:
        self.lists("ImageSets/Main")
        _write_text(self.folder / "classes.txt", "".join(f"{name}\n" for name in CLASSES))


class _Masks(_Writer):
    """``JPEGImages``, ``SegmentationClass`` (palette PNG), ``ImageSets/Segmentation``."""

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "JPEGImages" / f"{name}.png", _png(scene.picture[0]))
        _write(self.folder / "SegmentationClass" / f"{name}.png", mask_png(scene.mask))

    def finish(self) -> None:
        self.lists("ImageSets/Segmentation")
        _write_text(self.folder / "classes.txt", "".join(f"{name}\n" for name in REGIONS))


class _Coco(_Writer):
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
            _write_text(path, json.dumps(record))


class _Captions(_Writer):
    """``Images``, ``captions.txt`` (image, caption), and lists as Flickr8k has them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._captions: list[tuple[str, tuple[str, ...]]] = []

    def write(self, part: Part, name: str, scene: Scene) -> None:
        _write(self.folder / "Images" / f"{name}.png", _png(scene.picture[0]))
        self._captions.append((f"{name}.png", scene.captions))

    def finish(self) -> None:
        _write_text(self.folder / "captions.txt", caption_table(self._captions))
        self.lists(".", ending="Images", suffix=".png")


class _Clips(_Writer):
    """A folder of frames for each clip, ``1.png`` to ``8.png``, and ``captions.txt``."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._captions: list[tuple[str, tuple[str, ...]]] = []

    def write(self, part: Part, name: str, scene: Clip) -> None:
        for number, frame in enumerate(scene.frames, 1):
            _write(self.folder / "Clips" / name / f"{number}.png", _png(frame[0]))
        self._captions.append((name, scene.captions))

    def finish(self) -> None:
        _write_text(self.folder / "captions.txt", caption_table(self._captions))
        self.lists(".", ending="Clips")


_WRITERS: dict[Form, type[_Writer]] = {
    "voc": _Voc,
    "coco": _Coco,
    "masks": _Masks,
    "captions": _Captions,
}


def _counts(count: int, part: Part | None) -> dict[Part, int]:
    if count < 1:
        raise UsageError(f"{count} scenes are none", place="count", remedy="give 1 or more")
    if part is not None:
        return {part: count}
    held = {name: count * share // 100 for name, share in _SHARES.items()}
    counts: dict[Part, int] = {"train": count - sum(held.values()), **held}
    return {name: counts[name] for name in PARTS if counts[name]}


def _check(form: str, clips: bool) -> None:
    if form not in FORMS:
        raise UsageError(
            f'scenes cannot be written as "{form}"',
            remedy=did_you_mean(form, FORMS) or f"known are {', '.join(FORMS)}",
        )
    if clips and form != "captions":
        raise UsageError(
            f"clips cannot be written as {form}: nothing but sentences is known of them",
            remedy="write them as captions",
        )


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="PNG")
    return file.getvalue()


def _write_text(path: Path, text: str) -> None:
    _write(path, text.encode("utf-8"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@contextmanager
def _filling(target: Path) -> Iterator[Path]:
    """A folder beside ``target``, which takes its name at the end, or vanishes after an error."""
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise UsageError(
            "this is a file" if target.is_file() else "this folder is not empty",
            place=str(target),
            remedy="give a new one",
        )
    beside = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        beside.mkdir(parents=True)
        yield beside
        if target.exists():
            target.rmdir()
        beside.rename(target)
    except OSError as problem:
        said = problem.strerror or str(problem)
        raise DataError(f"cannot write ({said})", place=str(target)) from problem
    finally:
        shutil.rmtree(beside, ignore_errors=True)
