"""What does it cost to watch a training?  The line on it in docs/health.md.

    python benchmarks/health_cost.py [--pairs 7] [--data SOURCE] [--epochs N] [--dry]

Pairs of trainings with the same seed, one watched as by ``convscope train --health`` and one
not, in turn in one process; which of the two comes first alternates, so that a machine that
grows slower or faster favours neither.  Timed from the first step to the last, looks
included; data are read before, and the test set is not read at all.  A pair before them
warms the machine up and is not counted.  Writes benchmarks/results/health_cost.json and the
line, or with ``--dry`` only shows them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from convscope.data.images import Data
from convscope.data.sources import load_data
from convscope.experiments.statistics import estimate
from convscope.inspection.health.watch import SHARE, Watch
from convscope.report.numbers import count_of
from convscope.training.conditions import resolve
from convscope.training.train import training_steps

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "health_cost.json"
PAGE = HERE.parent / "docs" / "health.md"
BEGIN = "<!-- begin: benchmarks/results/health_cost.json -->"
END = "<!-- end: benchmarks/results/health_cost.json -->"
AIM = 1.10
"""At most so many times the time of a training that nobody watches."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--data", default="fashion-mnist", help="its name, or a folder of it")
    parser.add_argument("--epochs", type=float, help="by default the recipe's own")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    data = load_data(arguments.data, offline=True)
    settings = {} if arguments.epochs is None else {"epochs": arguments.epochs}
    rows = []
    for number in range(arguments.pairs + 1):
        row = pair(data, max(number - 1, 0), settings, watched_first=number % 2 == 1)
        print("warming up" if number == 0 else "  ".join(f"{k} {v}" for k, v in row.items()))
        rows += [row] if number else []
    result = summary(rows, data.name, settings)
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    print(text if arguments.dry else line(result))
    if not arguments.dry:
        RESULTS.write_text(text, encoding="utf-8", newline="\n")
        PAGE.write_text(
            page(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8", newline="\n"
        )


def pair(
    data: Data, seed: int, settings: Mapping[str, Any], *, watched_first: bool
) -> dict[str, Any]:
    """The same training twice."""
    seconds: dict[bool, float] = {}
    watch = Watch()
    for watched in (True, False) if watched_first else (False, True):
        seconds[watched] = _seconds(data, seed, settings, watch if watched else None)
    return {
        "seed": seed,
        "first": "watched" if watched_first else "alone",
        "alone": round(seconds[False], 3),
        "watched": round(seconds[True], 3),
        "ratio": round(seconds[True] / seconds[False], 4),
        "looks": watch.looks,
        "looking": round(watch.seconds, 3),
    }


def _seconds(data: Data, seed: int, settings: Mapping[str, Any], watch: Watch | None) -> float:
    with tempfile.TemporaryDirectory() as folder:
        steps = training_steps(
            "article",
            data=data,
            recipe="fast",
            settings=settings,
            seed=seed,
            device="cpu",
            out=f"{folder}/run",
        )
        with closing(steps):
            start = 0.0
            for step in steps:
                start = start or time.perf_counter()
                if watch is not None:
                    watch.observe(step)
                if step.step == step.steps:
                    return time.perf_counter() - start
    raise RuntimeError("the training came to no end")


def summary(rows: list[dict[str, Any]], data: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios' mean with its interval, their median, and the conditions."""
    ratios = [row["ratio"] for row in rows]
    found, conditions = estimate(ratios), resolve("cpu", "auto")
    known = len(rows) > 1
    return {
        "schema": "convscope.benchmark/1",
        "conditions": {
            "network": "article",
            "recipe": "fast",
            "settings": dict(settings),
            "data": data,
            "share": SHARE,
            "processor": conditions.processor,
            "threads": conditions.threads,
            "precision": conditions.precision,
            "versions": dict(conditions.versions),
        },
        "pairs": rows,
        "ratio": {
            "mean": round(found.mean, 4),
            "interval": [round(found.low, 4), round(found.high, 4)] if known else None,
            "median": round(statistics.median(ratios), 4),
            "most": max(ratios),
        },
        "aim": AIM,
        "reached": statistics.median(ratios) <= AIM,
    }


def line(result: Mapping[str, Any]) -> str:
    """What docs/health.md says of it."""
    ratio, conditions, pairs = result["ratio"], result["conditions"], result["pairs"]
    interval = ratio["interval"]
    between = "" if interval is None else f" (95 % interval of the mean {_more(interval)})"
    seconds = statistics.median(row["alone"] for row in pairs)
    threads = count_of(conditions["threads"], "thread")
    return (
        f"Watching takes {_more([ratio['median']])} more time: the median over {len(pairs)} pairs "
        f"of trainings{between}, each of {seconds:.1f} s alone, with "
        f"{statistics.median(row['looks'] for row in pairs):g} looks; the article's network, "
        f"recipe `fast`, {conditions['data']}, {threads}, "
        f"torch {conditions['versions'].get('torch', '?')}. The aim was at most "
        f"{100 * (result['aim'] - 1):.0f} %."
    )


def _more(ratios: list[float]) -> str:
    """1.043 → 4.3 %"""
    shown = " to ".join(f"{100 * (ratio - 1):.1f}".replace("-", "−") for ratio in ratios)
    return f"{shown} %"


def page(text: str, result: Mapping[str, Any] | None) -> str:
    """The page with its generated part made anew."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = "The cost has not been measured yet." if result is None else line(result)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


if __name__ == "__main__":
    main()
