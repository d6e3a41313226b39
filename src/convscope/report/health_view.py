"""A network's health for the terminal: what was found, and the vitals that it was found from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.lines import Line
from convscope.report.numbers import plain_percent, thousands
from convscope.report.view import Say, View, labelled, table_lines

if TYPE_CHECKING:
    from convscope.inspection.health.findings import Finding
    from convscope.inspection.health.vitals import Vitals
    from convscope.inspection.health.watch import Health

__all__ = [
    "ACTIVATION_HEAD",
    "WEIGHT_HEAD",
    "HealthView",
    "activation_rows",
    "column_legend",
    "finding_lines",
    "weight_rows",
]

_ORANGE, _GREEN = "#D55E00", "#009E73"
_WIDEST = 100

WEIGHT_HEAD = (*("weights", "units", "norm", "gradient", "pull", "one sign %", "change a step %"),)
ACTIVATION_HEAD = (
    *("activations", "units", "dead", "saturated %", "running mean off by", "variance"),
)


def finding_lines(finding: Finding, width: int, say: Say) -> list[Line]:
    """The kind and the place, then evidence and remedy below."""
    head: Line = [(say(finding.kind), f"bold {_ORANGE}"), (say(f"  {finding.place}"), "bold")]
    return [
        head,
        *labelled("  seen", say(finding.evidence), width, 10),
        *labelled("  remedy", say(finding.remedy), width, 10),
    ]


@dataclass(frozen=True)
class HealthView(View):
    """What ``rich.print`` shows of a Health; the table of vitals is left out if ``brief``."""

    health: Health
    brief: bool = False

    def lines(self, width: int, say: Say) -> list[Line]:
        health, narrow = self.health, min(width, _WIDEST)
        last, count = health.history.last, len(health.findings)
        lines: list[Line] = []
        if not count:
            lines.append([("healthy", f"bold {_GREEN}"), (": nothing was found", "")])
        for number, finding in enumerate(health.findings):
            lines += [[]] if number else []
            lines += finding_lines(finding, narrow, say)
        if not self.brief:
            lines += [[], *table_lines([WEIGHT_HEAD, *weight_rows(last)], say)]
            activations = activation_rows(last)
            lines += [[], *table_lines([ACTIVATION_HEAD, *activations], say)] if activations else []
            lines += [[], *_legend(last, narrow, say)]
        looks = len(health.history.vitals)
        text = (
            f"{looks} {'look' if looks == 1 else 'looks'}, the last one after "
            f"{thousands(last.step)} steps, on {last.count} training images: loss {last.loss:.3g}, "
            f"guessing would be {last.chance:.3g}; {plain_percent(last.accuracy)} % right"
        )
        return [*lines, [], *labelled(say(health.name), say(text), narrow, len(health.name) + 2)]


def weight_rows(vitals: Vitals) -> list[list[str]]:
    """A row for each layer with weights, below ``WEIGHT_HEAD``."""
    return [
        [
            layer.name,
            thousands(layer.units),
            f"{layer.weight:.3g}",
            f"{layer.gradient:.3g}",
            f"{layer.pull:.3g}",
            plain_percent(layer.agreement, 0),
            _change(layer.update),
        ]
        for layer in vitals.weights
    ]


def activation_rows(vitals: Vitals) -> list[list[str]]:
    """A row for each activation and each batch normalisation, below ``ACTIVATION_HEAD``."""
    rows = [
        [each.name, thousands(each.units), *_state(each.kind, len(each.dead), each.saturated)]
        for each in vitals.activations
    ]
    rows += [
        [each.name, "", "", "", f"{_short(each.shift)} deviations", f"× {_short(each.scale)}"]
        for each in vitals.norms
    ]
    return rows


def _change(update: float | None) -> str:
    """In percent; above 1,000 % as a multiple of the weights' size."""
    if update is None:
        return "–"
    return f"× {update:,.0f}" if update > 10 else f"{100 * update:.3f}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def _legend(vitals: Vitals, width: int, say: Say) -> list[Line]:
    return [
        line
        for label, text in column_legend(vitals)
        for line in labelled(label, say(text), width, 11)
    ]


def column_legend(vitals: Vitals) -> list[tuple[str, str]]:
    """What the columns say that are not empty."""
    kinds = {each.kind for each in vitals.activations}
    rows = [
        ("norm", "of the layer's weights; gradient: that of the loss by them", vitals.weights),
        ("pull", "norm times gradient: how much the loss changes if the weights change by their "
         "own size", vitals.weights),
        ("one sign", "share of a unit's weight gradients that have the sign of most, the mean over "
         "the units", vitals.weights),
        ("a step", "how much the weights change, of their own size, each step since the look "
         "before", vitals.weights),
        ("dead", "units of a ReLU that give 0 for all the images", "relu" in kinds),
        ("saturated", "values where the slope is below 4 % of the steepest", kinds - {"relu"}),
        ("off by", "from the mean of these images, in their deviations; variance: the factor "
         "between the two; medians over the channels", vitals.norms),
    ]  # fmt: skip
    return [(label, text) for label, text, there in rows if there]


def _state(kind: str, dead: int, saturated: float) -> list[str]:
    if kind == "relu":
        return [thousands(dead), "", "", ""]
    return ["", plain_percent(saturated, 0), "", ""]
