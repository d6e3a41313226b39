"""The files of the page, from the package: compressed once, and asked for again only if changed.

``page/`` is what the page is made of.  ``elements.js`` and ``elements.css`` are the drawings,
those that the lesson has in it and more.  Every address is relative, so that a proxy may put the
studio below any path.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from convscope.report.elements import element_sheet, studio_script
from convscope.studio.answers import not_found

__all__ = ["PAGE", "Asset", "Page", "all_assets", "asset"]

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}
_MADE: dict[str, Callable[[], str]] = {"elements.js": studio_script, "elements.css": element_sheet}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is served; ``compressed`` is the same with gzip."""

    kind: str
    content: bytes
    compressed: bytes
    tag: str


def asset(name: str) -> Asset | None:
    """The file of this name; None where the page has none."""
    if name in _MADE:
        return _finished(_MADE[name]().encode(), Path(name).suffix)
    path = _files().get(name)
    if path is None:
        path = _files.__wrapped__().get(name)  # a file that somebody has just written
        if path is None:
            return None
    try:
        state = path.stat()
    except OSError:
        return None
    return _read(path, state.st_mtime_ns, state.st_size)


def all_assets() -> tuple[str, ...]:
    """The names of all files."""
    return (*_MADE, *sorted(_files()))


class Page:
    """The files of the page, and the application that answers below ``/api/``."""

    def __init__(self, api: ASGIApp) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/api/"):
            await self._api(scope, receive, send)
            return
        response = await run_in_threadpool(_answer, Request(scope))
        await response(scope, receive, send)


def _answer(request: Request) -> Response:
    """The file, or that the browser has it."""
    if request.method not in ("GET", "HEAD"):
        return not_found(request, 405, "Method Not Allowed", {"allow": "GET, HEAD"})
    found = asset(request.url.path.removeprefix("/") or "index.html")
    if found is None:
        return not_found(request, 404, "Not Found")
    headers = {"etag": found.tag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if found.tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not _takes_gzip(request.headers):
        return Response(found.content, headers=headers, media_type=found.kind)
    headers["content-encoding"] = "gzip"
    return Response(found.compressed, headers=headers, media_type=found.kind)


def _takes_gzip(headers: Headers) -> bool:
    return "gzip" in headers.get("accept-encoding", "")


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """What may be asked for, by name: a name that is no file of the page finds nothing."""
    return {
        path.relative_to(PAGE).as_posix(): path
        for path in PAGE.rglob("*")
        if path.suffix in TYPES and path.is_file()
    }


@lru_cache(maxsize=256)
def _read(path: Path, changed: int, size: int) -> Asset:
    """``changed`` and ``size`` are there for the cache: a file written anew is read anew."""
    return _finished(path.read_bytes(), path.suffix)


@lru_cache(maxsize=256)
def _finished(content: bytes, suffix: str) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:24]
    compressed = gzip.compress(content, 9, mtime=0)
    return Asset(TYPES[suffix], content, compressed, f'"{digest}"')
