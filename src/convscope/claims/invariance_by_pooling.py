"""6. Pooling makes what it gives less sensitive to small shifts of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convscope.claims.claim import Chart, Claim, Series, Setting, Shown, Verdict
from convscope.inspection.subject import subject_of
from convscope.inspection.symmetry.invariance import invariance

__all__ = ["CLAIM"]

SHIFTS = (0, 1, 2, 3, 4)
KINDS = ("max", "avg", "l2", "distance", "none")
WINDOW = 2
"""The article's.  All places of 2×2 are as far from its middle: distance is average there."""


def measure(setting: Setting) -> dict[str, Any]:
    """How far pool1's map changes under shifts, with each pooling and with none.

    What goes into pool1 is the same for all kinds; nothing is trained again.
    """
    found = invariance(
        subject_of("example", data=setting.data_name),
        SHIFTS,
        ["pool1"],
        kinds=KINDS,
        windows=(WINDOW,),
        images=100 if setting.quick else 1000,
    )
    kinds = {
        pooling.kind: [
            {
                "shift": each.shift,
                "mean": each.change.value,
                "low": each.change.low,
                "high": each.change.high,
            }
            for each in pooling.map_changes("pool1")
        ]
        for pooling in found.poolings
    }
    answers = [
        {"shift": each.shift, "unchanged": each.unchanged.value} for each in found.own.predictions
    ]
    return {"kinds": kinds, "answers": answers, "images": found.count}


def tell(values: Mapping[str, Any]) -> str:
    at_one = {
        kind: next(row["mean"] for row in rows if row["shift"] == 1)
        for kind, rows in values["kinds"].items()
    }
    listed = ", ".join(f"{kind} {100 * value:.0f} %" for kind, value in at_one.items())
    answers = ", ".join(
        f"{row['shift']} px {100 * row['unchanged']:.0f} %"
        for row in values["answers"]
        if row["shift"]
    )
    return (
        f"relative change of the first pooled map when the image moves by one pixel: {listed}; "
        f"answers of the network that stay the same: {answers} (n = {values['images']:,} images)"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    without = {row["shift"]: row for row in values["kinds"]["none"]}
    calmer: dict[str, list[int]] = {}
    for kind, rows in values["kinds"].items():
        if kind != "none":
            calmer[kind] = [
                row["shift"]
                for row in rows
                if row["shift"] and row["high"] < without[row["shift"]]["low"]
            ]
    shifts = [shift for shift in without if shift]
    if all(found == shifts for found in calmer.values()):
        return Verdict("holds", "with every kind, at every shift, if only partly")
    if any(calmer.values()):
        told = "; ".join(
            f"{kind} at {', '.join(map(str, found)) or 'no shift'}"
            for kind, found in calmer.items()
        )
        return Verdict("holds when", f"the maps are calmer than without pooling: {told} pixels")
    return Verdict("not reproduced here", "pooled maps change as much as those not pooled")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    series = tuple(
        Series(
            kind if kind == "none" else f"{kind} 2×2",
            tuple(row["shift"] for row in rows),
            tuple(100 * row["mean"] for row in rows),
            tuple(100 * row["low"] for row in rows),
            tuple(100 * row["high"] for row in rows),
        )
        for kind, rows in values["kinds"].items()
    )
    title = "How much the first pooled map changes when the image is shifted"
    return (Chart(title, "shift, pixels", "relative change, %", series),)


CLAIM = Claim(
    name="invariance",
    title="Invariance by pooling",
    says="pooling provides some translation invariance",
    source="the article, after Goodfellow, Bengio, Courville 2016, section 9.3",
    rule="holds if, for every kind of pooling and every shift from 1 to 4 pixels, the relative "
    "change of the first pooled map is below that without pooling (95 % intervals apart); "
    "holds when for those kinds and shifts where it is; not reproduced if nowhere",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['images']:,} images",
    networks=tuple(Shown(f"pool1: {kind}", "example", pools={"pool1": kind}) for kind in KINDS),
)
