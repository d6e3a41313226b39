"""A run's report: one HTML file and its figures, made of what the run has.

What is missing (an unfinished training, data that are gone) is said in its place;
the rest of the report does not suffer.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from convscope.errors import RunError
from convscope.report.conditions_section import conditions_list, repeat_section
from convscope.report.document import Section, document, missing
from convscope.report.figures import (
    class_figure,
    curves_figure,
    reliability_figure,
)
from convscope.report.html import Child, Html, fragment, tag
from convscope.report.images import EncodedImage, encoded
from convscope.report.layer_section import layer_list, layer_table, network_drawing
from convscope.report.material import Material, gathered
from convscope.report.matrix_figure import confusion_figure
from convscope.report.network_drawing import draw_network
from convscope.report.network_figure import scene_figure
from convscope.report.numbers import duration, percent, plain_percent, thousands
from convscope.report.picture_figures import kernels_figure, mistakes_figure
from convscope.report.plotting import png_bytes, save_figure
from convscope.report.result_section import (
    calibration_text,
    class_table,
    confusion_table,
    kernel_gallery,
    mistake_gallery,
)
from convscope.report.svg import scene_svg
from convscope.report.terminal import result_sentence
from convscope.report.training_section import chart, curve_row
from convscope.training.ending import early_end
from convscope.training.evaluate import Evaluation
from convscope.training.files import require_writable, write_bytes
from convscope.training.runs import Run, open_run, runs_folder

__all__ = ["report_html", "write_report"]


def write_report(
    run: Run | str | Path, *, evaluation: Evaluation | None = None, out: str | Path | None = None
) -> Path:
    """Writes report.html and the folder figures, and returns the path of the page.

    Into the run's folder, or into the folder ``out``; the example's, which lies inside
    the package, into the folder ``example`` of the runs.  Without an ``evaluation`` the
    run is measured first, where its data are on this machine; nothing is downloaded.
    """
    opened = open_run(run)
    folder = Path(out).expanduser().absolute() if out else _home(opened)
    with _refusals(folder):
        require_writable(folder)
    material = gathered(opened, evaluation)
    page = report_html(material).encode("utf-8")
    with _refusals(folder):
        (folder / "figures").mkdir(parents=True, exist_ok=True)
        _write_figures(material, folder / "figures")
        write_bytes(folder / "report.html", page)
    return folder / "report.html"


@contextmanager
def _refusals(folder: Path) -> Iterator[None]:
    """What the system refuses, as a RunError that names the report."""
    try:
        yield
    except (OSError, RunError) as error:
        problem = error.problem if isinstance(error, RunError) else f"cannot be written ({error})"
        raise RunError(
            f"the report {problem}" if problem.startswith("cannot") else problem,
            place=str(folder),
            remedy="make room there or get the permission to write, then ask for the report again",
        ) from None


def _home(run: Run) -> Path:
    return runs_folder() / run.name if run.is_example else run.path


def report_html(material: Material) -> str:
    """The page as one text."""
    run = material.run
    title = f"{run.architecture_name} on {run.data.name}"
    foot = tag("p", f"Written by convscope from the run {run.name}. This file needs no network.")
    return document(title, _head(material), list(_sections(material)), foot)


def _head(material: Material) -> Html:
    run, evaluation, explanation = material.run, material.evaluation, material.explanation
    cells: list[tuple[str, str, str]] = []
    if evaluation:
        low, high = (plain_percent(bound, 2) for bound in evaluation.interval)
        lede = f"{result_sentence(evaluation)}, {_conditions(run)}; measured in float32."
        cells.append(("accuracy", percent(evaluation.accuracy, 2), f"{low} to {high} %"))
    else:
        lede = f"{material.reasons.get('evaluation', '')} It is to go {_conditions(run)}."
    work = explanation.multiply_adds.value
    cells += [
        ("parameters", thousands(explanation.parameters.value), "learnt"),
        ("multiply-adds", thousands(work), "for one image"),
    ]
    if run.finished:
        seconds = float(run.results["seconds"])
        pace = f"{run.results['images'] / seconds:,.0f} images a second" if seconds else ""
        cells.append(("training", duration(seconds), pace))
    figures = [
        tag("div", tag("dt", name), tag("dd", tag("b", value), tag("small", below)))
        for name, value, below in cells
    ]
    note = evaluation.note if evaluation else ""
    return fragment(
        tag("p", f"run {run.name}, {run.created[:10]}", class_="eyebrow"),
        tag("p", lede, class_="lede"),
        tag("p", note[0].upper() + note[1:], class_="missing") if note else None,
        tag("dl", figures, class_="key-figures"),
    )


def _conditions(run: Run) -> str:
    """Training and measurement in half a sentence."""
    conditions = run.conditions
    times, early = run.epochs, early_end(run.results)
    seen = f"{times:g} {'epoch' if times == 1 else 'epochs'}"
    return (
        f"after {seen} of {thousands(run.data.train)} images "
        + (f"({early}) " if early else "")
        + f"with the recipe {run.recipe.name}, "
        f"seed {run.seed}, on {conditions.threads} {conditions.device} threads in "
        f"{conditions.precision}"
    )


def _sections(material: Material) -> Iterator[Section]:
    explanation, evaluation, reasons = material.explanation, material.evaluation, material.reasons
    yield Section("network", "The network", network_drawing(explanation, _sample(material)))
    yield Section("layers", "Layer by layer", layer_list(explanation))
    yield Section("numbers", "In one table", layer_table(explanation))
    yield Section("training", "Training", _training(material))
    if evaluation is None:
        told = missing("Nothing was measured.", reasons.get("evaluation", ""))
        yield Section("result", "Result", told)
    else:
        yield Section("confusion", "Confusion", confusion_table(evaluation))
        yield Section("classes", "Classes", class_table(evaluation))
        diagram = chart(reliability_figure(evaluation, titled=False), "reliability")
        yield Section("calibration", "Calibration", [calibration_text(evaluation), diagram])
        yield Section("mistakes", "Surest mistakes", _mistakes(material, evaluation))
    yield Section("kernels", "First kernels", _kernels(material))
    yield Section("conditions", "Conditions", conditions_list(material.run))
    yield Section("repeat", "How to repeat it", repeat_section(material.run))


def _sample(material: Material) -> EncodedImage | None:
    """What stands on the input of the drawing."""
    return None if material.sample is None else encoded(material.sample)


def _training(material: Material) -> Child:
    if not material.metrics:
        return missing("There are no curves.", material.reasons["curves"])
    return curve_row(material.metrics)


def _mistakes(material: Material, evaluation: Evaluation) -> Child:
    wrong = evaluation.count - evaluation.correct
    if not wrong:
        return tag("p", "There are none: every answer is right.")
    if not material.pictures:
        return missing("There are no pictures.", material.reasons.get("pictures", ""))
    shown = len(material.pictures)
    told = (
        f"{shown} of {thousands(wrong)} mistakes, those of which the network was surest first: "
        "the true class, the answer, how sure it was, and the image's number."
    )
    return [tag("p", told), mistake_gallery(evaluation, material.pictures)]


def _kernels(material: Material) -> Child:
    if material.kernels is None:
        return missing("There are no kernels.", material.reasons.get("kernels", ""))
    count, channels, height, width = material.kernels.shape
    first = "the first 64 of " if count > 64 else ""
    split = ", each in red, green and blue" if channels == 3 else ""
    told = (
        f"What {material.kernels_of} looks for in the image: {first}{thousands(count)} kernels of "
        f"{height}×{width} pixels{split}. Orange adds where the image is bright, blue takes away."
    )
    return [tag("p", told), kernel_gallery(material.kernels)]


def _write_figures(material: Material, folder: Path) -> None:
    """Each figure as PNG and SVG; figures of an earlier report that would not fit go."""
    written = {"network.png", "network.svg"}
    scene = draw_network(material.explanation, image=_sample(material))
    write_bytes(folder / "network.svg", scene_svg(scene).encode("utf-8"))
    write_bytes(folder / "network.png", png_bytes(scene_figure(scene)))
    evaluation = material.evaluation
    figures: dict[str, Any] = {}
    if len(material.metrics) > 1:
        figures["curves"] = curves_figure(material.metrics)
    if material.kernels is not None:
        figures["kernels"] = kernels_figure(material.kernels, material.kernels_of)
    if evaluation:
        figures["confusion"] = confusion_figure(evaluation)
        figures["reliability"] = reliability_figure(evaluation)
        figures["classes"] = class_figure(evaluation)
        if material.pictures:
            figures["mistakes"] = mistakes_figure(evaluation, material.pictures)
    for name, figure in figures.items():
        written |= {path.name for path in save_figure(figure, folder, name)}
    known = ("network", "curves", "kernels", "confusion", "reliability", "classes", "mistakes")
    for name in known:
        for path in (folder / f"{name}.png", folder / f"{name}.svg"):
            if path.name not in written:
                with suppress(OSError):
                    path.unlink()
