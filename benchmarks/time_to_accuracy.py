"""Seconds to 90 % on Fashion-MNIST: convscope beside the article's code and Keras.

    python benchmarks/time_to_accuracy.py [--data SOURCE] [--seeds 5]

Each contestant trains the article's network (29,034 parameters) in an environment of
its own, all in turn, seed by seed, on the same machine.  The schedule of each is fixed
beforehand; the time that counts is that of the shortest listed schedule whose mean test
accuracy over the seeds is at least 90.0 %.  Nobody looks at the test set while
training; what reading it costs is not counted.  Writes a table, and all numbers to
benchmarks/results/time_to_accuracy.json.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
AIM = 0.90


@dataclass(frozen=True)
class Contestant:
    """``schedules`` are numbers of epochs; ``prefixes`` if one run shows all of them."""

    name: str
    script: str
    packages: tuple[str, ...]
    schedules: tuple[float, ...]
    prefixes: bool
    extra: tuple[str, ...] = ()


CONTESTANTS = (
    Contestant("convscope", "ours.py", (), (0.75, 1), prefixes=False),
    Contestant("convscope, float32", "ours.py", (), (0.75, 1), False, ("float32",)),
    Contestant("article's code", "article.py", ("torch", "torchvision"), (2, 3, 4, 5, 6), True),
    Contestant("Keras", "keras_network.py", ("tensorflow",), (3, 4, 5, 6, 7, 8), True),
)


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        data = _lay_out(arguments.data, Path(scratch))
        pythons = {c.name: _python(c, arguments.environments) for c in CONTESTANTS}
        runs: list[dict[str, Any]] = []
        for seed in range(arguments.seeds):
            for contestant in CONTESTANTS:
                for row in _train(contestant, pythons[contestant.name], data, seed):
                    runs.append(row)
                    print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    results = {"schema": "convscope.benchmark/1", "conditions": _conditions(arguments.seeds)}
    results |= {"table": _table(runs), "runs": runs}
    out = HERE / "results" / "time_to_accuracy.json"
    out.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    _show(results["table"])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", default="fashion-mnist", help="its name, or a folder of it")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--environments",
        type=Path,
        default=HERE / ".environments",
        help="where the others' environments are, or are made",
    )
    return parser.parse_args()


def _lay_out(source: str, scratch: Path) -> Path:
    """Fashion-MNIST's four files where each contestant looks for them."""
    from convscope.data.sources import load_data

    data = load_data(source, allow_download=True)
    raw = scratch / "FashionMNIST" / "raw"
    keras = scratch / "keras" / "datasets" / "fashion-mnist"
    raw.mkdir(parents=True)
    keras.mkdir(parents=True)
    for name, part in (("train", data.train), ("t10k", data.test)):
        count, _, height, width = part.images.shape
        images = struct.pack(">4I", 2051, count, height, width) + part.images.tobytes()
        labels = struct.pack(">2I", 2049, count) + part.labels.astype(np.uint8).tobytes()
        for payload, content in (("images-idx3", images), ("labels-idx1", labels)):
            file = f"{name}-{payload}-ubyte"
            (raw / file).write_bytes(content)
            (keras / f"{file}.gz").write_bytes(gzip.compress(content, 1))
    return scratch


def _python(contestant: Contestant, environments: Path) -> str:
    """The interpreter of the contestant's own environment, which is made if absent."""
    if not contestant.packages:
        return sys.executable
    folder = environments / contestant.packages[0]
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *contestant.packages], check=True)
    return str(python)


def _train(
    contestant: Contestant, python: str, data: Path, seed: int
) -> list[dict[str, float | str]]:
    """One row a schedule."""
    runs = (
        [(contestant.schedules, contestant.schedules[-1])]
        if contestant.prefixes
        else [((epochs,), epochs) for epochs in contestant.schedules]
    )
    rows: list[dict[str, float | str]] = []
    for schedules, epochs in runs:
        # convscope is given the plain files; its own cache is a part of it, and is warm
        # for none but the first run.
        root = data / "FashionMNIST" / "raw" if contestant.script == "ours.py" else data
        environment = {**os.environ, "KERAS_HOME": str(data / "keras")}
        environment["CONVSCOPE_CACHE"] = str(data / "cache")
        command = [python, str(HERE / "peers" / contestant.script), str(root), str(seed)]
        start = time.time()
        done = subprocess.run(
            [*command, f"{epochs:g}", *contestant.extra],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        result = json.loads(done.stdout.splitlines()[-1])
        before = result["first_step_at"] - start
        # The others report every epoch of one run; ours its one schedule.
        found = dict(enumerate(result["schedules"], 1)) if contestant.prefixes else {}
        for schedule in schedules:
            row = found.get(int(schedule)) or result["schedules"][0]
            rows.append(
                {
                    "contestant": contestant.name,
                    "seed": seed,
                    "epochs": schedule,
                    "accuracy": row["accuracy"],
                    "seconds_from_first_step": round(row["seconds"], 2),
                    "seconds_from_process_start": round(row["seconds"] + before, 2),
                    "peak_memory_mb": round(result["peak_memory_mb"]),
                    "threads": result["threads"],
                    "versions": json.dumps(result["versions"]),
                }
            )
    return rows


def _table(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a contestant: its shortest schedule that reaches the aim."""
    rows: list[dict[str, Any]] = []
    for contestant in CONTESTANTS:
        own = [run for run in runs if run["contestant"] == contestant.name]
        for epochs in contestant.schedules:
            some = [run for run in own if run["epochs"] == epochs]
            mean = statistics.mean(run["accuracy"] for run in some)
            if mean >= AIM or epochs == contestant.schedules[-1]:
                break
        rows.append(
            {
                "contestant": contestant.name,
                "epochs": epochs,
                "seeds": len(some),
                "mean_accuracy": round(mean, 5),
                "least_accuracy": min(run["accuracy"] for run in some),
                "reached": mean >= AIM,
                **{
                    key: statistics.median(run[key] for run in some)
                    for key in (
                        "seconds_from_first_step",
                        "seconds_from_process_start",
                        "peak_memory_mb",
                    )
                },
                "threads": some[0]["threads"],
                "versions": json.loads(some[0]["versions"]),
            }
        )
    ours = rows[0]
    for row in rows:
        for key in ("seconds_from_first_step", "seconds_from_process_start"):
            row[f"ratio_{key}"] = round(row[key] / ours[key], 2)
    return rows


def _conditions(seeds: int) -> dict[str, Any]:
    return {
        "task": "the article's network, Fashion-MNIST, 60,000 training images, batch 100",
        "aim": f"mean test accuracy over {seeds} seeds >= {AIM:.1%}",
        "seconds": "medians over the seeds; reading the test set not counted",
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _show(table: list[dict[str, Any]]) -> None:
    head = f"{'from first step':>17}{'from start':>17}  memory"
    print(f"\n{'':<20}{'epochs':>7}{'accuracy':>10}{head}")
    for row in table:
        steps, start = (row[f"seconds_from_{since}"] for since in ("first_step", "process_start"))
        ratios = [row[f"ratio_seconds_from_{since}"] for since in ("first_step", "process_start")]
        print(
            f"{row['contestant']:<20}{row['epochs']:>7g}{row['mean_accuracy']:>10.2%}"
            f"{steps:>9.1f} s {ratios[0]:>4.1f}×{start:>10.1f} s {ratios[1]:>4.1f}×"
            f"{row['peak_memory_mb']:>7.0f} MB"
        )


if __name__ == "__main__":
    main()
