"""`convscope explain` beside torchinfo: seconds as whole processes, and agreement.

    pip install torchinfo; python benchmarks/explain.py [--runs 7]

Time: a fresh process each, in turn, medians; `import torch` alone stands beside them.
Agreement: parameters must be equal.  Multiply-adds differ by what torchinfo counts as
such: one for every bias, and one for each parameter of batch normalisation; with those
taken out, they must be equal too.  Writes benchmarks/results/explain.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from convscope.architecture.arithmetic import explain
from convscope.architecture.layers import BatchNorm
from convscope.architecture.zoo import ZOO

HERE = Path(__file__).parent
OURS = [sys.executable, "-m", "convscope", "explain", "article", "--json"]
TORCHINFO = """
import convscope as cs, torchinfo
architecture = cs.find_architecture("article")
print(torchinfo.summary(cs.build(architecture), (1, 1, 28, 28), verbose=0))
"""
COMMANDS = {
    "convscope explain": OURS,
    "torchinfo": [sys.executable, "-c", TORCHINFO],
    "import torch": [sys.executable, "-c", "import torch"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=7)
    seconds = _times(parser.parse_args().runs)
    agreement = [_agreement(name) for name in ZOO]
    results = {
        "schema": "convscope.benchmark/1",
        "conditions": {"cores": os.cpu_count(), "python": platform.python_version()},
        "seconds": {name: round(statistics.median(row), 3) for name, row in seconds.items()},
        "ratio_to_ours": {
            name: round(
                statistics.median(
                    other / own
                    for other, own in zip(row, seconds["convscope explain"], strict=True)
                ),
                2,
            )
            for name, row in seconds.items()
        },
        "agreement": agreement,
    }
    text = json.dumps(results, indent=1)
    (HERE / "results" / "explain.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def _times(runs: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for turn in range(runs + 1):
        for name, command in COMMANDS.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            if turn:  # the first turn warms the disk's cache
                seconds[name].append(time.perf_counter() - start)
    return seconds


def _agreement(name: str) -> dict[str, Any]:
    import torchinfo

    from convscope.network.build import build

    architecture = ZOO[name].example
    volume = ZOO[name].volume
    ours = explain(architecture)
    theirs = torchinfo.summary(
        build(architecture), (1, volume.channels, volume.height, volume.width), verbose=0
    )
    # What torchinfo adds: a convolution's bias at each place, a bias of fc, and the
    # scales and shifts of batch normalisation.
    extra = sum(
        cost.biases.value * cost.output.height * cost.output.width
        for cost in ours.layers
        if cost.multiply_adds.value
    ) + sum(cost.parameters.value for cost in ours.layers if isinstance(cost.layer, BatchNorm))
    return {
        "architecture": name,
        "parameters": ours.parameters.value,
        "parameters_equal": ours.parameters.value == theirs.total_params,
        "multiply_adds": ours.multiply_adds.value,
        "torchinfo": theirs.total_mult_adds,
        "torchinfo_without_biases_and_batchnorm": theirs.total_mult_adds - extra,
        "multiply_adds_equal": ours.multiply_adds.value == theirs.total_mult_adds - extra,
    }


if __name__ == "__main__":
    main()
