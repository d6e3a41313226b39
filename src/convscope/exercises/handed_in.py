"""What a person hands in: a notebook, the answers saved by the page, or a filled text.

A file holds the identity of its sheet and the answers.  Nothing in it is executed: from
a notebook only literals behind ``answer_1 =`` are taken.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convscope.errors import DataError, UsageError
from convscope.exercises.sheet import MOST, SCHEMA, Identity

__all__ = ["ANSWERS", "HandedIn", "read_handed_in"]

ANSWERS = "convscope.answers/1"
_MOST_BYTES = 20_000_000
_LONGEST_CELL = 20_000
_ASSIGNED = re.compile(r"^[ \t]*answer_([0-9]{1,3})[ \t]*=(?!=)[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_WRITTEN = re.compile(r"^[ \t]*answer ([0-9]{1,3})[ \t]*:(.*)$", re.MULTILINE)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_SHEET = re.compile(r"^[ \t]*sheet[ \t]+(\{.*\})[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"^[ \t]*name[ \t]*:(.*)$", re.MULTILINE)
_REMEDY = "hand in the notebook, the filled text, or the file that the page saves"


@dataclass(frozen=True, slots=True)
class HandedIn:
    """The sheet that it is, who filled it (where that is said), and the answers as text."""

    identity: Identity
    name: str
    answers: Mapping[int, str]


def read_handed_in(path: str | Path) -> HandedIn:
    """Reads a file.  Raises DataError where it is damaged, UsageError where it is none."""
    place = str(path)
    text = _text(Path(path).expanduser(), place)
    if text.lstrip().startswith("<"):
        raise UsageError(
            "this is the page itself, and a page keeps no answers",
            place=place,
            remedy='open it, press "Save answers", and give the file that it saves',
        )
    if not text.lstrip().startswith("{"):
        return _of_text(text, place)
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"it cannot be read ({error})", place=place, remedy=_REMEDY) from None
    if isinstance(record.get("cells"), list):
        return _of_notebook(record, place)
    if record.get("schema") == ANSWERS:
        return _of_answers(record, place)
    if record.get("schema") == SCHEMA:
        raise UsageError("this is a sheet, without answers", place=place, remedy=_REMEDY)
    raise UsageError("this is no sheet of exercises", place=place, remedy=_REMEDY)


def _text(path: Path, place: str) -> str:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError("it is too large to be a sheet of exercises", place=place)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError("this is no text", place=place, remedy=_REMEDY) from None
    except OSError as error:
        words = error.strerror or str(error)
        raise UsageError(f"it cannot be read ({words})", place=place, remedy=_REMEDY) from None


def _of_answers(record: Mapping[str, Any], place: str) -> HandedIn:
    answers = record.get("answers")
    if not isinstance(answers, dict):
        raise DataError("it holds no answers", place=place, remedy="save the answers again")
    found = {
        int(key): str(value)
        for key, value in answers.items()
        if str(key).isascii() and str(key).isdigit() and isinstance(value, str | int | float)
    }
    return HandedIn(_identity(record.get("sheet"), place), _line(record.get("name")), found)


def _of_text(text: str, place: str) -> HandedIn:
    found = _SHEET.search(text)
    if found is None:
        raise UsageError("this is no sheet of exercises", place=place, remedy=_REMEDY)
    name = _NAME.search(text)
    answers = {int(number): given.strip() for number, given in _WRITTEN.findall(text)}
    return HandedIn(_identity(found[1], place), _line(name[1]) if name else "", answers)


def _of_notebook(record: Mapping[str, Any], place: str) -> HandedIn:
    metadata = record.get("metadata")
    own = metadata.get("convscope") if isinstance(metadata, dict) else None
    if not isinstance(own, dict):
        raise UsageError(
            "this notebook is no sheet of exercises, or has lost what says which",
            place=place,
            remedy='make it anew by "convscope exercises", and copy the answers into it',
        )
    answers: dict[int, str] = {}
    name = ""
    for source in _code(record["cells"]):
        answers.update(_assigned(source))
        name = _named(source) or name
    return HandedIn(_identity(own.get("sheet"), place), name, answers)


def _code(cells: list[Any]) -> Iterator[str]:
    """The source of every cell of code."""
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", "")
        lines = source if isinstance(source, list) else [source]
        text = "".join(line for line in lines if isinstance(line, str))
        yield text[:_LONGEST_CELL]


def _assigned(source: str) -> dict[int, str]:
    """What stands behind ``answer_1 =``: a literal as text, anything else as it is written."""
    tree = _parsed(source)
    if tree is None:  # no Python: 28x28x16 without quotes, or 1,024
        return {int(number): _unquoted(text) for number, text in _ASSIGNED.findall(source)}
    found = {}
    for statement in tree.body:
        if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
            continue
        target = statement.targets[0]
        matched = re.fullmatch("answer_([0-9]{1,3})", getattr(target, "id", ""))
        if matched:
            found[int(matched[1])] = _literal(statement.value, source)
    return found


def _named(source: str) -> str:
    found = re.search(r"^name[ \t]*=[ \t]*(['\"])(.*)\1[ \t]*$", source, re.MULTILINE)
    return _line(found[2]) if found else ""


def _parsed(source: str) -> ast.Module | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None


def _literal(value: ast.expr, source: str) -> str:
    written = ast.get_source_segment(source, value) or ""
    if _THOUSANDS.fullmatch(written):  # to Python 48,000 is the pair (48, 0)
        return written
    try:
        return _as_text(ast.literal_eval(value))
    except (ValueError, TypeError, RecursionError, MemoryError):
        return written


def _as_text(value: object) -> str:
    """(28, 28, 16) → 28, 28, 16"""
    if isinstance(value, list | tuple):
        return ", ".join(_as_text(part) for part in value)
    return "" if value is None or value is ... else str(value)


def _unquoted(text: str) -> str:
    """The rest of a line that is no Python, without its comment and quotes."""
    return text.partition("#")[0].strip().strip("'\"")


def _line(value: object) -> str:
    """A name as one short line."""
    return " ".join(str(value or "").split())[:120]


def _identity(record: Any, place: str) -> Identity:
    """The identity as it was written.  Raises DataError where it is not whole."""
    damaged = DataError(
        "what says which sheet this is has been changed or lost",
        place=place,
        remedy="make the sheet anew with the same seed, and copy the answers into it",
    )
    if isinstance(record, str):
        try:
            record = json.loads(record)
        except (ValueError, RecursionError):
            raise damaged from None
    if not isinstance(record, dict):
        raise damaged
    texts = [record.get(key) for key in ("architecture", "run", "id")]
    numbers = [record.get(key) for key in ("seed", "count", "generator")]
    if not all(isinstance(text, str) and len(text) < 1_000_000 for text in texts):
        raise damaged
    if not all(type(number) is int and number >= 0 for number in numbers):
        raise damaged
    if not 1 <= record["count"] <= MOST:
        raise damaged
    return Identity(
        **{key: record[key] for key in ("architecture", "run", "seed", "count", "generator", "id")}
    )
