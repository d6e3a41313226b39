"""Are faults found, and healthy trainings left in peace?  The table of docs/health.md.

    python benchmarks/health_faults.py [--tuning] [--folder FOLDER]

Each cell is a training of 120 steps with one fault put in, or none.  The thresholds were
chosen on the cells of --tuning (Fashion-MNIST, three architectures, seeds 0 to 4); what
counts is measured without it: other architectures, other seeds, other data.  Cut off, it
goes on where it was.  Writes benchmarks/results/health_faults.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import find_architecture
from convscope.data.sources import load_data
from convscope.experiments.table import Cell, Table, fill, read_table
from convscope.inspection.health.faults import FAULTS, VARIANTS, watched
from convscope.training.conditions import resolve
from convscope.training.scores import wilson_interval

HERE = Path(__file__).parent
TUNING = {
    "data": "fashion-mnist",
    "architectures": (
        "article",
        "vgg-small",
        "input auto -> conv 6 5x5 pad 2 -> relu -> avgpool 2 -> conv 16 5x5 -> relu -> avgpool 2 "
        "-> fc 84 -> relu -> fc classes",
    ),
    "seeds": range(5),
}
JUDGING = {
    "data": "shapes",
    "architectures": (
        "input auto -> conv 12 3x3 pad 1 -> batchnorm -> relu -> conv 24 3x3 stride 2 pad 1 -> "
        "batchnorm -> relu -> conv 32 3x3 stride 2 pad 1 -> batchnorm -> relu -> globalavgpool -> "
        "fc classes",
        "input auto -> conv 8 5x5 -> batchnorm -> relu -> avgpool 2 -> conv 16 5x5 -> batchnorm -> "
        "relu -> avgpool 2 -> fc 64 -> batchnorm -> relu -> fc classes",
        "input auto -> conv 16 3x3 pad 1 -> batchnorm -> relu -> maxpool 2 -> residual { conv 16 "
        "3x3 pad 1 -> batchnorm -> relu -> conv 16 3x3 pad 1 -> batchnorm } -> relu -> maxpool 2 "
        "-> fc classes",
    ),
    "seeds": range(100, 105),
}
HEALTHY_SEEDS = 7
"""× 3 architectures × 3 variants = 63 healthy trainings, half of them by each recipe."""


BEGIN = "<!-- begin: benchmarks/results/health_faults.json -->"
END = "<!-- end: benchmarks/results/health_faults.json -->"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--tuning", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("health-faults"))
    arguments = parser.parse_args()
    name = "tuning" if arguments.tuning else "judging"
    plan = TUNING if arguments.tuning else JUDGING
    path = arguments.folder / f"{name}.jsonl"
    conditions = resolve("cpu", "float32")
    known = {"threads": conditions.threads, "versions": dict(conditions.versions)}
    for filled in fill(path, name, cells(plan), measure, conditions=known):
        if filled.fresh:
            show(filled.row.cell, filled.row.values)
            left = filled.remaining_seconds or 0
            print(f"{filled.done} of {filled.cells}, {left / 60:.0f} min left", file=sys.stderr)
    result = summary(read_table(path))
    print(json.dumps(result, indent=1, ensure_ascii=False))
    if not arguments.tuning:
        out = HERE / "results" / "health_faults.json"
        text = json.dumps(result, indent=1, ensure_ascii=False)
        out.write_text(f"{text}\n", encoding="utf-8")
        page = HERE.parent / "docs" / "health.md"
        before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n\n{as_table(result)}\n\n{END}{after}", encoding="utf-8")


def cells(plan: Mapping[str, Any]) -> list[Cell]:
    """Every fault on every architecture and seed, then the healthy ones."""
    found: list[Cell] = []
    for text in plan["architectures"]:
        for fault in FAULTS:
            if fault == "statistics that lag" and not _has_batchnorm(text):
                continue
            for seed in plan["seeds"]:
                found.append(_cell(text, plan["data"], seed, fault=fault))
        for variant in VARIANTS:
            for seed in range(plan["seeds"][0], plan["seeds"][0] + HEALTHY_SEEDS):
                recipe = "fast" if seed % 2 else "article"
                found.append(_cell(text, plan["data"], seed, variant=variant, recipe=recipe))
    return found


def _cell(
    architecture: str,
    data: str,
    seed: int,
    *,
    fault: str | None = None,
    variant: str = "as it is",
    recipe: str = "article",
) -> Cell:
    return {
        "architecture": architecture,
        "data": data,
        "seed": seed,
        "fault": fault,
        "variant": variant,
        "recipe": recipe,
    }


def _has_batchnorm(text: str) -> bool:
    return "batchnorm" in str(find_architecture(text, example=False))


_DATA: dict[str, Any] = {}


def measure(cell: Cell) -> dict[str, Any]:
    """One training, and what was found."""
    source = str(cell["data"])
    if source not in _DATA:
        _DATA[source] = load_data(source, offline=True)
    architecture: Architecture = find_architecture(str(cell["architecture"]), example=False)
    found = watched(
        architecture,
        _DATA[source],
        recipe=str(cell["recipe"]),
        seed=int(cell["seed"] or 0),
        fault=None if cell["fault"] is None else str(cell["fault"]),
        variant=str(cell["variant"]),
    )
    last = found.history.last
    loss = found.history.recent_loss
    return {
        "findings": sorted({finding.kind for finding in found.findings}),
        "places": [f"{finding.kind}, {finding.place}" for finding in found.findings],
        "loss": loss if loss < 1e30 else None,
        "accuracy": last.accuracy,
    }


def show(cell: Cell, values: Mapping[str, Any]) -> None:
    fault = cell["fault"]
    good = (
        bool(set(FAULTS[str(fault)].findings) & set(values["findings"]))
        if fault
        else not values["findings"]
    )
    print(
        "ok  " if good else "MISS" if fault else "FALSE",
        str(cell["architecture"])[-40:],
        fault or f"healthy, {cell['variant']}, {cell['recipe']}",
        cell["seed"],
        values["findings"],
        f"loss {values['loss']:.3g}" if values["loss"] is not None else "",
        flush=True,
    )


def as_table(result: Mapping[str, Any]) -> str:
    """The rows of docs/health.md."""
    rows = ["| what was spoilt | must be found | trainings | found |", "|---|---|---:|---:|"]
    for name, row in result["faults"].items():
        wanted = " or ".join(row["must be found"])
        rows.append(f"| {name} | {wanted} | {row['trainings']} | {row['found']} |")
    recall, healthy = result["recall"], result["healthy"]
    low, high = (100 * bound for bound in recall["interval"])
    rows.append(
        f"| **all** | | {recall['trainings']} | {recall['found']}: {100 * recall['share']:.1f} % "
        f"({low:.1f} to {high:.1f} %) |"
    )
    most = 100 * healthy["interval"][1]
    alarms = (
        f"Healthy trainings: {healthy['trainings']}, with false alarms: "
        f"{healthy['false alarms']}, {100 * healthy['share']:.1f} % (at most {most:.1f} %, 95 %)."
    )
    return "\n".join([*rows, "", alarms])


def summary(table: Table) -> dict[str, Any]:
    """Recall fault by fault, false alarms, and the conditions."""
    faults = {}
    for name, fault in FAULTS.items():
        rows = table.where(fault=name).rows
        hits = sum(bool(set(fault.findings) & set(row.values["findings"])) for row in rows)
        faults[name] = {
            "must be found": list(fault.findings),
            "trainings": len(rows),
            "found": hits,
        }
    healthy = table.where(fault=None).rows
    alarms = [row for row in healthy if row.values["findings"]]
    trainings = sum(entry["trainings"] for entry in faults.values())
    found = sum(entry["found"] for entry in faults.values())
    return {
        "schema": "convscope.benchmark/1",
        "conditions": {
            "steps": 120,
            "batch": 50,
            "data": sorted({str(row.cell["data"]) for row in table.rows}),
            "architectures": sorted({str(row.cell["architecture"]) for row in table.rows}),
            "seeds": sorted({int(row.cell["seed"] or 0) for row in table.rows}),
            **table.conditions,
        },
        "faults": faults,
        "recall": {
            "trainings": trainings,
            "found": found,
            "share": found / max(trainings, 1),
            "interval": list(wilson_interval(found, trainings)),
        },
        "healthy": {
            "trainings": len(healthy),
            "false alarms": len(alarms),
            "share": len(alarms) / max(len(healthy), 1),
            "interval": list(wilson_interval(len(alarms), len(healthy))),
            "alarms": [{**row.cell, "findings": row.values["places"]} for row in alarms],
        },
    }


if __name__ == "__main__":
    main()
