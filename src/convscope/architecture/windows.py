"""The arithmetic of one sliding window: sides, paddings and their formula."""

from __future__ import annotations

from convscope.architecture.layers import Conv, Pair, Pool

__all__ = ["output_side", "padding_of", "side_formula"]


def output_side(side: int, kernel: int, stride: int, padding: int, dilation: int = 1) -> int:
    """⌊(side + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1, padding of both ends."""
    return (side + padding - dilation * (kernel - 1) - 1) // stride + 1


def padding_of(layer: Conv | Pool) -> tuple[Pair, Pair]:
    """((top, bottom), (left, right)); ``pad same`` puts an odd pixel at the far end."""
    if isinstance(layer, Conv) and layer.padding == "same":
        total = [d * (k - 1) for k, d in zip(layer.kernel, layer.dilation, strict=True)]
        return (
            (total[0] // 2, total[0] - total[0] // 2),
            (total[1] // 2, total[1] - total[1] // 2),
        )
    padding = getattr(layer, "padding", (0, 0))
    return (padding[0], padding[0]), (padding[1], padding[1])


def side_formula(axis: int, side: int, layer: Conv | Pool) -> str:
    """The formula of one side (0 height, 1 width) with the numbers put in, unrounded.

    (28 − 5 + 2·2)/1 + 1, and (28 − 2·(3 − 1) − 1 + 2·2)/1 + 1 with dilation 2.
    """
    kernel, stride = layer.kernel[axis], layer.stride[axis]
    dilation = layer.dilation[axis] if isinstance(layer, Conv) else 1
    first, last = padding_of(layer)[axis]
    taken = f"{kernel}" if dilation == 1 else f"{dilation}·({kernel} − 1) − 1"
    padded = f"2·{first}" if first == last else f"{first} + {last}"
    has_padding = isinstance(layer, Conv) or first or last
    return f"({side} − {taken}{f' + {padded}' if has_padding else ''})/{stride} + 1"
