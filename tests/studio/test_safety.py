"""Who may ask, and how much."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from convscope.studio.safety import Safety, policy
from convscope.studio.settings import Limits, Settings
from tests.studio.conftest import Asked, Opening

TOKEN = "a-token-of-the-tests"
STREAM = "/api/runs/example/events"


def headed(asked: Asked, path: str = "/api/state", **headers: str) -> httpx.Response:
    """A GET with these headers, underscores standing for hyphens."""
    given = {key.replace("_", "-"): value for key, value in headers.items()}
    return asked.client.get(path, headers=given)


@pytest.mark.parametrize("path", ["/", "/api/state", STREAM, "/elements.js", "/nothing"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost:1", "", "127.0.0.1:x"])
def test_another_host_is_refused(asked: Asked, path: str, host: str) -> None:
    answer = headed(asked, path, host=host)
    assert answer.status_code == 403
    assert answer.json()["kind"] == "Refused"


def test_own_names_are_let_in(asked: Asked) -> None:
    port = asked.studio.settings.port
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert headed(asked, host=f"{name}:{port}").status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://{own}", "http://x.{own}"]
)
@pytest.mark.parametrize("path", ["/", "/api/state", STREAM])
def test_another_origin_is_refused(asked: Asked, path: str, origin: str) -> None:
    own = f"127.0.0.1:{asked.studio.settings.port}"
    assert headed(asked, path, origin=origin.format(own=own)).status_code == 403


def test_the_own_origin_is_let_in(asked: Asked) -> None:
    own = asked.studio.settings.address.rstrip("/")
    assert headed(asked, origin=own, sec_fetch_site="same-origin").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_requests_that_another_page_makes_are_refused(asked: Asked, site: str) -> None:
    """An image or an event stream of another page carries no Origin."""
    assert headed(asked, sec_fetch_site=site).status_code == 403
    assert headed(asked, STREAM, sec_fetch_site=site).status_code == 403
    # A link that leads here is no harm: it opens the page.
    assert headed(asked, "/", sec_fetch_site=site).status_code == 200


def test_a_second_host_is_no_host(asked: Asked) -> None:
    port = asked.studio.settings.port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        hosts = f"host: 127.0.0.1:{port}\r\nhost: evil.example\r\n"
        line.sendall(f"GET /api/state HTTP/1.1\r\n{hosts}\r\n".encode())
        assert b" 200 " not in line.recv(100)


def test_safety_stands_on_every_answer(asked: Asked) -> None:
    for path in ("/", "/nothing", "/api/state", "/api/nothing", "/api/openapi.json"):
        headers = asked.client.get(path).headers
        assert headers["content-security-policy"].startswith("default-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" in headed(asked, host="evil.example").headers


def test_the_policy_lets_no_script_stand_in_the_page() -> None:
    said = policy(Settings(Path("runs")))
    assert "unsafe" not in said
    assert "frame-ancestors 'none'" in said
    framed = policy(Settings(Path("runs"), framed=True))
    assert "frame-ancestors 'self' http://localhost:*" in framed


@pytest.fixture(scope="module")
def locked(opening: Opening, tmp_path_factory: pytest.TempPathFactory) -> Asked:
    return opening(tmp_path_factory.mktemp("locked"), token=TOKEN)


def test_without_the_token_nothing_is_told(locked: Asked) -> None:
    for path in ("/", "/api/state", STREAM, "/elements.js", "/?token=wrong-token-of-16"):
        answer = locked.client.get(path)
        assert answer.status_code == 403
        assert answer.json()["problem"] == "the token is missing or wrong"
    assert headed(locked, authorization="Bearer x").status_code == 403
    # Only the page itself takes it from the address.
    assert locked.client.get(f"/api/state?token={TOKEN}").status_code == 403


def test_the_token_is_exchanged_for_a_cookie(locked: Asked) -> None:
    with httpx.Client(base_url=locked.studio.settings.address) as browser:
        answer = browser.get("/", params={"token": TOKEN})
        assert answer.status_code == 303
        assert answer.headers["location"] == "./"
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert browser.get("/").status_code == 200
        assert browser.get("/api/state").status_code == 200
    assert headed(locked, authorization=f"Bearer {TOKEN}").status_code == 200


def test_the_token_does_not_replace_host_and_origin(locked: Asked) -> None:
    bearer = f"Bearer {TOKEN}"
    assert headed(locked, authorization=bearer, host="evil.example").status_code == 403
    assert headed(locked, authorization=bearer, origin="http://evil.example").status_code == 403


def test_behind_a_proxy_its_name_is_known(opening: Opening, tmp_path: Path) -> None:
    behind = opening(tmp_path, token=TOKEN, behind="https://hub.example/user/me/proxy/8642/")
    bearer, host = f"Bearer {TOKEN}", "hub.example"
    client = httpx.Client(base_url=f"http://127.0.0.1:{behind.studio.settings.port}")
    with client:
        for origin, status in (("https://hub.example", 200), ("http://hub.example", 403)):
            headers = {"authorization": bearer, "host": host, "origin": origin}
            assert client.get("/api/state", headers=headers).status_code == status


def test_large_requests_are_refused_by_what_they_say_and_by_what_they_are(asked: Asked) -> None:
    most = Limits().body
    told = asked.client.post("/api/design", content=b"x" * (most + 1))
    assert told.status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(most // 1000 + 2):
            yield b"x" * 1000

    try:
        streamed = asked.client.post("/api/design", content=pieces())
    except httpx.WriteError:  # the server closed before it had all
        return
    assert streamed.status_code == 413
    assert streamed.json()["kind"] == "TooLarge"


def test_a_picture_may_be_larger_than_a_question(asked: Asked) -> None:
    content = b"x" * (Limits().body + 1)
    answer = asked.client.post("/api/images", content=content)
    assert (answer.status_code, answer.json()["kind"]) == (409, "DataError")


def test_sockets_are_checked_too() -> None:
    """The studio has none; if one comes, it stands behind the same check."""
    sent: list[dict[str, Any]] = []

    async def inside(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    safe = Safety(inside, Settings(Path("runs")))
    scope = {"type": "websocket", "path": "/", "query_string": b""}
    for host, kind in ((b"127.0.0.1:8642", "accept"), (b"evil.example", "close")):
        sent.clear()
        asyncio.run(safe({**scope, "headers": [(b"host", host)]}, receive, send))
        assert [message["type"] for message in sent] == [f"websocket.{kind}"]
