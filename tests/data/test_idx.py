"""IDX files: read, refused, never believed."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import array_shapes, arrays

from convscope.data.idx import parse_idx, payload_of, shape_of, write_idx
from convscope.errors import DataError
from tests.data.making import pixels


@given(arrays(np.uint8, array_shapes(min_dims=1, max_dims=4, max_side=5)))
def test_writing_and_reading_are_inverses(array: np.ndarray) -> None:  # type: ignore[type-arg]
    assert np.array_equal(parse_idx(write_idx(array), "x"), array)


def test_a_file_written_by_hand_is_read() -> None:
    payload = b"\x00\x00\x08\x02" + struct.pack(">II", 2, 3) + bytes([1, 2, 3, 4, 5, 6])
    assert parse_idx(payload, "x").tolist() == [[1, 2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (b"", "two zero bytes"),
        (b"GIF89a....", "two zero bytes"),
        (b"\x00\x00\x0d\x01" + struct.pack(">I", 1) + b"0000", "0x0d"),
        (b"\x00\x00\x08\x03\x00\x00", "inside its header"),
        (b"\x00\x00\x08\x00", "inside its header"),
        (write_idx(pixels(4, 5))[:-1], r"4 · 5 = 20 bytes and 19 follow: the file is truncated"),
        (write_idx(pixels(4, 5)) + b"x", r"20 bytes and 21 follow: the file is altered"),
        (b"\x00\x00\x08\x03" + b"\xff" * 12, "promises 4294967295 · 4294967295"),
    ],
)
def test_a_damaged_payload_is_refused(payload: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        parse_idx(payload, "x")


def test_a_payload_comes_out_of_gzip_or_as_it_is(tmp_path: Path) -> None:
    raw, packed = tmp_path / "raw", tmp_path / "packed"
    raw.write_bytes(b"abc" * 100)
    packed.write_bytes(gzip.compress(b"abc" * 50) + gzip.compress(b"abc" * 50))
    assert payload_of(raw) == payload_of(packed) == b"abc" * 100


@pytest.mark.parametrize("cut", [5, 30, -1])
def test_a_cut_gzip_file_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(pixels(1000).tobytes())[:cut])
    with pytest.raises(DataError, match="damaged or cut short"):
        payload_of(path)


def test_an_altered_gzip_file_is_refused(tmp_path: Path) -> None:
    content = bytearray(gzip.compress(pixels(1000).tobytes()))
    content[500] ^= 1
    path = tmp_path / "x.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=str(path)):
        payload_of(path)


def test_no_more_is_unpacked_than_the_limit(tmp_path: Path) -> None:
    raw, packed = tmp_path / "raw", tmp_path / "packed"
    raw.write_bytes(bytes(3_000_000))
    packed.write_bytes(gzip.compress(bytes(3_000_000)))
    with pytest.raises(DataError, match="unpacks to more than 1,000"):
        payload_of(packed, 1000)
    with pytest.raises(DataError, match="larger than 1,000"):
        payload_of(raw, 1000)


def test_an_absent_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        payload_of(tmp_path / "none")


def test_the_shape_is_read_from_the_first_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    payload = write_idx(pixels(7, 3, 2))
    for content in (payload, gzip.compress(payload), payload[:20]):
        path.write_bytes(content)
        assert shape_of(path) == (7, 3, 2)
    for content in (b"", b"\x00\x00", payload[:9], b"\x1f\x8bgarbage", b"hello, world"):
        path.write_bytes(content)
        assert shape_of(path) == ()
    assert shape_of(tmp_path / "none") == ()
