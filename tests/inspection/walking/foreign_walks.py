"""What tests of walks through somebody's modules share."""

from __future__ import annotations

import torch
from torch import nn

from convscope.architecture.layers import Volume
from convscope.inspection.walking.walk import Walk

__all__ = ["COLOURED", "layers_in", "right", "sequential"]


COLOURED = Volume(12, 10, 3)


def layers_in(found: Walk) -> list[str]:
    return [stage.layer for stage in found.stages]


def right(found: Walk) -> Walk:
    for stage in found.stages:
        assert abs(stage.value - stage.recorded) <= 1e-5 * stage.size
    return found


def sequential(*layers: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    for each in layers:
        for parameter in each.parameters():
            nn.init.normal_(parameter, 0, 0.5)
    return nn.Sequential(*layers)
