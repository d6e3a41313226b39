"""What tests of extraction share: an architecture held against its module, and refusals."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from convscope.architecture.architecture import Architecture
from convscope.architecture.arithmetic import explain
from convscope.architecture.layers import Volume
from convscope.inspection.foreign.extraction import Extraction, Unexpressed
from convscope.inspection.recording import trace

__all__ = ["check", "flops_of", "only"]


def flops_of(module: nn.Module, volume: Volume) -> int:
    """torch's own count, for one image."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(torch.zeros(1, volume.channels, volume.height, volume.width))
    return int(counter.get_total_flops())


def check(module: nn.Module, found: Extraction) -> Architecture:
    """The architecture, after its numbers were compared with torch's."""
    architecture = found.architecture
    assert architecture is not None, found.unexpressed
    assert not found.unexpressed
    explanation = explain(architecture)
    volume = explanation.input
    assert found.volume == volume
    assert explanation.parameters.value == sum(p.numel() for p in module.parameters())
    assert explanation.flops.value == flops_of(module, volume)
    calls = {
        call.name: tuple(call.output.shape[1:])
        for call in trace(module, torch.rand(1, volume.channels, volume.height, volume.width))
    }
    for ours, theirs in found.names:
        if theirs in calls:
            output = explanation[ours].output
            shape = (output.channels, output.height, output.width)
            assert calls[theirs] == (shape[:1] if output.flat else shape), theirs
    return architecture


def only(found: Extraction) -> Unexpressed:
    assert found.architecture is None
    (one,) = found.unexpressed
    return one
