"""What attribution gives: a map with its label of trust, and several maps of one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convscope.inspection.attribution.emptiness import State
from convscope.inspection.attribution.trust import Trust
from convscope.inspection.subject import Picture

__all__ = ["Attribution", "Attributions"]


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Which pixels the score of class ``target`` depends on.

    ``values`` is H×W; ``signed`` maps say for (above 0) and against (below), others only how
    much.  ``state`` is ``"shown"``, or says that the map shows nothing: ``"zero"``, ``"flat"``
    (one value everywhere), ``"not finite"``; ``explanation`` then says why.  ``trust`` is
    None where the checks were left out.  The score is the network's output for the class,
    before softmax; ``probability`` is after.
    """

    subject: str
    method: str
    title: str
    image: Picture
    target: int
    target_name: str
    probability: float
    predicted: int
    predicted_name: str
    values: NDArray[np.float64]
    signed: bool
    unit: str
    settings: Mapping[str, Any]
    state: State
    explanation: str
    trust: Trust | None
    note: str = ""

    def __repr__(self) -> str:
        return f"<Attribution of {self.subject} by {self.method}: {self.target_name}>"

    @property
    def label(self) -> str:
        """The label of trust, as it stands with the map wherever it is shown."""
        return "not checked" if self.trust is None else self.trust.label

    @property
    def failed(self) -> bool:
        return self.trust is not None and self.trust.verdict == "failed"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md; what is not finite becomes None."""
        finite = np.isfinite(self.values)
        rows = [
            [value if good else None for value, good in zip(row, flags, strict=True)]
            for row, flags in zip(self.values.tolist(), finite.tolist(), strict=True)
        ]
        return {
            "schema": "convscope.attribution/1",
            "subject": self.subject,
            "method": self.method,
            "image": self.image.name,
            "target": {"number": self.target, "name": self.target_name},
            "probability": self.probability,
            "predicted": {"number": self.predicted, "name": self.predicted_name},
            "label": self.label,
            "trust": None if self.trust is None else self.trust.as_dict(),
            "state": self.state,
            "explanation": self.explanation,
            "signed": self.signed,
            "unit": self.unit,
            "settings": dict(self.settings),
            "note": self.note,
            "values": rows,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """Several methods for one image; ``left_out`` says of each that is missing why."""

    attributions: tuple[Attribution, ...]
    left_out: Mapping[str, str]

    def __repr__(self) -> str:
        return f"<Attributions: {', '.join(each.method for each in self.attributions)}>"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "schema": "convscope.attributions/1",
            "attributions": [each.as_dict() for each in self.attributions],
            "left_out": dict(self.left_out),
        }
