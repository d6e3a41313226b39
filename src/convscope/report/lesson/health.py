"""How well this network has learned: its vitals after the last step, and what was found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convscope.inspection.health.vitals import Vitals
from convscope.inspection.health.watch import Health
from convscope.report.elements import drawing
from convscope.report.health_view import (
    ACTIVATION_HEAD,
    WEIGHT_HEAD,
    activation_rows,
    column_legend,
    weight_rows,
)
from convscope.report.html import Html, tag
from convscope.report.lesson.chapter import (
    Chapter,
    absent,
    chapter,
    number_table,
    paragraphs,
)
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import count_of, percent, thousands

__all__ = ["health_chapter"]

_TITLE = "How it has learned"
_CHART = "pull-over-time"
_LINES = 6
"""A chart tells so many lines apart."""


def health_chapter(material: LessonMaterial) -> Chapter | None:
    """Of a run: the vitals of its last look, and the findings; of anything else nothing."""
    health = material.health
    if health is None:
        return absent("health", _TITLE, "The training could not be examined.", material)
    last = health.history.last
    rows = activation_rows(last)
    return chapter(
        "health",
        _TITLE,
        paragraphs(_looked(health), _rightly(last)),
        _findings(health),
        paragraphs(_dead(last), _saturated(last), _pull(last), _signs(last)),
        drawing("line-chart", _CHART) if _moves(health) else None,
        number_table("the layers with weights", WEIGHT_HEAD, weight_rows(last)),
        number_table("the activations", ACTIVATION_HEAD, rows) if rows else None,
        tag("ul", [_column(name, text) for name, text in column_legend(last)], class_="notes"),
        blocks={_CHART: _chart(health)} if _moves(health) else {},
    )


def _looked(health: Health) -> str:
    looks, last = health.history.vitals, health.history.last
    kept = ""
    if len(looks) > 1:
        kept = (
            f" The run has kept its weights of {len(looks)} moments, from step "
            f"{thousands(looks[0].step)} to step {thousands(last.step)}; all were looked at."
        )
    return (
        "While a network learns, things can go wrong that an accuracy does not name: units die, "
        f"gradients fade, a rate is too high. So {count_of(last.count, 'training image')} went "
        f"through this one once more, forward and backward, as while it learns.{kept}"
    )


def _rightly(last: Vitals) -> str:
    return (
        f"After {count_of(last.step, 'step')} it names {percent(last.accuracy)} of them rightly. "
        f"Their loss is {last.loss:.3g}, where guessing by how frequent the classes are would give "
        f"{last.chance:.3g}."
    )


def _findings(health: Health) -> Html:
    """Each with its place, its evidence and its remedy; or that there is none."""
    if not health.findings:
        return tag(
            "p",
            tag("b", "Nothing was found.", class_="trust passed"),
            " Each rule is a threshold, fixed before on other trainings, some of them with faults "
            "that had been put into them.",
        )
    rows = [
        (
            tag("dt", tag("b", found.kind, class_="trust failed")),
            tag("dd", tag("b", found.place), f": {found.evidence}. Remedy: {found.remedy}."),
        )
        for found in health.findings
    ]
    return tag("dl", rows, class_="terms findings")


def _dead(last: Vitals) -> str | None:
    """Where there are ReLUs."""
    relus = [each for each in last.activations if each.kind == "relu"]
    if not relus:
        return None
    units, dead = sum(each.units for each in relus), sum(len(each.dead) for each in relus)
    places = [f"{len(each.dead)} in {each.name}" for each in relus if each.dead]
    found = f"{count_of(dead, 'unit')} ({', '.join(places)})" if dead else "none"
    return (
        "A ReLU unit that gives 0 for every image passes nothing on, and learns nothing: it is "
        f"dead. Of the {thousands(units)} units of the ReLUs, {found} gave 0 for all of these "
        "images."
    )


def _saturated(last: Vitals) -> str | None:
    """Where there are sigmoids or tanhs."""
    curves = [each for each in last.activations if each.kind != "relu"]
    if not curves:
        return None
    most = max(curves, key=lambda each: each.saturated)
    return (
        "At its tails a sigmoid or tanh is nearly flat, and lets hardly any gradient through. The "
        f"most saturated one is {most.name}: {percent(most.saturated)} of its values lie there."
    )


def _pull(last: Vitals) -> str | None:
    """Gradients over depth, where there is depth."""
    if len(last.weights) < 2 or not last.finite:
        return None
    first, deepest = last.weights[0], last.weights[-1]
    return (
        "The pull on a layer is the length of its weights times that of their gradient: by how "
        "much the loss would change if they changed by their own size, so that layers of any size "
        f"can be compared. It is {first.pull:.3g} on {first.name} and {deepest.pull:.3g} on "
        f"{deepest.name}. Where it fades away from the last layer to the first, the first ones "
        "hardly learn."
    )


def _signs(last: Vitals) -> str | None:
    """The zig-zag that the article names."""
    if not last.weights or not last.finite:
        return None
    most = max(last.weights, key=lambda each: each.agreement)
    return (
        "If all weight gradients of a unit have one sign, its weights can only grow together or "
        "shrink together, and zigzag to where they should be; that is so, image by image, for a "
        f"layer whose inputs are all positive. Here {most.name} comes nearest to it: of a unit’s "
        f"gradients {percent(most.agreement)} have the sign of most, and half of them would by "
        f"chance. Of its inputs {percent(most.positive)} are not below 0."
    )


def _column(name: str, text: str) -> Html:
    return tag("li", tag("b", name), f": {text}.")


def _moves(health: Health) -> bool:
    """Whether there is a curve to be drawn: three finite looks and more."""
    return len(list(_finite(health))) > 2


def _finite(health: Health) -> Iterator[Vitals]:
    return (each for each in health.history.vitals if each.finite)


def _chart(health: Health) -> dict[str, Any]:
    """The pull on each layer over the steps; of many layers on some, from first to last."""
    looks = list(_finite(health))
    names = [layer.name for layer in looks[-1].weights]
    if len(names) > _LINES:
        names = [names[round(k * (len(names) - 1) / (_LINES - 1))] for k in range(_LINES)]
    pulls = [{layer.name: layer.pull for layer in each.weights} for each in looks]
    return {
        "title": "The pull on each layer while it learned",
        "x": {"label": "steps"},
        "y": {"label": "pull", "from": 0},
        "series": [
            {
                "name": name,
                "x": [each.step for each in looks],
                "y": [float(f"{pull[name]:.4g}") for pull in pulls],
            }
            for name in names
        ],
    }
