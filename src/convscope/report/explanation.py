"""An Explanation for the terminal: each layer worked out as by hand, and one table.

Lines are laid out here, not by a rich table: numbers must never be cut, and the same
lines serve a console and a plain text.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.architecture.arithmetic import CONVENTIONS, Explanation, LayerCost
from convscope.architecture.costs import Side
from convscope.architecture.counts import Count, number
from convscope.architecture.fields import Field, Span
from convscope.architecture.layers import Residual
from convscope.report.cost_table import table_lines
from convscope.report.lines import Line
from convscope.report.numbers import percent
from convscope.report.plain import holds_signs, plain

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["ExplanationView", "explanation_text", "side_remark"]

_WIDEST = 100
"""Sentences are easier to read where lines are not longer than this."""
_INDENT = 2
_LABEL = 10


@dataclass(frozen=True)
class ExplanationView:
    """What ``rich.print`` shows of an Explanation, laid out for the console's width.

    ``steps`` are the layers worked out one by one, ``table`` all in one table with
    totals.  Where the output's encoding lacks our signs, they are written in ASCII.
    """

    explanation: Explanation
    steps: bool = True
    table: bool = True

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        from rich.text import Text

        encoding = getattr(options, "encoding", None) or console.encoding
        for line in self.lines(options.max_width, signs=holds_signs(encoding)):
            yield Text.assemble(*line, no_wrap=True, overflow="ignore")

    def lines(self, width: int, *, signs: bool = True) -> list[Line]:
        """The lines as (text, style) pieces; without ``signs`` in ASCII."""
        say = _same if signs else plain
        lines = [*_title(self.explanation, width, say), []]
        if self.steps:
            lines += _steps(self.explanation, min(width, _WIDEST), say)
        if self.table:
            lines += [*table_lines(self.explanation, width, say), []]
            lines += _summary(self.explanation, min(width, _WIDEST), say)
        return lines


def explanation_text(
    explanation: Explanation,
    *,
    width: int = 80,
    steps: bool = True,
    table: bool = True,
    encoding: str = "utf-8",
) -> str:
    """The same without styles, for files and tests."""
    lines = ExplanationView(explanation, steps, table).lines(width, signs=holds_signs(encoding))
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines) + "\n"


Say = Callable[[str], str]


def _same(text: str) -> str:
    return text


def _title(explanation: Explanation, width: int, say: Say) -> Iterator[Line]:
    text = say(str(explanation.architecture))
    for line in _wrapped(text, width, indent="  "):
        yield [(line, "bold")]


def _steps(explanation: Explanation, width: int, say: Say) -> Iterator[Line]:
    """Every layer; of one that has been worked out before, only what differs."""
    worked_out: dict[object, LayerCost] = {}
    name_width = min(16, max(len(cost.name) for cost in explanation.layers))
    before: Field | None = None
    roomy = False
    for cost in explanation.layers:
        alike = (cost.layer, cost.input, cost.output)
        memory = (cost.memory_inference.value, cost.memory_training.value)
        model = worked_out.get((alike, memory)) or worked_out.get(alike)
        worked_out.setdefault((alike, memory), cost)
        worked_out.setdefault(alike, cost)
        if roomy or (before and not model):
            yield []
        roomy = model is None
        yield from _header(cost, model, name_width, width, say)
        details = [] if model else _details(cost)
        for label, text in [*details, *_seen(cost.field, before), *_memory(cost, model)]:
            yield from _detail(label, say(text), width)
        before = cost.field
    yield []


def _header(
    cost: LayerCost, model: LayerCost | None, name_width: int, width: int, say: Say
) -> Iterator[Line]:
    """``conv1   conv 16 5x5 pad 2          28×28×1 → 28×28×16``"""
    volumes = str(cost.output)
    if cost.input != cost.output:
        volumes = f"{cost.input} → {cost.output}"
    volumes = say(volumes)
    notation = "residual" if isinstance(cost.layer, Residual) else cost.notation
    if model:
        notation += f", as {model.name}"
    name = f"{cost.name:<{name_width}}  "
    free = width - len(name) - len(notation) - len(volumes)
    if free < 2:
        yield [(name, "bold"), (notation, "")]
        yield [(f"{volumes:>{width}}", "")]
    else:
        yield [(name, "bold"), (notation, ""), (" " * free + volumes, "")]


def _details(cost: LayerCost) -> Iterator[tuple[str, str]]:
    """(label, text) of everything but field and memory."""
    if cost.sides:
        yield from _side_texts(cost)
    if cost.kind not in ("conv", "fc") or (not cost.input.flat and cost.kind == "fc"):
        yield "does", cost.formula
    if cost.parameters.value:
        yield "weights", str(cost.parameters)
    if cost.statistics.value:
        yield "stores", f"{cost.statistics}, not learnt"
    if cost.multiply_adds.value:
        yield "work", f"{cost.multiply_adds} multiply-adds"
    if cost.dense and cost.unshared:
        yield from _instead(cost.weights, cost.dense, cost.unshared)
    if cost.saving:
        saving = cost.saving
        yield "saves", f"{saving.values} values"
        if saving.multiply_adds.value:
            yield "", f"{saving.multiply_adds} multiply-adds after it"
        if saving.weights.value:
            yield "", f"{saving.weights} weights after it"


def _instead(weights: Count, dense: Count, unshared: Count) -> Iterator[tuple[str, str]]:
    """What the convolution stands in the place of, aligned on the ``=``."""
    rows = [("dense", dense), ("unshared", unshared), ("shared", weights)]
    left = max(len(count.derivation) for _, count in rows)
    right = max(len(number(count.value)) for _, count in rows)
    for index, (word, count) in enumerate(rows):
        times = f" weights, {_times(count.value, weights.value)}" if count is not weights else ""
        text = f"{word:<8}  {count.derivation:>{left}} = {number(count.value):>{right}}{times}"
        yield ("instead" if index == 0 else ""), text


def _times(many: int, few: int) -> str:
    ratio = many / few
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.3g} times"


def _side_texts(cost: LayerCost) -> Iterator[tuple[str, str]]:
    height, width = cost.sides
    alike = [
        (side.output, side.padding, side.left_over, side.dropped, side.skipped)
        for side in cost.sides
    ]
    if alike[0] == alike[1]:
        yield "side", f"{width.symbol} = {_side_text(width, 'rows and columns', 'row and column')}"
    else:
        yield "height", f"{height.symbol} = {_side_text(height, 'rows', 'row')}"
        yield "width", f"{width.symbol} = {_side_text(width, 'columns', 'column')}"


def _side_text(side: Side, many: str, one: str) -> str:
    return f"{side.output}{side_remark(side, many, one)}"


def side_remark(side: Side, many: str, one: str) -> str:
    """What of the input no unit sees: ``; the last column is never seen``, or nothing."""
    text = ""
    if side.dropped == 1:
        text += f"; the last {one} {'are' if ' ' in one else 'is'} never seen"
    elif side.dropped:
        text += f"; the last {number(side.dropped)} {many} are never seen"
    elif side.left_over:
        text += f"; the {number(side.left_over)} left over is padding"
    if side.skipped:
        text += (
            f"; {number(side.skipped)} of {number(side.input)} {many} lie between the taps, "
            "never seen"
        )
    return text


def _seen(field: Field, before: Field | None) -> Iterator[tuple[str, str]]:
    """What a unit sees, where that differs from the layer before."""
    if before is not None and _values(field) == _values(before):
        return
    height, width = field.height, field.width
    size = f"{number(height.size.value)}×{number(width.size.value)}"
    if field.everything:
        yield "sees", f"all places of its input, and so {size} pixels"
    elif _values(field)[:3] == _values(field)[3:]:
        yield "sees", f"{size} pixels: {_span_text(width)}"
    else:
        yield "sees", f"{size} pixels"
        yield "rows", _span_text(height)
        yield "columns", _span_text(width)


def _values(field: Field) -> list[int | None]:
    return [
        None if count is None else count.value
        for span in (field.height, field.width)
        for count in (span.size, span.jump, span.start)
    ]


def _span_text(span: Span) -> str:
    parts = [str(span.size)]
    if span.jump is not None:
        parts.append(f"jump {span.jump}")
    if span.start is not None:
        parts.append(f"start {span.start}")
    return "; ".join(parts)


def _memory(cost: LayerCost, model: LayerCost | None) -> Iterator[tuple[str, str]]:
    """What is alive at once and what training keeps, where the model's is not the same."""
    if not model or model.memory_inference.value != cost.memory_inference.value:
        yield "in use", str(cost.memory_inference)
    different = not model or model.memory_training.value != cost.memory_training.value
    if different and (model or cost.memory_training.value):
        yield "training", str(cost.memory_training)


def _detail(label: str, text: str, width: int) -> Iterator[Line]:
    hanging = " " * (_INDENT + _LABEL)
    first = " " * _INDENT + f"{label:<{_LABEL}}"
    for index, line in enumerate(_wrapped(text, width - len(hanging))):
        style = "dim" if index == 0 else ""
        yield [(first if index == 0 else hanging, style), (line, "")]


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Lines that break behind a ``;`` where they can, else at a space, never in a number.

    A result stays with its ``=``, even where the line then is longer than the width.
    """
    width = max(width, 20)
    lines: list[str] = []
    # What ends with a full stop is prose, and breaks anywhere.
    parts = [text] if text.endswith(".") else text.split("; ")
    for part in (part.replace("= ", "=\N{NO-BREAK SPACE}") for part in parts):
        joined = f"{lines[-1]}; {part}" if lines else part
        if len(joined) <= width:
            lines[-1:] = [joined]
            continue
        if lines:
            lines[-1] += ";"
        lines += textwrap.wrap(
            part,
            width,
            initial_indent=indent if lines else "",
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in lines] or [""]


def _summary(explanation: Explanation, width: int, say: Say) -> Iterator[Line]:
    """The totals in words, and the conventions beside them."""
    conv = explanation.share_of_kind("conv")
    share = f"; convolutions carry {percent(conv)} of the work" if conv else ""
    rows = [
        ("work", f"{explanation.flops} FLOPs{share}", ""),
        ("in use", f"{explanation.memory_inference}", ""),
        ("training", f"{number(explanation.memory_training.value)} bytes for each image", ""),
        ("counted", CONVENTIONS["multiply_adds"], "dim"),
        ("", CONVENTIONS["memory"], "dim"),
        ("", CONVENTIONS["field"], "dim"),
    ]
    for label, text, style in rows:
        for head, (body, _) in _detail(label, say(text), width):
            yield [head, (body, style)]
