"""One value, all the way: a unit of any layer expanded into the terms that it consists of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from convscope.architecture.fields import reach
from convscope.architecture.pixels import Box
from convscope.errors import UsageError
from convscope.inspection.channels import unit_names
from convscope.inspection.recording import INPUT
from convscope.inspection.subject import Picture, subject_of
from convscope.inspection.walking.expanding import expanded
from convscope.inspection.walking.passage import Passage
from convscope.inspection.walking.seeing import field_of
from convscope.inspection.walking.single import Added, Multiplied, Silenced
from convscope.inspection.walking.stage import Stage, Unit, unit_words
from convscope.inspection.walking.sums import Pooled, Weighted

__all__ = ["Walk", "walk", "walk_in"]

SCHEMA = "convscope.walk/1"


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """How one unit of a network comes about, for one image.

    The last of the ``stages`` is that of the unit that was asked for; each one before works
    out a unit that a later one reads, way by way.  ``field`` is the box around
    the pixels that can reach the unit, None where ``field_note`` says why.  ``chosen``
    says what was chosen where layer or unit were not given, ``means`` the class whose score
    it is, if it is one.
    """

    subject: str
    trained: bool
    picture: Picture
    label: str | None
    layer: str
    at: Unit
    stages: tuple[Stage, ...]
    field: Box | None
    field_note: str = ""
    chosen: str = ""
    means: str = ""

    def __repr__(self) -> str:
        return f"<Walk of {self.subject}: {self.unit} = {self.value:.4g}>"

    @property
    def last(self) -> Stage:
        """The stage of the unit that was asked for."""
        return self.stages[-1]

    @property
    def value(self) -> float:
        """What the unit's terms give."""
        return self.last.value

    @property
    def unit(self) -> str:
        """conv2[12, 5, 7]"""
        return unit_words(self.layer, self.at)

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        field = self.field
        channels, height, width = self.picture.pixels.shape
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "trained": self.trained,
            "image": {
                "name": self.picture.name,
                "label": self.picture.label,
                "class": self.label,
                "height": height,
                "width": width,
                "channels": channels,
            },
            "layer": self.layer,
            "at": list(self.at),
            "shape": list(self.last.shape),
            "value": self.value,
            "recorded": self.last.recorded,
            "chosen": self.chosen,
            "means": self.means,
            "field": None
            if field is None
            else {
                "top": field.top,
                "left": field.left,
                "bottom": field.bottom,
                "right": field.right,
            },
            "field_note": self.field_note,
            "stages": [stage.as_dict() for stage in self.stages],
        }


def walk(
    subject: Any,
    layer: str | None = None,
    at: Sequence[int] | None = None,
    *,
    image: Any = 0,
    through: str | None = None,
    every: bool = False,
) -> Walk:
    """Expands one activation into its terms.

    ``subject`` is one, or whatever ``subject_of`` takes.  ``at`` is (channel, row, column),
    or (unit,) in a vector; without it, it is the most active unit of the layer, and
    without ``layer`` the last convolution.  The way leads back from the unit to the
    nearest weighted sum: asked for ``pool2``, the stages are conv2, batch2, relu2, pool2.
    ``through`` names an earlier layer to which it goes on, or ``"input"``: each sum is
    then followed by the largest of its terms.  Where a pool has several terms, the
    largest (of a maximum the winner) is followed, with ``every`` all of them.

    Raises UsageError for a layer, a unit or an image that is not there, and where what a
    module computes is not known.
    """
    found = subject_of(subject)
    passage = Passage(found, found.picture(image))
    return walk_in(passage, layer, at, through=through, every=every)


def walk_in(
    passage: Passage,
    layer: str | None = None,
    at: Sequence[int] | None = None,
    *,
    through: str | None = None,
    every: bool = False,
) -> Walk:
    """The same for an image that has gone through already: for many units of one image."""
    subject, chosen = passage.subject, ""
    if layer is None:
        layer, chosen = _default_layer(passage)
    subject.layer(layer)
    shape = passage.shape(layer)
    if at is None:
        unit = _most_active(passage, layer)
        chosen = f"{chosen or layer}, at its most active unit"
    else:
        unit = _unit(layer, shape, at)
    last = expanded(passage, layer, unit)
    behind = set() if through is None else _require_behind(passage, last.layer, through)
    stages = _stages(passage, last, behind, every)
    field, note = _seen(passage, layer, unit)
    picture, names = passage.picture, unit_names(subject, layer)
    return Walk(
        subject=subject.name,
        trained=subject.trained,
        picture=picture,
        label=None if picture.label is None else subject.class_name(picture.label),
        layer=layer,
        at=unit,
        stages=stages,
        field=field,
        field_note=note,
        chosen=chosen,
        means="" if not names else names[unit[0]],
    )


def _seen(passage: Passage, layer: str, unit: Unit) -> tuple[Box | None, str]:
    """By the recorded way; where functions stand between modules, by the traced layers."""
    field, note = field_of(passage, layer, unit)
    subject = passage.subject
    node = subject.node(layer)
    if field is None and node is not None and subject.architecture is not None:
        row, column = unit[1:] if len(unit) == 3 else (0, 0)
        field = reach(subject.architecture, node.name, row, column)
    return (field, note) if field is None else (field, "")


def _default_layer(passage: Passage) -> tuple[str, str]:
    """The last convolution; in a network without any, the last layer that can be explained."""
    links = [passage.link(each.name) for each in passage.subject.layers if each.leaf]
    for kind, words in (("conv", "convolution"), ("", "layer")):
        for link in reversed(links):
            if link.kind and link.made.ndim in (1, 3) and kind in ("", link.kind):
                return link.name, f"{link.name}, the last {words}"
    raise UsageError(
        "it has no layer that can be expanded", place=passage.subject.name, remedy="name one"
    )


def _most_active(passage: Passage, layer: str) -> Unit:
    """Where the layer's output is largest, the first in order where several are."""
    made = passage.link(layer).made
    return tuple(map(int, np.unravel_index(int(made.argmax()), made.shape)))


def _unit(layer: str, shape: tuple[int, ...], at: Sequence[int]) -> Unit:
    """The unit that is meant; a vector's may also be given with row 0 and column 0."""
    unit = tuple(at)
    if len(shape) == 1 and len(unit) == 3 and unit[1:] == (0, 0):
        unit = unit[:1]
    whole = all(isinstance(each, int | np.integer) for each in unit)
    if len(unit) == len(shape) and whole:
        unit = tuple(map(int, unit))
        if all(0 <= each < side for each, side in zip(unit, shape, strict=True)):
            return unit
    if len(shape) == 3:
        ends = [
            f"{what} 0 to {side - 1}"
            for what, side in zip(("channels", "rows", "columns"), shape, strict=True)
        ]
        remedy = f"give channel, row, column: it has {', '.join(ends)}"
    else:
        remedy = f"give one number, 0 to {shape[0] - 1}" if shape else ""
    words = ",".join(map(str, at))
    raise UsageError(f"{layer} has no unit {words}", remedy=remedy)


def _require_behind(passage: Passage, layer: str, through: str) -> set[str]:
    """The layers at which the way back may still turn to ``through``, itself included."""
    goal = INPUT
    if through != INPUT:
        passage.subject.layer(through)
        goal = passage.link(through).name
    if goal == layer:
        return set()
    behind = passage.behind(layer)
    if goal not in behind:
        raise UsageError(
            f"no way leads from {layer} back to {through}",
            remedy="name a layer that stands before it, and whose connection is by modules",
        )
    return {goal} | {name for name in behind if name != INPUT and goal in passage.behind(name)}


def _stages(passage: Passage, last: Stage, goals: set[str], every: bool) -> tuple[Stage, ...]:
    """From the unit back, each stage behind those that it reads; then turned round."""
    found: list[Stage] = []
    waiting: list[tuple[Stage, bool]] = [(last, bool(goals))]
    while waiting:
        stage, leads = waiting.pop()
        chosen = _followed(passage, stage, goals if leads else set(), every)
        followed = []
        for source, unit, goes_on in chosen:
            if source == INPUT:
                followed.append((source, unit))
                continue
            if not passage.link(source).kind:
                continue
            followed.append((source, unit))
            waiting.append((expanded(passage, source, unit), goes_on))
        found.append(replace(stage, follows=tuple(followed)))
    return tuple(reversed(found))


def _followed(
    passage: Passage, stage: Stage, goals: set[str], every: bool
) -> list[tuple[str, Unit, bool]]:
    """The units that are worked out before a stage: (layer, unit, leads on to the goal)."""
    if isinstance(stage, Silenced):
        return [] if stage.instead is None else _followed(passage, stage.instead, goals, every)
    reads = [(source, unit, size) for source, unit, size in stage.inputs() if source is not None]
    if isinstance(stage, Added | Multiplied):
        return _ways(passage, reads, goals, both=isinstance(stage, Multiplied))
    if not reads:
        return []
    source, unit, _ = max(reads, key=lambda read: read[2])
    on = source in goals
    if isinstance(stage, Weighted):
        return [(source, unit, on)] if on else []
    if isinstance(stage, Pooled):
        if stage.winner is not None:
            unit = stage.winner
        if every:
            return [(source, each, on and each == unit) for _, each, _ in reads]
    return [(source, unit, on)]


def _ways(
    passage: Passage,
    reads: Sequence[tuple[str, Unit, float]],
    goals: set[str],
    *,
    both: bool,
) -> list[tuple[str, Unit, bool]]:
    """The ways of a sum or product; one that begins the other is left out of a sum.

    It is where both set out: an identity, whose value the sum shows.
    """
    leading = [read for read in reads if read[0] in goals]
    main = max(leading, key=lambda read: read[2])[0] if leading else None
    found = []
    for source, unit, _ in reads:
        others = [other for other, _, _ in reads if other != source and other != INPUT]
        begins = source == INPUT or any(source in passage.behind(other) for other in others)
        if both or source == main or not begins:
            found.append((source, unit, source == main))
    return found
