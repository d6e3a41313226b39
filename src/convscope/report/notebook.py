"""How results look in a notebook: formatters that IPython calls for our types.

Types are named, not imported, so that registering loads nothing; a result draws
itself nowhere.  Each output is escaped and carries its own style, which applies to
nothing outside it, and asks no network.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from convscope.report.looks import LOOKS, Look, figure_html, subject_html, view_text

if TYPE_CHECKING:
    from convscope.architecture.architecture import Architecture
    from convscope.architecture.arithmetic import Explanation
    from convscope.inspection.subject import Subject
    from convscope.report.html import Child
    from convscope.training.evaluate import Evaluation
    from convscope.training.predict import Prediction
    from convscope.training.runs import Run

__all__ = [
    "architecture_html",
    "evaluation_html",
    "explanation_html",
    "look_html",
    "network_html",
    "prediction_html",
    "register",
    "register_if_notebook",
    "run_html",
]

_FRAME = (
    ".convscope{font:14px/1.5 system-ui,'Segoe UI',Arial,sans-serif;background:var(--paper);"
    "color:var(--ink);padding:16px;font-variant-numeric:tabular-nums;max-width:62rem}"
    ".convscope tr,.convscope th,.convscope td{background:none;border-left:0;border-right:0}"
    ".convscope table{color:var(--ink);width:auto;margin-left:0}"
    ".convscope p{margin:0 0 12px;max-width:72ch}.convscope .lede{font-size:16px}"
    ".convscope .chart svg{overflow:visible}.convscope pre{font-size:12px;overflow-x:auto}"
)


def register_if_notebook() -> bool:
    """Registers the formatters where IPython runs this process; says whether it does."""
    module = sys.modules.get("IPython")
    ipython = module.get_ipython() if module is not None else None
    if ipython is None:
        return False
    register(ipython)
    return True


def register(ipython: Any) -> None:
    """Tells an IPython shell how to show our results, as HTML and as text."""
    formatters = ipython.display_formatter.formatters
    for (module, name), render in _HTML.items():
        formatters["text/html"].for_type_by_name(module, name, render)
    for (module, name), text in _TEXT.items():
        formatters["text/plain"].for_type_by_name(module, name, _pretty(text))
    for (module, name), look in LOOKS.items():
        place = f"convscope.{module}"
        formatters["text/html"].for_type_by_name(place, name, partial(look_html, look))
        formatters["text/plain"].for_type_by_name(place, name, _pretty(partial(view_text, look)))


def _pretty(text: Callable[[Any], str]) -> Callable[[Any, Any, bool], None]:
    def show(value: Any, printer: Any, cycle: bool) -> None:
        printer.text(text(value).rstrip("\n"))

    return show


def _framed(*children: Child) -> str:
    """The parts in a box whose style reaches no further."""
    from convscope.report.document import part_sheet
    from convscope.report.html import raw, tag

    style = tag("style", raw(part_sheet(".convscope") + _FRAME))
    return str(tag("div", style, *children, class_="convscope"))


def architecture_html(architecture: Architecture) -> str:
    """The network to scale, or its line where input or classes are still open."""
    from convscope.architecture.arithmetic import explain
    from convscope.report.html import tag
    from convscope.report.layer_section import network_drawing

    if not architecture.complete:
        return _framed(tag("p", tag("code", str(architecture)), class_="notation"))
    return _framed(network_drawing(explain(architecture)))


def explanation_html(explanation: Explanation) -> str:
    """The network to scale, and all its numbers in one table."""
    from convscope.report.layer_section import layer_table, network_drawing

    return _framed(network_drawing(explanation), layer_table(explanation))


def evaluation_html(evaluation: Evaluation) -> str:
    """The result in a sentence, the confusion matrix, the classes."""
    from convscope.report.html import tag
    from convscope.report.result_section import class_table, confusion_table
    from convscope.report.terminal import result_sentence

    return _framed(
        tag("p", f"{result_sentence(evaluation)}.", class_="lede"),
        tag("p", evaluation.note, class_="missing") if evaluation.note else None,
        confusion_table(evaluation),
        class_table(evaluation),
    )


def prediction_html(prediction: Prediction) -> str:
    """The likeliest classes as bars, and what was done to the picture."""
    from convscope.report.html import bar, tag
    from convscope.report.numbers import percent

    rows = [
        tag("tr", tag("th", name, scope="row"), tag("td", percent(share, 2)), tag("td", bar(share)))
        for name, share in prediction.top
    ]
    return _framed(
        tag("p", tag("b", prediction.source)),
        tag("table", tag("tbody", rows), class_="numbers"),
        tag("p", f"Prepared: {prediction.preprocessing}.", class_="legend"),
    )


def run_html(run: Run) -> str:
    """What was trained on what, what came of it, and its curves."""
    from convscope.errors import ConvscopeError
    from convscope.report.html import tag
    from convscope.report.training_section import curve_row, run_terms

    try:
        metrics = run.metrics()
        curves: Child = curve_row(metrics) if metrics else None
    except ConvscopeError as error:
        curves = tag("p", str(error), class_="missing")
    return _framed(tag("p", tag("b", run.name)), run_terms(run), curves)


def look_html(look: Look, result: Any) -> str:
    """A result: its figure, and its words behind a fold; or its words alone."""
    return _framed(figure_html(look, result))


def network_html(subject: Subject) -> str:
    """A subject: what it is, and its network to scale."""
    return _framed(subject_html(subject))


def _evaluation_text(evaluation: Evaluation) -> str:
    from convscope.report.terminal import EvaluationView
    from convscope.report.view import shown_text

    return shown_text(EvaluationView(evaluation))


def _prediction_text(prediction: Prediction) -> str:
    from convscope.report.terminal import PredictionView
    from convscope.report.view import shown_text

    return shown_text(PredictionView(prediction))


def _subject_text(subject: Subject) -> str:
    layers = ", ".join(layer.name for layer in subject.layers if layer.leaf)
    return f"{subject.name}: {subject.volume}, {layers}"


def _explanation_text(explanation: Explanation) -> str:
    from convscope.report.explanation import explanation_text

    return explanation_text(explanation, steps=False)


_HTML: dict[tuple[str, str], Callable[[Any], str]] = {
    ("convscope.architecture.architecture", "Architecture"): architecture_html,
    ("convscope.architecture.arithmetic", "Explanation"): explanation_html,
    ("convscope.inspection.subject", "Subject"): network_html,
    ("convscope.training.evaluate", "Evaluation"): evaluation_html,
    ("convscope.training.predict", "Prediction"): prediction_html,
    ("convscope.training.runs", "Run"): run_html,
}
_TEXT: dict[tuple[str, str], Callable[[Any], str]] = {
    ("convscope.architecture.arithmetic", "Explanation"): _explanation_text,
    ("convscope.inspection.subject", "Subject"): _subject_text,
    ("convscope.training.evaluate", "Evaluation"): _evaluation_text,
    ("convscope.training.predict", "Prediction"): _prediction_text,
}
