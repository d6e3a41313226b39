"""Claims that are measured here: a process each, its progress, what came of it.

Measurements lie where the command line keeps them, ``claims`` in the folder of runs: each
finds what the other has measured, and goes on where it was cut off.
"""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from convscope.errors import ConvscopeError, RunError
from convscope.studio.children import INTERRUPTED, Children
from convscope.studio.processes import FOLDER
from convscope.studio.settings import Settings

if TYPE_CHECKING:
    from convscope.claims.claim import Outcome

__all__ = ["EXTENTS", "Extent", "Measurings", "Standing"]

Extent = Literal["quick", "full"]
EXTENTS: tuple[Extent, ...] = get_args(Extent)


@dataclass(frozen=True, slots=True)
class Standing:
    """How the measuring of a claim stands.

    ``state`` is ``none``, ``measuring``, ``stopping``, ``stopped``, ``failed`` (then
    ``message`` says why) or ``finished``; ``progress`` is what the process said last.
    """

    state: str = "none"
    message: str = ""
    progress: dict[str, Any] | None = None

    @property
    def alive(self) -> bool:
        """Whether a process is at work on it."""
        return self.state in ("measuring", "stopping")

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON."""
        return asdict(self)


class Measurings:
    """The claims that are measured in one folder of runs, one at a time."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.runs / "claims"
        environment = {"CONVSCOPE_RUNS": str(settings.runs), "CONVSCOPE_PROGRESS": "json"}
        self._children = Children(settings.runs / FOLDER / "claims", environment)
        self._lock = threading.Lock()

    def begin(self, claim: str, extent: Extent) -> None:
        """Starts ``convscope claims``; RunError while another is at work.

        Two at once would share the processor, and some claims measure time.
        """
        with self._lock:
            busy = self.busy()
            if busy is not None:
                raise RunError(
                    f"{busy[0]} is being measured",
                    place=claim,
                    remedy="wait until it is finished, or stop it",
                )
            quick = ["--quick"] if extent == "quick" else []
            folder = f"--folder={self._folder}"
            self._children.start(_name(claim, extent), ["claims", claim, *quick, folder])

    def stop(self, claim: str, extent: Extent) -> None:
        """Asks it to end; what has been measured stays.  RunError where it is not under way."""
        with self._lock:
            if not self._children.stop(_name(claim, extent)):
                raise RunError("this claim is not being measured", place=claim)

    def busy(self) -> tuple[str, Extent] | None:
        """The claim that is being measured; None where none is."""
        for name in self._children.names():
            if self._children.process(name) is not None:
                claim, _, extent = name.rpartition("-")
                return claim, "quick" if extent == "quick" else "full"
        return None

    def outcome(self, claim: str, extent: Extent) -> Outcome | None:
        """What was found here; None where it was not, or not yet."""
        from convscope.claims.table import found_in

        return found_in(self._folder, claim, quick=extent == "quick")

    def standing(self, claim: str, extent: Extent) -> Standing:
        """How it stands, whoever measured it."""
        name = _name(claim, extent)
        if self._children.process(name) is not None:
            state = "stopping" if self._children.stopping(name) else "measuring"
            return Standing(state, progress=_progress(self._children.lines(name)))
        try:
            if self.outcome(claim, extent) is not None:
                return Standing("finished")
        except ConvscopeError as error:  # a damaged table
            return Standing("failed", str(error))
        if self._children.record(name) is None:
            return Standing()
        if self._children.code(name) in (None, 0, INTERRUPTED):
            return Standing("stopped", progress=_progress(self._children.lines(name)))
        return Standing("failed", self._children.said(name))


def _name(claim: str, extent: Extent) -> str:
    return f"{claim}-{extent}"


def _progress(lines: list[str]) -> dict[str, Any] | None:
    """The last thing that a process said of how far it is."""
    for line in reversed(lines):
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "progress" in found:
            return found
    return None
