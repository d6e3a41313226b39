"""Draws the pictures of README.md anew: ``python scripts/make_pictures.py``."""

from __future__ import annotations

from pathlib import Path

from convscope.architecture.arithmetic import explain
from convscope.architecture.zoo import find_architecture
from convscope.report.network_drawing import draw_network
from convscope.report.svg import scene_svg

PICTURES = Path(__file__).parents[1] / "docs" / "images"


def pictures() -> dict[str, str]:
    """The text of each file, by its name."""
    scene = draw_network(explain(find_architecture("article")))
    return {"network.svg": scene_svg(scene)}


if __name__ == "__main__":
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, text in pictures().items():
        (PICTURES / name).write_text(text, encoding="utf-8", newline="\n")
