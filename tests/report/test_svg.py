"""Our own SVG: well-formed, the same every time, its text still text."""

from __future__ import annotations

from xml.etree import ElementTree

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import find_architecture
from convscope.report.network_drawing import draw_network
from convscope.report.palette import LIGHT
from convscope.report.scene import Picture, Polygon, Polyline, Scene, Words
from convscope.report.svg import scene_svg

SCENE = Scene(
    100,
    50,
    (
        Polygon(((0, 0), (10, 0), (10, 10)), "accent", "ink"),
        Polyline(((0, 0), (20, 0)), "warm", arrow=True, opacity=0.5),
        Words(5, 20, "1 < 2 & so on", bold=True),
    ),
    "a <title>",
    "told & shown",
)
SVG = "{http://www.w3.org/2000/svg}"


def test_marks_become_shapes_and_text() -> None:
    root = ElementTree.fromstring(scene_svg(SCENE))
    assert [child.tag.removeprefix(SVG) for child in root] == [
        "title", "desc", "rect", "path", "path", "path", "text",
    ]  # fmt: skip
    assert root.findtext(f"{SVG}text") == "1 < 2 & so on"
    assert root.findtext(f"{SVG}title") == "a <title>"
    shape = root[3]
    assert (shape.get("d"), shape.get("fill")) == ("M0 0L10 0L10 10Z", LIGHT["accent"])
    # The head of the arrow ends where the line does.
    assert (root[5].get("d") or "").startswith("M20 0L")


def test_a_picture_is_inside_the_file() -> None:
    picture = Picture(1, 2, 30, 40, b"content", "image/png")
    image = ElementTree.fromstring(scene_svg(Scene(50, 50, (picture,), "", "")))[-1]
    assert image.tag == f"{SVG}image"
    assert [image.get(key) for key in ("x", "y", "width", "height")] == ["1", "2", "30", "40"]
    assert image.get("href") == "data:image/png;base64,Y29udGVudA=="
    assert image.get("image-rendering") == "pixelated"


def test_inline_it_follows_the_page() -> None:
    text = scene_svg(SCENE, {role: f"var(--{role})" for role in LIGHT}, inline=True)
    assert not text.startswith("<?xml")
    assert "<rect" not in text
    assert 'fill="var(--accent)"' in text
    assert "#" not in text


def test_no_inline_styles_and_no_changing_names() -> None:
    drawing = draw_network(explain(find_architecture("article")))
    text = scene_svg(drawing)
    assert "style=" not in text
    assert " id=" not in text
    assert text == scene_svg(draw_network(explain(find_architecture("article"))))
