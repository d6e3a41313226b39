"""What a unit can see: from it back to the pixels, tap by tap.

Exact for the one unit, borders, strides and holes included; channels are followed, too, as
far as layers keep them apart.  Weights do not count: a tap of weight 0 is seen.  Of a whole
layer ``fields.geometric`` tells the size by arithmetic, or by trying.
"""

from __future__ import annotations

import heapq

import numpy as np
import torch
from numpy.typing import NDArray

from convscope.architecture.pixels import Box
from convscope.inspection.recording import INPUT
from convscope.inspection.walking.passage import Link, Passage
from convscope.inspection.walking.stage import Unit
from convscope.inspection.walking.windows import axes_of, geometry_of

__all__ = ["PADDING_ALONE", "field_of"]

PADDING_ALONE = "it sees padding alone"

_Mask = NDArray[np.float32]
"""Above 0 where a unit of the layer is seen: channels × height × width, or a vector."""


def field_of(passage: Passage, name: str, at: Unit) -> tuple[Box | None, str]:
    """The box around the pixels that can reach a unit; None, and the reason, where none can."""
    link = passage.link(name)
    mask = np.zeros(link.made.shape, np.float32)
    mask[at] = 1
    masks = {link.name: mask}
    waiting = [(-link.order, link.name)]
    while waiting:
        link = passage.link(heapq.heappop(waiting)[1])
        mask, unexplained = masks.pop(link.name), _unexplained(link)
        if unexplained:
            return None, unexplained
        start = 0
        for source in map(passage.resolved, link.sources):
            assert source is not None
            shape = passage.shape(source)
            seen = _seen(link, mask[start : start + shape[0]] if link.kind == "cat" else mask)
            start += shape[0]
            if seen.shape != shape:  # one number for a whole channel, in a product
                seen = seen.max((1, 2), keepdims=True)
            if not seen.any():
                continue
            if source not in masks and source != INPUT:
                heapq.heappush(waiting, (-passage.link(source).order, source))
            masks[source] = np.maximum(masks.get(source, np.float32(0)), seen)
    return _box(masks.get(INPUT))


def _unexplained(link: Link) -> str:
    """Why no way leads through a link; empty if one does."""
    if not link.kind or (link.kind == "fc" and link.made.ndim != 1):
        return f"{link.name} is a {link.class_name}, whose geometry is not known"
    if None in link.sources:
        return f"what {link.name} is given was made by something that is no module"
    return ""


def _seen(link: Link, mask: _Mask) -> _Mask:
    """The units of a link's input that those of ``mask`` read."""
    shape = link.given.shape
    if link.kind in ("conv", "pool", "globalpool"):
        assert link.module is not None
        rows, columns = axes_of(link.module, shape, link.made.shape)
        if link.kind == "conv":
            geometry = geometry_of(link.module)
            assert geometry is not None
            groups = mask.reshape(geometry.groups, -1, *mask.shape[1:]).max(1)
            mask = groups.repeat(shape[0] // geometry.groups, 0)
        read: _Mask = (rows.reads().T @ mask @ columns.reads() > 0).astype(np.float32)
        return read
    if link.kind == "fc":
        return np.ones(shape, np.float32)
    if link.kind == "flatten":
        return mask.reshape(shape)
    if link.kind == "batch" and getattr(link.module, "running_mean", torch.empty(0)) is None:
        channels = mask.reshape(len(mask), -1).max(1)
        return np.broadcast_to(channels.reshape(-1, *[1] * (mask.ndim - 1)), shape)
    return mask


def _box(mask: _Mask | None) -> tuple[Box | None, str]:
    if mask is None:
        return None, PADDING_ALONE
    rows, columns = np.flatnonzero(mask.any((0, 2))), np.flatnonzero(mask.any((0, 1)))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1), ""
