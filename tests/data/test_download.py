"""One file from a server that misbehaves; and servers that never answer."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from convscope.data import download as module
from convscope.data.cache import StoringError
from convscope.data.download import answers, download, host_of
from convscope.errors import DataError
from tests.data.making import pixels
from tests.data.server import Server

CONTENT = pixels(700_000).tobytes()


def fetch(server: Server, part: Path, limit: int = 10**6) -> list[int]:
    counts: list[int] = []
    download(f"{server.address}/x", part, limit=limit, received=counts.append)
    return counts


def test_a_file_is_fetched_and_counted(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    counts = fetch(server, tmp_path / "x.part")
    assert (tmp_path / "x.part").read_bytes() == CONTENT
    assert counts[0] == 0
    assert counts[-1] == len(CONTENT)
    assert counts == sorted(counts)


def test_a_broken_connection_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    server.cuts["/x"] = [300_000, 0, 200_000]
    fetch(server, tmp_path / "x.part")
    assert (tmp_path / "x.part").read_bytes() == CONTENT
    spans = [span for _, span in server.asked("GET")]
    assert spans == ["", "bytes=300000-", "bytes=300000-", "bytes=500000-"]


def test_an_earlier_part_is_gone_on_with(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    part = tmp_path / "x.part"
    part.write_bytes(CONTENT[:123_456])
    counts = fetch(server, part)
    assert part.read_bytes() == CONTENT
    assert counts[0] == 123_456
    assert server.asked("GET") == [("/x", "bytes=123456-")]


def test_a_server_without_ranges_begins_again(server: Server, tmp_path: Path) -> None:
    server.files["/x"], server.ranges = CONTENT, False
    part = tmp_path / "x.part"
    part.write_bytes(b"other bytes")
    fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_a_part_longer_than_the_file_begins_again(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    part = tmp_path / "x.part"
    part.write_bytes(CONTENT + b"more")
    fetch(server, part)
    assert part.read_bytes() == CONTENT


def test_it_gives_up_when_nothing_arrives_any_more(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    server.cuts["/x"] = [1000, *[0] * 20]
    with pytest.raises(DataError, match="the connection ended early"):
        fetch(server, tmp_path / "x.part")
    assert (tmp_path / "x.part").read_bytes() == CONTENT[:1000]
    assert len(server.asked("GET")) == 4


def test_an_endless_file_is_refused_and_forgotten(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    with pytest.raises(DataError, match="larger than the 1,000 bytes expected"):
        fetch(server, tmp_path / "x.part", limit=1000)
    assert not (tmp_path / "x.part").exists()


def test_an_absent_file_fails_at_once(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="answered 404"):
        fetch(server, tmp_path / "x.part")
    assert len(server.requests) == 1
    assert not (tmp_path / "x.part").exists()


def test_a_silent_server_fails_in_time(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_READ_SECONDS", 0.1)
    server.silent = threading.Event()
    with pytest.raises(DataError, match="no answer in time"):
        fetch(server, tmp_path / "x.part")


def test_where_nothing_can_be_written_it_is_the_disks_fault(server: Server, tmp_path: Path) -> None:
    server.files["/x"] = CONTENT
    with pytest.raises(StoringError, match="cannot write"):
        fetch(server, tmp_path / "no such folder" / "x.part")


def test_who_answers_is_asked_of_all_together(server: Server) -> None:
    server.files["/x"] = b"1"
    with socket.socket() as deaf, socket.socket() as closed:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        closed.bind(("127.0.0.1", 0))
        urls = {
            "good": f"{server.address}/x",
            "absent": f"{server.address}/y",
            "deaf": f"http://127.0.0.1:{deaf.getsockname()[1]}/x",
            "closed": f"http://127.0.0.1:{closed.getsockname()[1]}/x",
            "unknown": "http://no-such-host.invalid/x",
        }
        began = time.monotonic()
        found = answers(list(urls.values()), seconds=0.5)
        seconds = time.monotonic() - began
    assert {name: found[url] for name, url in urls.items() if name != "unknown"} == {
        "good": "",
        "absent": "answered 404 Not Found",
        "deaf": found[urls["deaf"]],
        "closed": "the connection was refused",
    }
    assert found[urls["deaf"]] in ("no answer in time", "no answer within 0.5 seconds")
    assert found[urls["unknown"]]
    assert seconds < 5


def test_a_host_is_named_without_its_path() -> None:
    assert host_of("https://example.org/a/b.gz") == "example.org"
