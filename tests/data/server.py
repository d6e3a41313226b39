"""A local HTTP server that serves bytes, and misbehaves when it is told to."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any


@dataclass
class Server:
    """``files`` by path; ``cuts`` breaks the next answers for a path after so many bytes."""

    files: dict[str, bytes] = field(default_factory=dict)
    cuts: dict[str, list[int]] = field(default_factory=dict)
    ranges: bool = True
    silent: threading.Event | None = None
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    def __enter__(self) -> Server:
        self._http = _QuietServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.silent is not None:
            self.silent.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def asked(self, method: str) -> list[tuple[str, str]]:
        """(path, Range) of all requests by ``method``."""
        return [(path, span) for verb, path, span in self.requests if verb == method]


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some tests are about."""


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words: Any) -> None:
            pass

        def do_HEAD(self) -> None:
            self._answer(with_body=False)

        def do_GET(self) -> None:
            self._answer(with_body=True)

        def _answer(self, with_body: bool) -> None:
            span = self.headers.get("Range", "")
            server.requests.append((self.command, self.path, span))
            if server.silent is not None:
                server.silent.wait(30)
                return
            body = server.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            start = int(span.removeprefix("bytes=").rstrip("-")) if span else 0
            if span and server.ranges and start >= len(body):
                self.send_error(416)
                return
            if span and server.ranges:
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
                body = body[start:]
            else:
                self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if with_body:
                cuts = server.cuts.get(self.path, [])
                self.wfile.write(body[: cuts.pop(0)] if cuts else body)

    return Handler
