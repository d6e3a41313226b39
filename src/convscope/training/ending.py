"""A training that is ended for good before its last step: what may be, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convscope.errors import RunError

if TYPE_CHECKING:
    from convscope.training.loop import Training
    from convscope.training.runs import Run

__all__ = ["early_end", "early_results", "require_a_step", "require_not_ended"]


def early_end(results: Mapping[str, Any]) -> str:
    """``stopped after 12 of 60 steps``, from a run's results; empty where it went to its end."""
    if not results.get("ended_early"):
        return ""
    return f"stopped after {results['steps']:,} of {results['planned_steps']:,} steps"


def require_not_ended(run: Run) -> None:
    """RunError where a training was ended early, and so cannot go on."""
    if early := early_end(run.results):
        raise RunError(
            f"this training was {early} for good, and cannot go on",
            place=str(run.path),
            remedy="train again into another folder, or remove this one",
        )


def require_a_step(training: Training[Any], path: Path) -> None:
    """RunError where nothing has been learnt that could be measured."""
    if not training.position:
        raise RunError(
            "no step has been made yet: there is nothing to be measured",
            place=str(path),
            remedy="go on with it by --resume without --finish, or remove its folder",
        )


def early_results(training: Training[Any]) -> Mapping[str, Any]:
    """What the results say of a training that stands before its last step; else nothing."""
    if training.position == training.steps:
        return {}
    return {"ended_early": True, "planned_steps": training.steps}
