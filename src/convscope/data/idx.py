"""IDX, the format of MNIST: a magic number, the sizes, then the bytes (LeCun 1998).

``00 00 08 nn``, then nn sizes of four bytes each (big-endian), then the payload, one
unsigned byte a value; often inside gzip.  http://yann.lecun.com/exdb/mnist/
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from convscope.errors import DataError

__all__ = ["parse_idx", "payload_of", "shape_of", "write_idx"]

_GZIP = b"\x1f\x8b"
_UNSIGNED_BYTES = b"\x00\x00\x08"
_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
_LARGEST = 4 << 30
"""Bytes of payload: a few kilobytes of gzip can promise any number of zeros."""


def shape_of(path: Path) -> tuple[int, ...]:
    """What the header of an IDX file promises, raw or gzipped; empty where it is no IDX file."""
    try:
        with path.open("rb") as file:
            start = file.read(4096)
        if start.startswith(_GZIP):
            start = zlib.decompressobj(wbits=31).decompress(start, 4 + 4 * 255)
    except (OSError, zlib.error):
        return ()
    if len(start) < 4 or start[:2] != b"\x00\x00" or start[2] not in _TYPES:
        return ()
    sizes = start[4 : 4 + 4 * start[3]]
    return struct.unpack(f">{start[3]}I", sizes) if len(sizes) == 4 * start[3] else ()


def payload_of(path: Path, limit: int = _LARGEST) -> bytes:
    """The bytes of a file, out of gzip if they are in it; never more than ``limit``."""
    try:
        with path.open("rb") as file:
            packed = file.read(limit + (1 << 20))
    except OSError as problem:
        raise DataError(f"cannot be read ({problem.strerror})", place=str(path)) from problem
    if not packed.startswith(_GZIP):
        if len(packed) > limit:
            raise DataError(f"is larger than {limit:,} bytes", place=str(path))
        return packed
    return _unpacked(packed, limit, path)


def _unpacked(packed: bytes, limit: int, path: Path) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as file:
            payload = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as problem:
        raise DataError(
            f"the gzip data are damaged or cut short ({problem})",
            place=str(path),
            remedy="get the file again",
        ) from problem
    if len(payload) > limit:
        raise DataError(f"unpacks to more than {limit:,} bytes", place=str(path))
    return payload


def parse_idx(payload: bytes, place: str) -> NDArray[np.uint8]:
    """The array inside an IDX payload; it shares the payload's memory and is read-only."""
    if len(payload) < 4 or payload[:2] != b"\x00\x00":
        raise DataError("is not an IDX file: it must begin with two zero bytes", place=place)
    if payload[:3] != _UNSIGNED_BYTES:
        raise DataError(
            f"holds values of the type 0x{payload[2]:02x}; only unsigned bytes (0x08) can be read",
            place=place,
        )
    dimensions = payload[3]
    start = 4 + 4 * dimensions
    if dimensions == 0 or len(payload) < start:
        raise DataError("ends inside its header", place=place, remedy="get the file again")
    shape = struct.unpack(f">{dimensions}I", payload[4:start])
    promised, held = math.prod(shape), len(payload) - start
    if promised != held:
        sizes = " · ".join(str(side) for side in shape)
        raise DataError(
            f"the header promises {sizes} = {promised:,} bytes and {held:,} follow: "
            f"the file is {'truncated' if held < promised else 'altered'}",
            place=place,
            remedy="get the file again",
        )
    return np.frombuffer(payload, np.uint8, offset=start).reshape(shape)


def write_idx(array: NDArray[np.uint8]) -> bytes:
    """The inverse of ``parse_idx``."""
    head = _UNSIGNED_BYTES + struct.pack(f">B{array.ndim}I", array.ndim, *array.shape)
    return head + np.ascontiguousarray(array).tobytes()
