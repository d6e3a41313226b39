"""JSON of strangers, read by shape: what is missing or of another kind is said with its place."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from convscope.data.annotations.files import shortened
from convscope.errors import DataError

__all__ = ["decoded", "number_in", "records_in", "text_in", "whole_in"]

_LARGEST = 1e7

Record = Mapping[str, Any]


def decoded(content: bytes, place: str) -> Record:
    """A JSON object; DataError where it is none."""
    try:
        value = json.loads(content)
    except json.JSONDecodeError as problem:
        where = f"line {problem.lineno}, column {problem.colno}"
        raise DataError(f"is not JSON ({problem.msg}: {where})", place=place) from problem
    except (ValueError, RecursionError) as problem:  # no UTF-8, a number of 5,000 digits, …
        raise DataError("is not JSON that can be read", place=place) from problem
    if not isinstance(value, dict):
        raise DataError(f"holds {_kind(value)} where an object belongs", place=place)
    return value


def records_in(record: Record, key: str, place: str) -> list[Record]:
    """``record[key]`` as a list of objects."""
    values = record.get(key)
    if not isinstance(values, list):
        raise DataError(f'"{key}" is {_kind(values)} where a list belongs', place=place)
    for index, value in enumerate(values):
        if not isinstance(value, dict):
            problem = f"{key}[{index}] is {_kind(value)} where an object belongs"
            raise DataError(problem, place=place)
    return values


def text_in(record: Record, key: str) -> str:
    """``record[key]`` as a text that is not blank."""
    value = record.get(key)
    if not isinstance(value, str) or not value.strip():
        raise DataError(f'"{key}" is {_kind(value)} where a text belongs')
    if any("\ud800" <= sign <= "\udfff" for sign in value):  # no encoding can write it
        raise DataError(f'"{key}" holds half a character')
    return value.strip()


def whole_in(record: Record, key: str) -> int:
    """``record[key]`` as a whole number."""
    value = record.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f'"{key}" is {_kind(value)} where a whole number belongs')
    return value


def number_in(value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DataError(f"{_kind(value)} stands where a number belongs")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not abs(number) <= _LARGEST:  # not a number neither
        raise DataError("a number lies beyond every image")
    return number


def _kind(value: Any) -> str:
    match value:
        case None:
            return "missing"
        case bool():
            return str(value).lower()
        case int() | float():
            return shortened(f"{value:g}") if isinstance(value, float) else "a number"
        case str():
            return f'"{shortened(value)}"' if value.strip() else "an empty text"
        case list():
            return "a list"
    return "an object"
