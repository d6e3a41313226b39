"""``explain`` and ``zoo``: networks worked out and listed, without torch."""

from __future__ import annotations

from typing import Annotated

import typer

from convscope.architecture.arithmetic import Explanation
from convscope.architecture.arithmetic import explain as work_out
from convscope.architecture.counts import number
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.cli.console import show, show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import ArchitectureWords, Json, joined
from convscope.report.explanation import ExplanationView

__all__ = ["explain", "zoo"]


def explain(
    architecture: ArchitectureWords = None,
    table: Annotated[
        bool, typer.Option("--table", help="Only the table, without each layer by hand.")
    ] = False,
    json: Json = False,
) -> None:
    """Work out every number of a network, layer by layer, with its derivation.

    Volumes, parameters, multiply-adds, memory and receptive fields. Nothing is
    trained or downloaded.
    """
    explanation = work_out(find_architecture(joined(architecture)))
    if json:
        show_json(explanation.as_dict())
    else:
        show(ExplanationView(explanation, steps=not table))


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
