"""What a studio is told when it starts: where it listens, whose runs it shows, its limits."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from convscope.errors import UsageError

__all__ = ["PORT", "Limits", "Settings"]

PORT = 8642
"""Where it listens unless another is asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a page may ask for at once.

    ``body`` and ``picture`` are bytes of a request, ``pixels`` those of a picture,
    ``notation`` characters, ``channels`` maps in one answer; ``subjects`` and ``pictures``
    are how many of them stay in memory.
    """

    body: int = 2**20
    picture: int = 16 * 2**20
    pixels: int = 40_000_000
    notation: int = 20_000
    channels: int = 64
    subjects: int = 4
    pictures: int = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """A studio's settings; UsageError where they would open it to others without a token.

    ``source`` is shown first: a run or an architecture.  ``data`` are folders of images that
    a page may train on, beside the sets that have names.  ``behind`` is the address at which
    a proxy, such as Jupyter's, shows the studio; ``framed`` lets a notebook on this machine
    show it inside itself.
    """

    runs: Path
    source: str = "example"
    host: str = "127.0.0.1"
    port: int = PORT
    token: str | None = None
    behind: str | None = None
    framed: bool = False
    data: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise UsageError(
                f"{self.port} is no port", place="--port", remedy="give 1 to 65535, or leave it out"
            )
        if self.token is not None and len(self.token) < 16:
            raise UsageError(
                "the token is short enough to be guessed",
                place="--token",
                remedy="give 16 characters or more",
            )
        if self.token is None and not self.loopback:
            raise UsageError(
                f"{self.host} can be reached by others, who could use your files and processor",
                place="--host",
                remedy="give a --token too, or leave --host out",
            )
        if self.behind is not None:
            self._require_behind()

    def _require_behind(self) -> None:
        parts = urlsplit(self.behind or "")
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise UsageError(
                f"{self.behind!r} is no address of a page",
                place="--behind",
                remedy='write it whole, as in "--behind https://hub.example.org/user/me/proxy/8642/"',
            )
        if self.token is None:
            raise UsageError(
                "whoever can reach the proxy could use the studio",
                place="--behind",
                remedy="give a --token too",
            )

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return _is_loopback(self.host)

    @property
    def address(self) -> str:
        """Where a browser finds it, without the token."""
        if self.behind is not None:
            return self.behind
        shown = "127.0.0.1" if self.host in ("0.0.0.0", "::", "") else self.host
        return f"http://{_bracketed(shown)}:{self.port}/"

    @property
    def entrance(self) -> str:
        """The address that lets a browser in."""
        return self.address if self.token is None else f"{self.address}?token={self.token}"

    def names(self) -> frozenset[str]:
        """What a request may call the server, the port with it.

        A page of another site that makes its own name point here (DNS rebinding) calls it
        by that name, and is refused.
        """
        known = {self.host, "127.0.0.1", "localhost", "::1"}
        if not self.loopback:
            known |= _own_names()
        names = {f"{_bracketed(name).lower()}:{self.port}" for name in known if name}
        if self.port == 80:
            names |= {name.removesuffix(":80") for name in names}
        if self.behind is not None:
            names.add(urlsplit(self.behind).netloc.lower())
        return frozenset(names)


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bracketed(host: str) -> str:
    """An address of the sixth version as it stands in a URL."""
    return f"[{host}]" if ":" in host else host


def _own_names() -> set[str]:
    """The machine's names and addresses, as far as it knows them."""
    names = {socket.gethostname(), socket.getfqdn()}
    try:
        found = socket.getaddrinfo(socket.gethostname(), None)
    except OSError:
        return names
    return names | {str(each[4][0]).partition("%")[0] for each in found}
