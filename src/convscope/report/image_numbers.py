"""An image as what a network gets: its grid of numbers (the article's first figure)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.layers import Pair
from convscope.data.opening import bombs_are_errors, open_image
from convscope.data.preprocessing import Fit, fit_image
from convscope.errors import UsageError
from convscope.report.lines import Line
from convscope.report.plain import holds_signs, plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = [
    "CHANNELS",
    "ImageNumbers",
    "ImageNumbersView",
    "Window",
    "image_numbers",
    "shade",
    "wants_black",
]

SCHEMA = "convscope.image/1"

CHANNELS = {1: ("grey",), 3: ("red", "green", "blue")}

WHOLE = 64
"""Up to this side an image is shown whole where no window is asked for."""
PART = 24
"""How many rows and columns of a larger image are shown, from its middle."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of an image; its first row and column count from 0."""

    row: int
    column: int
    height: int
    width: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """ROW,COLUMN,HEIGHTxWIDTH, as in ``4,10,5x5``."""
        number = "([0-9]{1,9})"
        found = re.fullmatch(f"{number},{number},{number}[x×]{number}", text.replace(" ", ""))
        if found is None:
            raise UsageError(
                f'"{text}" is not ROW,COLUMN,HEIGHTxWIDTH',
                place="window",
                remedy='write it so: "4,10,5x5" is 5 rows from row 4 on, 5 columns from 10 on',
            )
        return cls(*(int(group) for group in found.groups()))

    def __str__(self) -> str:
        return f"{self.row},{self.column},{self.height}x{self.width}"

    def check(self, height: int, width: int) -> None:
        """Raises UsageError where it is empty or goes beyond an image of this size."""
        if self.height < 1 or self.width < 1:
            raise UsageError(f"the window {self} is empty", place="window")
        if self.row + self.height > height or self.column + self.width > width:
            raise UsageError(
                f"the window {self} goes beyond the image, which has {height} rows "
                f"and {width} columns",
                place="window",
                remedy="rows and columns count from 0",
            )

    @property
    def words(self) -> str:
        """rows 4–8, columns 10–14"""
        last_row, last_column = self.row + self.height - 1, self.column + self.width - 1
        return f"rows {self.row}–{last_row}, columns {self.column}–{last_column}"


@dataclass(frozen=True, slots=True, eq=False)
class ImageNumbers:
    """An image (uint8, height × width × channels) and the window of it that is shown."""

    source: str
    pixels: NDArray[np.uint8]
    window: Window

    @property
    def numbers(self) -> NDArray[np.uint8]:
        """Those in the window: height × width × channels."""
        window = self.window
        rows = slice(window.row, window.row + window.height)
        return self.pixels[rows, window.column : window.column + window.width]

    @property
    def whole(self) -> bool:
        """Whether the window holds all of the image."""
        return self.numbers.shape == self.pixels.shape

    @property
    def channels(self) -> tuple[str, ...]:
        """grey; or red, green, blue"""
        return CHANNELS[self.pixels.shape[2]]

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON: ``numbers[channel][row][column]`` of the window."""
        height, width, _ = self.pixels.shape
        window = self.window
        grids = self.numbers.transpose(2, 0, 1).tolist()
        return {
            "schema": SCHEMA,
            "source": self.source,
            "height": height,
            "width": width,
            "channels": list(self.channels),
            "window": {
                "row": window.row,
                "column": window.column,
                "height": window.height,
                "width": window.width,
            },
            "numbers": dict(zip(self.channels, grids, strict=True)),
        }


def image_numbers(
    source: str | Path | bytes,
    *,
    window: Window | None = None,
    size: Pair | None = None,
    fit: Fit = "pad",
    grey: bool | None = None,
    name: str = "",
) -> ImageNumbers:
    """Opens an image (a path, or the bytes of a file) to look at its numbers.

    ``size`` scales it first, as for a network that takes images of that size; ``grey``
    says whether it is read as grey or as colour, by default as the file holds it.
    Without a ``window`` a small image is shown whole, and of a large one the middle.
    """
    place = name or ("the image" if isinstance(source, bytes) else str(source))
    content = source if isinstance(source, bytes) else Path(source).expanduser().absolute()
    with bombs_are_errors():
        image = open_image(content, place, grey=grey)
    if size is None:
        pixels = np.asarray(image)
        pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    else:
        channels = 1 if image.mode == "L" else 3
        pixels = fit_image(image, size, channels, fit).transpose(1, 2, 0)
    height, width = pixels.shape[:2]
    chosen = _middle(height, width) if window is None else window
    chosen.check(height, width)
    return ImageNumbers(place, pixels, chosen)


def _middle(height: int, width: int) -> Window:
    rows = height if height <= WHOLE else PART
    columns = width if width <= WHOLE else PART
    return Window((height - rows) // 2, (width - columns) // 2, rows, columns)


@dataclass(frozen=True)
class ImageNumbersView:
    """What ``rich.print`` shows of ImageNumbers: each number on a patch of its own shade.

    A grid wider than the console stands in parts below one another, so that no number
    is cut and none is left out.
    """

    image: ImageNumbers

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        encoding = getattr(options, "encoding", None) or console.encoding
        for line in self.lines(options.max_width, signs=holds_signs(encoding)):
            yield Text.assemble(*line, no_wrap=True, overflow="ignore")

    def lines(self, width: int, *, signs: bool = True) -> list[Line]:
        """The lines as (text, style) pieces; without ``signs`` in ASCII."""
        lines = [[(text, style)] for text, style in _title(self.image, width)]
        for index, channel in enumerate(self.image.channels):
            lines.append([])
            if len(self.image.channels) > 1:
                lines += [[(channel, "bold")], []]
            lines += _grid(self.image, index, width)
        if not self.image.whole:
            lines += [[], *([(text, "dim")] for text in _elsewhere(self.image))]
        if signs:
            return lines
        return [[(plain(text), style) for text, style in line] for line in lines]


def _title(image: ImageNumbers, width: int) -> Iterator[tuple[str, str]]:
    rows, all_columns, channels = image.pixels.shape
    yield f"{image.source}  {rows}×{all_columns}×{channels}", "bold"
    yield "height × width × channels; 0 is black, 255 is white", "dim"
    if not image.whole:
        yield f"shown: {image.window.words}", ""
    label, cell, columns = _layout(image.window, width)
    if columns < image.window.width:
        needed = label + 1 + cell * image.window.width
        yield f"in parts of {columns} columns: side by side they need {needed} characters", "dim"


def _elsewhere(image: ImageNumbers) -> Iterator[str]:
    """How to see what is not shown."""
    height, width, _ = image.pixels.shape
    yield (
        f"the image has rows 0–{height - 1} and columns 0–{width - 1}; another part: "
        f"--window 0,0,{min(height, PART)}x{min(width, PART)}"
    )
    if max(height, width) > WHOLE:
        yield "the whole image, scaled as for a network: --size 28x28"


def _grid(image: ImageNumbers, channel: int, width: int) -> Iterator[Line]:
    """The numbers of one channel under their columns and beside their rows."""
    window = image.window
    label, cell, columns = _layout(window, width)
    numbers = image.numbers[:, :, channel]
    for first in range(0, window.width, columns):
        if first:
            yield []
        part = numbers[:, first : first + columns]
        heads = range(window.column + first, window.column + first + part.shape[1])
        yield [(" " * label + " ", ""), ("".join(f"{head:>{cell}}" for head in heads), "dim")]
        for index, row in enumerate(part.tolist()):
            shades = [(f"{value:>{cell}}", _style(value, image.channels[channel])) for value in row]
            yield [(f"{window.row + index:>{label}} ", "dim"), *shades]


def _layout(window: Window, width: int) -> tuple[int, int, int]:
    """The widths of a row's label and of a cell, and how many columns stand side by side."""
    label = len(str(window.row + window.height - 1))
    cell = 1 + max(3, len(str(window.column + window.width - 1)))
    parts = -(-window.width // max(1, (width - label - 1) // cell))
    return label, cell, -(-window.width // parts)


def _style(value: int, channel: str) -> str:
    """The number's own shade behind it, and black or white for the digits."""
    patch = shade(value, channel)
    ink = 0 if wants_black(patch) else 255
    return f"rgb({ink},{ink},{ink}) on rgb({patch[0]},{patch[1]},{patch[2]})"


def shade(value: int, channel: str) -> tuple[int, int, int]:
    """The colour that a number means: (red, green, blue)."""
    red, green, blue = (value if channel in (name, "grey") else 0 for name in CHANNELS[3])
    return red, green, blue


def wants_black(patch: tuple[int, int, int]) -> bool:
    """Whether black digits stand out better from a patch than white ones.

    Contrast is (L + 0.05)/(M + 0.05) of the relative luminances (WCAG 2).
    """
    linear = [v / 255 / 12.92 if v <= 10 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in patch]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return (luminance + 0.05) ** 2 > 1.05 * 0.05
