"""What each channel is worth: switched off, and the answers counted again."""

from __future__ import annotations

from convscope.inspection.changes.ablation import Ablation
from convscope.inspection.changes.effects import Effect
from convscope.report.html import Child, Html
from convscope.report.lesson.chapter import (
    Chapter,
    absent,
    chapter,
    number_table,
    paragraphs,
)
from convscope.report.lesson.material import LessonMaterial
from convscope.report.numbers import percent

__all__ = ["ablation_chapter"]

_TITLE = "What a channel is worth"
_SHOWN = 20


def ablation_chapter(material: LessonMaterial) -> Chapter | None:
    """The channels of one layer, the one that is missed most first."""
    result = material.ablation
    if result is None:
        return absent("ablation", _TITLE, "Nothing was switched off.", material)
    right = "right" if result.against == "labels" else "what they were"
    base = ""
    if result.against == "labels":
        base = (
            f" With all channels {percent(result.accuracy.value)} are right "
            f"({percent(result.accuracy.low)} to {percent(result.accuracy.high)})."
        )
    return chapter(
        "ablation",
        _TITLE,
        paragraphs(
            f"Each channel of {result.layer} is switched off in turn: its map is set to 0, and "
            f"{result.count} pictures of {result.images_from} are shown again.{base} The "
            f"table says by how many points of a hundred the share of answers that are {right} "
            "changes, with the 95 % interval of that difference. Where the interval reaches over "
            "0, these pictures do not show that the channel matters: others may do its work.",
        ),
        _table(result),
        paragraphs(_rest(result)),
    )


def _table(result: Ablation) -> Html:
    heads = ("switched off", "points", "95 % interval", "lost", "gained", "changes most")
    ranked = result.ranked
    shown = ranked if len(ranked) <= _SHOWN else (*ranked[: _SHOWN - 5], *ranked[-5:])
    rows = [_row(each, f"channel {each.channel}") for each in shown]
    foot = None if result.whole is None else _row(result.whole, "the whole layer")
    return number_table("ablation", heads, rows, foot)


def _row(effect: Effect, name: str) -> list[Child]:
    most = effect.most_affected
    low, high = effect.interval
    return [
        name,
        _points(effect.difference),
        f"{_points(low)} to {_points(high)}",
        str(effect.lost),
        str(effect.gained),
        "" if most is None else f"{most.name} {_points(most.difference)}",
    ]


def _points(share: float) -> str:
    """0.012 → +1.2, with a true minus sign."""
    text = f"{100 * share:+.1f}"
    return "0.0" if float(text) == 0 else text.replace("-", "−")


def _rest(result: Ablation) -> str | None:
    left = len(result.effects) - _SHOWN
    if left <= 0:
        return None
    return f"{left} channels between the first {_SHOWN - 5} and the last 5 are left out."
