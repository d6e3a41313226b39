"""``doctor``: what this machine has, what is missing, and how to mend it."""

from __future__ import annotations

import platform
import shutil
import sys
from typing import Any

import typer

from convscope.cli.console import show_json, show_text
from convscope.cli.data import source_record
from convscope.cli.layout import columns
from convscope.cli.machine import (
    folder_state,
    instruction_sets,
    memory,
    package_versions,
    processor_flags,
    torch_state,
    usable_processors,
)
from convscope.cli.options import Json
from convscope.report.numbers import count_of

__all__ = ["doctor", "examined"]

_LITTLE_MEMORY = 2e9


def doctor(json: Json = False) -> None:
    """Look at this machine: processor, torch, data, folders; and say what to mend.

    Exit code 1 if something stops convscope from working.
    """
    found = examined()
    if json:
        show_json(found)
    else:
        for line in _lines(found):
            show_text(line)
    if any(advice["stops"] for advice in found["advice"]):
        raise typer.Exit(1)


def examined() -> dict[str, Any]:
    """Everything that doctor found, as it is written with ``--json``."""
    from convscope.data.cache import cache_folder
    from convscope.data.sources import list_sources
    from convscope.training.conditions import processor_name
    from convscope.training.runs import runs_folder

    torch = torch_state()
    found: dict[str, Any] = {
        "schema": "convscope.doctor/1",
        "machine": {
            "system": platform.platform(),
            "processor": processor_name(),
            "processors": usable_processors(),
            "instructions": instruction_sets(processor_flags(), str(torch.get("capability", ""))),
            "memory": memory(),
        },
        "python": {"version": platform.python_version(), "executable": sys.executable},
        "packages": package_versions(),
        "torch": torch,
        "data": [source_record(source) for source in list_sources()],
        "folders": {"cache": folder_state(cache_folder()), "runs": folder_state(runs_folder())},
    }
    return {**found, "advice": _advice(found)}


def _advice(found: dict[str, Any]) -> list[dict[str, Any]]:
    """What to do, and whether convscope is stopped until then."""
    advice: list[tuple[bool, str]] = []
    torch, memory_bytes = found["torch"], found["machine"]["memory"]
    if not torch["loads"]:
        advice.append((True, f"torch cannot be loaded ({torch['problem']}): pip install torch"))
    elif shutil.which("nvidia-smi") and not torch["cuda"]:
        advice.append(
            (False, "there is an NVIDIA card, and this torch cannot use it: install one with CUDA")
        )
    for name, variable in (("cache", "CONVSCOPE_CACHE"), ("runs", "CONVSCOPE_RUNS")):
        state = found["folders"][name]
        if not state["writable"]:
            problem = f"the folder of {name} cannot be written ({state['problem']})"
            advice.append((True, f"{problem}: set {variable} to a folder where you may write"))
    if memory_bytes and memory_bytes < _LITTLE_MEMORY:
        advice.append((False, "there is little memory: train with --set batch_size=50"))
    for source in found["data"]:
        if not source["ready"]:
            advice.append(
                (False, f'{source["name"]} is not here: "convscope data fetch" brings it')
            )
    if found["packages"]["tensorboard"] is None:
        advice.append((False, "for train --tensorboard: pip install tensorboard"))
    return [{"stops": stops, "text": text} for stops, text in advice]


def _lines(found: dict[str, Any]) -> list[str]:
    machine, torch, python = found["machine"], found["torch"], found["python"]
    rows = [
        ("system", machine["system"]),
        ("processor", f"{machine['processor']}, {machine['processors']} usable"),
        ("instructions", ", ".join(machine["instructions"]) or "unknown"),
        ("memory", _gigabytes(machine["memory"])),
        ("python", f"{python['version']} ({python['executable']})"),
        ("torch", _torch_line(torch)),
        ("devices", _devices_line(torch)),
        ("packages", _packages_line(found["packages"])),
        *((name, _folder_line(state)) for name, state in found["folders"].items()),
        *(
            (f"{'data' if index == 0 else ''}", _data_line(source))
            for index, source in enumerate(found["data"])
        ),
    ]
    stops = [f"  {advice['text']}" for advice in found["advice"] if advice["stops"]]
    may = [f"  {advice['text']}" for advice in found["advice"] if not advice["stops"]]
    lines = [*columns(rows), ""]
    lines += ["To be mended:", *stops] if stops else ["All that is needed is there."]
    return [*lines, "What could be added:", *may] if may else lines


def _torch_line(torch: dict[str, Any]) -> str:
    if not torch["loads"]:
        return f"cannot be loaded: {torch['problem']}"
    threads = count_of(torch["threads"], "thread")
    return f"{torch['version']}, {threads}, loaded in {torch['seconds']} s"


def _devices_line(torch: dict[str, Any]) -> str:
    if not torch["loads"]:
        return "unknown"
    fast = "bfloat16" if torch["fast_bfloat16"] else "float32"
    found = [f"cpu ({fast} is the faster)"]
    return ", ".join([*found, *(name for name in ("cuda", "mps") if torch[name])])


def _packages_line(packages: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {version or 'absent'}" for name, version in packages.items())


def _folder_line(state: dict[str, Any]) -> str:
    if not state["writable"]:
        return f"{state['path']}: cannot be written ({state['problem']})"
    return f"{state['path']}: writable, {_gigabytes(state['free'])} free"


def _data_line(source: dict[str, Any]) -> str:
    if not source["ready"]:
        return f"{source['name']}: not here"
    here = [f"{place['state']} ({place['path']})" for place in source["places"]]
    found = [text for text in here if "absent" not in text and "not in" not in text]
    return f"{source['name']}: {'; '.join(found)}"


def _gigabytes(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 1e9:.1f} GB"
