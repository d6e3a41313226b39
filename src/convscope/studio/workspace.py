"""What all routes of one studio share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from convscope.studio.settings import Settings

__all__ = ["Here", "Workspace"]


@dataclass(frozen=True, eq=False)
class Workspace:
    """One studio at work."""

    settings: Settings


def _here(request: Request) -> Workspace:
    return cast("Workspace", request.app.state.workspace)


Here = Annotated[Workspace, Depends(_here)]
"""What a route asks for in order to get at the workspace."""
