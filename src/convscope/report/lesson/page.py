"""The lesson as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from convscope.architecture.layers import Volume
from convscope.data.progress import Tell
from convscope.errors import ConvscopeError
from convscope.inspection.subject import Subject, subject_of
from convscope.report.document import Moving, document
from convscope.report.elements import block, element_script, element_sheet
from convscope.report.html import tag
from convscope.report.lesson.ablation import ablation_chapter
from convscope.report.lesson.attribution import attribution_chapter
from convscope.report.lesson.chapter import Chapter, Maker
from convscope.report.lesson.claims import claims_chapter
from convscope.report.lesson.fields import fields_chapter
from convscope.report.lesson.health import health_chapter
from convscope.report.lesson.kernels import (
    first_kernel_chapter,
    following_chapter,
    last_kernel_chapter,
)
from convscope.report.lesson.maps import answer_chapter, maps_chapter
from convscope.report.lesson.material import LessonMaterial, gathered
from convscope.report.lesson.network import layers_chapter, network_chapter, picture_chapter
from convscope.report.lesson.recap import conditions_chapter, head, recap_chapter
from convscope.report.lesson.symmetry import symmetry_chapter
from convscope.training.files import require_writable, write_bytes, writing
from convscope.training.runs import Run, open_run, runs_folder

__all__ = ["CHAPTERS", "lesson_html", "write_lesson"]

CHAPTERS: tuple[Maker, ...] = (
    picture_chapter,
    network_chapter,
    layers_chapter,
    maps_chapter,
    first_kernel_chapter,
    last_kernel_chapter,
    following_chapter,
    answer_chapter,
    fields_chapter,
    attribution_chapter,
    symmetry_chapter,
    ablation_chapter,
    health_chapter,
    claims_chapter,
    recap_chapter,
    conditions_chapter,
)
"""In the order in which they are told; one that has nothing to tell gives None."""


def write_lesson(
    source: Any,
    out: str | Path | None = None,
    *,
    data: str | Path | None = None,
    shape: Volume | None = None,
    seed: int = 0,
    images: Sequence[int | str | Path] | None = None,
    progress: Tell | None = None,
) -> Path:
    """Writes the lesson of a network as one HTML file, and returns its path.

    ``source``, ``data``, ``shape`` and ``seed`` are those of ``subject_of``; ``images`` are
    the pictures that are followed, samples by their number or files, by default a few of
    different classes.  Without ``out`` it goes into the run's folder, or is ``lesson.html``.
    """
    subject = subject_of(source, data=data, shape=shape, seed=seed)
    run = _run_of(source, subject)
    path = Path(out).expanduser().absolute() if out else _home(run) / "lesson.html"
    require_writable(path.parent)
    page = lesson_html(gathered(subject, run, images, progress, data=data)).encode("utf-8")
    with writing(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, page)
    return path


def _run_of(source: Any, subject: Subject) -> Run | None:
    """The run behind a subject, where there is one."""
    if isinstance(source, Run):
        return source
    if not isinstance(source, str | Path) or not subject.trained or subject.architecture is None:
        return None
    try:
        return open_run(source)
    except ConvscopeError:
        return None


def _home(run: Run | None) -> Path:
    if run is None:
        return Path.cwd()
    return runs_folder() / run.name if run.is_example else run.path


def lesson_html(material: LessonMaterial) -> str:
    """The page as one text."""
    chapters = list(_chapters(material))
    values = {key: value for each in chapters for key, value in each.blocks.items()}
    moving = Moving(
        element_script("lesson.js"),
        element_sheet(),
        [block(key, value) for key, value in values.items()],
    )
    foot = tag("p", "Written by convscope. This file needs no network and no other file.")
    sections = [each.section for each in chapters]
    return document(_title(material), head(material), sections, foot, moving=moving)


def _title(material: LessonMaterial) -> str:
    name = material.subject.name.replace("\\", "/").rpartition("/")[2]
    return f"A convolutional network, looked into: {name}"


def _chapters(material: LessonMaterial) -> Iterator[Chapter]:
    for maker in CHAPTERS:
        made = maker(material)
        if made is not None:
            yield made
