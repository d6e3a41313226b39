"""Scenes a second: pictures, boxes, masks and captions, by one process and by two at a time.

    python benchmarks/scenes.py [--runs 7] [--count 1000] [--source fashion-mini]

Time is that of the whole call, the garments' silhouettes included, after a first call that
loads them.  Two processes make different seeds, and are counted together from the moment
when both begin.  Beside the clock on the wall stands the processor's time of one process,
which other programs on the machine disturb less.  Writes benchmarks/results/scenes.json.
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
    measured = {
        (what, processes): [
            _rates(what, chosen.count, source, processes, run) for run in range(chosen.runs)
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
            "load": _load(),
        },
        "a_second": [
            {
                "what": what,
                "processes": processes,
                "wall": _told([wall for wall, _ in rates]),
                "processor": _told([processor for _, processor in rates]),
            }
            for (what, processes), rates in measured.items()
        ],
    }
    text = json.dumps(results, indent=1)
    (HERE / "results" / "scenes.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def _load() -> float | None:
    """How many processes wanted a processor in the last minute, these two included."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def _told(values: list[float]) -> dict[str, int]:
    return {
        "median": round(statistics.median(values)),
        "lowest": round(min(values)),
        "highest": round(max(values)),
    }


def _rates(what: str, count: int, source: str, processes: int, run: int) -> tuple[float, float]:
    """How many a second: of all processes from the first beginning to the last end, and of
    one process by its own processor time."""
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
    own = statistics.mean(span[2] for span in spans)
    return processes * count / (end - begin), count / own


def _work(what: str, count: int, source: str, seed: int, ready: Barrier, times: Any) -> None:
    make = MAKERS[what]
    make(seed=seed, count=8, part="train", source=source)
    ready.wait()
    begin, own = time.time(), time.process_time()  # the one clock that processes share
    make(seed=seed, count=count, part="train", source=source)
    times.put((begin, time.time(), time.process_time() - own))


if __name__ == "__main__":
    main()
