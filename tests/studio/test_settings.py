"""Settings: what would open the studio to others is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.errors import UsageError
from convscope.studio.settings import Settings

RUNS = Path("runs")
TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"host": "0.0.0.0"},
            "--host: 0.0.0.0 can be reached by others, who could use your files and processor: "
            "give a --token too, or leave --host out",
        ),
        (
            {"token": "short"},
            "--token: the token is short enough to be guessed: give 16 characters or more",
        ),
        ({"port": 65536}, "--port: 65536 is no port: give 1 to 65535, or leave it out"),
        (
            {"behind": "hub.example.org", "token": TOKEN},
            "--behind: 'hub.example.org' is no address of a page: write it whole, as in "
            '"--behind https://hub.example.org/user/me/proxy/8642/"',
        ),
        (
            {"behind": "https://hub.example.org/"},
            "--behind: whoever can reach the proxy could use the studio: give a --token too",
        ),
    ],
)
def test_what_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(RUNS, **options)  # type: ignore[arg-type]
    assert str(caught.value) == message


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.0.0.2"])
def test_loopback_needs_no_token(host: str) -> None:
    assert Settings(RUNS, host=host).loopback


def test_addresses() -> None:
    assert Settings(RUNS).address == "http://127.0.0.1:8642/"
    assert Settings(RUNS, host="::1", port=80).address == "http://[::1]:80/"
    assert Settings(RUNS, host="0.0.0.0", token=TOKEN).address == "http://127.0.0.1:8642/"
    behind = Settings(RUNS, token=TOKEN, behind="https://hub/p/8642/")
    assert behind.entrance == f"https://hub/p/8642/?token={TOKEN}"


def test_names_carry_the_port() -> None:
    assert Settings(RUNS).names() == {"127.0.0.1:8642", "localhost:8642", "[::1]:8642"}
    assert "localhost" in Settings(RUNS, port=80).names()
    assert "hub" in Settings(RUNS, token=TOKEN, behind="https://hub/p/").names()
    assert "studio.lan:8642" in Settings(RUNS, host="studio.lan", token=TOKEN).names()
