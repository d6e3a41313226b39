"""What a quick run measured, claim by claim: something to judge, to tell and to draw."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from convscope.claims.claim import Outcome
from convscope.claims.table import claim_named, outcome_of

__all__ = ["CONDITIONS", "sample", "sample_outcome"]

CONDITIONS = {
    "data": "fashion-mini",
    "quick": True,
    "processor": "a processor",
    "threads": 1,
    "versions": {"torch": "2.6.0"},
}
_VALUES: dict[str, Any] = json.loads(
    Path(__file__).with_name("samples.json").read_text(encoding="utf-8")
)


def sample(name: str) -> dict[str, Any]:
    """Its values, to be changed at will."""
    found: dict[str, Any] = copy.deepcopy(_VALUES[name])
    return found


def sample_outcome(name: str) -> Outcome:
    """The outcome of these values."""
    return outcome_of(claim_named(name), sample(name), CONDITIONS, 12.3)
