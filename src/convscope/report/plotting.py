"""How figures are made here: one look, no pyplot, nothing of the caller's changed.

Figures are plain ``matplotlib.figure.Figure`` objects.  Settings are borrowed while a
figure is made or written, and given back; files hold no dates and no changing names,
so that equal results give equal files.
"""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.report.destination import figure_path
from convscope.report.figure_svg import figure_svg
from convscope.report.palette import LIGHT
from convscope.training.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

__all__ = [
    "PAD",
    "colour_map",
    "figure_style",
    "new_figure",
    "place",
    "png_bytes",
    "save_as",
    "save_figure",
    "subtitle",
    "svg_text",
    "title",
    "words",
]

DOTS_PER_INCH = 200
PAD = 0.14
"""Inches of white around a figure."""
_LOCK = threading.RLock()
"""matplotlib's settings belong to the whole process: one figure at a time."""

_STYLE: dict[str, object] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 9,
    "axes.labelsize": 9,
    "axes.labelcolor": LIGHT["muted"],
    "axes.edgecolor": LIGHT["faint"],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.8,
    "xtick.color": LIGHT["faint"],
    "ytick.color": LIGHT["faint"],
    "xtick.labelcolor": LIGHT["muted"],
    "ytick.labelcolor": LIGHT["muted"],
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.minor.visible": False,
    "ytick.minor.visible": False,
    "legend.frameon": True,
    "legend.facecolor": LIGHT["paper"],
    "legend.edgecolor": LIGHT["paper"],
    "legend.framealpha": 1,
    "legend.fancybox": False,
    "legend.borderpad": 0.2,
    "legend.fontsize": 8.5,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "image.interpolation": "nearest",
    "svg.fonttype": "none",
    "svg.hashsalt": "convscope",
    "savefig.bbox": "standard",
    "figure.constrained_layout.w_pad": 0.12,
    "figure.constrained_layout.h_pad": 0.12,
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Our settings for matplotlib, whatever the user's are; afterwards theirs again."""
    from matplotlib import style

    with _LOCK, warnings.catch_warnings():
        # A class may be called by signs that the font lacks: a box then stands there.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from", module="matplotlib")
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        with style.context(["default", _STYLE]):
            yield


def new_figure(width: float, height: float, *, arranged: bool = True) -> Figure:
    """An empty figure of so many inches; use it inside ``figure_style``.

    Where it is not to be ``arranged`` by matplotlib, ``place`` puts axes into it.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(width, height),
        layout="constrained" if arranged else None,
        facecolor=LIGHT["paper"],
    )
    FigureCanvasAgg(figure)
    return figure


def place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place that is given in inches from the upper left corner."""
    across, down = figure.get_size_inches()
    return figure.add_axes(
        (left / across, 1 - (top + height) / down, width / across, height / down)
    )


def words(figure: Figure, left: float, top: float, text: str, **style: Any) -> None:
    """A line of type whose upper left corner is so many inches from that of the figure."""
    across, down = figure.get_size_inches()
    figure.text(left / across, 1 - top / down, text, **{"va": "top", "ha": "left", **style})


def title(figure: Figure, text: str, below: str = "") -> float:
    """A title with a line in small type; gives how many inches they take."""
    words(figure, PAD, PAD, text, fontsize=10.5, fontweight="bold")
    if below:
        words(figure, PAD, PAD + 0.2, below, fontsize=8.5, color=LIGHT["muted"])
    return PAD + (0.42 if below else 0.24)


def colour_map(name: str, colours: Sequence[str]) -> LinearSegmentedColormap:
    """A scale through these colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(colours))


def subtitle(axes: Axes, text: str) -> None:
    """A line in small type between a title and its axes."""
    axes.set_title(axes.get_title(loc="left"), pad=20)
    axes.annotate(
        text, (0, 1), (0, 7), "axes fraction", "offset points", fontsize=8.5, color=LIGHT["muted"]
    )


def png_bytes(figure: Figure, dots_per_inch: int = DOTS_PER_INCH) -> bytes:
    """The figure as the bytes of a PNG."""
    file = io.BytesIO()
    with figure_style():
        figure.savefig(file, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return file.getvalue()


def svg_text(figure: Figure, *, name: str = "", inline: bool = False) -> str:
    """The figure as SVG: a file's text, or ``inline`` an element for a page.

    ``name`` sets its ids apart from those of other figures on the same page.
    """
    file = io.StringIO()
    with figure_style():
        figure.savefig(
            file,
            format="svg",
            transparent=inline,
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    return figure_svg(file.getvalue(), name=name, inline=inline)


def save_as(figure: Figure, out: str | Path) -> tuple[Path, Path]:
    """Writes a figure where ``out`` says, as PNG and SVG: NAME, NAME.png or NAME.svg.

    UsageError for another ending, before anything is written.
    """
    path = figure_path(out)
    return save_figure(figure, path.parent, path.stem)


def save_figure(figure: Figure, folder: Path, name: str) -> tuple[Path, Path]:
    """Writes NAME.png and NAME.svg, whole or not at all."""
    png, svg = folder / f"{name}.png", folder / f"{name}.svg"
    write_bytes(png, png_bytes(figure))
    write_bytes(svg, svg_text(figure).encode("utf-8"))
    return png, svg
