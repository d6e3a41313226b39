"""What a page must know first: what there is, and what may be asked for."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter
from starlette.background import BackgroundTask

from convscope.architecture.zoo import ZOO
from convscope.data.sources import list_sources
from convscope.studio.answers import Record
from convscope.studio.warming import warm_up
from convscope.studio.workspace import Here
from convscope.training.recipe import RECIPES

__all__ = ["router"]

router = APIRouter(tags=["state"])


@router.get("/state")
def state(here: Here) -> Record:
    """Version, what is shown first, the zoo, data, recipes, limits; no torch."""
    settings = here.settings
    record: dict[str, Any] = {
        "schema": "convscope.studio/1",
        "version": version("convscope"),
        "source": settings.source,
        "runs_folder": str(settings.runs),
        "zoo": [
            {"name": entry.name, "summary": entry.summary, "notation": str(entry.example)}
            for entry in ZOO.values()
        ],
        "data": [
            {"name": each.name, "summary": each.summary, "ready": each.ready}
            for each in list_sources()
        ],
        "recipes": [each.as_dict() for each in RECIPES.values()],
        "limits": asdict(settings.limits),
    }
    return Record(record, background=BackgroundTask(warm_up))
