"""The example notebook: run from top to bottom, its results shown as IPython shows them."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "example.ipynb"


def cells(kind: str) -> list[str]:
    book = json.loads(PAGE.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == kind]


def test_it_holds_no_output_and_is_small() -> None:
    book = json.loads(PAGE.read_text(encoding="utf-8"))
    assert book["nbformat"] == 4
    for cell in book["cells"]:
        assert cell.get("outputs", []) == []
        assert cell.get("execution_count") is None
    assert PAGE.stat().st_size < 20_000
    assert len({cell["id"] for cell in book["cells"]}) == len(book["cells"])


def result_of(source: str, names: dict[str, Any]) -> Any:
    """What a cell's last line is, as a shell has it; None where that is no expression."""
    body = ast.parse(source).body
    last = body.pop() if isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), str(PAGE), "exec"), names)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), str(PAGE), "eval"), names)


@pytest.mark.slow
def test_every_cell_runs_and_shows_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    from convscope.report.notebook import register

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVSCOPE_RUNS")
    formatter = formatters.DisplayFormatter()
    register(SimpleNamespace(display_formatter=formatter))
    names: dict[str, Any] = {}
    drawn = 0
    for source in cells("code"):
        value = result_of(source, names)
        if value is None:
            continue
        shown, _ = formatter.format(value)
        markup = shown.get("text/html", "")
        assert markup or isinstance(value, str), source
        drawn += markup.startswith('<div class="convscope">')
        assert "<script" not in markup
        assert "http" not in markup.replace("http://www.w3.org/", "")
    assert drawn >= 8
    assert "32 kernels · (5·5·16) + 32 biases = 12,832" in capsys.readouterr().out
    assert (tmp_path / "lesson.html").stat().st_size < 2_000_000
