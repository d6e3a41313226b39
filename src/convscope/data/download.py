"""One file over HTTPS, resumed where it broke off; and which hosts answer at all.

A closed network often drops packets instead of refusing them, and looking a name up
knows no time-out.  So hosts are first asked together, each in a thread that is
abandoned after a few seconds, and only those that answered are used.
"""

from __future__ import annotations

import http.client
import queue
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from convscope.data.cache import storing
from convscope.errors import DataError

__all__ = ["ANSWER_SECONDS", "answers", "download", "host_of"]

ANSWER_SECONDS = 4.0
"""How long all hosts together have for a first answer."""

_READ_SECONDS = 15.0
_TRIES_WITHOUT_PROGRESS = 3
_BLOCK = 1 << 18
_HEADERS = {"User-Agent": "convscope", "Accept-Encoding": "identity"}


def host_of(url: str) -> str:
    """The host of an address, for a person to read."""
    return urlsplit(url).netloc


def answers(urls: Sequence[str], seconds: float = ANSWER_SECONDS) -> dict[str, str]:
    """For each address, why it cannot be used; the empty string where it answered."""
    said: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def ask(url: str) -> None:
        request = urllib.request.Request(url, headers=_HEADERS, method="HEAD")
        try:
            with urllib.request.urlopen(request, timeout=seconds):
                said.put((url, ""))
        except Exception as problem:  # a thread has nobody to raise to
            said.put((url, _reason(problem)))

    for url in urls:
        threading.Thread(target=ask, args=(url,), daemon=True).start()
    reasons: dict[str, str] = {}
    until = time.monotonic() + seconds
    while len(reasons) < len(set(urls)):
        try:
            url, reason = said.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            break
        reasons[url] = reason
    return {url: reasons.get(url, f"no answer within {seconds:g} seconds") for url in urls}


def download(url: str, part: Path, *, limit: int, received: Callable[[int], None]) -> None:
    """Fetches ``url`` into ``part``, going on from what is there; tells of bytes received.

    Broken connections are taken up again as long as something arrives.  Raises DataError
    with the reason; ``part`` then keeps what came, for another time.
    """
    failures = 0
    while True:
        before = _size(part)
        try:
            if _append(url, part, limit, received):
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as problem:
            reason = _reason(problem)
            if problem.code != 416 or before == 0:
                raise DataError(reason, place=url) from problem
            part.unlink(missing_ok=True)  # there is nothing after what we have: begin again
        except (OSError, http.client.HTTPException) as problem:
            reason = _reason(problem)
        failures = 0 if _size(part) > before else failures + 1
        if failures == _TRIES_WITHOUT_PROGRESS:
            raise DataError(reason, place=url)


def _append(url: str, part: Path, limit: int, received: Callable[[int], None]) -> bool:
    """One connection; whether the file is whole afterwards."""
    have = _size(part)
    headers = {**_HEADERS, "Range": f"bytes={have}-"} if have else _HEADERS
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=_READ_SECONDS) as answer:
        resumed = answer.status == 206 and _begins_at(answer.headers, have)
        have = have if resumed else 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length and length.isdigit() else None
        if max(have, total or 0) > limit:
            raise _too_large(url, part, limit)
        with storing(part):
            file = part.open("ab" if resumed else "wb")
        with file:
            received(have)
            while block := _read(answer, total, have):
                with storing(part):
                    file.write(block)
                have += len(block)
                if have > limit:
                    raise _too_large(url, part, limit)
                received(have)
            with storing(part):
                file.flush()
    return total is None or have == total


def _too_large(url: str, part: Path, limit: int) -> DataError:
    part.unlink(missing_ok=True)  # or every later try would go on from it
    return DataError(f"is larger than the {limit:,} bytes expected", place=url)


def _read(answer: http.client.HTTPResponse, total: int | None, have: int) -> bytes:
    """The next bytes as they come: ``read1`` loses nothing when the connection breaks."""
    if total is not None and have >= total:
        return b""
    return answer.read1(_BLOCK)


def _begins_at(headers: http.client.HTTPMessage, start: int) -> bool:
    return (headers.get("Content-Range") or "").strip().startswith(f"bytes {start}-")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _reason(problem: BaseException) -> str:
    if isinstance(problem, urllib.error.HTTPError):
        problem.close()
        return f"answered {problem.code} {problem.reason}"
    inner = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    if isinstance(inner, socket.gaierror):
        return "the name of the host cannot be looked up"
    if isinstance(inner, ConnectionRefusedError):
        return "the connection was refused"
    return str(inner) or type(inner).__name__
