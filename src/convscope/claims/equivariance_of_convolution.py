"""5. Convolution commutes with translation: inside exactly, at the border not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.claims.parameter_sharing import LocallyConnected
from convscope.inspection.subject import subject_of
from convscope.inspection.symmetry.equivariance import EXACT, equivariance
from convscope.inspection.symmetry.transforms import Shift

__all__ = ["CLAIM", "shift_error"]

SHIFTS = (1, 2, 3, 4)
SMALLEST = 1e-9
"""What an error of exactly 0 is drawn as: a logarithmic axis has no 0."""


def measure(setting: Setting) -> dict[str, Any]:
    """The error of conv1 and conv2 of the trained example under shifts, inside and in all.

    The control is an unshared layer in the place of conv1, which is known not to be
    equivariant: an error that does not find that out tells nothing.
    """
    count = 32 if setting.quick else 256
    moves = [Shift(right=by) for by in SHIFTS]
    subject = subject_of("example", data=setting.data_name)
    found = equivariance(subject, moves, ["conv1", "conv2"], images=count)
    pixels = subject.tensor(subject.images[:count])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        unshared = LocallyConnected(pixels.shape[-1], 1, 16, 5, 1)
    rows = [
        {
            "layer": each.layer,
            "shift": by,
            "inside": each.interior.value if each.counterpart and each.interior else None,
            "whole": each.whole.value if each.whole else None,
            "counterpart": each.counterpart,
        }
        for layer in found.layers
        for by in SHIFTS
        for each in [found.error(layer, Shift(right=by))]
    ]
    return {
        "rows": rows,
        "images": found.count,
        "control": [shift_error(unshared, pixels, by) for by in SHIFTS],
    }


def shift_error(layer: nn.Module, images: Tensor, by: int) -> float:
    """‖f(g(x)) − g(f(x))‖ / ‖g(f(x))‖ of one layer, where what moved in is out of sight.

    Images N×C×H×W go ``by`` pixels to the right; the layer has stride 1 and no padding.
    """
    moved = functional.pad(images, (by, 0))[..., : images.shape[-1]]
    with torch.no_grad():
        after, before = layer(moved)[..., by:], layer(images)[..., :-by]
    return float((after - before).norm() / before.norm())


def tell(values: Mapping[str, Any]) -> str:
    exact = [row for row in values["rows"] if row["inside"] is not None]
    inside = max(row["inside"] for row in exact)
    whole = max(row["whole"] for row in values["rows"] if row["counterpart"])
    odd = [row for row in values["rows"] if not row["counterpart"] and row["whole"] is not None]
    text = (
        f"relative error ‖f(g(x)) − g(f(x))‖/‖g(f(x))‖ under shifts of 1 to 4 pixels, "
        f"{values['images']} images: at most {inside:.1g} where padding is out of sight, up to "
        f"{whole:.2f} over the whole map, whose border sees zeros"
    )
    if odd:
        worst = max(row["whole"] for row in odd)
        text += f"; behind the pooling, shifts that are no multiple of 2: up to {worst:.2f}"
    return f"{text}; an unshared layer, as a control: {min(values['control']):.2f} and more"


def judge(values: Mapping[str, Any]) -> Verdict:
    inside = [row["inside"] for row in values["rows"] if row["inside"] is not None]
    if not inside:
        return Verdict("too little data to say", "no place is out of the padding's sight")
    if min(values["control"]) < 0.1:
        return Verdict("too little data to say", "the measure does not tell an unshared layer")
    if max(inside) > EXACT:
        return Verdict("not reproduced here", "even inside, the maps are not the moved maps")
    whole = [row["whole"] for row in values["rows"] if row["counterpart"]]
    if max(whole) <= EXACT and all(row["counterpart"] for row in values["rows"]):
        return Verdict("holds", "to rounding, at every place and for every shift")
    return Verdict(
        "holds when",
        "no padding is in sight and the shift is a multiple of the strides before it: there to "
        "rounding; zeros at the border and strides break it",
    )


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    series = []
    for layer in ("conv1", "conv2"):
        rows = [row for row in values["rows"] if row["layer"] == layer]
        series.append(
            Series(
                f"{layer}, whole map",
                tuple(row["shift"] for row in rows),
                tuple(math.nan if row["whole"] is None else row["whole"] for row in rows),
            )
        )
        inner = [row for row in rows if row["inside"] is not None]
        series.append(
            Series(
                f"{layer}, inside",
                tuple(row["shift"] for row in inner),
                tuple(max(row["inside"], SMALLEST) for row in inner),
            )
        )
    return (
        Chart(
            "How far f(g(x)) is from g(f(x)) when the image is shifted",
            "shift to the right, pixels",
            "relative error (none: 1e−9)",
            tuple(series),
            log_y=True,
            level=("rounding", EXACT),
        ),
    )


CLAIM = Claim(
    name="equivariance",
    title="Equivariance to translation",
    says="convolution is equivariant to translation: f(g(x)) = g(f(x))",
    source="the article, after Goodfellow, Bengio, Courville 2016, section 9.2",
    rule="holds if the relative error is at most 1e-5 at every place; holds when no padding is in "
    "sight if it is so there, for shifts by a multiple of the strides; not reproduced if it is "
    "larger there; too little data if the measure does not find an unshared layer out (10 %)",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['images']:,} images",
)
