"""Scenes as files: read back by our own readers, by pycocotools and by Pillow, nothing is lost."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convscope.data.annotated import Annotated, Kind, Split
from convscope.data.annotated_sources import load_annotated
from convscope.data.annotations.parts import PARTS
from convscope.data.scenes import CLASSES, make_clips, make_scenes
from convscope.data.scenes.formats import run_lengths
from convscope.data.scenes.loading import REGIONS
from convscope.data.scenes.writers import Form
from convscope.data.scenes.writing import WrittenScenes, write_scenes
from convscope.errors import DataError, UsageError


def written(folder: Path, form: Form, count: int = 30, **settings: object) -> WrittenScenes:
    # hard scenes: some garments are difficult
    chosen = {"difficulty": "hard", "seed": 2, "source": "fashion-mini", **settings}
    return write_scenes(folder, form=form, count=count, **chosen)  # type: ignore[arg-type]


def as_made(part: str, count: int) -> Split:
    return make_scenes(seed=2, count=count, part=part, difficulty="hard", source="fashion-mini")  # type: ignore[call-overload, unused-ignore]


def pairs_of(data: Annotated) -> list[tuple[Split, Split]]:
    """Each part as it was read, and as it was made."""
    splits = [data.split(part) for part in PARTS]
    return [(split, as_made(part, len(split))) for part, split in zip(PARTS, splits, strict=True)]


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("voc", "objects"),
        ("coco", "objects"),
        ("coco", "masks"),
        ("masks", "masks"),
        ("captions", "captions"),
    ],
)
def test_read_back(tmp_path: Path, cache: Path, form: Form, kind: Kind) -> None:
    written(tmp_path / "scenes", form)
    data = load_annotated(tmp_path / "scenes", kind)
    assert (len(data.train), len(data.validation), len(data.test)) == (21, 3, 6)
    assert not data.skipped
    assert data.classes == (CLASSES if kind == "objects" else ())
    if kind == "masks":
        assert data.regions == REGIONS
    difficult = 0
    for read, made in pairs_of(data):
        assert [Path(name).stem for name in read.names] == list(made.names)
        assert np.array_equal(np.asarray(read.images), made.images)
        if kind == "objects":
            for one, other in zip(read.objects or (), made.objects or (), strict=True):
                assert np.array_equal(one.boxes, other.boxes)
                assert np.array_equal(one.labels, other.labels)
                assert np.array_equal(one.difficult, other.difficult)
                difficult += int(one.difficult.sum())
        if kind == "masks":
            assert np.array_equal(np.asarray(read.masks), made.masks)
        if kind == "captions":
            assert read.captions == made.captions
    assert (difficult > 0) == (kind == "objects")


# pycocotools is older than numpy's ``copy`` keyword
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_boxes_and_silhouettes(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    written(tmp_path / "scenes", "coco")
    with contextlib.redirect_stdout(io.StringIO()):
        read = coco.COCO(str(tmp_path / "scenes" / "annotations" / "instances_train.json"))
    made = as_made("train", len(read.imgs))
    assert [each["name"] for each in read.loadCats(read.getCatIds())] == list(CLASSES)
    for number, image in enumerate(read.loadImgs(sorted(read.imgs))):
        mask = np.zeros((128, 128), np.uint8)
        annotations = read.loadAnns(read.getAnnIds(image["id"]))
        boxes, crowds = [], []
        for annotation in annotations:
            pixels = read.annToMask(annotation).astype(bool)
            assert annotation["area"] == pixels.sum()
            assert not mask[pixels].any()
            mask[pixels] = annotation["category_id"]
            x, y, width, height = annotation["bbox"]
            boxes.append([x, y, x + width, y + height])
            crowds.append(bool(annotation["iscrowd"]))
        assert np.array_equal(mask, np.asarray(made.masks)[number])
        assert made.objects is not None
        assert np.array_equal(np.array(boxes), made.objects[number].boxes)
        assert crowds == made.objects[number].difficult.tolist()


def test_masks_have_the_palette_of_voc(tmp_path: Path) -> None:
    written(tmp_path / "scenes", "masks", 10)
    path = next((tmp_path / "scenes" / "SegmentationClass").iterdir())
    with Image.open(path) as image:
        assert image.mode == "P"
        palette = image.getpalette()
    assert palette is not None
    assert palette[:9] == [0, 0, 0, 128, 0, 0, 0, 128, 0]
    assert palette[3 * 255 :] == [224, 224, 192]


def test_run_lengths_column_by_column() -> None:
    mask = np.array([[0, 1], [1, 1], [0, 1]], bool)
    assert run_lengths(mask) == [1, 1, 1, 3]
    assert run_lengths(~mask) == [0, 1, 1, 1, 3]
    assert run_lengths(np.ones((2, 2), bool)) == [0, 4]
    assert run_lengths(np.zeros((2, 2), bool)) == [4]


def test_clips_are_folders_of_frames(tmp_path: Path) -> None:
    found = written(tmp_path / "clips", "captions", 10, clips=True)
    assert found.counts == (("train", 7), ("validation", 1), ("test", 2))
    made = make_clips(seed=2, count=7, part="train", difficulty="hard", source="fashion-mini")
    for name, frames in zip(made.names, made.images, strict=True):
        for number in range(8):
            with Image.open(tmp_path / "clips" / "Clips" / name / f"{number + 1}.png") as image:
                assert np.array_equal(np.asarray(image), frames[number, 0])
    lines = (tmp_path / "clips" / "captions.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "image,caption" and len(lines) == 1 + 5 * 10
    assert made.captions is not None
    assert made.captions[0][0] in lines[1]
    names = (tmp_path / "clips" / "trainClips.txt").read_text(encoding="utf-8").split()
    assert tuple(names) == made.names


def test_one_part_alone(tmp_path: Path) -> None:
    found = written(tmp_path / "scenes", "voc", 4, part="test")
    assert found.counts == (("test", 4),)
    lists = [path.name for path in (tmp_path / "scenes" / "ImageSets" / "Main").iterdir()]
    assert lists == ["test.txt"]
    assert repr(found) == f"<WrittenScenes: 4 scenes as voc in {tmp_path / 'scenes'}>"
    assert found.first(2).names == ("scene-test-2-000000", "scene-test-2-000001")


def test_the_readme_makes_the_same_again(tmp_path: Path) -> None:
    """Its command is run, and the pictures are the same."""
    from convscope.cli.app import main

    first = tmp_path / "one"
    written(first, "voc", 5, pairs="held-out", size=100, part="validation")
    readme = (first / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in readme.splitlines() if "convscope scenes make" in line]
    words = shlex.split(line)[1:]
    words[words.index("DIR")] = str(tmp_path / "two")
    assert main([*words, "--quiet"]) == 0
    for path in sorted(first.rglob("*.*")):
        if path.is_file() and path.suffix in (".png", ".xml", ".txt", ".md"):
            assert (tmp_path / "two" / path.relative_to(first)).read_bytes() == path.read_bytes()


def test_the_readme_says_what_must_be_known(tmp_path: Path) -> None:
    for form in ("voc", "coco", "masks", "captions"):
        written(tmp_path / form, form, 5)  # type: ignore[arg-type]
        text = (tmp_path / form / "README.md").read_text(encoding="utf-8")
        for said in ("pseudo-labels", "less than 40 %", "MIT licence", "Dress with Bag"):
            assert said in " ".join(text.split())
        for path in (tmp_path / form).rglob("*.txt"):
            assert path.name in text
        assert max(map(len, text.splitlines())) <= 130


def test_nothing_that_is_there_is_touched(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="this folder is not empty: give a new one"):
        written(tmp_path, "voc", 1)
    with pytest.raises(UsageError, match="this is a file"):
        written(tmp_path / "own.txt", "voc", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["own.txt"]
    (tmp_path / "empty").mkdir()
    assert written(tmp_path / "empty", "voc", 1).counts == (("train", 1),)


def test_half_of_it_is_never_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match=r"cannot write \(No space left on device\)"):
        written(tmp_path / "scenes", "coco", 3)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"form": "yolo"}, 'scenes cannot be written as "yolo": known are voc, coco'),
        ({"form": "voc", "clips": True}, "clips cannot be written as voc"),
        ({"form": "voc", "count": 0}, "count: 0 scenes are none"),
        ({"form": "voc", "size": 9000}, "size: 9,000 is no size"),
    ],
)
def test_what_cannot_be_written(tmp_path: Path, settings: dict[str, object], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        write_scenes(tmp_path / "new", **{"source": "fashion-mini", **settings})  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
