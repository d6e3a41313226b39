"""The studio from Python: a server in a thread, shown by a notebook in the place of a result."""

from __future__ import annotations

import threading
import webbrowser
from dataclasses import dataclass
from html import escape
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.errors import UsageError
from convscope.studio.server import Server, listening
from convscope.studio.settings import PORT, Settings
from convscope.training.runs import Run, runs_folder

__all__ = ["Studio", "started", "studio"]

_HEIGHT = 900


@dataclass(frozen=True, eq=False)
class Studio:
    """A studio that is running; a notebook shows it.  ``close`` ends it."""

    settings: Settings
    _server: Server
    _thread: threading.Thread

    def __repr__(self) -> str:
        return f"<Studio at {self.address}>"

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return self.settings.entrance

    def _repr_html_(self) -> str:
        address = escape(self.address)
        return (
            f'<p><a href="{address}" target="_blank" rel="noopener">the studio in a page of its '
            f'own</a></p><iframe src="{address}" title="convscope studio" width="100%" '
            f'height="{_HEIGHT}" frameborder="0"></iframe>'
        )

    def close(self) -> None:
        """Ends it; trainings that it has started go on."""
        self._server.end()
        self._thread.join()


def studio(
    source: Run | Architecture | str | Path = "example",
    *,
    port: int = PORT,
    token: str | None = None,
    behind: str | None = None,
    browser: bool = False,
) -> Studio:
    """Opens the studio with a run or an architecture, and returns while it goes on.

    At the end of a notebook's cell it shows itself there; ``browser`` opens a page of its
    own.  ``behind`` is the address at which a proxy, such as Jupyter's, shows the ``port``,
    and needs a ``token`` of 16 characters or more.
    """
    if not isinstance(source, Run | Architecture | str | Path):
        raise UsageError(
            f"a run or an architecture is wanted, and this is of the type {type(source).__name__}",
            remedy='give a Run, an Architecture, or the text that means one, such as "example"',
        )
    text = _text(source)
    settings = Settings(
        runs=runs_folder(), source=text, port=port, token=token, behind=behind, framed=True
    )
    running = started(settings)
    if browser:
        webbrowser.open(running.address)
    return running


def started(settings: Settings) -> Studio:
    """A server in a thread of its own, listening when this returns."""
    listener, actual = listening(settings)
    server = Server(actual)
    thread = threading.Thread(
        target=server.run,
        kwargs={"sockets": [listener]},
        name="convscope-studio",
        daemon=True,
    )
    thread.start()
    return Studio(actual, server, thread)


def _text(source: Run | Architecture | str | Path) -> str:
    if isinstance(source, Run):
        return "example" if source.is_example else str(source.path)
    return str(source)
