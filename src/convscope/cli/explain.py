"""``explain`` and ``zoo``: networks worked out and listed, without torch.

Only a module of somebody's own, ``explain net.py:Net``, needs torch: see ``modules``.
"""

from __future__ import annotations

import os
from importlib import import_module
from importlib.resources import files
from json import loads
from pathlib import Path
from typing import Annotated

import typer

from convscope.architecture.arithmetic import Explanation
from convscope.architecture.arithmetic import explain as work_out
from convscope.architecture.counts import number
from convscope.architecture.references import is_reference
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.cli.console import show, show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import ArchitectureWords, Json, ShapeOption, joined
from convscope.errors import UsageError
from convscope.report.explanation import ExplanationView

__all__ = ["explain", "zoo"]


def explain(
    architecture: ArchitectureWords = None,
    table: Annotated[
        bool, typer.Option("--table", help="Only the table, without each layer by hand.")
    ] = False,
    shape: ShapeOption = None,
    json: Json = False,
) -> None:
    """Work out every number of a network, layer by layer, with its derivation.

    Volumes, parameters, multiply-adds, memory and receptive fields. Nothing is
    trained or downloaded. FILE.py:NAME is a module of yours, if the notation holds it.
    """
    words = joined(architecture)
    if is_reference(words):
        # By its name, not imported: the contract "explain-without-torch" holds for the rest.
        modules = import_module("convscope.cli.modules")
        modules.explain_module(words, shape=shape, table=table, json=json)
        return
    if shape is not None:
        raise UsageError(
            "an architecture says itself what it takes",
            place="--shape",
            remedy="leave it out, or give FILE.py:NAME",
        )
    explanation = work_out(_notation_of_run(words) or find_architecture(words))
    if json:
        show_json(explanation.as_dict())
    else:
        show(ExplanationView(explanation, steps=not table))


def _notation_of_run(text: str) -> str:
    """The notation of a run; empty where the text names none.

    A name of the zoo comes first.  run.json is read here as the JSON that it is, since
    whatever opens runs needs torch.
    """
    if text.strip().lower() in ZOO or "->" in text or "→" in text:
        return ""
    inside = Path(str(files("convscope"))) / "training" / "files"
    place = Path(os.environ.get("CONVSCOPE_RUNS") or "runs").expanduser()
    for folder in (inside if text == "example" else place, Path()):
        try:
            record = loads((folder / Path(text).expanduser() / "run.json").read_text("utf-8"))
            return str(record["architecture"]["notation"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ""


def zoo(json: Json = False) -> None:
    """List the architectures that have a name, with their size and their source."""
    explained = {name: work_out(entry.example) for name, entry in ZOO.items()}
    if json:
        architectures = [_record(name, found) for name, found in explained.items()]
        show_json({"schema": "convscope.zoo/1", "architectures": architectures})
        return
    heads = columns([_row(name, found) for name, found in explained.items()], right=[2, 4])
    for line, entry in zip(heads, ZOO.values(), strict=True):
        show_text(f"{line}\n    {entry.summary}\n    {entry.source}")


def _row(name: str, found: Explanation) -> list[str]:
    volumes = f"{found.input} → {found.output}"
    parameters, work = number(found.parameters.value), number(found.multiply_adds.value)
    return [name, volumes, parameters, "parameters", work, "multiply-adds"]


def _record(name: str, found: Explanation) -> dict[str, object]:
    entry = ZOO[name]
    return {
        "name": name,
        "summary": entry.summary,
        "source": entry.source,
        "notation": str(entry.architecture),
        "example": str(entry.example),
        "parameters": found.parameters.value,
        "multiply_adds": found.multiply_adds.value,
    }
