"""Source text is laid out as ruff lays it out, and means what it should."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.export.calls import WIDTH, Argument, Call, bracketed, quoted, source

TEXTS = (
    "plain",
    "it's",
    'say "so"',
    "'both' \"kinds\"",
    '"more" of one\'s',
    "back\\slash",
    "line\nbreak\ttab",
    "Größe → 服",
    "\udc80 \x00 \u2028",
    "'''\"\"\"",
)


@given(st.text(st.characters(exclude_categories=())))
def test_a_quoted_text_is_read_as_itself(text: str) -> None:
    assert ast.literal_eval(quoted(text)) == text


def test_ruff_leaves_quotes_alone(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    file = tmp_path / "quotes.py"
    lines = [f"text_{index} = {quoted(text)}\n" for index, text in enumerate(TEXTS)]
    file.write_text("".join(lines), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 0, result.stdout


def test_values_become_source() -> None:
    assert source((5, 3)) == "(5, 3)"
    assert source((5,)) == "(5,)"
    assert source("same") == '"same"'
    assert source(False) == "False"
    assert source(1e-05) == "1e-05"


def test_a_call_breaks_where_its_line_is_full() -> None:
    call = Call("make", (Argument("first", "1"), Argument("bias", "False", keyword=True)))
    assert call.lines("x = ", 4) == ["    x = make(1, bias=False)"]
    name = "x" * (WIDTH - len(" = make(1, bias=False)"))
    assert call.lines(f"{name} = ", 0) == [f"{name} = make(1, bias=False)"]
    assert call.lines(f"{name}x = ", 0) == [
        f"{name}x = make(",
        "    1,",
        "    bias=False,",
        ")",
    ]
    assert bracketed("x" * 100 + "(", [], ")") == ["x" * 100 + "()"]


def test_a_filled_call_keeps_its_form() -> None:
    call = Call("make", (Argument("first", "1"), Argument("second", "2", keyword=True)))
    other = call.filled({1: "3"})
    assert other.lines("", 0) == ["make(1, second=3)"]
    assert other.form == call.form == ("make", "first", "second")
