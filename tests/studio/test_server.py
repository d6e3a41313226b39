"""The server: where it listens, how soon it answers, and what it says of its own faults."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import convscope as cs
from convscope.architecture.zoo import find_architecture
from convscope.errors import UsageError
from convscope.studio.notebook import Studio
from convscope.studio.server import api, listening
from convscope.studio.settings import PORT, Settings
from convscope.studio.workspace import Workspace
from convscope.training.runs import open_run
from tests.cli.conftest import Command, command
from tests.studio.conftest import Asked

__all__ = ["command"]

CLI = [sys.executable, "-m", "convscope", "studio", "--no-open"]


@pytest.fixture
def nothing_listens(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """``serve`` only remembers what it was told."""
    told: list[Settings] = []
    monkeypatch.setattr("convscope.studio.server.serve", lambda settings, _: told.append(settings))
    return told


def test_where_the_usual_port_is_taken_the_next_free_one() -> None:
    first, one = listening(Settings(Path("runs")))
    second, two = listening(Settings(Path("runs")))
    with first, second:
        assert PORT <= one.port < two.port < PORT + 20


def test_a_port_that_was_asked_for_is_had_or_not() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"--port: port {port} cannot be had"):
            listening(Settings(Path("runs"), port=port))


def test_what_the_command_line_says(
    command: Command, nothing_listens: list[Settings], tmp_path: Path
) -> None:
    words = ("--host", "0.0.0.0", "--token", "0123456789abcdef", "--port", "9000")
    assert command("studio", "lenet5", *words, "--data", str(tmp_path)).code == 0
    (told,) = nothing_listens
    assert (told.source, told.host, told.port) == ("lenet5", "0.0.0.0", 9000)
    assert told.token == "0123456789abcdef"
    assert told.data == (str(tmp_path),)
    assert command("studio", "input 4x4x1 -> fc 2").code == 0
    assert nothing_listens[1].source == "input 4x4x1 -> fc 2"
    refused = command("studio", "--host", "0.0.0.0")
    assert (refused.code, len(nothing_listens)) == (2, 2)
    assert refused.err.startswith("--host: 0.0.0.0 can be reached by others")


def test_what_is_no_run_and_no_architecture_is_told_before_a_page_opens(
    command: Command, nothing_listens: list[Settings]
) -> None:
    outcome = command("studio", "exmaple")
    assert (outcome.code, nothing_listens) == (2, [])
    assert 'did you mean "example"?' in outcome.err
    assert command("studio", "input 4x4x1 -> cnv 2").code == 2


def test_the_server_needs_no_torch_before_it_answers() -> None:
    program = (
        "import sys\nfrom pathlib import Path\nimport convscope.cli.studio\n"
        "from convscope.studio.server import Server\n"
        "from convscope.studio.settings import Settings\n"
        "Server(Settings(Path('runs'))).config.load()\n"
        "print(sorted({'torch', 'torchvision', 'matplotlib', 'sklearn'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_a_fault_of_ours_is_told_as_one(tmp_path: Path) -> None:
    import asyncio

    made = api(Workspace(Settings(tmp_path)))

    @made.get("/api/fault")
    def fault() -> None:
        raise ZeroDivisionError("of nothing")

    transport = httpx.ASGITransport(made, raise_app_exceptions=False)

    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.get("/api/fault")

    answer = asyncio.run(asked())
    assert answer.status_code == 500
    assert answer.json()["problem"] == (
        "convscope failed in a way that it should not: ZeroDivisionError: of nothing"
    )


def test_addresses_that_are_none(asked: Asked) -> None:
    for path in ("/api/", "/api/nothing", "/nothing.js"):
        answer = asked.client.get(path)
        assert (answer.status_code, answer.json()["kind"]) == (404, "NotFound")
    wrong = asked.client.get("/api/design")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert asked.client.post("/").status_code == 405
    assert asked.client.head("/").status_code == 200
    assert asked.client.get("/docs").status_code == 404  # it would load from another host


def test_from_a_notebook() -> None:
    studio = cs.studio(find_architecture("lenet5"))
    try:
        assert isinstance(studio, Studio)
        assert repr(studio) == f"<Studio at {studio.address}>"
        assert f'src="{studio.address}"' in studio._repr_html_()
        page = httpx.get(studio.address, timeout=60)
        assert (
            "frame-ancestors 'self' http://localhost:*" in page.headers["content-security-policy"]
        )
        state = httpx.get(f"{studio.address}api/state", timeout=60).json()
        assert state["source"] == str(find_architecture("lenet5"))
        again = cs.studio(open_run("example"))
        assert again.settings.source == "example"
        assert again.address != studio.address
        again.close()
    finally:
        studio.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(studio.address)
    with pytest.raises(UsageError, match="a run or an architecture is wanted"):
        cs.studio(7)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C by a signal")
def test_it_answers_soon_and_ends_by_ctrl_c(tmp_path: Path) -> None:
    """Under 3 s of the processor's time from the command to the first answer."""
    environment = {**os.environ, "CONVSCOPE_RUNS": str(tmp_path)}
    with subprocess.Popen(
        [*CLI, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().decode().strip()
        with httpx.Client(base_url=address, timeout=60) as client:
            assert client.get("/").status_code == 200
            used = _processor_seconds(process.pid)
            assert used is None or used < 3
            assert client.get("api/state").json()["schema"] == "convscope.studio/1"
            # A page that listens does not keep it from ending.
            with client.stream("GET", "api/runs/example/events"):
                process.send_signal(signal.SIGINT)
                start = time.monotonic()
                assert process.wait(60) == 0
                assert time.monotonic() - start < 30
        assert process.stderr is not None
        assert process.stderr.read().decode().strip() == "Ctrl-C ends the studio"


def _processor_seconds(number: int) -> float | None:
    """What a process has used; None where the system does not tell."""
    path = Path(f"/proc/{number}/stat")
    if not path.exists():
        return None
    fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_the_description_is_whole(asked: Asked) -> None:
    described = json.loads(asked.client.get("/api/openapi.json").text)
    assert described["info"]["title"] == "convscope studio"
