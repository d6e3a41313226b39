"""Figures borrow matplotlib's settings and give them back; files are whole or not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

from convscope.errors import RunError
from convscope.report.figures import curves_figure
from convscope.report.plotting import figure_style, new_figure, png_bytes, save_figure

from .samples import metrics


def test_settings_are_given_back_even_after_an_error() -> None:
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), figure_style():
        assert mpl.rcParams["svg.fonttype"] == "none"
        raise ZeroDivisionError
    assert dict(mpl.rcParams) == before


def test_the_users_own_settings_do_not_reach_our_figures() -> None:
    plain = png_bytes(curves_figure(metrics()), 40)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "lines.linewidth": 9}):
        assert png_bytes(curves_figure(metrics()), 40) == plain


def test_neither_pyplot_nor_a_window_system_is_touched() -> None:
    code = (
        "import sys, matplotlib\n"
        "before = matplotlib.rcParams._get('backend')\n"
        "from convscope.report.plotting import figure_style, new_figure, png_bytes, svg_text\n"
        "with figure_style():\n"
        "    figure = new_figure(1, 1)\n"
        "    figure.subplots().plot([1, 2])\n"
        "png_bytes(figure, 20); svg_text(figure)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert matplotlib.rcParams._get('backend') == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_png_and_svg_stand_side_by_side(tmp_path: Path) -> None:
    with figure_style():
        figure = new_figure(1, 1)
    png, svg = save_figure(figure, tmp_path, "empty")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert svg.read_text(encoding="utf-8").startswith("<?xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.png", "empty.svg"]


def test_a_place_that_cannot_be_written_is_an_error_of_ours(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder", encoding="utf-8")
    with figure_style():
        figure = new_figure(1, 1)
    with pytest.raises(RunError):
        save_figure(figure, blocked, "empty")


def test_signs_that_the_font_lacks_are_no_warning() -> None:
    with figure_style():
        figure = new_figure(1, 1)
        figure.text(0, 0, "靴 $\\frac{1$")
    assert png_bytes(figure, 20)
