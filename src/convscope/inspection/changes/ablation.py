"""Ablation: channels or a whole layer switched off, and what that does to the answers.

As lesions in Meyes et al., Ablation studies in artificial neural networks, 2019; what is
switched off is set to zero, or to its mean over the images, which leaves the rest of the
network what it is used to (Morcos et al., On the importance of single directions for
generalization, 2018).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.changes.effects import Effect, effect_of
from convscope.inspection.changes.resuming import Resumed
from convscope.inspection.channels import chosen_channels, readable_layer
from convscope.inspection.intervals import Bootstrap, Estimate, share
from convscope.inspection.recording import borrowed, recording
from convscope.inspection.sampling import Sample, batches, draw_sample
from convscope.inspection.subject import Subject, subject_of

__all__ = ["Ablation", "How", "ablate", "default_layer", "measure_edit"]

SCHEMA = "convscope.ablation/1"

How = Literal["zero", "mean"]


@dataclass(frozen=True, slots=True, eq=False)
class Ablation:
    """What happens to the answers on ``count`` images, drawn with ``seed``.

    ``effects`` has one for each channel that was switched off alone, in order; ``whole``
    is all of ``layer`` at once, or the one edit that was measured (``layer`` is then empty).
    ``against`` tells what counts as right: the labels, or the network's own answers before.
    """

    subject: str
    trained: bool
    images_from: str
    count: int
    seed: int
    layer: str
    how: str
    against: Literal["labels", "own answers"]
    accuracy: Estimate
    effects: tuple[Effect, ...]
    whole: Effect | None
    note: str = ""

    def __repr__(self) -> str:
        return f"<Ablation of {self.subject}, {self.layer}: {len(self.effects)} channels>"

    @property
    def ranked(self) -> tuple[Effect, ...]:
        """The channels, the one that is missed most first; ties by the probability lost."""
        return tuple(
            sorted(self.effects, key=lambda each: (each.difference, each.probability.value))
        )

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON, documented in docs/json.md."""
        return {
            "schema": SCHEMA,
            "subject": self.subject,
            "trained": self.trained,
            "images_from": self.images_from,
            "count": self.count,
            "seed": self.seed,
            "layer": self.layer,
            "how": self.how,
            "against": self.against,
            "accuracy": self.accuracy.as_dict(),
            "effects": [each.as_dict() for each in self.effects],
            "whole": self.whole.as_dict() if self.whole else None,
            "ranking": [each.channel for each in self.ranked],
            "note": self.note,
        }


def ablate(
    source: Any,
    layer: str | None = None,
    channels: str | Sequence[int] | None = None,
    *,
    images: int = 1000,
    how: How = "zero",
    agreement: bool = False,
    seed: int = 0,
    progress: Tell | None = None,
) -> Ablation:
    """Switches channels of a layer off, each alone, and all of them at once.

    ``source`` is a subject or whatever ``subject_of`` takes; without ``layer`` it is the
    first one behind an activation.  ``channels`` are numbers, or ``"0-7,12"``; None means
    each in turn, an empty list only the whole layer.  ``how`` says what stands in the place
    of a channel: zero, or its mean over the images, place by place.  ``agreement`` compares
    with the network's own answers, and needs no labels.
    """
    subject = subject_of(source)
    name = layer if layer is not None else default_layer(subject)
    if how not in ("zero", "mean"):
        raise UsageError(f"a channel cannot be set to {how!r}", remedy="give zero or mean")
    chosen = _chosen(readable_layer(subject, name).shape[0], channels)
    sample = draw_sample(subject, images, seed)
    _require_labels(subject, sample, agreement)
    tell = teller(progress)
    value = _mean_output(subject, name, sample) if how == "mean" else None
    before, after = _answers(
        subject, name, sample, [*([each] for each in chosen), None], value, tell
    )
    right = before.argmax(1) if agreement or sample.labels is None else sample.labels
    bootstrap = Bootstrap(len(sample), seed)
    effects = [
        effect_of(f"{name}, channel {each}", before, found, right, subject.classes, bootstrap, each)
        for each, found in zip(chosen, after, strict=False)
    ]
    whole = effect_of(name, before, after[-1], right, subject.classes, bootstrap)
    return Ablation(
        **_about(subject, sample, seed, agreement),
        layer=name,
        how=how,
        accuracy=share(before.argmax(1) == right),
        effects=tuple(effects),
        whole=whole,
        note=_joined(subject.note, _remark(subject, name)),
    )


def measure_edit(
    source: Any,
    edited: Subject,
    *,
    images: int = 1000,
    agreement: bool = False,
    seed: int = 0,
) -> Ablation:
    """The effect of an edit: the same images before, and with the subject that came out of it.

    ``edited`` comes from ``edit_kernel`` or ``swap_pooling``, once or several times.
    """
    subject = subject_of(source)
    if (edited.volume, edited.classes) != (subject.volume, subject.classes):
        raise UsageError(
            f"{edited.name} takes other images or tells other classes apart than {subject.name}",
            remedy="give a subject that was made from it",
        )
    sample = draw_sample(subject, images, seed)
    _require_labels(subject, sample, agreement)
    before, after = (each.probabilities(sample.pixels) for each in (subject, edited))
    right = before.argmax(1) if agreement or sample.labels is None else sample.labels
    what = edited.name.removeprefix(f"{subject.name}, ")
    whole = effect_of(what, before, after, right, subject.classes, Bootstrap(len(sample), seed))
    return Ablation(
        **_about(subject, sample, seed, agreement),
        layer="",
        how="edit",
        accuracy=share(before.argmax(1) == right),
        effects=(),
        whole=whole,
        note=edited.note,
    )


def default_layer(subject: Subject) -> str:
    """The first map behind an activation, else the first map there is."""
    maps = [each for each in subject.layers if each.spatial and each.leaf]
    names = [each.name for each in maps if each.kind in _ACTIVATIONS] or [
        each.name for each in maps
    ]
    if not names:
        names = [each.name for each in subject.layers if each.leaf and len(each.shape) == 1]
    if not names:
        raise UsageError(f"{subject.name} has no layer to switch off", remedy="name one")
    return names[0]


_ACTIVATIONS = {
    each.__name__
    for each in (
        nn.ReLU,
        nn.ReLU6,
        nn.LeakyReLU,
        nn.Sigmoid,
        nn.Tanh,
        nn.GELU,
        nn.SiLU,
        nn.ELU,
        nn.Hardswish,
    )
}


def _chosen(count: int, channels: str | Sequence[int] | None) -> tuple[int, ...]:
    if channels is not None and not isinstance(channels, str) and not len(channels):
        return ()
    return chosen_channels(channels, count, page=count)


def _require_labels(subject: Subject, sample: Sample, agreement: bool) -> None:
    if sample.labels is None and not agreement:
        raise UsageError(
            f"the images of {subject.images_from} have no labels in the classes of {subject.name}",
            remedy="ask with --agreement (agreement=True) how often its answer stays the same, "
            "or give data of its own classes",
        )


def _mean_output(subject: Subject, layer: str, sample: Sample) -> Tensor:
    """The mean over the images of every number that the layer makes."""
    total: Tensor | None = None
    with borrowed(subject.module), torch.no_grad(), recording(subject.module, [layer]) as outputs:
        for part in batches(sample.pixels):
            subject.module(subject.tensor(sample.pixels[part]))
            found = outputs[layer].double().sum(0)
            total = found if total is None else total + found
    assert total is not None
    return (total / len(sample)).float()


def _answers(
    subject: Subject,
    layer: str,
    sample: Sample,
    switched: Sequence[Sequence[int] | None],
    value: Tensor | None,
    tell: Tell,
) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
    """Probabilities as the network is, and with each choice of channels off (None: all)."""
    before: list[NDArray[np.float32]] = []
    after: list[list[NDArray[np.float32]]] = [[] for _ in switched]
    with borrowed(subject.module), torch.no_grad():
        for part in batches(sample.pixels):
            rest = Resumed(subject, layer, subject.tensor(sample.pixels[part]))
            before.append(_probabilities(subject, rest.answers))
            for found, output in zip(after, _switched(rest.output, switched, value), strict=True):
                found.append(_probabilities(subject, rest.run(output)))
            tell(Progress("switching channels off", part.stop, len(sample), "images"))
    return np.concatenate(before), [np.concatenate(found) for found in after]


def _switched(
    output: Tensor, choices: Sequence[Sequence[int] | None], value: Tensor | None
) -> Iterator[Tensor]:
    """The layer's output with some channels, or all, set to zero or to ``value``."""
    for channels in choices:
        changed = output.clone()
        places = slice(None) if channels is None else list(channels)
        changed[:, places] = 0 if value is None else value[places]
        yield changed


def _probabilities(subject: Subject, answers: Tensor) -> NDArray[np.float32]:
    subject.require_finite(answers)
    made = answers.float() if subject.outputs == "probabilities" else answers.float().softmax(1)
    found: NDArray[np.float32] = made.numpy()
    return found


def _remark(subject: Subject, layer: str) -> str:
    """A zero before batch normalisation is not zero behind it."""
    behind = [each for each in subject.layers if each.source == layer and each.leaf]
    if any(each.kind.startswith("BatchNorm") for each in behind):
        return (
            f"behind {layer} batch normalisation makes a constant of a channel that is off: "
            "switch off what comes behind the activation to have it silent"
        )
    return ""


def _joined(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


def _about(subject: Subject, sample: Sample, seed: int, agreement: bool) -> dict[str, Any]:
    return {
        "subject": subject.name,
        "trained": subject.trained,
        "images_from": subject.images_from,
        "count": len(sample),
        "seed": seed,
        "against": "own answers" if agreement else "labels",
    }
