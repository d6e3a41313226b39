"""Answers: packed arrays, finite records, problems with their status."""

from __future__ import annotations

import json
import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from convscope.errors import (
    ConvscopeError,
    DataError,
    NoRunError,
    NotationError,
    RunError,
    UnknownLayerError,
    UsageError,
)
from convscope.studio.answers import Arrays, Record, finite, problem_of, status_of

shapes = arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5)
values = arrays.arrays(st.sampled_from([np.uint8, np.float32]), shapes)


@given(st.dictionaries(st.text(min_size=1), values, max_size=4), st.text())
def test_arrays_come_back_to_the_bit(given_arrays: dict[str, np.ndarray], text: str) -> None:
    content = bytes(Arrays({"text": text}, given_arrays).body)
    (length,) = struct.unpack("<I", content[:4])
    head = json.loads(content[4 : 4 + length])
    # Every array begins at a multiple of 8, so that a typed array can lie where it is.
    assert (4 + length) % 8 == 0
    assert head["text"].encode(errors="replace") == text.encode(errors="replace")
    for each in head["arrays"]:
        before = given_arrays[each["name"]]
        kind = {"uint8": "u1", "float32": "<f4"}[each["dtype"]]
        found = np.frombuffer(content, kind, before.size, 4 + length + each["offset"])
        assert each["offset"] % 8 == 0
        assert found.tobytes() == before.tobytes()
        assert each["shape"] == list(before.shape)
    assert len(head["arrays"]) == len(given_arrays)


def test_other_numbers_become_float32() -> None:
    content = bytes(Arrays({}, {"a": np.array([[1.5, 2]], np.float64).T[::-1]}).body)
    (length,) = struct.unpack("<I", content[:4])
    assert np.frombuffer(content, "<f4", 2, 4 + length).tolist() == [2, 1.5]


def test_json_knows_no_nan() -> None:
    record = {"a": [1, math.nan, (math.inf,)], "b": {"c": -math.inf, "d": "NaN"}}
    assert finite(record) == {"a": [1, None, [None]], "b": {"c": None, "d": "NaN"}}
    assert json.loads(bytes(Record(record).body)) == finite(record)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 422),
        (NotationError("x", text="input"), 422),
        (NoRunError("x"), 404),
        (UnknownLayerError("x"), 404),
        (RunError("x"), 409),
        (DataError("x"), 409),
        (ConvscopeError("x"), 409),
    ],
)
def test_status_by_whose_fault_it_is(error: ConvscopeError, status: int) -> None:
    assert status_of(error) == status


def test_a_problem_says_all_that_the_error_says() -> None:
    error = NotationError("no such layer", text="input\ncnv", start=6, end=9, remedy="write conv")
    problem = problem_of(error)
    assert problem.model_dump() == {
        "problem": "no such layer",
        "place": "line 2, column 1",
        "remedy": "write conv",
        "kind": "NotationError",
        "text": str(error),
        "notation": "input\ncnv",
        "start": 6,
        "end": 9,
    }
    assert problem_of(DataError("gone", place="there")).notation is None
