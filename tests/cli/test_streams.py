"""Streams take any text: in UTF-8, or with our signs spelt in ASCII."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace

import pytest

from convscope.cli import streams
from convscope.cli.streams import prepare_streams


def stream(encoding: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding)


def written(text: io.TextIOWrapper) -> bytes:
    text.flush()
    assert isinstance(text.buffer, io.BytesIO)
    return text.buffer.getvalue()


def test_signs_are_spelt_where_an_encoding_lacks_them(monkeypatch: pytest.MonkeyPatch) -> None:
    out = stream("cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    prepare_streams()
    out.write("28×28 → ⌊x⌋ café 靴")
    assert written(out).decode("cp1252") == "28×28 -> floor(x) café ?"


def test_on_windows_redirected_streams_become_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    out = stream("cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(streams, "os", SimpleNamespace(name="nt", environ={}))
    prepare_streams()
    out.write("→")
    assert written(out) == "→".encode()


def test_on_windows_an_encoding_that_was_asked_for_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    out = stream("cp1252")
    monkeypatch.setattr(sys, "stdout", out)
    asked = {"PYTHONIOENCODING": "cp1252"}
    monkeypatch.setattr(streams, "os", SimpleNamespace(name="nt", environ=asked))
    prepare_streams()
    out.write("→")
    assert written(out) == b"->"


def test_streams_of_others_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = io.StringIO()
    monkeypatch.setattr(sys, "stdout", theirs)
    prepare_streams()
    assert sys.stdout is theirs
    theirs.write("→")
    assert theirs.getvalue() == "→"


def test_the_handler_is_for_writing_only() -> None:
    prepare_streams()
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", errors="convscope.plain")
