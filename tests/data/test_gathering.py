"""A collection is taken from the first place that serves, and every hit is verified."""

from __future__ import annotations

import gzip
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from convscope.data import download
from convscope.data.cache import StoringError
from convscope.data.gathering import Collection, Folder, gather, holds_all, read_verified
from convscope.data.images import Data
from convscope.data.progress import Progress, teller
from convscope.errors import DataError
from tests.data.making import NAMES, collection, idx_folder, idx_payloads
from tests.data.server import Server

PAYLOADS = idx_payloads()


def serve(server: Server, below: str, payloads: tuple[bytes, ...] = PAYLOADS) -> str:
    for name, content in zip(NAMES, payloads, strict=True):
        server.files[f"{below}/{name}.gz"] = gzip.compress(content)
    return server.address + below


def check(data: Data) -> None:
    assert (data.name, data.classes, data.size) == ("little", ("ant", "bee", "cow"), (6, 6))
    assert data.train.images.tobytes() == PAYLOADS[0][16:]
    assert data.train.labels.tolist() == list(PAYLOADS[1][8:])
    assert data.test.images.tobytes() == PAYLOADS[2][16:]
    assert data.test.labels.tolist() == list(PAYLOADS[3][8:])


def quiet(wanted: Collection, *folders: Folder, network: bool = False, **options: float) -> Data:
    return gather(wanted, folders, teller(None), network=network, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("packed", [True, False])
def test_a_copy_on_this_machine_is_taken_and_kept(
    cache: Path, tmp_path: Path, packed: bool
) -> None:
    wanted = collection(PAYLOADS)
    copy = Folder("a copy", idx_folder(tmp_path / "copy", PAYLOADS, packed=packed))
    data = quiet(wanted, Folder("none", tmp_path / "none"), copy)
    check(data)
    assert data.place == f"a copy {tmp_path / 'copy'}"
    for path in (tmp_path / "copy").iterdir():
        path.unlink()
    check(quiet(wanted))  # from the cache alone


def test_an_altered_copy_is_passed_over_and_told(
    cache: Path, tmp_path: Path, heard: list[Progress]
) -> None:
    altered = (PAYLOADS[0][:-1] + b"\x00", *PAYLOADS[1:])
    bad = Folder("a bad copy", idx_folder(tmp_path / "bad", altered))
    good = Folder("a good copy", idx_folder(tmp_path / "good", PAYLOADS))
    data = gather(collection(PAYLOADS), (bad, good), heard.append, network=False)
    check(data)
    assert "a good copy" in data.place
    said = [one.text for one in heard if one.important]
    assert said == [
        f"little: a bad copy {tmp_path / 'bad'} is passed over: train-images-idx3-ubyte: "
        "is altered: its SHA-256 is not the published one"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda content: content[:-1], "is truncated"),
        (lambda content: content + b"x", "is larger than"),
        (lambda content: b"\x01" + content[1:], "is altered"),
    ],
)
def test_every_payload_is_verified(tmp_path: Path, change, said: str) -> None:  # type: ignore[no-untyped-def]
    wanted = collection(PAYLOADS)
    for number in range(4):
        altered = [change(p) if n == number else p for n, p in enumerate(PAYLOADS)]
        folder = idx_folder(tmp_path / str(number), tuple(altered))
        with pytest.raises(DataError, match=said):
            read_verified(wanted, folder)
    assert holds_all(wanted, folder)
    (folder / NAMES[2]).unlink()
    assert not holds_all(wanted, folder)
    with pytest.raises(DataError, match="holds neither t10k-images-idx3-ubyte nor"):
        read_verified(wanted, folder)


def test_a_damaged_cache_is_made_anew(cache: Path, tmp_path: Path) -> None:
    wanted = collection(PAYLOADS)
    copy = Folder("a copy", idx_folder(tmp_path / "copy", PAYLOADS))
    quiet(wanted, copy)
    path = cache / "decoded" / "little" / "train.pixels"
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(DataError, match="altered or of an older form"):
        quiet(wanted)
    check(quiet(wanted, copy))


def test_the_first_mirror_that_answers_serves(
    cache: Path, server: Server, heard: list[Progress]
) -> None:
    second = serve(server, "/second")
    third = serve(server, "/third")
    wanted = collection(PAYLOADS, f"{server.address}/first", second, third)
    data = gather(wanted, (), heard.append, network=True)
    check(data)
    assert data.place.startswith("mirror1 127.0.0.1")
    assert {path.split("/")[1] for path, _ in server.asked("GET")} == {"second"}
    assert not (cache / "downloads" / "little").exists()


def test_host_and_size_are_told_before_the_network_is_touched(
    cache: Path, server: Server, heard: list[Progress]
) -> None:
    wanted = collection(PAYLOADS, serve(server, "/a"))
    requests_then: list[int] = []

    def tell(said: Progress) -> None:
        heard.append(said)
        requests_then.append(len(server.requests))

    gather(wanted, (), tell, network=True)
    host = server.address.removeprefix("http://")
    assert heard[0] == Progress(f"asking for little (0 MB): {host}", important=True)
    assert requests_then[0] == 0
    assert heard[1].text == f"downloading little from {host}, 0 MB"
    assert heard[1].important
    counts = [one.done for one in heard if one.unit == "bytes"]
    assert counts == sorted(counts)
    assert counts[-1] == wanted.packed


def test_without_the_network_no_mirror_is_asked(cache: Path, server: Server) -> None:
    wanted = collection(PAYLOADS, serve(server, "/a"))
    with pytest.raises(DataError, match="the network: not asked"):
        gather(wanted, (), teller(None), network=False, why_no_network="not asked (offline)")
    assert server.requests == []


def test_an_interrupted_download_is_gone_on_with(cache: Path, server: Server) -> None:
    address = serve(server, "/a")
    wanted = collection(PAYLOADS, address)
    server.cuts["/a/train-images-idx3-ubyte.gz"] = [500, 0, 0, 0]
    with pytest.raises(DataError, match="ended early"):
        quiet(wanted, network=True)
    parts = list((cache / "downloads").rglob("*.part"))
    assert [part.stat().st_size for part in parts] == [500]
    check(quiet(wanted, network=True))
    assert ("/a/train-images-idx3-ubyte.gz", "bytes=500-") in server.asked("GET")


def test_a_wrong_part_is_fetched_again_whole(cache: Path, server: Server) -> None:
    wanted = collection(PAYLOADS, serve(server, "/a"))
    folder = cache / "downloads" / "little" / "mirror0"
    folder.mkdir(parents=True)
    (folder / f"{NAMES[0]}.gz.part").write_bytes(b"x" * 100)
    check(quiet(wanted, network=True))


def test_an_altered_payload_on_one_mirror_leads_to_the_next(
    cache: Path, server: Server, heard: list[Progress]
) -> None:
    altered = (*PAYLOADS[:2], PAYLOADS[2][:-1] + b"\x00", PAYLOADS[3])
    wanted = collection(PAYLOADS, serve(server, "/bad", altered), serve(server, "/good"))
    data = gather(wanted, (), heard.append, network=True)
    check(data)
    assert data.place.startswith("mirror1")
    assert any("its SHA-256 is not the published one" in one.text for one in heard)


def test_a_closed_network_fails_within_seconds_and_the_package_serves(cache: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        address = f"http://127.0.0.1:{deaf.getsockname()[1]}"
        wanted = collection(PAYLOADS, address, address + "/b", address + "/c", package="little")
        began = time.monotonic()
        data = gather(
            wanted, (), teller(None), network=True, answer_seconds=0.4, run=little_package
        )
        seconds = time.monotonic() - began
    check(data)
    assert data.place == "Debian's package little (apt-get download)"
    assert seconds < 4
    assert not (cache / "downloads" / "little").exists()


def little_package(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    if "--print-uris" in words:
        out = "'http://deb.example.org/little_1_all.deb' little_1_all.deb 999 SHA256:0\n"
        return subprocess.CompletedProcess(list(words), 0, out, "")
    if words[0] == "apt-get":
        (folder / "little_1_all.deb").touch()
    else:
        idx_folder(folder / "unpacked" / "usr" / "share" / "little", PAYLOADS, packed=True)
    return subprocess.CompletedProcess(list(words), 0, "", "")


def no_package(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess(list(words), 100, "", "E: Unable to locate package little")


def test_one_error_lists_every_place_and_three_remedies(cache: Path, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        wanted = collection(PAYLOADS, f"http://{host}", package="little")
        partial = idx_folder(tmp_path / "partial", PAYLOADS)
        (partial / NAMES[3]).unlink()
        folders = (Folder("one", tmp_path / "one"), Folder("two", partial))
        with pytest.raises(DataError) as caught:
            gather(wanted, folders, teller(None), network=True, run=no_package)
    assert str(caught.value) == (
        "little: found in none of the places tried:\n"
        f"  the cache {cache / 'decoded' / 'little'}: absent\n"
        f"  one {tmp_path / 'one'}: absent\n"
        f"  two {partial}: holds neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz\n"
        f"  mirror0 {host}: the connection was refused\n"
        "  Debian's package little (apt-get download): apt-get download --print-uris little "
        "failed (E: Unable to locate package little)\n"
        "three ways to mend it: 1. where there is a network: convscope data fetch little\n"
        "  2. on Debian and Ubuntu: sudo apt-get install little\n"
        "  3. bring the files train-images-idx3-ubyte[.gz], train-labels-idx1-ubyte[.gz], "
        "t10k-images-idx3-ubyte[.gz], t10k-labels-idx1-ubyte[.gz] from another machine and give "
        "their folder: --data FOLDER"
    )


def test_a_disk_without_room_is_told_before_the_network_is_touched(
    cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "convscope.data.cache.shutil.disk_usage", lambda path: SimpleNamespace(free=9)
    )
    with pytest.raises(StoringError, match="MB are free"):
        quiet(collection(PAYLOADS, serve(server, "/a")), network=True)
    assert server.requests == []


def test_a_full_disk_stops_the_search(
    cache: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other mirror would help: the disk is told, not a list of places."""
    wanted = collection(PAYLOADS, serve(server, "/a"), serve(server, "/b"))
    before = download.storing

    def full(place: Path):  # type: ignore[no-untyped-def]
        if place.name.endswith(".part"):
            raise StoringError("cannot write (No space left on device)", place=str(place))
        return before(place)

    monkeypatch.setattr(download, "storing", full)
    with pytest.raises(StoringError, match="No space left"):
        quiet(wanted, network=True)
    assert not any(path.startswith("/b") for path, _ in server.asked("GET"))
    assert not (cache / "decoded" / "little").exists()


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVSCOPE_CACHE", str(tmp_path / "file"))
    copy = Folder("a copy", idx_folder(tmp_path / "copy", PAYLOADS))
    with pytest.raises(StoringError, match="a file stands where a folder is needed"):
        quiet(collection(PAYLOADS), copy)


def test_images_and_labels_are_copied_out_of_the_payload(cache: Path, tmp_path: Path) -> None:
    data = quiet(collection(PAYLOADS), Folder("c", idx_folder(tmp_path / "c", PAYLOADS)))
    assert data.train.images.dtype == np.uint8
    assert data.train.labels.dtype == np.int64
