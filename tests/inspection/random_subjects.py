"""Subjects for walking: random networks with lively statistics, and small ones by hand."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from convscope.architecture import Architecture
from convscope.architecture.layers import Conv, Volume
from convscope.data.preprocessing import Preprocessing
from convscope.inspection.subject import Subject, layers_of
from convscope.network.build import build


def subject_for(
    module: nn.Module,
    volume: Volume,
    architecture: Architecture | None = None,
    images: np.ndarray | None = None,
    labels: tuple[int, ...] = (),
    name: str = "made",
) -> Subject:
    """A subject of four random images; pixels 0 … 255 become 0 … 1."""
    if images is None:
        shape = (4, volume.channels, volume.height, volume.width)
        images = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    count = volume.channels
    size = (volume.height, volume.width)
    preprocessing = Preprocessing(size, count, "pad", (0.0,) * count, (1.0,) * count)
    bare = Subject(
        name=name,
        module=module.eval(),
        layers=(),
        preprocessing=preprocessing,
        classes=tuple(f"class {number}" for number in range(10)),
        images=images,
        labels=np.array(labels, np.int64),
        images_from="made",
        architecture=architecture,
        trained=False,
    )
    layers = layers_of(module, bare.tensor(images[:1]))
    return Subject(
        **{field: getattr(bare, field) for field in Subject.__slots__ if field != "layers"},
        layers=layers,
    )


def lively(module: nn.Module, seed: int) -> nn.Module:
    """Batch norms with statistics, scales and shifts as a training leaves them."""
    generator = torch.Generator().manual_seed(seed)
    for each in module.modules():
        if isinstance(each, nn.BatchNorm1d | nn.BatchNorm2d):
            with torch.no_grad():
                each.running_mean.normal_(0, 0.3, generator=generator)
                each.running_var.uniform_(0.2, 2, generator=generator)
                each.weight.normal_(1, 0.5, generator=generator)
                each.bias.normal_(0, 0.5, generator=generator)
    return module


def random_subject(architecture: Architecture, seed: int) -> Subject:
    """The network behind a 1×1 convolution, which makes its channels of three colours."""
    assert architecture.input is not None
    volume = architecture.input
    coloured = Volume(volume.height, volume.width, 3)
    grown = Architecture(coloured, (Conv(volume.channels, (1, 1)), *architecture.layers))
    return subject_for(lively(build(grown, seed=seed), seed), coloured, grown)


def parsed_subject(notation: str, *, seed: int = 0, labels: tuple[int, ...] = ()) -> Subject:
    """The network of a line of notation, its weights drawn with ``seed``."""
    architecture = Architecture.parse(notation)
    assert architecture.input is not None
    module = lively(build(architecture, seed=seed), seed)
    return subject_for(module, architecture.input, architecture, labels=labels)
