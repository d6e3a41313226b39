"""Equivariance: whether the map of a moved image is the moved map of the image.

    error(x) = ‖f(g x) − g f(x)‖ / ‖g f(x)‖

f is the network up to a layer, g the movement; the norm is Euclid's over all channels and
all places that are compared.  Source: Goodfellow, Bengio and Courville, Deep Learning,
2016, section 9.2; measured layer by layer as by Lenc and Vedaldi, Understanding image
representations by measuring their equivariance and equivalence, 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from convscope.architecture.layers import Volume
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.inspection.intervals import Bootstrap
from convscope.inspection.recording import borrowed, recording
from convscope.inspection.sampling import Sample, batches, draw_sample
from convscope.inspection.subject import Subject, require_spatial, subject_of
from convscope.inspection.symmetry.grids import grids_of
from convscope.inspection.symmetry.layer_errors import EXACT, LayerError, LayerSums
from convscope.inspection.symmetry.transforms import Transform, default_transforms

__all__ = ["EXACT", "Equivariance", "LayerError", "equivariance"]

SCHEMA = "convscope.equivariance/1"


@dataclass(frozen=True, slots=True, eq=False)
class Equivariance:
    """Every layer under every movement, measured on ``count`` images drawn with ``seed``.

    Means over the images, with 95 % intervals by the bootstrap over images.
    """

    subject: str
    trained: bool
    images_from: str
    count: int
    seed: int
    layers: tuple[str, ...]
    transforms: tuple[Transform, ...]
    errors: tuple[LayerError, ...]
    note: str = ""

    def __repr__(self) -> str:
        return f"<Equivariance of {self.subject}: {len(self.layers)} layers, {self.count} images>"

    def error(self, layer: str, transform: Transform | str) -> LayerError:
        """That of one layer under one movement, which may be given by its name."""
        name = transform if isinstance(transform, str) else transform.name
        for each in self.errors:
            if (each.layer, each.transform) == (layer, name):
                return each
        raise UsageError(
            f"{layer!r} under {name!r} was not measured",
            remedy=f"layers are {', '.join(self.layers)}; "
            f"movements are {', '.join(each.name for each in self.transforms)}",
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
            "layers": list(self.layers),
            "transforms": [each.name for each in self.transforms],
            "errors": [each.as_dict() for each in self.errors],
            "note": self.note,
        }


def equivariance(
    source: Any,
    transforms: Sequence[Transform] | None = None,
    layers: Sequence[str] | None = None,
    *,
    images: int = 64,
    seed: int = 0,
    progress: Tell | None = None,
) -> Equivariance:
    """Moves images, and compares the maps of all ``layers`` with the moved maps.

    ``source`` is a subject or whatever ``subject_of`` takes.  Without ``transforms``: shifts
    to the right by 1, 2 and 4 pixels, filled with black and circular, both flips and a
    quarter turn.  Without ``layers``: every layer that makes maps.
    """
    subject = subject_of(source)
    names = _chosen(subject, layers)
    moves = tuple(transforms) if transforms is not None else _defaults(subject.volume)
    for move in moves:
        move.require_fits(subject.volume)
    sample = draw_sample(subject, images, seed)
    grids = grids_of(subject, names, [move.kept(subject.volume) for move in moves])
    tables = {
        (name, move.name): LayerSums(subject.layer(name), subject.volume, move, grids[name])
        for name in names
        for move in moves
    }
    _measure(subject, sample, moves, names, tables, teller(progress))
    bootstrap = Bootstrap(len(sample), seed)
    return Equivariance(
        subject=subject.name,
        trained=subject.trained,
        images_from=subject.images_from,
        count=len(sample),
        seed=seed,
        layers=names,
        transforms=moves,
        errors=tuple(table.result(bootstrap) for table in tables.values()),
        note=subject.note,
    )


def _defaults(volume: Volume) -> tuple[Transform, ...]:
    smaller = min(volume.height, volume.width)
    return default_transforms(volume, tuple(count for count in (1, 2, 4) if count < smaller))


def _chosen(subject: Subject, layers: Sequence[str] | None) -> tuple[str, ...]:
    if layers is not None:
        require_spatial(subject, layers)
        return tuple(dict.fromkeys(layers))
    names = tuple(each.name for each in subject.layers if each.spatial and each.leaf)
    if not names:
        raise UsageError(
            f"no layer of {subject.name} makes maps",
            remedy="take a network with convolutions",
        )
    return names


def _measure(
    subject: Subject,
    sample: Sample,
    moves: Sequence[Transform],
    names: Sequence[str],
    tables: dict[tuple[str, str], LayerSums],
    tell: Tell,
) -> None:
    """Fills the tables, batch by batch."""
    with borrowed(subject.module), torch.no_grad(), recording(subject.module, names) as maps:
        for part in batches(sample.pixels):
            pixels = sample.pixels[part]
            subject.module(subject.tensor(pixels))
            still = _finite(dict(maps))
            for move in moves:
                subject.module(subject.tensor(move.move(pixels)))
                for name, moved in _finite(maps).items():
                    tables[name, move.name].add(still[name], moved)
            tell(Progress("moving images", part.stop, len(sample), "images"))


def _finite(maps: dict[str, Tensor]) -> dict[str, Tensor]:
    for name, values in maps.items():
        if not bool(torch.isfinite(values).all()):
            raise UsageError(
                f"{name} gives values that are not finite",
                remedy="look into a network whose activations stay finite",
            )
    return maps
