"""1. The formulas for the size of an output, convolution's and pooling's, over all sizes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from convscope.architecture.windows import output_side
from convscope.claims.claim import Chart, Claim, Series, Setting, Verdict

__all__ = ["CLAIM", "placements"]


def placements(side: int, kernel: int, stride: int, padding: int) -> int:
    """How many times a window fits, counted by sliding it, without any formula."""
    count, place = 0, -padding
    while place + kernel <= side + padding:
        count, place = count + 1, place + stride
    return count


def measure(setting: Setting) -> dict[str, Any]:
    """Every side, kernel, stride and padding up to a bound; torch asked for every hundredth."""
    sides, kernels, strides = (20, 5, 3) if setting.quick else (64, 11, 5)
    counted = {"conv": _over(sides, kernels, strides, 4), "pool": _over(sides, kernels, strides, 1)}
    return {"most": [sides, kernels, strides, 3], **counted}


def _over(sides: int, kernels: int, strides: int, paddings: int) -> dict[str, Any]:
    cases = whole = floor_right = bare_right = asked = torch_right = 0
    ranges = (range(1, sides + 1), range(1, kernels + 1), range(1, strides + 1), range(paddings))
    for side, kernel, stride, padding in itertools.product(*ranges):
        if side + 2 * padding < kernel:
            continue
        truth = placements(side, kernel, stride, padding)
        exact = (side + 2 * padding - kernel) % stride == 0
        cases += 1
        whole += exact
        floor_right += output_side(side, kernel, stride, 2 * padding) == truth
        bare_right += (side - kernel + 2 * padding) / stride + 1 == truth
        if cases % 100 == 1:
            asked += 1
            torch_right += _torch_side(side, kernel, stride, padding, pool=paddings == 1) == truth
    return {
        "cases": cases,
        "whole": whole,
        "floor_right": floor_right,
        "bare_right": bare_right,
        "asked": asked,
        "torch_right": torch_right,
    }


def _torch_side(side: int, kernel: int, stride: int, padding: int, *, pool: bool) -> int:
    image = torch.zeros(1, 1, side, side)
    if pool:
        return int(nn.MaxPool2d(kernel, stride)(image).shape[-1])
    with torch.no_grad():
        return int(nn.Conv2d(1, 1, kernel, stride, padding)(image).shape[-1])


def tell(values: Mapping[str, Any]) -> str:
    conv, pool = values["conv"], values["pool"]
    return (
        f"convolution: the formula gives the counted size in {conv['bare_right']:,} of "
        f"{conv['cases']:,} cases, with the floor in {conv['floor_right']:,}; pooling: "
        f"{pool['bare_right']:,} and {pool['floor_right']:,} of {pool['cases']:,}; the division is "
        f"whole in {conv['whole'] + pool['whole']:,}; torch agreed in "
        f"{conv['torch_right'] + pool['torch_right']:,} of {conv['asked'] + pool['asked']:,}"
    )


def judge(values: Mapping[str, Any]) -> Verdict:
    parts = [values["conv"], values["pool"]]
    if any(part["floor_right"] < part["cases"] for part in parts):
        return Verdict("not reproduced here", "even with the floor a size is another one")
    if any(part["torch_right"] < part["asked"] for part in parts):
        return Verdict("not reproduced here", "torch makes outputs of another size")
    if all(part["bare_right"] == part["cases"] for part in parts):
        return Verdict("holds", "in every case")
    if all(part["bare_right"] == part["whole"] for part in parts):
        return Verdict(
            "holds when", "the division is whole; else its floor is the size, in every case"
        )
    return Verdict("not reproduced here", "the formula is wrong where the division is whole")


def charts(values: Mapping[str, Any]) -> tuple[Chart, ...]:
    names = ("convolution", "pooling")
    parts = (values["conv"], values["pool"])
    return (
        Chart(
            "Output sizes: the formula against counting",
            "layer",
            "cases that agree, %",
            (
                Series(
                    "as written", names, tuple(100 * p["bare_right"] / p["cases"] for p in parts)
                ),
                Series(
                    "with the floor",
                    names,
                    tuple(100 * p["floor_right"] / p["cases"] for p in parts),
                ),
            ),
            kind="bars",
        ),
    )


CLAIM = Claim(
    name="output-sizes",
    title="Output sizes",
    says="W_out = (W − F + 2P)/S + 1 for a convolution, W_out = (W − F)/S + 1 for pooling",
    source="the article, sections on convolution and pooling; counted by sliding a window",
    rule="holds if the formula gives the counted number of places in every case; holds when the "
    "division is whole if it does in exactly those cases and its floor does in all; else not "
    "reproduced",
    measure=measure,
    tell=tell,
    judge=judge,
    charts=charts,
    sample=lambda values: f"{values['conv']['cases'] + values['pool']['cases']:,} cases",
    data=False,
)
