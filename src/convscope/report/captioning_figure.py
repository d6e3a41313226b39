"""Captions as pictures: each image with its sentence, and where each word was looked for."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from convscope.report.numbers import percent
from convscope.report.overlay import draw_scale, frame, overlaid, show_picture
from convscope.report.palette import LIGHT
from convscope.report.plotting import PAD, figure_style, new_figure, place, title, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.applications.captioning.sentences import Caption

__all__ = ["attention_figure", "caption_figure", "captions_figure"]

_SIDE, _GAP = 1.12, 0.16
"""Inches of a word's picture, and between two."""
_ACROSS = 6
"""Words in a row."""
_WORD = 0.36
"""Room for a word below its picture."""
_PICTURE, _TEXT = 1.7, 0.58
_LETTERS = 29


def caption_figure(caption: Caption) -> Figure:
    """Where each word was looked for; of a decoder that does not look, the picture as it is."""
    looked = any(word.weights is not None for word in caption.words)
    return attention_figure(caption) if looked else captions_figure([caption])


def attention_figure(caption: Caption) -> Figure:
    """The picture, then for each word of the sentence how much each cell was looked at.

    All on one scale, from 0 to the largest weight.  ValueError of a caption that was made
    without looking: a plain decoder has no weights.
    """
    maps = [word.weights for word in caption.words if word.weights is not None]
    if not maps:
        raise ValueError("only a decoder with attention says where it looks")
    rows = -(-(len(maps) + 1) // _ACROSS)
    width = 2 * PAD + _ACROSS * _SIDE + (_ACROSS - 1) * _GAP
    limit = max(float(each.max()) for each in maps)
    with figure_style():
        figure = new_figure(width, 1.28 + rows * (_SIDE + _WORD), arranged=False)
        said = f"“{caption.text}”"
        below = f"{caption.source}; probability {percent(caption.sentences[0].probability)}"
        top = title(figure, said, below) + 0.12
        show_picture(place(figure, PAD, top, _SIDE, _SIDE), caption.picture)
        for number, word in enumerate(caption.words, 1):
            row, column = divmod(number, _ACROSS)
            left, upper = PAD + column * (_SIDE + _GAP), top + row * (_SIDE + _WORD)
            assert word.weights is not None
            axes = place(figure, left, upper, _SIDE, _SIDE)
            spread = _spread(word.weights, caption.picture.shape[-1])
            axes.imshow(overlaid(caption.picture, spread, limit, signed=False))
            frame(axes)
            words(figure, left, upper + _SIDE + 0.04, word.word, fontsize=9, fontweight="bold")
            chance = percent(word.probability, 0)
            style = {"fontsize": 7.5, "color": LIGHT["muted"], "ha": "right"}
            words(figure, left + _SIDE, upper + _SIDE + 0.055, chance, **style)
        bottom = top + rows * (_SIDE + _WORD) + 0.02
        draw_scale(figure, (PAD, bottom, 1.9), (0, limit), "weight of a cell for a word")
    return figure


def captions_figure(captions: Sequence[Caption], *, across: int = 4) -> Figure:
    """Pictures in rows, each with its sentence below; of a clip its first, middle, last frame."""
    clips = any(caption.picture.ndim == 4 for caption in captions)
    across = max(1, min(across if not clips else 2, len(captions)))
    wide = 3 * _PICTURE + 0.12 if clips else _PICTURE
    rows = -(-len(captions) // across)
    width = 2 * PAD + across * wide + (across - 1) * 2 * _GAP
    with figure_style():
        figure = new_figure(width, 2 * PAD + rows * (_PICTURE + _TEXT), arranged=False)
        for number, caption in enumerate(captions):
            row, column = divmod(number, across)
            left = PAD + column * (wide + 2 * _GAP)
            top = PAD + row * (_PICTURE + _TEXT)
            for step, picture in enumerate(_shown(caption.picture)):
                axes = place(figure, left + step * (_PICTURE + 0.06), top, _PICTURE, _PICTURE)
                show_picture(axes, picture)
            letters = int(_LETTERS * wide / _PICTURE)
            text = "\n".join(textwrap.wrap(caption.text, letters)[:3])
            words(figure, left, top + _PICTURE + 0.06, text, fontsize=8, linespacing=1.2)
    return figure


def _shown(picture: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """An image as it is, of a clip three frames."""
    if picture.ndim == 3:
        return [picture]
    last = len(picture) - 1
    return [picture[index] for index in (0, last // 2, last)]


def _spread(weights: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Each cell as the square of pixels around which its field lies."""
    times = max(1, side // len(weights))
    return np.kron(weights, np.ones((times, times), np.float32))
