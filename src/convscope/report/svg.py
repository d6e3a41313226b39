"""A scene as SVG: text stays text, nothing in it changes from one time to the next."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from math import atan2, cos, sin

from convscope.report.html import data_uri
from convscope.report.palette import LIGHT
from convscope.report.scene import Mark, Picture, Point, Polygon, Polyline, Scene, Words

__all__ = ["FONTS", "scene_svg"]

FONTS = "system-ui, 'Segoe UI', 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif"


def scene_svg(scene: Scene, colours: Mapping[str, str] = LIGHT, *, inline: bool = False) -> str:
    """The scene as a file's whole text, or ``inline`` as an element for a page.

    ``colours`` gives each role its colour; a page passes ``var(--role)``.
    """
    width, height = f"{scene.width:.0f}", f"{scene.height:.0f}"
    marks = "\n".join(_mark(mark, colours) for mark in scene.marks)
    paper = "" if inline else f'<rect width="100%" height="100%" fill="{colours["paper"]}"/>\n'
    head = "" if inline else '<?xml version="1.0" encoding="UTF-8"?>\n'
    return (
        f'{head}<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{FONTS}" '
        f'stroke-linejoin="round">\n'
        f"<title>{escape(scene.title)}</title>\n<desc>{escape(scene.description)}</desc>\n"
        f"{paper}{marks}\n</svg>\n"
    )


def _mark(mark: Mark, colours: Mapping[str, str]) -> str:
    match mark:
        case Polygon(points, fill, edge, thickness, opacity):
            clear = "" if opacity == 1 else f' fill-opacity="{opacity}"'
            line = f' stroke="{colours[edge]}" stroke-width="{thickness}"' if edge else ""
            return f'<path d="{_path(points)}Z" fill="{colours[fill]}"{clear}{line}/>'
        case Polyline(points, stroke, thickness, arrow, opacity):
            faded = "" if opacity == 1 else f' stroke-opacity="{opacity}"'
            line = (
                f'<path d="{_path(points)}" fill="none" stroke="{colours[stroke]}" '
                f'stroke-width="{thickness}"{faded}/>'
            )
            if not arrow:
                return line
            return f'{line}<path d="{_path(arrow_head(points))}Z" fill="{colours[stroke]}"/>'
        case Words():
            return _words(mark, colours)
        case Picture(x, y, across, down, content, kind):
            return (
                f'<image x="{_number(x)}" y="{_number(y)}" width="{_number(across)}" '
                f'height="{_number(down)}" preserveAspectRatio="none" image-rendering="pixelated" '
                f'href="{data_uri(content, kind)}"/>'
            )


def _words(words: Words, colours: Mapping[str, str]) -> str:
    weight = ' font-weight="600"' if words.bold else ""
    return (
        f'<text x="{_number(words.x)}" y="{_number(words.y)}" text-anchor="{words.anchor}" '
        f'font-size="{words.size}"{weight} fill="{colours[words.role]}">'
        f"{escape(words.text)}</text>"
    )


def arrow_head(points: tuple[Point, ...], size: float = 5.0) -> tuple[Point, Point, Point]:
    """A small triangle on the end of a line."""
    (x0, y0), (x, y) = points[-2:]
    angle = atan2(y - y0, x - x0)
    back_x, back_y = x - size * cos(angle), y - size * sin(angle)
    across_x, across_y = 0.42 * size * sin(angle), 0.42 * size * cos(angle)
    return (
        (x, y),
        (back_x + across_x, back_y - across_y),
        (back_x - across_x, back_y + across_y),
    )


def _path(points: tuple[Point, ...]) -> str:
    return "M" + "L".join(f"{_number(x)} {_number(y)}" for x, y in points)


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
