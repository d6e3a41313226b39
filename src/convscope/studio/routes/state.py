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
from convscope.studio.sources import first_source
from convscope.studio.warming import is_warm, warm_up
from convscope.studio.workspace import Here
from convscope.training.conditions import DEVICES, available
from convscope.training.recipe import RECIPES
from convscope.training.settings import SETTINGS

__all__ = ["router"]

router = APIRouter(tags=["state"])


def _devices() -> list[str]:
    """What can be trained on; which there are only torch knows, once it is there."""
    if not is_warm():
        return ["auto", "cpu"]
    return ["auto", *(device for device in DEVICES[1:] if available(device))]


@router.get("/state")
def state(here: Here) -> Record:
    """Version, what is shown first, the zoo, data, recipes, limits; no torch."""
    settings = here.settings
    record: dict[str, Any] = {
        "schema": "convscope.studio/1",
        "version": version("convscope"),
        "source": first_source(settings),
        "runs_folder": str(settings.runs),
        "zoo": [
            {"name": entry.name, "summary": entry.summary, "notation": str(entry.example)}
            for entry in ZOO.values()
        ],
        "data": [
            {"name": each.name, "summary": each.summary, "ready": each.ready}
            for each in list_sources()
        ]
        + [{"name": each, "summary": "images of yours", "ready": True} for each in settings.data],
        "recipes": [each.as_dict() for each in RECIPES.values()],
        "settings": {key: each.summary for key, each in SETTINGS.items()},
        "devices": _devices(),
        "limits": asdict(settings.limits),
    }
    return Record(record, background=BackgroundTask(warm_up))
