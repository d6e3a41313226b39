"""What the server answers: records as JSON, arrays as they lie in memory, problems in words.

Arrays go in one piece of binary: a length (uint32, little endian), a head of JSON, blanks up
to a multiple of 8 bytes, and the arrays one after another, each at a multiple of 8 behind
the head.  The head's ``arrays`` say for each its name, shape, type and offset.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from convscope.errors import (
    ConvscopeError,
    NoRunError,
    NotationError,
    UnknownLayerError,
    UsageError,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ARRAYS",
    "Arrays",
    "Body",
    "Problem",
    "Record",
    "finite",
    "not_found",
    "problem_of",
    "refusal",
    "status_of",
]

ARRAYS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "A head of JSON, and arrays behind it.",
    }
}
"""How an answer of arrays is described; its problems are JSON all the same."""

_ALIGNED = 8


class Body(BaseModel):
    """What a request holds: nothing that is not asked for, and no other type of it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Problem(BaseModel):
    """What went wrong, where, and what to do about it.

    ``kind`` is the error's class; ``text`` says all of it in one paragraph.  Of a notation
    that cannot be read, ``notation`` is the text and ``start`` and ``end`` the place in it.
    """

    problem: str
    place: str = ""
    remedy: str = ""
    kind: str
    text: str
    notation: str | None = None
    start: int | None = None
    end: int | None = None


class Record(Response):
    """A record as JSON, which knows no NaN: null stands in its place."""

    media_type = "application/json"

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        background: BackgroundTask | None = None,
    ) -> None:
        super().__init__(content, status_code, headers, background=background)

    def render(self, content: Any) -> bytes:
        return _json(content)


class Arrays(Response):
    """Arrays with a head that says what they are, as the module's docstring describes."""

    media_type = "application/octet-stream"

    def __init__(
        self, head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], status_code: int = 200
    ) -> None:
        super().__init__(_packed(head, arrays), status_code)


def refusal(status: int, problem: Problem, headers: Mapping[str, str] | None = None) -> Record:
    """A problem as an answer."""
    return Record(problem.model_dump(), status, headers)


def not_found(
    request: Request, status: int, detail: str, headers: Mapping[str, str] | None = None
) -> Record:
    """An address that does not exist, or not for this method."""
    problem = f"{request.method} {request.url.path}: {detail}"
    return refusal(status, Problem(problem=problem, kind="NotFound", text=problem), headers)


def problem_of(error: ConvscopeError) -> Problem:
    """An error of ours as a page shows it."""
    problem = Problem(
        problem=error.problem,
        place=error.place,
        remedy=error.remedy,
        kind=type(error).__name__,
        text=str(error),
    )
    if not isinstance(error, NotationError):
        return problem
    return problem.model_copy(
        update={"notation": error.text, "start": error.start, "end": error.end}
    )


def status_of(error: ConvscopeError) -> int:
    """404 for what is not there, 422 for what was asked wrongly, 409 for what cannot be now."""
    if isinstance(error, NoRunError | UnknownLayerError):
        return 404
    return 422 if isinstance(error, UsageError) else 409


def finite(value: Any) -> Any:
    """The value with None in the place of numbers that JSON does not know."""
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _json(value: Any) -> bytes:
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:  # seldom, and looking for it costs more than writing
        text = json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", errors="replace")


def _packed(head: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    listed: list[dict[str, Any]] = []
    pieces: list[bytes] = []
    offset = 0
    for name, values in arrays.items():
        content, kind = _content(values)
        listed.append({"name": name, "shape": list(values.shape), "dtype": kind, "offset": offset})
        pieces += [content, b"\0" * (-len(content) % _ALIGNED)]
        offset += len(content) + len(pieces[-1])
    text = _json({**head, "arrays": listed})
    text += b" " * (-(len(text) + 4) % _ALIGNED)
    return b"".join([struct.pack("<I", len(text)), text, *pieces])


def _content(values: NDArray[Any]) -> tuple[bytes, str]:
    """uint8 as it is, anything else as float32."""
    import numpy as np

    if values.dtype == np.uint8:
        return np.ascontiguousarray(values).tobytes(), "uint8"
    return np.ascontiguousarray(values, np.dtype("<f4")).tobytes(), "float32"
