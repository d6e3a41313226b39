"""A network with channels of a layer switched off, to be looked into like any other."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from convscope.inspection.channels import chosen_channels, readable_layer
from convscope.inspection.subject import Subject, subject_of

__all__ = ["silent_channels", "switch_off"]


class _Silent:
    """A hook that sets channels of what a module makes to zero; N×C×H×W or N×C."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        self.channels = list(channels)

    def __call__(self, module: nn.Module, given: Any, output: Any) -> Any:
        if not isinstance(output, Tensor):
            return output
        silent = output.clone()
        silent[:, self.channels] = 0
        return silent


def switch_off(source: Any, layer: str, channels: str | Sequence[int] | None = None) -> Subject:
    """The network with zeros in the place of what some channels of a layer make.

    ``channels`` are numbers, or ``"0-7,12"``; None means all.  The subject that is given
    stays as it is.  A module that is called several times is silent in every call.
    """
    subject = subject_of(source)
    known = readable_layer(subject, layer)
    count = known.shape[0]
    chosen = chosen_channels(channels, count, page=count)
    module = copy.deepcopy(subject.module)
    name = known.name.partition(":")[0]
    module.get_submodule(name).register_forward_hook(_Silent(chosen))
    which = "all channels" if len(chosen) == count else _listed(chosen)
    what = f"{which} of {name} switched off"
    return replace(
        subject,
        module=module,
        name=f"{subject.name}, {what}",
        note=f"{subject.note}; {what}" if subject.note else what,
    )


def silent_channels(module: nn.Module | None) -> frozenset[int]:
    """The channels of what a module makes that are switched off in it."""
    hooks = () if module is None else module._forward_hooks.values()
    silent = (each.channels for each in hooks if isinstance(each, _Silent))
    return frozenset(channel for channels in silent for channel in channels)


def _listed(channels: Sequence[int]) -> str:
    if len(channels) == 1:
        return f"channel {channels[0]}"
    shown = ", ".join(map(str, channels[:8]))
    return f"channels {shown}{', …' if len(channels) > 8 else ''}"
