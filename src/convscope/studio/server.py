"""The studio's server: FastAPI under /api, the page's files beside it, safety around both."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from types import FrameType
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from convscope.errors import ConvscopeError, UsageError
from convscope.studio.answers import Problem, not_found, problem_of, refusal, status_of
from convscope.studio.assets import Page
from convscope.studio.safety import Safety
from convscope.studio.settings import PORT, Settings
from convscope.studio.warming import have_process
from convscope.studio.workspace import Workspace

__all__ = ["Server", "api", "listening", "serve"]

_ROUTES = (
    "state",
    "design",
    "runs",
    "train",
    "images",
    "inside",
    "measures",
    "claims",
    "applications",
)
"""Files of ``routes``, each with a ``router``."""

_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "It cannot be read."},
    403: {"model": Problem, "description": "Another host or site, or no token."},
    404: {"model": Problem, "description": "There is no such thing."},
    409: {"model": Problem, "description": "It cannot be done as things are."},
    413: {"model": Problem, "description": "The request is too large."},
    422: {"model": Problem, "description": "It was asked wrongly."},
}


class Server(uvicorn.Server):
    """A studio that serves: quietly, and event streams end before it does."""

    def __init__(self, settings: Settings) -> None:
        self._workspace = Workspace(settings)
        application = Safety(Page(api(self._workspace)), settings)
        super().__init__(
            uvicorn.Config(
                application,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http="h11",
                h11_max_incomplete_event_size=2**18,  # a long notation may stand in an address
                timeout_graceful_shutdown=2,
            )
        )

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ctrl-C."""
        self._workspace.closing.set()
        super().handle_exit(sig, frame)

    def end(self) -> None:
        """The same without a signal, from another thread."""
        self._workspace.closing.set()
        self.should_exit = True


def api(workspace: Workspace) -> FastAPI:
    """What is asked below ``/api``; ``Safety`` stands before it."""
    made = FastAPI(
        title="convscope studio",
        docs_url=None,  # they load from another host
        redoc_url=None,
        openapi_url="/api/openapi.json",
    )
    made.state.workspace = workspace
    below = APIRouter(prefix="/api", responses=_PROBLEMS)
    for name in _ROUTES:
        below.include_router(import_module(f"convscope.studio.routes.{name}").router)
    made.include_router(below)
    made.add_exception_handler(ConvscopeError, _problem)
    made.add_exception_handler(RequestValidationError, _invalid)
    made.add_exception_handler(HTTPException, _refused)
    made.add_exception_handler(Exception, _fault)
    return made


def listening(settings: Settings) -> tuple[socket.socket, Settings]:
    """A socket that listens, and the settings with the port that it has.

    Where the usual port is taken, the next free one; UsageError where one that was asked
    for is.
    """
    ports = range(PORT, PORT + 20) if settings.port == PORT else [settings.port]
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    for port in ports:
        # Of a socket that is not said to be TCP, asyncio would not switch off Nagle's waiting.
        opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            opened.bind((settings.host, port))
            opened.listen(128)
        except OSError as error:
            opened.close()
            problem = error.strerror or str(error)
            continue
        return opened, replace(settings, port=opened.getsockname()[1])
    raise UsageError(
        f"port {settings.port} cannot be had ({problem})",
        place="--port",
        remedy="stop what uses it, or give another --port",
    )


def serve(settings: Settings, opened: Callable[[Settings], None]) -> None:
    """Serves until Ctrl-C; ``opened`` is told the settings as soon as browsers may come."""
    listener, actual = listening(settings)
    with listener:
        opened(actual)
        server = Server(actual)
        have_process()
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ConvscopeError)
    return refusal(status_of(error), problem_of(error))


async def _invalid(_: Request, error: Exception) -> Response:
    """A body or a query that does not hold what was asked for."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    problem = str(first["msg"])
    text = f"{place}: {problem}"
    return refusal(422, Problem(problem=problem, place=place, kind="InvalidRequest", text=text))


async def _refused(request: Request, error: Exception) -> Response:
    """An address that does not exist, or not for this method."""
    assert isinstance(error, HTTPException)
    return not_found(request, error.status_code, error.detail, error.headers)


async def _fault(_: Request, error: Exception) -> Response:
    """A fault of ours; the server prints where it arose."""
    problem = f"convscope failed in a way that it should not: {type(error).__name__}: {error}"
    return refusal(500, Problem(problem=problem, kind="Fault", text=problem))
