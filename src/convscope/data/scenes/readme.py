"""The README of a folder of written scenes: what they are, and how they are made again."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from convscope.data.scenes.composing import DIFFICULT_BELOW
from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.planning import HELD_OUT

if TYPE_CHECKING:
    from convscope.data.scenes.writing import WrittenScenes

__all__ = ["readme"]

_LAYOUT = {
    "voc": """- `JPEGImages/NAME.png`: the scenes, grey, 8 bits; PNG, so that nothing is lost
- `Annotations/NAME.xml`: the garments' boxes; pixels count from 1, both ends belong to a box
- `ImageSets/Main/train.txt`, `val.txt`, `test.txt`: the names of each part
- `classes.txt`: the classes in their order""",
    "coco": """- `train/`, `val/`, `test/`: the scenes, grey, 8 bits
- `annotations/instances_train.json`, …: boxes (left, top, width, height) and silhouettes
  (run lengths, column by column, not compressed); garments that are difficult to see are
  crowds (`iscrowd` 1): neither required nor punished""",
    "masks": """- `JPEGImages/NAME.png`: the scenes, grey, 8 bits
- `SegmentationClass/NAME.png`: for each pixel the number of its region, with the palette of
  Pascal VOC
- `ImageSets/Segmentation/train.txt`, `val.txt`, `test.txt`: the names of each part
- `classes.txt`: the regions in their order, from 0, the background""",
    "captions": """- `Images/NAME.png`: the scenes, grey, 8 bits
- `captions.txt`: a line for each sentence, `image,caption`; five of each scene
- `trainImages.txt`, `valImages.txt`, `testImages.txt`: the names of each part""",
    "clips": """- `Clips/NAME/1.png` … `8.png`: the frames of each clip, grey, 8 bits
- `captions.txt`: a line for each sentence, `image,caption`; five of each clip
- `trainClips.txt`, `valClips.txt`, `testClips.txt`: the names of each part""",
}

_KNOWN = f"""\
- Silhouettes are found by a rule (brighter than a threshold, holes filled) and were drawn by
  nobody: masks and boxes are pseudo-labels, and dark parts of a garment may lie outside.
- Garments of which less than {DIFFICULT_BELOW} % is visible are marked difficult; those that
  can hardly be seen at all belong to the background. Captions count neither.
"""
"""Of boxes and masks, which clips come without."""


def readme(written: WrittenScenes) -> str:
    """The text, in Markdown."""
    what = "Clips" if written.clips else "Scenes"
    counts = ", ".join(f"{count:,} {part}" for part, count in written.counts)
    held = ", ".join(f"{CLASSES[one]} with {CLASSES[other]}" for one, other in HELD_OUT)
    meeting = {
        "seen": f"These classes never meet here: {held}.",
        "held-out": f"Two classes meet that never do in training scenes: {held}.",
        "any": "Any two classes may meet.",
    }[written.pairs]
    return f"""# {what} of garments

{counts}; {written.size}×{written.size} pixels, difficulty {written.difficulty}, made of
{written.source} by convscope. The same command makes the same pixels on any machine:

    {command(written)}

## Files

{_LAYOUT["clips" if written.clips else written.form]}

## What to know

- The three parts use different garments: those for testing are from the test set of
  {written.source}, those for validation a tenth of its training set.
{_wrapped(meeting)}
{"" if written.clips else _KNOWN}- Fragments of garments that lie about are no objects.

The garments are pictures of Fashion-MNIST (Xiao, Rasul and Vollgraf 2017), copyright 2017
Zalando SE, MIT licence.
"""


def command(written: WrittenScenes) -> str:
    """The command that makes these scenes, with all that is not as by default."""
    total = sum(count for _, count in written.counts)
    words = f"convscope scenes make --seed {written.seed} --count {total} --as {written.form}"
    if written.clips:
        words += " --clips"
    if written.part is not None:
        words += f" --part {written.part}"
    for option, value, usual in (
        ("size", str(written.size), "128"),
        ("difficulty", written.difficulty, "default"),
        ("pairs", written.pairs, "seen"),
    ):
        words += f" --{option} {value}" if value != usual else ""
    return f"{words} --source {written.source} --out DIR"


def _wrapped(text: str) -> str:
    """An entry of a list, in lines of a page's width."""
    return textwrap.fill(text, 96, initial_indent="- ", subsequent_indent="  ")
