"""Scenes and clips as files in a folder, as other programs read them.

All is written beside the folder and takes its name at the end: nobody finds half of it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.data.annotated import Split
from convscope.data.annotations.parts import PARTS, Part
from convscope.data.progress import Tell
from convscope.data.scenes.clip import clips_in_turn
from convscope.data.scenes.loading import (
    make_clips,
    make_scenes,
    making_of,
    names_of,
    told,
)
from convscope.data.scenes.planning import Pairs
from convscope.data.scenes.readme import readme
from convscope.data.scenes.scene import scenes_in_turn
from convscope.data.scenes.writers import FORMS, WRITERS, Clips, Form, Writer, write_text
from convscope.errors import DataError, UsageError, did_you_mean

__all__ = ["FORMS", "Form", "WrittenScenes", "write_scenes"]

_SHARES: dict[Part, int] = {"test": 20, "validation": 10}
"""Percent of the scenes; the rest is for training."""


@dataclass(frozen=True, slots=True)
class WrittenScenes:
    """What was written where: ``counts`` of scenes (or clips) by part."""

    folder: Path
    form: Form
    clips: bool
    seed: int
    size: int
    difficulty: str
    pairs: Pairs
    source: str
    part: Part | None
    counts: tuple[tuple[Part, int], ...]

    def __repr__(self) -> str:
        total = sum(count for _, count in self.counts)
        return f"<WrittenScenes: {total:,} {self.what} as {self.form} in {self.folder}>"

    @property
    def what(self) -> str:
        """``scenes`` or ``clips``."""
        return "clips" if self.clips else "scenes"

    def first(self, count: int) -> Split:
        """The first ``count`` of the first part, made again."""
        part, there = self.counts[0]
        make = make_clips if self.clips else make_scenes
        return make(
            seed=self.seed,
            count=min(count, there),
            part=part,
            size=self.size,
            difficulty=self.difficulty,
            pairs=self.pairs,
            source=self.source,
        )

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
            "part": self.part,
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
        part=part,
        counts=tuple(counts.items()),
    )
    with _filling(target) as filling:
        writer: Writer = Clips(filling) if clips else WRITERS[form](filling)
        for name, making in makings.items():
            made = (clips_in_turn if clips else scenes_in_turn)(making, range(counts[name]))
            kind = "clip" if clips else "scene"
            names = names_of(kind, making, counts[name])
            each = told(made, counts[name], f"{name} {kind}s", progress)
            for called, scene in zip(names, each, strict=True):
                writer.add(name, called, scene)
        writer.finish()
        write_text(filling / "README.md", readme(written))
    return written


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
