"""What matplotlib writes as SVG, made fit for a page: small, restyled by roles, no style=.

Presentation becomes attributes (a page's content policy forbids inline styles), the
fonts are the page's own, names that nothing refers to go, and inside a page each colour
becomes ``var(--role)``, so that a figure follows light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from convscope.report.palette import ROLES
from convscope.report.svg import FONTS

__all__ = ["figure_svg"]

_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_FONT = re.compile(r"(?:(italic|oblique)\s+)?(?:(bold|\d{3})\s+)?([\d.]+)px\b")
_PIXELS_PER_POINT = 96 / 72


def figure_svg(text: str, *, name: str = "", inline: bool = False) -> str:
    """matplotlib's SVG, restyled: a file's text, or with ``inline`` an element for a page."""
    root = ElementTree.fromstring(text)
    for element in root.iter():
        for child in list(element):
            if child.tag in (f"{_SVG}metadata", f"{_SVG}style"):
                element.remove(child)
    used = {target for element in root.iter() for target in _references(element)}
    for element in root.iter():
        _clean(element, used, f"{name}-" if name else "", inline)
    _head(root, inline)
    _unwrap(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f"{body}\n" if inline else f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _references(element: ElementTree.Element) -> Iterator[str]:
    for key, value in element.attrib.items():
        if key == _LINK and value.startswith("#"):
            yield value[1:]
        yield from _REFERENCE.findall(value)


def _clean(element: ElementTree.Element, used: set[str], prefix: str, inline: bool) -> None:
    """One element: its attributes as a page wants them, in the order they came."""
    element.tag = element.tag.removeprefix(_SVG)
    element.text, element.tail = _trimmed(element.text), None
    attributes = dict(element.attrib)
    style = attributes.pop("style", "")
    attributes |= dict(_presentation(style))
    if attributes.get("transform", "").startswith("rotate(-0 "):
        del attributes["transform"]
    if attributes.get("id") not in used:
        attributes.pop("id", None)
    element.attrib.clear()
    for key, value in attributes.items():
        if key == "id":
            value = prefix + value
        elif key == _LINK:
            key = "href" if inline else "xlink:href"
            value = f"#{prefix}{value[1:]}" if value.startswith("#") else value
        elif inline and value in ROLES:
            value = f"var(--{ROLES[value]})"
        else:
            value = _REFERENCE.sub(rf"url(#{prefix}\1)", value)
        if key in ("d", "points", "x", "y", "width", "height", "transform"):
            value = _NUMBER.sub(lambda found: f"{float(found[0]):.2f}", " ".join(value.split()))
        element.set(key, value)


def _trimmed(text: str | None) -> str | None:
    return text if text and text.strip() else None


def _presentation(style: str) -> Iterator[tuple[str, str]]:
    """The declarations of a style attribute as attributes; the family of a font is dropped."""
    for declaration in style.split(";"):
        key, _, value = (part.strip() for part in declaration.partition(":"))
        if key == "font":
            found = _FONT.match(value)
            if found:
                yield "font-size", found[3]
                if found[2]:
                    yield "font-weight", found[2]
        elif key == "font-size":
            yield key, value.removesuffix("px")
        elif key and key != "font-family":
            yield key, value


def _head(root: ElementTree.Element, inline: bool) -> None:
    width, height = (float(root.attrib[key].removesuffix("pt")) for key in ("width", "height"))
    attributes = {"xmlns": "http://www.w3.org/2000/svg"}
    if not inline:
        attributes["xmlns:xlink"] = "http://www.w3.org/1999/xlink"
    attributes |= {
        "width": f"{width * _PIXELS_PER_POINT:.0f}",
        "height": f"{height * _PIXELS_PER_POINT:.0f}",
        "viewBox": root.attrib["viewBox"],
        "font-family": FONTS,
        "stroke-linejoin": "round",
    }
    root.attrib.clear()
    root.attrib.update(attributes)


def _unwrap(element: ElementTree.Element) -> None:
    """Groups that say nothing give way to what is in them."""
    for child in list(element):
        _unwrap(child)
    children: list[ElementTree.Element] = []
    for child in element:
        bare = child.tag in ("g", "defs") and not child.attrib
        children += list(child) if bare and (child.tag == "g" or not len(child)) else [child]
    element[:] = children
