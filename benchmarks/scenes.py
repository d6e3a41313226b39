"""Scenes a second: pictures, boxes, masks and captions, by one process and by two at a time.

    python benchmarks/scenes.py [--runs 7] [--count 1000] [--source fashion-mini]

Time is that of the whole call, the garments' silhouettes included, after a first call that
loads them.  Two processes make different seeds, and are counted together from the moment
when both begin.  Writes benchmarks/results/scenes.json.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np

from convscope.data.scenes import make_clips, make_scenes
from convscope.data.scenes.garments import load_garments

HERE = Path(__file__).parent
MAKERS = {"scenes": make_scenes, "clips": make_clips}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--source", choices=("fashion-mnist", "fashion-mini"), default=None)
    chosen = parser.parse_args()
    source = load_garments("train", chosen.source).source
    rates = {
        f"{what}, {processes} process{'es' if processes > 1 else ''}": [
            _rate(what, chosen.count, source, processes, run) for run in range(chosen.runs)
        ]
        for what in MAKERS
        for processes in (1, 2)
    }
    results = {
        "schema": "convscope.benchmark/1",
        "conditions": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "size": 128,
            "difficulty": "default",
            "garments": source,
            "count": chosen.count,
            "runs": chosen.runs,
        },
        "a_second": {
            name: {
                "median": round(statistics.median(values)),
                "lowest": round(min(values)),
                "highest": round(max(values)),
            }
            for name, values in rates.items()
        },
    }
    text = json.dumps(results, indent=1)
    (HERE / "results" / "scenes.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def _rate(what: str, count: int, source: str, processes: int, run: int) -> float:
    """How many a second, all processes together: from the first beginning to the last end."""
    context = multiprocessing.get_context("spawn")
    ready = context.Barrier(processes)
    times: Any = context.Queue()
    workers = [
        context.Process(target=_work, args=(what, count, source, 2 * run + n, ready, times))
        for n in range(processes)
    ]
    for worker in workers:
        worker.start()
    spans = [times.get() for _ in workers]
    for worker in workers:
        worker.join()
    begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
    return processes * count / (end - begin)


def _work(what: str, count: int, source: str, seed: int, ready: Barrier, times: Any) -> None:
    make = MAKERS[what]
    make(seed=seed, count=8, part="train", source=source)
    ready.wait()
    begin = time.time()  # the one clock that processes share
    make(seed=seed, count=count, part="train", source=source)
    times.put((begin, time.time()))


if __name__ == "__main__":
    main()
