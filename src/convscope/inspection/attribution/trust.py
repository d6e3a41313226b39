"""Whether a map of attribution deserves to be looked at: two checks, one label.

The rule is fixed here.  Its thresholds were chosen on the first 60 test images of
fashion-mini with the run ``example``, and tested on others: docs/attribution.md tells how
often each method passes.  A map passes if both checks pass, fails if either fails, and is
undecided otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from convscope.inspection.attribution.deletion import Deletion
from convscope.inspection.attribution.randomising import Randomisation, Verdict

__all__ = ["Trust", "trust_of", "undecided"]


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """What the checks of a map came to; a check that was not made is None."""

    verdict: Verdict
    reasons: tuple[str, ...]
    randomisation: Randomisation | None
    deletion: Deletion | None

    @property
    def label(self) -> str:
        """What stands with the map wherever it is shown."""
        if self.verdict == "passed":
            return "passed both checks"
        if self.verdict == "undecided":
            return "not decided by the checks"
        failed = [
            name
            for name, check in (
                ("randomisation", self.randomisation),
                ("deletion", self.deletion),
            )
            if check is not None and check.verdict == "failed"
        ]
        return f"FAILED: {' and '.join(failed)}"

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, in docs/json.md."""
        return {
            "verdict": self.verdict,
            "label": self.label,
            "reasons": list(self.reasons),
            "randomisation": None if self.randomisation is None else self.randomisation.as_dict(),
            "deletion": None if self.deletion is None else self.deletion.as_dict(),
        }


def trust_of(randomisation: Randomisation, deletion: Deletion) -> Trust:
    """Both checks together."""
    verdicts = (randomisation.verdict, deletion.verdict)
    verdict: Verdict = "undecided"
    if "failed" in verdicts:
        verdict = "failed"
    elif verdicts == ("passed", "passed"):
        verdict = "passed"
    return Trust(verdict, (randomisation.words, deletion.words), randomisation, deletion)


def undecided(reason: str) -> Trust:
    """Of a map that there is nothing to check in."""
    return Trust("undecided", (reason,), None, None)
