"""5. Convolution commutes with translation: inside exactly, at the border not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convscope.architecture.zoo import find_architecture
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict
from convscope.inspection.equivariance import EXACT, equivariance
from convscope.inspection.subject import subject_of
from convscope.inspection.transforms import Shift

__all__ = ["CLAIM"]

SHIFTS = (1, 2, 3, 4)
DENSE = "input 28x28x1 -> flatten -> fc 784 -> relu -> fc 10"


def measure(setting: Setting) -> dict[str, Any]:
    """The error of conv1 and conv2 of the trained example under shifts, inside and in all.

    The control is a convolution that is none: one whose maps are shuffled in place.
    """
    count = 32 if setting.quick else 256
    found = equivariance(
        subject_of("example"), [Shift(right=by) for by in SHIFTS], ["conv1", "conv2"], images=count
    )
    untrained = equivariance(
        subject_of(find_architecture("article")),
        [Shift(right=by) for by in SHIFTS],
        ["conv1"],
        images=count,
    )
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
    control = [
        each.interior.value
        for by in SHIFTS
        for each in [untrained.error("conv1", Shift(right=by))]
        if each.interior
    ]
    return {"rows": rows, "images": found.count, "untrained": control}


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
    return text


def judge(values: Mapping[str, Any]) -> Verdict:
    inside = [row["inside"] for row in values["rows"] if row["inside"] is not None]
    if not inside:
        return Verdict("too little data to say", "no place is out of the padding's sight")
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
                tuple(row["whole"] for row in rows),
            )
        )
        inner = [row for row in rows if row["inside"] is not None]
        series.append(
            Series(
                f"{layer}, inside",
                tuple(row["shift"] for row in inner),
                tuple(max(row["inside"], 1e-9) for row in inner),
            )
        )
    return (
        Chart(
            "How far f(g(x)) is from g(f(x)) when the image is shifted",
            "shift to the right, pixels",
            "relative error",
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
    rule="holds if the relative error is at most 1e-5 at every place; holds when inside if it is "
    "so "
    "where no padding is in sight and the shift is a multiple of the strides",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
)
