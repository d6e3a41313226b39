"""Every number of an architecture, each with its derivation; no torch.

Conventions, which stand beside the numbers wherever they are shown:

- multiply-adds are those of learnt weights (conv and fc), without biases; FLOPs are
  twice that.  Pooling, batch normalisation, activations and a block's sum count 0.
- memory is of activations, one image, float32: see ``memory``.
- receptive fields: see ``fields``.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.architecture.costs import Saving, Side, learnt, pool_savings, sides_of
from convscope.architecture.counts import Count, number, total
from convscope.architecture.fields import Field, Span, fields
from convscope.architecture.layers import Layer, Volume
from convscope.architecture.memory import inference_memory, training_memory
from convscope.architecture.printing import WORDS, layer_text
from convscope.architecture.remarks import formula_of
from convscope.architecture.shapes import Node, walk
from convscope.architecture.zoo import find_architecture
from convscope.errors import UnknownLayerError, did_you_mean

__all__ = ["CONVENTIONS", "Count", "Explanation", "LayerCost", "explain"]

SCHEMA = "convscope.explain/1"

CONVENTIONS: dict[str, str] = {
    "multiply_adds": "Multiply-adds are those of learnt weights (conv and fc), without biases; "
    "FLOPs are twice that. Pooling, batchnorm, activations and sums count 0.",
    "memory": "Memory is of activations, one image, float32 (4 bytes). In use counts all that is "
    "alive at once, in total its peak; training all that the backward pass needs, in total the "
    "sum with the image.",
    "field": "A unit sees size pixels of the image; its neighbour's field lies jump further, the "
    "first one begins at start. Padding counts as image.",
}


@dataclass(frozen=True)
class LayerCost:
    """One layer's numbers.  ``dense`` and ``unshared`` are weights that a convolution saves.

    ``kind`` and ``notation`` are the notation's word and text.  ``sides`` holds height
    and width where a window slides, and ``saving`` what a pooling spares the layers
    after it.  ``statistics`` are stored with the weights, and not learnt.
    """

    name: str
    kind: str
    layer: Layer
    input: Volume
    output: Volume
    sides: tuple[Side, ...]
    weights: Count
    biases: Count
    parameters: Count
    statistics: Count
    multiply_adds: Count
    memory_training: Count
    memory_inference: Count
    field: Field
    formula: str
    dense: Count | None = None
    unshared: Count | None = None
    saving: Saving | None = None

    @property
    def notation(self) -> str:
        return layer_text(self.layer)


@dataclass(frozen=True)
class Explanation:
    """All numbers of an architecture: layer by layer in the order of execution, and totals."""

    architecture: Architecture
    input: Volume
    layers: tuple[LayerCost, ...]
    memory_input: Count
    """what training keeps of the image itself"""

    def __repr__(self) -> str:
        parameters, work = number(self.parameters.value), number(self.multiply_adds.value)
        return (
            f"<Explanation of {self.input} → {self.output}: {len(self.layers)} layers, "
            f"{parameters} parameters, {work} multiply-adds>"
        )

    @property
    def output(self) -> Volume:
        return self.layers[-1].output

    @cached_property
    def weights(self) -> Count:
        return total(cost.weights for cost in self.layers)

    @cached_property
    def biases(self) -> Count:
        return total(cost.biases for cost in self.layers)

    @cached_property
    def parameters(self) -> Count:
        return total(cost.parameters for cost in self.layers)

    @cached_property
    def statistics(self) -> Count:
        return total(cost.statistics for cost in self.layers)

    @cached_property
    def multiply_adds(self) -> Count:
        return total(cost.multiply_adds for cost in self.layers)

    @cached_property
    def flops(self) -> Count:
        work = self.multiply_adds.value
        return Count(2 * work, f"2 · {number(work)}")

    @cached_property
    def memory_training(self) -> Count:
        return total([self.memory_input, *(cost.memory_training for cost in self.layers)])

    @cached_property
    def memory_inference(self) -> Count:
        most = max(self.layers, key=lambda cost: cost.memory_inference.value)
        peak = most.memory_inference
        return Count(peak.value, f"{peak.derivation}, at {most.name}")

    def __getitem__(self, name: str) -> LayerCost:
        """The layer of that name.  Raises UnknownLayerError, a KeyError."""
        for cost in self.layers:
            if cost.name == name:
                return cost
        names = [cost.name for cost in self.layers]
        raise UnknownLayerError(
            f"there is no layer {name!r}",
            remedy=did_you_mean(str(name), names) or f"there are {', '.join(names)}",
        )

    def share_of_work(self, cost: LayerCost) -> float:
        """A layer's part of all multiply-adds, 0 … 1."""
        return cost.multiply_adds.value / (self.multiply_adds.value or 1)

    def share_of_parameters(self, cost: LayerCost) -> float:
        """A layer's part of all parameters, 0 … 1."""
        return cost.parameters.value / (self.parameters.value or 1)

    def share_of_kind(self, kind: str) -> float:
        """The part of all multiply-adds that layers of one kind carry, 0 … 1."""
        return sum(self.share_of_work(cost) for cost in self.layers if cost.kind == kind)

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; docs/json.md describes them."""
        return {
            "schema": SCHEMA,
            "architecture": str(self.architecture),
            "conventions": dict(CONVENTIONS),
            "input": _volume_record(self.input),
            "output": _volume_record(self.output),
            "layers": [self._layer_record(cost) for cost in self.layers],
            "totals": {
                "weights": _count_record(self.weights),
                "biases": _count_record(self.biases),
                "parameters": _count_record(self.parameters),
                "statistics": _count_record(self.statistics),
                "multiply_adds": _count_record(self.multiply_adds),
                "flops": _count_record(self.flops),
                "memory_training": _count_record(self.memory_training),
                "memory_inference": _count_record(self.memory_inference),
                "memory_input": _count_record(self.memory_input),
            },
        }

    def _layer_record(self, cost: LayerCost) -> dict[str, object]:
        saving = cost.saving
        return {
            "name": cost.name,
            "kind": cost.kind,
            "notation": cost.notation,
            "formula": cost.formula,
            "input": _volume_record(cost.input),
            "output": _volume_record(cost.output),
            "sides": [_side_record(side) for side in cost.sides],
            "weights": _count_record(cost.weights),
            "biases": _count_record(cost.biases),
            "parameters": _count_record(cost.parameters),
            "parameters_share": self.share_of_parameters(cost),
            "statistics": _count_record(cost.statistics),
            "multiply_adds": _count_record(cost.multiply_adds),
            "multiply_adds_share": self.share_of_work(cost),
            "memory_training": _count_record(cost.memory_training),
            "memory_inference": _count_record(cost.memory_inference),
            "field": _field_record(cost.field),
            "dense": _count_record(cost.dense),
            "unshared": _count_record(cost.unshared),
            "saving": None
            if saving is None
            else {
                "values": _count_record(saving.values),
                "multiply_adds": _count_record(saving.multiply_adds),
                "weights": _count_record(saving.weights),
            },
        }


def _count_record(count: Count | None) -> dict[str, object] | None:
    return None if count is None else {"value": count.value, "derivation": count.derivation}


def _volume_record(volume: Volume) -> dict[str, object]:
    return {
        "height": volume.height,
        "width": volume.width,
        "channels": volume.channels,
        "flat": volume.flat,
        "size": volume.size,
    }


def _side_record(side: Side) -> dict[str, object]:
    return {**asdict(side), "padding": list(side.padding), "output": _count_record(side.output)}


def _field_record(field: Field) -> dict[str, object]:
    def span_record(span: Span) -> dict[str, object]:
        return {
            "size": _count_record(span.size),
            "jump": _count_record(span.jump),
            "start": _count_record(span.start),
        }

    return {
        "height": span_record(field.height),
        "width": span_record(field.width),
        "everything": field.everything,
    }


def explain(architecture: Architecture | str | Path) -> Explanation:
    """Work everything out, of whatever ``find_architecture`` takes.

    Raises UsageError where input or classes are not known yet.

    >>> explanation = explain(Architecture.parse("input 28x28x1 -> conv 16 5x5 pad 2"))
    >>> str(explanation["conv1"].parameters)
    '16 kernels · (5·5·1) + 16 biases = 416'
    """
    architecture = find_architecture(architecture)
    nodes = architecture.nodes
    seen = fields(architecture)
    training, inference = training_memory(nodes), inference_memory(nodes)
    savings = pool_savings(nodes)
    layers = tuple(
        _cost(
            node,
            seen[node.name],
            (training[node.name], inference[node.name]),
            savings.get(node.name),
        )
        for node in walk(nodes)
    )
    return Explanation(architecture, nodes[0].input, layers, training["input"])


def _cost(
    node: Node, field: Field, memory: tuple[Count, Count], saving: Saving | None
) -> LayerCost:
    parts = learnt(node)
    return LayerCost(
        name=node.name,
        kind=WORDS[type(node.layer)],
        layer=node.layer,
        input=node.input,
        output=node.output,
        sides=sides_of(node),
        weights=parts.weights,
        biases=parts.biases,
        parameters=parts.parameters,
        statistics=parts.statistics,
        multiply_adds=parts.multiply_adds,
        memory_training=memory[0],
        memory_inference=memory[1],
        field=field,
        formula=formula_of(node),
        dense=parts.dense,
        unshared=parts.unshared,
        saving=saving,
    )
