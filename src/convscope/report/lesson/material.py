"""What a lesson is made of, gathered part by part: what fails leaves a reason in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from convscope.architecture.arithmetic import Explanation, LayerCost, explain
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import ConvscopeError, UsageError
from convscope.inspection.attribution.attribution import Attributions, attribute_all
from convscope.inspection.changes.ablation import Ablation, ablate
from convscope.inspection.fields.receptive import ReceptiveFields, receptive_fields
from convscope.inspection.health.afterwards import examine
from convscope.inspection.health.watch import Health
from convscope.inspection.recording import trace
from convscope.inspection.subject import Layer, Picture, Subject
from convscope.inspection.symmetry.equivariance import Equivariance, equivariance
from convscope.inspection.symmetry.invariance import Invariance, invariance
from convscope.inspection.symmetry.transforms import Flip, Rotation, Shift, Transform
from convscope.inspection.walking.slides import Slide, slide, slides_of
from convscope.report.lesson.choosing import chosen_pictures, reduced, shown_layers
from convscope.training.runs import Run

__all__ = ["LayerMaps", "LessonMaterial", "gathered"]

Made = TypeVar("Made")

_MAP_BYTES = 400_000
_SLIDE_BYTES = 160_000
_INPUT_BYTES, _KERNEL_BYTES = 280_000, 40_000
"""A drawing holds its pictures' input first, and kernels in what that leaves, or in a little."""
_SLIDES = 2
_ARTICLE_WORK = 2_838_080
_MEDIUM, _LARGE = 4, 50
"""Times the article's work: from there on one picture's attribution, and by quick methods only."""
_QUICK_METHODS = ("saliency", "grad-cam")


@dataclass(frozen=True, slots=True, eq=False)
class LayerMaps:
    """What a layer makes of each picture: N × channels shown × H × W."""

    layer: Layer
    values: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class LessonMaterial:
    """All that a lesson is made of; ``reasons`` say by chapter why it is not there.

    ``probabilities`` are pictures × classes, ``scores`` the network's outputs before the
    softmax.
    """

    subject: Subject
    run: Run | None
    explanation: Explanation | None
    pictures: tuple[Picture, ...]
    probabilities: NDArray[np.float32]
    scores: NDArray[np.float32]
    maps: tuple[LayerMaps, ...] = ()
    slides: tuple[Slide, ...] = ()
    fields: ReceptiveFields | None = None
    attributions: tuple[Attributions, ...] = ()
    equivariance: Equivariance | None = None
    invariance: Invariance | None = None
    ablation: Ablation | None = None
    health: Health | None = None
    reasons: dict[str, str] = field(default_factory=dict)

    def answer(self, picture: int) -> int:
        """The number of the class that a picture is given."""
        return int(self.probabilities[picture].argmax())

    def cost(self, name: str) -> LayerCost | None:
        """What is worked out for the layer that the network calls so."""
        node = self.subject.node(name)
        if self.explanation is None or node is None:
            return None
        return next((each for each in self.explanation.layers if each.name == node.name), None)

    def own_name(self, ours: str) -> str:
        """What the network itself calls a layer of the explanation."""
        names = self.subject.names or {}
        return next((theirs for theirs, name in names.items() if name == ours), ours)

    def true_name(self, picture: int) -> str | None:
        """The class that a picture belongs to, where that is known."""
        label = self.pictures[picture].label
        return None if label is None else self.subject.class_name(label)


def gathered(
    subject: Subject,
    run: Run | None = None,
    images: Sequence[int | str | Path] | None = None,
    progress: Tell | None = None,
    *,
    data: str | Path | None = None,
) -> LessonMaterial:
    """Everything there is to tell, each part tried on its own.

    ``data`` is what a run is examined on, by default its own.
    """
    tell = teller(progress)
    reasons: dict[str, str] = {}

    def part(key: str, make: Callable[[], Made]) -> Made | None:
        tell(Progress(f"the lesson: {key}"))
        try:
            return make()
        except ConvscopeError as error:
            reasons[key] = _sentence(error)
            return None

    pictures = chosen_pictures(subject, images)
    pixels = np.stack([picture.pixels for picture in pictures])
    architecture = subject.architecture
    if architecture is None:
        reasons["layers"] = (
            "This network is not written as layers one after another, so that its numbers "
            "cannot be worked out by the formulas; what it computes is shown all the same."
        )
    return LessonMaterial(
        subject=subject,
        run=run,
        explanation=None if architecture is None else explain(architecture),
        pictures=pictures,
        probabilities=subject.probabilities(pixels),
        scores=_scores(subject, pixels),
        maps=part("maps", lambda: _maps(subject, pixels)) or (),
        slides=part("kernels", lambda: _slides(subject, pictures, reasons)) or (),
        fields=part("fields", lambda: _fields(subject, pictures[0])),
        attributions=part("attribution", lambda: _attributions(subject, pictures)) or (),
        equivariance=part("symmetry", lambda: _equivariance(subject)),
        invariance=part("symmetry", lambda: _invariance(subject)),
        ablation=part("ablation", lambda: _ablation(subject)),
        health=None if run is None else part("health", lambda: _health(subject, run, data)),
        reasons=reasons,
    )


def _sentence(error: ConvscopeError) -> str:
    text = str(error)
    return text[0].upper() + text[1:] + ("" if text.endswith(".") else ".")


def _scores(subject: Subject, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    import torch

    with torch.no_grad():
        made = subject.module(subject.tensor(pixels))
    return np.array(made.flatten(1).numpy(), np.float32)


def _maps(subject: Subject, pixels: NDArray[np.uint8]) -> tuple[LayerMaps, ...]:
    """The maps of the layers that are shown, as many channels of each as the page can hold."""
    outputs = {
        call.name: np.array(call.output.numpy(), np.float32)
        for call in trace(subject.module, subject.tensor(pixels))
        if call.output.dim() == 4
    }
    layers = [layer for layer in shown_layers(subject) if layer.name in outputs]
    maps = {layer.name: reduced(outputs[layer.name]) for layer in layers}
    most = 64
    while most > 4 and sum(m[:, :most].size for m in maps.values()) > _MAP_BYTES:
        most //= 2
    return tuple(LayerMaps(layer, maps[layer.name][:, :most]) for layer in layers)


def _slides(
    subject: Subject, pictures: Sequence[Picture], reasons: dict[str, str]
) -> tuple[Slide, ...]:
    """The first and the last convolution of windows whose numbers the page can hold."""
    modules = dict(subject.module.named_modules())
    names = [
        name
        for name in slides_of(subject)
        if max(_kernel_sides(modules[name.partition(":")[0]])) > 1
    ]
    found: list[Slide] = []
    too_large: list[str] = []
    for name in [*names[:1], *reversed(names[1:])]:
        made = slide(subject, name, pictures[:1])
        count = min(len(pictures), _INPUT_BYTES // made.inputs.nbytes)
        if not count:
            channels, height, width = made.inputs.shape[1:]
            too_large.append(f"{name} ({height}×{width}×{channels} numbers)")
            continue
        found.append(_affordable(slide(subject, name, pictures[:count])))
        if len(found) == _SLIDES:
            break
    if too_large and len(found) < _SLIDES:
        key = "deep-kernel" if found else "kernels"
        reasons[key] = f"Too large for a page is the input of {', '.join(too_large)}."
    return tuple(sorted(found, key=lambda each: names.index(each.layer)))


def _kernel_sides(module: Any) -> tuple[int, int]:
    sides: tuple[int, int] = module.kernel_size
    return sides


def _affordable(made: Slide) -> Slide:
    """With as many kernels as fit beside its input."""
    each = made.kernels[0].nbytes
    room = max(_KERNEL_BYTES, _SLIDE_BYTES - made.inputs.nbytes)
    most = max(1, min(64, room // each))
    return made if most >= len(made.channels) else made.first(most)


def _fields(subject: Subject, picture: Picture) -> ReceptiveFields:
    return receptive_fields(subject, image=picture)


def _attributions(subject: Subject, pictures: Sequence[Picture]) -> tuple[Attributions, ...]:
    """Of every picture for the class that it is called; of the first where that takes long."""
    effort = _effort(subject)
    count = len(pictures) if effort < _MEDIUM else 1
    methods = None if effort < _LARGE else _QUICK_METHODS
    return tuple(attribute_all(subject, picture, methods) for picture in pictures[:count])


def _effort(subject: Subject) -> float:
    """How much work a picture is, against one of the article's network; 1 or more."""
    modules = dict(subject.module.named_modules())
    work = 0
    for layer in subject.layers:
        weight = getattr(modules[layer.name.partition(":")[0]], "weight", None)
        if layer.leaf and weight is not None and weight.dim() > 1:
            places = int(np.prod(layer.shape[1:])) if layer.spatial else 1
            work += weight.numel() * places
    return max(1.0, work / _ARTICLE_WORK)


def _few(subject: Subject, usual: int) -> int:
    """So many pictures, fewer of large ones."""
    height, width = subject.preprocessing.size
    return min(usual, max(4, usual * 64 * 64 // (height * width)))


def _equivariance(subject: Subject) -> Equivariance:
    height, width = subject.preprocessing.size
    moves: list[Transform] = [Shift(right=by) for by in (1, 2, 4) if by < min(height, width)]
    moves.append(Flip("left-right"))
    if height == width:
        moves.append(Rotation(1))
    layers = [each.name for each in shown_layers(subject)]
    return equivariance(subject, moves, layers or None, images=_few(subject, 32))


def _invariance(subject: Subject) -> Invariance:
    smaller = min(subject.preprocessing.size)
    shifts = [by for by in (1, 2, 3, 4, 6, 8) if by < smaller]
    return invariance(subject, shifts, windows=(2,), images=_few(subject, 100))


def _ablation(subject: Subject) -> Ablation:
    """Against the labels where there are any, otherwise against the network's own answers."""
    if _effort(subject) >= _LARGE:
        raise UsageError(
            "this network is so large that switching every channel off would take long",
            remedy="convscope ablate does it, for the channels that you name",
        )
    images = max(50, int(_few(subject, 500) / _effort(subject) ** 0.5))
    return ablate(subject, images=images, agreement=not len(subject.labels))


def _health(subject: Subject, run: Run, data: str | Path | None) -> Health:
    """On training images, forward and backward, with every snapshot of the run."""
    if _effort(subject) >= _LARGE:
        raise UsageError(
            "this network is so large that examining its training would take long",
            remedy="convscope health does it",
        )
    return examine(run, data=data)
