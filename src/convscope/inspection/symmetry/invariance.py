"""Invariance: how much of an answer, and of a pooled map, stays when the image is shifted.

    change(k) = ‖p(g_k x) − p(x)‖ / ‖p(x)‖

p is the map of a pooling, g_k a shift by k pixels, the norm Euclid's over channels and
places; nothing is shifted back.  Kinds of pooling are compared by putting each in the place
of the network's own, with the weights as they are: nothing is trained again, and so a kind
that the network has not learnt with may answer badly (``accuracy`` tells), and its answers
change for that reason, too.  The maps of the first pooling are compared without this
doubt: what goes into it is the same for all kinds.  Source: Goodfellow, Bengio and
Courville, Deep Learning, 2016, section 9.3; shifts against the answer as in Zhang, Making
convolutional networks shift-invariant again, 2019.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.architecture.layers import Pair
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.changes.editing import pool_names, swap_pooling
from convscope.inspection.changes.pools import KINDS, Repooled, kernel_of, kind_of, require_kind
from convscope.inspection.intervals import Bootstrap, Estimate, share
from convscope.inspection.recording import borrowed, recording
from convscope.inspection.sampling import Sample, batches, draw_sample
from convscope.inspection.subject import Subject, require_spatial, subject_of
from convscope.inspection.symmetry.layer_errors import relative
from convscope.inspection.symmetry.shift_results import (
    Invariance,
    MapChange,
    Pooling,
    PredictionChange,
)
from convscope.inspection.symmetry.transforms import Shift

__all__ = ["Invariance", "MapChange", "Pooling", "PredictionChange", "invariance"]

SHIFTS = (0, 1, 2, 3, 4, 6, 8)
_DIRECTIONS = ((0, 1), (1, 0), (0, -1), (-1, 0))


def invariance(
    source: Any,
    shifts: Sequence[int] = SHIFTS,
    layers: Sequence[str] | None = None,
    *,
    kinds: Sequence[str] | None = None,
    windows: Sequence[int] = (2, 3),
    images: int = 200,
    seed: int = 0,
    progress: Tell | None = None,
) -> Invariance:
    """Shifts images, and compares answers and pooled maps with those of the images unshifted.

    ``source`` is a subject or whatever ``subject_of`` takes.  ``kinds`` are the poolings to
    put in the place of the network's own: by default all of max, avg, l2, distance and none;
    an empty list leaves the network as it is.  Each is taken with every one of ``windows``
    (2 is 2×2), with the stride of the pooling that it replaces.  Without ``layers`` the maps
    of all poolings are compared, or of the last layer that makes maps.
    """
    subject = subject_of(source)
    amounts = _amounts(subject, shifts)
    for kind in kinds or ():
        require_kind(kind)
    names = _layers(subject, layers)
    sample = draw_sample(subject, images, seed)
    poolings: list[Pooling] = []
    variants = _variants(subject, tuple(KINDS) if kinds is None else tuple(kinds), windows)
    tell, bootstrap = teller(progress), Bootstrap(len(sample), seed)
    for number, variant in enumerate(variants):
        tell(Progress("comparing poolings", number, len(variants), "networks"))
        poolings.append(_measured(variant, sample, amounts, names, bootstrap))
    tell(Progress("comparing poolings", len(variants), len(variants), "networks"))
    return Invariance(
        subject=subject.name,
        trained=subject.trained,
        images_from=subject.images_from,
        count=len(sample),
        seed=seed,
        shifts=amounts,
        layers=names,
        poolings=tuple(poolings),
        note=subject.note,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Variant:
    kind: str
    window: Pair | None
    own: bool
    subject: Subject


def _amounts(subject: Subject, shifts: Sequence[int]) -> tuple[int, ...]:
    """Ascending, with 0 before them."""
    amounts = tuple(sorted({0, *shifts}))
    smaller = min(subject.volume.height, subject.volume.width)
    if amounts[0] < 0 or amounts[-1] >= smaller:
        raise UsageError(
            f"shifts by {', '.join(map(str, shifts))} pixels",
            remedy=f"give numbers from 0 to {smaller - 1}",
        )
    return amounts


def _layers(subject: Subject, layers: Sequence[str] | None) -> tuple[str, ...]:
    if layers is not None:
        require_spatial(subject, layers)
        return tuple(dict.fromkeys(layers))
    maps = [each for each in subject.layers if each.spatial and each.leaf]
    modules = dict(subject.module.named_modules())
    pools = [
        each.name
        for each in maps
        if kind_of(modules[each.name.partition(":")[0]]) is not None or each.kind in _ADAPTIVE
    ]
    return tuple(pools or [each.name for each in maps[-1:]])


_ADAPTIVE = (nn.AdaptiveAvgPool2d.__name__, nn.AdaptiveMaxPool2d.__name__)


def _variants(subject: Subject, kinds: Sequence[str], windows: Sequence[int]) -> list[_Variant]:
    """The network with each kind and window in the place of its poolings; its own among them."""
    modules = [subject.module.get_submodule(name) for name in pool_names(subject)]
    chosen = [
        (kind, (window, window))
        for kind in kinds
        for window in ((1,) if kind == "none" else tuple(dict.fromkeys(windows)))
    ]
    own = _own(modules)
    found: list[_Variant] = []
    if own is None or own not in chosen:
        named: tuple[str, Pair | None] = own or ("as it is", None)
        found.append(_Variant(named[0], named[1], True, subject))
    for kind, window in chosen if modules else []:
        if (kind, window) == own:
            found.append(_Variant(kind, window, True, subject))
            continue
        changed = subject
        for name in pool_names(subject):
            changed = swap_pooling(changed, name, kind, window)
        found.append(_Variant(kind, window, False, changed))
    return found


def _own(modules: Sequence[nn.Module]) -> tuple[str, Pair] | None:
    """Kind and window of poolings that are all alike."""
    alike = {(kind_of(each), kernel_of(each)) for each in modules}
    if len(alike) != 1 or any(isinstance(each, Repooled) for each in modules):
        return None
    ((kind, window),) = alike
    return (kind, window) if kind else None


def _measured(
    variant: _Variant,
    sample: Sample,
    shifts: Sequence[int],
    names: Sequence[str],
    bootstrap: Bootstrap,
) -> Pooling:
    """One network under all shifts."""
    answers: list[list[NDArray[np.float32]]] = [[] for _ in shifts]
    changes: dict[tuple[str, int], list[NDArray[np.float64]]] = {
        (name, shift): [] for name in names for shift in shifts
    }
    subject = variant.subject
    with borrowed(subject.module), torch.no_grad(), recording(subject.module, names) as maps:
        for part in batches(sample.pixels):
            still: dict[str, Tensor] = {}
            for found, shift in zip(answers, shifts, strict=True):
                moved = _shifted(sample.pixels[part], sample.numbers[part], shift)
                scores = subject.scores(subject.tensor(moved)).float()
                found.append(torch.softmax(scores, 1).numpy())
                still = still or dict(maps)
                for name, values in maps.items():
                    changes[name, shift].append(_change(still[name], values))
    probabilities = [np.concatenate(found) for found in answers]
    first = probabilities[0].argmax(1)
    accuracy = share(first == sample.labels) if sample.labels is not None else None
    return Pooling(
        kind=variant.kind,
        window=variant.window,
        own=variant.own,
        accuracy=accuracy,
        predictions=tuple(
            _prediction(shift, probabilities[0], found, first, bootstrap)
            for shift, found in zip(shifts, probabilities, strict=True)
        ),
        maps=tuple(
            MapChange(name, shift, bootstrap.mean(np.concatenate(values)))
            for (name, shift), values in changes.items()
        ),
    )


def _prediction(
    shift: int,
    still: NDArray[np.float32],
    moved: NDArray[np.float32],
    first: NDArray[np.int64],
    bootstrap: Bootstrap,
) -> PredictionChange:
    images = np.arange(len(first))
    change = np.abs(moved[images, first].astype(float) - still[images, first])
    same = share(moved.argmax(1) == first)
    if shift == 0:  # nothing is measured there: no image can change
        same = Estimate(1.0, 1.0, 1.0, len(first))
    return PredictionChange(shift, same, bootstrap.mean(change))


def _shifted(
    pixels: NDArray[np.uint8], numbers: NDArray[np.int64], shift: int
) -> NDArray[np.uint8]:
    """Image i of the subject into direction i mod 4."""
    if shift == 0:
        return pixels
    moved = np.empty_like(pixels)
    for number, (down, right) in enumerate(_DIRECTIONS):
        chosen = numbers % len(_DIRECTIONS) == number
        moved[chosen] = Shift(down * shift, right * shift).move(pixels[chosen])
    return moved


def _change(still: Tensor, moved: Tensor) -> NDArray[np.float64]:
    """Of each image, the norm of the difference against that of the map before."""
    squares = ((values.flatten(1).double() ** 2).sum(1) for values in (moved - still, still))
    return relative(*(each.numpy() for each in squares))
