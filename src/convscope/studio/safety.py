"""Who may ask, and how much: checked before anything else sees a request.

A page of another site must not reach what a person's own machine serves: neither by a name
of its own that points here (DNS rebinding: Host), nor by a request that the browser sends
for it (Origin, Sec-Fetch-Site).  Event streams and sockets are requests as any other.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from convscope.studio.settings import Settings

__all__ = ["Safety", "policy"]

_TRUSTED_SITES = ("same-origin", "none")
"""Sec-Fetch-Site of the page's own requests, and of an address that a person typed."""


def policy(settings: Settings) -> str:
    """The Content-Security-Policy: everything from here, no script but in files."""
    frames = "'self' http://localhost:* http://127.0.0.1:*" if settings.framed else "'none'"
    return (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {frames}"
    )


class Safety:
    """ASGI middleware; the application inside sees only what may be asked."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._names = settings.names()
        self._cookie = f"convscope-{settings.port}"
        self._headers = [
            (name.encode(), value.encode())
            for name, value in (
                ("content-security-policy", policy(settings)),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "no-referrer"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
            )
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = _headers(scope)
        refusal = self._refusal(scope, headers)
        if scope["type"] == "websocket":
            if refusal:
                await receive()
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(receive, send, self._most(scope), self._headers)
        if refusal:
            await exchange.refuse(403, "Refused", *refusal)
        elif (token := self._presented(scope)) is not None:
            await exchange.let_in(self._cookie, token)
        elif exchange.too_long(headers.get("content-length", "")):
            await exchange.refuse_too_large()
        else:
            await self._app(scope, exchange.receive, exchange.send)

    def _refusal(self, scope: Scope, headers: Mapping[str, str]) -> tuple[str, str] | None:
        """The problem and the remedy; None where the request may pass."""
        host = headers.get("host", "").lower()
        if host not in self._names:
            return f'this studio is not called "{host}"', f"open {self._settings.address}"
        origin = headers.get("origin")
        if origin is not None and not self._is_own(origin):
            return "the request comes from another site", f"open {self._settings.address}"
        site = headers.get("sec-fetch-site", "none")
        if site not in _TRUSTED_SITES and (scope["path"] != "/" or scope["type"] != "http"):
            return "the request comes from another site", f"open {self._settings.address}"
        if not self._has_token(scope, headers):
            return "the token is missing or wrong", "open the address that the command printed"
        return None

    def _is_own(self, origin: str) -> bool:
        parts = urlsplit(origin)
        behind = self._settings.behind
        if behind is not None and parts.netloc.lower() == urlsplit(behind).netloc.lower():
            return parts.scheme == urlsplit(behind).scheme
        return parts.scheme == "http" and parts.netloc.lower() in self._names

    def _has_token(self, scope: Scope, headers: Mapping[str, str]) -> bool:
        wanted = self._settings.token
        if wanted is None or self._presented(scope) is not None:
            return True
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return _same(given, wanted) or _same(_cookie(headers, self._cookie), wanted)

    def _presented(self, scope: Scope) -> str | None:
        """The right token in the address of the page itself, where it is exchanged for a cookie."""
        wanted = self._settings.token
        if wanted is None or scope["type"] != "http" or scope["path"] != "/":
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return wanted if _same(given, wanted) else None

    def _most(self, scope: Scope) -> int:
        """Bytes that a request may have."""
        limits = self._settings.limits
        pictures = ("/api/images", "/api/applications/")
        return limits.picture if scope["path"].startswith(pictures) else limits.body


class _Exchange:
    """One request and its answer: counts what comes in, adds headers to what goes out."""

    def __init__(
        self, receive: Receive, send: Send, most: int, headers: list[tuple[bytes, bytes]]
    ) -> None:
        self._receive = receive
        self._send = send
        self._left = most
        self._most = most
        self._headers = headers
        self._begun = False
        self._refused = False

    def too_long(self, length: str) -> bool:
        """Whether a Content-Length says more than may come."""
        return length.isascii() and length.isdigit() and int(length) > self._most

    async def receive(self) -> Message:
        """What comes in, up to the limit; then nothing but the end."""
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        self._left -= len(message.get("body", b""))
        if self._left >= 0:
            return message
        if not self._begun:
            await self.refuse_too_large()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """What goes out, with the headers of safety."""
        if self._refused:  # the application answers what has been answered
            return
        if message["type"] == "http.response.start":
            self._begun = True
            message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
        await self._send(message)

    async def refuse_too_large(self) -> None:
        """413."""
        problem = f"the request is larger than {self._most:,} bytes"
        await self.refuse(413, "TooLarge", problem, "send less, such as a smaller picture")

    async def refuse(self, status: int, kind: str, problem: str, remedy: str) -> None:
        """A problem, as the application itself would say it."""
        text = f"{problem}: {remedy}"
        record = {"problem": problem, "place": "", "remedy": remedy, "kind": kind, "text": text}
        body = json.dumps(record, ensure_ascii=False).encode()
        await self._answer(status, [(b"content-type", b"application/json")], body)

    async def let_in(self, cookie: str, token: str) -> None:
        """The token as a cookie, and the address without it, where nobody reads it."""
        kept = f"{cookie}={token}; HttpOnly; SameSite=Strict"
        await self._answer(303, [(b"location", b"./"), (b"set-cookie", kept.encode())], b"")

    async def _answer(self, status: int, headers: list[Any], body: bytes) -> None:
        length = (b"content-length", str(len(body)).encode())
        await self.send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, length, (b"connection", b"close")],
            }
        )
        await self.send({"type": "http.response.body", "body": body})
        self._refused = True


def _headers(scope: Scope) -> dict[str, str]:
    """The last of each name; two hosts are no host."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key = name.decode("latin-1").lower()
        twice = key in ("host", "origin") and key in found
        found[key] = "" if twice else value.decode("latin-1")
    return found


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _cookie(headers: Mapping[str, str], name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""
