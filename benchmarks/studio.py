"""How fast the studio is, and what it costs: the table of docs/studio.md.

    python benchmarks/studio.py [PART …] [--quick] [--dry]

The parts are start, click, click-while-training, slide, live, design, size and load; by default
all of them, about half an hour on a machine that does nothing else.  Parts that are not measured
keep the rows that they have.  Needs playwright and Chromium; ``load`` reads memory from /proc.
``--quick`` tries whether each part works, and like ``--dry`` only shows what it found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convscope.report.numbers import count_of
from convscope.training.conditions import resolve

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "studio.json"
PAGE = HERE.parent / "docs" / "studio.md"
BEGIN = "<!-- begin: benchmarks/results/studio.json -->"
END = "<!-- end: benchmarks/results/studio.json -->"


def main() -> None:
    from studio_parts import PARTS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], metavar="PART")
    parser.add_argument("--quick", action="store_true", help="only try whether it works")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    arguments = parser.parse_args()
    found = {}
    for name in arguments.parts or PARTS:
        found[name] = PARTS[name](arguments.quick)
        for title, values in found[name].items():
            print(f"{name}: {line(title, values)}", flush=True)
    if arguments.quick or arguments.dry:
        return
    before = json.loads(RESULTS.read_text(encoding="utf-8"))["parts"] if RESULTS.exists() else {}
    parts = {name: {**before, **found}[name] for name in PARTS if name in {**before, **found}}
    result = {"schema": "convscope.benchmark/1", "conditions": conditions(), "parts": parts}
    text = json.dumps(result, indent=1, ensure_ascii=False) + "\n"
    RESULTS.write_text(text, encoding="utf-8", newline="\n")
    shown = page(PAGE.read_text(encoding="utf-8"), result)
    PAGE.write_text(shown, encoding="utf-8", newline="\n")


def conditions() -> dict[str, Any]:
    """Of the last run of the script."""
    found = resolve("cpu", "auto")
    chromium = shutil.which("chromium")
    said = chromium and subprocess.run([chromium, "--version"], capture_output=True, text=True)
    return {
        "processor": found.processor,
        "cores": os.cpu_count(),
        "threads": found.threads,
        "versions": dict(found.versions),
        "browser": said.stdout.strip().split(" built")[0] if said else None,
    }


def line(title: str, values: Mapping[str, Any]) -> str:
    """A row of the table."""
    unit = values["unit"]
    number = "{:,.3f}".format if unit == "ratio" else "{:,.0f}".format
    if unit == "ms" and values["worst"] < 20:
        number = "{:,.1f}".format
    several = values["count"] > 1
    cells = [
        title,
        f"{number(values['median'])} {'×' if unit == 'ratio' else unit}",
        number(values["most"]) if several else "",
        number(values["worst"]) if several else "",
        "" if values["aim"] is None else f"{values['aim']:,g}",
        "" if values["reached"] is None else "yes" if values["reached"] else "**no**",
    ]
    return "| " + " | ".join(cells) + " |"


def table(result: Mapping[str, Any]) -> str:
    """All rows, and under what they were measured."""
    head = "| | median | 19 of 20 | worst | at most | reached |\n|---|---:|---:|---:|---:|---|"
    rows = [line(*each) for part in result["parts"].values() for each in part.items()]
    known = result["conditions"]
    threads = count_of(known["threads"], "thread")
    told = (
        f"{known['processor']}, {known['cores']} cores, {threads} of torch "
        f"{known['versions'].get('torch', '?')}, {known['browser']}"
    )
    return "\n".join([head, *rows, "", told])


def page(text: str, result: Mapping[str, Any] | None) -> str:
    """The page with its generated part made anew."""
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    made = "It has not been measured yet." if result is None else table(result)
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


if __name__ == "__main__":
    main()
