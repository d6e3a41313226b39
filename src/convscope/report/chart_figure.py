"""A claim's chart as a figure: lines with their intervals, or bars, told apart without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from convscope.report.chart_limits import bounded, limits_of, numbers
from convscope.report.palette import CATEGORIES, LIGHT
from convscope.report.plotting import figure_style, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

    from convscope.claims.claim import Chart, Series

__all__ = ["chart_figure"]

Along = Literal["x", "y"]

_MARKERS = ("o", "s", "^", "D", "v", "P")
_LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1)))
_HATCHES = ("", "///", "...", "xxx", "\\\\\\", "ooo")
_WIDTH, _HEIGHT = 6.4, 3.6
_LETTERS_ACROSS = 84
"""Of names below one another's bars; more of them lie on their sides."""
_NAME = 16
"""Letters of a name in a line; longer ones are wrapped."""


def chart_figure(chart: Chart) -> Figure:
    """The chart with title, axes, units and legend; intervals are of 95 %.

    A bound that is not finite, or far out, ends where the axis ends.
    """
    sideways = chart.kind != "lines" and _sideways(chart)
    names = [str(x) for series in chart.series[:1] for x in series.xs]
    with figure_style():
        height = 1.3 + 0.32 * len(names) * max(1, len(chart.series)) if sideways else _HEIGHT
        figure = new_figure(_WIDTH, max(height, 2.2))
        axes = figure.subplots()
        limits = limits_of(chart)
        if chart.kind == "lines":
            _draw_lines(axes, chart, limits)
        else:
            _draw_bars(axes, chart, limits, sideways)
        figure.suptitle(
            textwrap.fill(chart.title, 72), x=0.012, ha="left", fontsize=10.5, fontweight="bold"
        )
        _draw_level(axes, chart, sideways)
        _explain(figure, axes, chart)
    return figure


def _explain(figure: Figure, axes: Axes, chart: Chart) -> None:
    """The legend, below everything: nothing that is drawn lies under it."""
    handles, labels = axes.get_legend_handles_labels()
    intervals = any(series.lows for series in chart.series)
    note = ("bands: 95 %" if chart.kind == "lines" else "whiskers: 95 %") if intervals else ""
    if len(chart.series) > 1:
        legend = figure.legend(
            handles,
            labels,
            loc="outside lower left",
            ncols=max(1, min(len(labels), _LETTERS_ACROSS // (max(map(len, labels)) + 6))),
            title=f"{note} intervals" if note else None,
            title_fontsize=8,
            alignment="left",
        )
        legend.get_title().set_color(LIGHT["muted"])
    elif note:
        figure.supxlabel(f"{note} intervals", x=0.02, ha="left", fontsize=8, color=LIGHT["muted"])


def _draw_lines(axes: Axes, chart: Chart, limits: tuple[float, float]) -> None:
    for number, series in enumerate(chart.series):
        colour = CATEGORIES[number % len(CATEGORIES)]
        xs, ys = numbers(series.xs), numbers(series.ys)
        bounds = bounded(chart, series, limits)
        if bounds is not None:
            axes.fill_between(xs, *bounds, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            xs,
            ys,
            color=colour,
            marker=_MARKERS[number % len(_MARKERS)],
            linestyle=_LINES[number % len(_LINES)],
            markersize=4.5 if len(xs) <= 12 else 0,
            label=series.name,
        )
    if chart.log_x:
        axes.set_xscale("log")
    _plain_ticks(axes, sorted({float(x) for series in chart.series for x in series.xs}))
    if chart.log_y:
        axes.set_yscale("log")
    axes.set_ylim(*limits)
    if chart.log_y:
        _plain_powers(axes.yaxis)
    axes.set_xlabel(chart.x)
    axes.set_ylabel(chart.y)
    axes.grid(True)


def _plain_ticks(axes: Axes, xs: Sequence[float]) -> None:
    """Where something was measured, and nowhere else, if that is not too often."""
    if len(xs) <= 8:
        axes.set_xticks(xs, [f"{x:,.10g}" if x >= 1000 else f"{x:g}" for x in xs])
        axes.set_xticks([], minor=True)


def _plain_powers(axis: Axis) -> None:
    """10, 1,000 and 0.01 in the place of formulas; 1e−9 where that is shorter."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    def said(value: float, _: float) -> str:
        text = f"{value:,.0f}" if value >= 1 else f"{value:g}"
        return text.replace("e-0", "e−").replace("-", "−")

    low, high = axis.get_view_interval()
    steps = (1.0,) if high > 1000 * low else (1.0, 2.0, 5.0)
    axis.set_major_locator(LogLocator(subs=steps))
    axis.set_major_formatter(FuncFormatter(said))
    axis.set_minor_formatter(NullFormatter())


def _offsets(count: int) -> Iterator[tuple[float, float]]:
    """(middle, width) of each series' bar within a place of 1."""
    width = 0.78 / count if count > 1 else 0.55
    for number in range(count):
        yield (number - (count - 1) / 2) * width, width * 0.94


def _style(number: int) -> dict[str, Any]:
    return {
        "color": CATEGORIES[number % len(CATEGORIES)],
        "hatch": _HATCHES[number % len(_HATCHES)],
        "edgecolor": LIGHT["paper"],
        "linewidth": 0,
    }


def _point(number: int) -> dict[str, Any]:
    return {
        "color": CATEGORIES[number % len(CATEGORIES)],
        "marker": _MARKERS[number % len(_MARKERS)],
        "linestyle": "none",
        "markersize": 6,
    }


def _whiskers(
    chart: Chart, series: Series, limits: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    bounds = bounded(chart, series, limits)
    if bounds is None:
        return None
    values = np.nan_to_num(numbers(series.ys))
    return values - bounds[0], bounds[1] - values


def _draw_bars(axes: Axes, chart: Chart, limits: tuple[float, float], sideways: bool) -> None:
    """Bars or points, a place for each name; those that are long, or many, lie on their side."""
    names = list(dict.fromkeys(str(x) for series in chart.series for x in series.xs))
    offsets = _offsets(len(chart.series))
    bars, lengthwise = (axes.barh, "xerr") if sideways else (axes.bar, "yerr")
    start, foot = limits[0] if chart.log_y else 0.0, "left" if sideways else "bottom"
    for number, (series, (middle, width)) in enumerate(zip(chart.series, offsets, strict=True)):
        places = np.array([names.index(str(x)) for x in series.xs]) + middle
        values, whiskers = numbers(series.ys), _whiskers(chart, series, limits)
        across, up = (values, places) if sideways else (places, values)
        if chart.kind == "points":
            axes.plot(across, up, label=series.name, **_point(number))
        else:
            look: dict[str, Any] = {foot: start, "label": series.name, **_style(number)}
            bars(places, values - start, width, **look)
        if whiskers is not None:
            look = {lengthwise: whiskers, "ecolor": LIGHT["ink"], "capsize": 3, "linewidth": 1}
            axes.errorbar(across, up, fmt="none", **look)
    _name_places(axes, chart, names, limits, sideways)


def _name_places(
    axes: Axes, chart: Chart, names: Sequence[str], limits: tuple[float, float], sideways: bool
) -> None:
    """Names along one axis, values along the other."""
    named: Along = "y" if sideways else "x"
    valued: Along = "x" if sideways else "y"
    ends = (-0.55, len(names) - 0.45)
    axes.set(
        **{
            f"{named}ticks": range(len(names)),
            f"{named}ticklabels": [
                textwrap.fill(name, 2 * _NAME if sideways else _NAME) for name in names
            ],
            f"{named}lim": ends[::-1] if sideways else ends,  # the first on top
            f"{named}label": chart.x,
            f"{valued}label": chart.y,
        }
    )
    axes.tick_params(axis=named, length=0)
    if chart.log_y:
        axes.set(**{f"{valued}scale": "log"})
    axes.set(**{f"{valued}lim": limits})
    if chart.log_y:
        _plain_powers(axes.xaxis if sideways else axes.yaxis)
    axes.grid(True, axis=valued)


def _sideways(chart: Chart) -> bool:
    names = {str(x) for series in chart.series for x in series.xs}
    longest = max((len(name) for name in names), default=0)
    return longest > _NAME or sum(max(len(name), 6) + 2 for name in names) > _LETTERS_ACROSS


def _draw_level(axes: Axes, chart: Chart, sideways: bool) -> None:
    """A reference with its name at its end."""
    if chart.level is None:
        return
    name, value = chart.level
    line: dict[str, Any] = {"color": LIGHT["ink"], "linestyle": (0, (4, 2)), "linewidth": 1}
    text: dict[str, Any] = {"fontsize": 8.5, "color": LIGHT["ink"], "textcoords": "offset points"}
    if sideways:
        axes.axvline(value, **line)
        axes.annotate(
            name, (value, 1), (3, 2), xycoords=("data", "axes fraction"), va="bottom", **text
        )
    else:
        axes.axhline(value, **line)
        axes.annotate(
            name, (1, value), (4, 0), xycoords=("axes fraction", "data"), va="center", **text
        )
