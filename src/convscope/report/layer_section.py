"""The network on a page: drawn to scale, worked out layer by layer, and in one table."""

from __future__ import annotations

from collections.abc import Iterator

from convscope.architecture.arithmetic import CONVENTIONS, Explanation, LayerCost
from convscope.architecture.costs import Side
from convscope.architecture.counts import Count, number
from convscope.architecture.fields import Field, Span
from convscope.architecture.layers import Residual
from convscope.report.explanation import side_remark
from convscope.report.html import Child, Html, bar, fragment, raw, tag
from convscope.report.images import EncodedImage
from convscope.report.mathml import count_html, equation
from convscope.report.network_drawing import draw_network
from convscope.report.numbers import bytes_text, percent, plain_percent
from convscope.report.palette import LIGHT
from convscope.report.svg import scene_svg

__all__ = ["arrows", "layer_list", "layer_table", "network_drawing"]

Row = tuple[str, Child]

_WIDTHS = (("wide", 928.0), ("medium", 600.0), ("narrow", 324.0))
"""The page shows the one that fits."""
_VARIABLES = {role: f"var(--{role})" for role in LIGHT}


def network_drawing(explanation: Explanation, image: EncodedImage | None = None) -> Html:
    """The network to scale: in rows as long as a wide, a medium and a narrow page have them."""
    drawings = [
        tag(
            "div",
            raw(scene_svg(draw_network(explanation, width, image), _VARIABLES, inline=True)),
            class_=f"drawing {name}",
        )
        for name, width in _WIDTHS
    ]
    return fragment(
        tag("figure", drawings, class_="network"),
        tag("p", tag("code", arrows(str(explanation.architecture))), class_="notation"),
    )


def arrows(text: str) -> list[Child]:
    """The line of notation, which may break anywhere but within an arrow."""
    parts: list[Child] = []
    for part in text.split("->"):
        parts += [tag("span", "->", class_="whole"), part] if parts else [part]
    return parts


def layer_list(explanation: Explanation) -> Html:
    """Every layer with its derivations; of one that has stood before, only what differs."""
    known: dict[object, LayerCost] = {}
    before: Field | None = None
    items: list[Html] = []
    for cost in explanation.layers:
        alike = (cost.layer, cost.input, cost.output)
        model = known.setdefault(alike, cost)
        rows = [] if model is not cost else [*_details(cost), *_costs(cost, explanation)]
        rows += [*_seen(cost.field, before), *_memory(cost, model)]
        items.append(_layer(cost, model, rows))
        before = cost.field
    return tag("ol", items, class_="layers")


def _layer(cost: LayerCost, model: LayerCost, rows: list[Row]) -> Html:
    volumes = str(cost.output)
    if cost.input != cost.output:
        volumes = f"{cost.input} → {cost.output}"
    notation = "residual" if isinstance(cost.layer, Residual) else cost.notation
    same = f"as {model.name}" if model is not cost else None
    head = tag(
        "header",
        tag("h3", cost.name),
        tag("code", notation),
        tag("span", same, class_="same") if same else None,
        tag("span", volumes, class_="volumes"),
    )
    terms = [(tag("dt", label), tag("dd", text)) for label, text in rows]
    return tag("li", head, tag("dl", terms) if terms else None, class_="known" if same else None)


def _details(cost: LayerCost) -> Iterator[Row]:
    """What the layer makes of its input."""
    if cost.sides:
        yield from _sides(cost.sides)
    if cost.kind not in ("conv", "fc") or (cost.kind == "fc" and not cost.input.flat):
        yield "does", cost.formula


def _sides(sides: tuple[Side, ...]) -> Iterator[Row]:
    height, width = sides
    alike = [(s.output, s.padding, s.left_over, s.dropped, s.skipped) for s in sides]
    if alike[0] == alike[1]:
        yield "side", _side(width, "rows and columns", "row and column")
    else:
        yield "height", _side(height, "rows", "row")
        yield "width", _side(width, "columns", "column")


def _side(side: Side, many: str, one: str) -> Html:
    made = equation(side.output.derivation, side.output.value, side.symbol)
    return fragment(made, side_remark(side, many, one))


def _costs(cost: LayerCost, explanation: Explanation) -> Iterator[Row]:
    if cost.parameters.value:
        yield "weights", count_html(cost.parameters)
    if cost.statistics.value:
        yield "stores", fragment(count_html(cost.statistics), ", not learnt")
    if cost.multiply_adds.value:
        share = percent(explanation.share_of_work(cost))
        yield "work", fragment(count_html(cost.multiply_adds, "multiply-adds"), f"; {share} of all")
    if cost.dense and cost.unshared:
        yield "instead", _instead(cost.weights, cost.dense, cost.unshared)
    if cost.saving:
        saving = cost.saving
        yield "saves", count_html(saving.values, "values")
        if saving.multiply_adds.value:
            yield "", count_html(saving.multiply_adds, "multiply-adds after it")
        if saving.weights.value:
            yield "", count_html(saving.weights, "weights after it")


def _instead(weights: Count, dense: Count, unshared: Count) -> Html:
    """What the convolution stands in the place of."""
    rows = [
        tag(
            "tr",
            tag("th", word, scope="row"),
            tag("td", equation(count.derivation, count.value)),
            tag("td", _times(count, weights) if count is not weights else None),
        )
        for word, count in (("dense", dense), ("unshared", unshared), ("shared", weights))
    ]
    return tag("table", rows, class_="instead")


def _times(many: Count, few: Count) -> str:
    ratio = many.value / few.value
    return f"{ratio:,.0f} times" if ratio >= 10 else f"{ratio:.3g} times"


def _seen(field: Field, before: Field | None) -> Iterator[Row]:
    """What a unit sees of the image, where that is not what the layer before saw."""
    if before is not None and _values(field) == _values(before):
        return
    height, width = field.height, field.width
    size = f"{number(height.size.value)}×{number(width.size.value)} pixels"
    if field.everything:
        yield "sees", f"all places of its input, and so {size}"
    elif _values(field)[:3] == _values(field)[3:]:
        yield "sees", fragment(f"{size}: ", _span(width))
    else:
        yield "sees", fragment(f"{size}; rows: ", _span(height))
        yield "", fragment("columns: ", _span(width))


def _values(field: Field) -> list[int | None]:
    return [
        None if count is None else count.value
        for span in (field.height, field.width)
        for count in (span.size, span.jump, span.start)
    ]


def _span(span: Span) -> Html:
    parts: list[Child] = [count_html(span.size)]
    if span.jump is not None:
        parts += ["; jump ", count_html(span.jump)]
    if span.start is not None:
        parts += ["; start ", count_html(span.start)]
    return fragment(parts)


def _memory(cost: LayerCost, model: LayerCost) -> Iterator[Row]:
    """What is alive at once and what training keeps, where the model's is not the same."""
    new = model is cost
    if new or model.memory_inference.value != cost.memory_inference.value:
        yield "in use", count_html(cost.memory_inference)
    if (
        cost.memory_training.value
        if new
        else model.memory_training.value != cost.memory_training.value
    ):
        yield "training", count_html(cost.memory_training)


def layer_table(explanation: Explanation) -> Html:
    """All layers with totals, shares, receptive fields and memory."""
    head = (
        "layer",
        "output",
        "parameters",
        "%",
        "",
        "multiply-adds",
        "%",
        "",
        "sees",
        "jump",
        "bytes in use",
        "kept for training",
    )
    image: list[Child] = [
        "input",
        str(explanation.input),
        *[""] * 6,
        "1×1",
        "1",
        "",
        number(explanation.memory_input.value),
    ]
    rows = [_cells(image)]
    rows += [_cells(_row(cost, explanation), cost) for cost in explanation.layers]
    total: list[Child] = [
        "total",
        "",
        number(explanation.parameters.value),
        "100",
        "",
        number(explanation.multiply_adds.value),
        "100",
        "",
        "",
        "",
        number(explanation.memory_inference.value),
        number(explanation.memory_training.value),
    ]
    table = tag(
        "table",
        tag(
            "thead",
            tag("tr", [tag("th", title, scope="col") if title else tag("td") for title in head]),
        ),
        tag("tbody", rows),
        tag("tfoot", _cells(total)),
        class_="numbers layers-table",
    )
    return fragment(
        tag("div", table, class_="scroll", tabindex=0, role="region", aria_label="all layers"),
        tag("p", _summary(explanation)),
        tag("ul", [tag("li", text) for text in CONVENTIONS.values()], class_="notes"),
    )


def _cells(cells: list[Child], cost: LayerCost | None = None) -> Html:
    first, *others = cells
    idle = cost is not None and not (cost.parameters.value or cost.multiply_adds.value)
    return tag(
        "tr",
        tag("th", first, scope="row"),
        [tag("td", cell) for cell in others],
        class_="idle" if idle else None,
    )


def _row(cost: LayerCost, explanation: Explanation) -> list[Child]:
    parameters = explanation.share_of_parameters(cost)
    work = explanation.share_of_work(cost)
    field = cost.field
    sees = f"{number(field.height.size.value)}×{number(field.width.size.value)}"
    jumps = [span.jump.value if span.jump else None for span in (field.height, field.width)]
    jump = str(jumps[0]) if jumps[0] == jumps[1] else "×".join(str(j or "?") for j in jumps)
    return [
        cost.name,
        str(cost.output),
        *_shared(cost.parameters.value, parameters, "parameters"),
        *_shared(cost.multiply_adds.value, work, "work"),
        "all" if field.everything else sees,
        "" if jumps == [None, None] else jump,
        number(cost.memory_inference.value),
        number(cost.memory_training.value) if cost.memory_training.value else "",
    ]


def _shared(value: int, share: float, role: str) -> list[Child]:
    return [number(value), plain_percent(share), bar(share, role)] if value else ["", "", ""]


def _summary(explanation: Explanation) -> str:
    conv = explanation.share_of_kind("conv")
    carried = f"; convolutions carry {percent(conv)} of the work" if conv else ""
    use, kept = (
        bytes_text(count.value)
        for count in (explanation.memory_inference, explanation.memory_training)
    )
    return (
        f"{explanation.flops} FLOPs for one image{carried}. "
        f"Activations of one image: {use} in use, {kept} while training."
    )
