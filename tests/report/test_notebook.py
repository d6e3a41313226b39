"""Notebook display: registered by name, escaped, and nothing loaded before its time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest

from convscope.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.report import notebook
from convscope.training.predict import Prediction
from convscope.training.runs import Run

from .samples import HOSTILE, evaluation
from .test_document import read


class Formatter:
    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Callable[..., Any]] = {}

    def for_type_by_name(self, module: str, name: str, function: Callable[..., Any]) -> None:
        self.known[module, name] = function


@pytest.fixture
def shell() -> SimpleNamespace:
    formatters = {"text/html": Formatter(), "text/plain": Formatter()}
    return SimpleNamespace(display_formatter=SimpleNamespace(formatters=formatters))


def test_every_registered_name_is_a_type(shell: SimpleNamespace) -> None:
    notebook.register(shell)
    for formatter in shell.display_formatter.formatters.values():
        assert formatter.known
        for module, name in formatter.known:
            assert isinstance(getattr(import_module(module), name), type)


def test_it_registers_only_where_ipython_runs(
    shell: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert notebook.register_if_notebook() is False
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))  # type: ignore[arg-type]
    assert notebook.register_if_notebook() is False
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))  # type: ignore[arg-type]
    assert notebook.register_if_notebook() is True
    assert shell.display_formatter.formatters["text/html"].known


def test_registering_loads_nothing_heavy() -> None:
    code = (
        "import sys, convscope.report.notebook\n"
        "assert not {'torch', 'numpy', 'matplotlib', 'rich'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


ARTICLE = Architecture.parse("input 28x28x1 -> conv 4 5x5 -> relu -> maxpool 2 -> fc 10")


@pytest.mark.parametrize(
    "made",
    [
        lambda run: notebook.architecture_html(ARTICLE),
        lambda run: notebook.explanation_html(explain(ARTICLE)),
        lambda run: notebook.evaluation_html(evaluation((HOSTILE, "b"))),
        lambda run: notebook.prediction_html(Prediction(HOSTILE, ((HOSTILE, 0.5),), "", False)),
        lambda run: notebook.run_html(run),
    ],
    ids=["architecture", "explanation", "evaluation", "prediction", "run"],
)
def test_each_type_is_shown_escaped_and_by_itself(
    made: Callable[[Run], str], small_run: Run
) -> None:
    markup = made(small_run)
    tags = read(markup).tags
    assert tags[0] == ("div", {"class": "convscope"})
    for name, values in tags:
        assert name != "script"
        assert not any(key.startswith("on") or key == "style" for key in values)
        for key in ("src", "href"):
            assert (values.get(key) or "#").startswith(("#", "data:"))


def test_an_open_architecture_shows_its_line() -> None:
    markup = notebook.architecture_html(Architecture.parse("input auto -> fc classes"))
    assert "<svg" not in markup
    assert "input auto" in read(markup).text


def test_a_run_without_lines_has_no_curves(run_copy: Run) -> None:
    (run_copy.path / "metrics.jsonl").unlink()
    assert "<svg" not in notebook.run_html(run_copy)
    assert "<svg" in notebook.run_html(run_copy) or "fashion-mini" in notebook.run_html(run_copy)


def test_text_shells_get_the_terminals_text(shell: SimpleNamespace) -> None:
    notebook.register(shell)
    known = shell.display_formatter.formatters["text/plain"].known
    written: list[str] = []
    printer = SimpleNamespace(text=written.append)
    prediction = Prediction("boot.png", (("Boot", 0.9),), "grey", False)
    known["convscope.training.predict", "Prediction"](prediction, printer, False)
    known["convscope.training.evaluate", "Evaluation"](evaluation(), printer, False)
    known["convscope.architecture.arithmetic", "Explanation"](explain(ARTICLE), printer, False)
    assert "boot.png" in written[0]
    assert "most confident mistakes" in written[1]
    assert "multiply-adds" in written[2]


def test_a_real_shell_takes_it() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    formatter = formatters.DisplayFormatter()
    notebook.register(SimpleNamespace(display_formatter=formatter))
    data, _ = formatter.format(explain(ARTICLE))
    assert data["text/html"].startswith('<div class="convscope">')
    assert "conv1" in data["text/plain"]
