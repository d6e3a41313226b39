"""What a method of detection brings along: its settings, its network, its stages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from convscope.applications.backbone import Backbone
from convscope.applications.planning import Fitting
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated
from convscope.errors import UsageError, did_you_mean
from convscope.training.settings import Setting, Value

__all__ = ["SHARED", "Entry", "Known", "chosen_values"]

Known = tuple[Setting, Value]
"""What a setting may be, and what it is unless somebody says otherwise."""

SHARED: dict[str, Known] = {
    "proposals": (Setting(int, "proposals of an image that the heads are given", least=1), 100),
    "head_channels": (Setting(int, "channels of the head's convolution", least=1), 32),
    "head_units": (Setting(int, "units of the head's fully connected layer", least=1), 64),
}
"""Settings that all three methods have, so that they can be compared."""


def _nothing(data: Annotated, backbone: Backbone, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {}


@dataclass(frozen=True, eq=False)
class Entry:
    """One method.

    ``settings`` are its own choices; ``decided`` what the data decide (anchors), from the
    training part; ``build`` gives the network at its beginning, ``stages`` how it learns.
    """

    settings: Mapping[str, Known]
    build: Callable[[ApplicationRun, Backbone], nn.Module]
    stages: Callable[[Fitting], Sequence[Stage]]
    decided: Callable[[Annotated, Backbone, Mapping[str, Any]], Mapping[str, Any]] = _nothing


def chosen_values(settings: Mapping[str, Known], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every setting with its value; text is read as what it is meant to be.

    Raises UsageError for a setting that there is not, or a value that it may not take.
    """
    found: dict[str, Any] = {key: value for key, (_, value) in settings.items()}
    for key, value in given.items():
        if key not in settings:
            raise UsageError(
                f'there is no setting "{key}"',
                remedy=did_you_mean(key, settings) or f"known are {', '.join(settings)}",
            )
        found[key] = _value(settings[key][0], value, key)
    return found


def _value(setting: Setting, value: Any, key: str) -> Value:
    try:
        read = setting.read(value) if isinstance(value, str) else value
    except ValueError:
        read = None
    if read is None or not setting.accepts(read):
        raise UsageError(
            f"{value} is not allowed", place=f"setting {key}", remedy=f"give {setting.allowed}"
        )
    return float(read) if setting.kind is float else read
