"""What a recipe may hold: each key, its meaning, and the values that it may take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from convscope.errors import RecipeError, did_you_mean

__all__ = ["SETTINGS", "Setting", "Value", "read_value", "typed"]

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """What one key of a recipe means, and which values it may take.

    ``least`` and ``most`` are allowed themselves, unless ``above`` (more than
    ``least``) or ``below`` (less than ``most``) says otherwise.
    """

    kind: type[Value]
    summary: str
    least: float = 0
    most: float = math.inf
    above: bool = False
    below: bool = False
    choices: tuple[str, ...] = ()

    @property
    def allowed(self) -> str:
        """The values it may take, in words."""
        if self.choices:
            return " or ".join(f'"{choice}"' for choice in self.choices)
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "a text"
        number = "a whole number" if self.kind is int else "a number"
        low = f"above {self.least:g}" if self.above else f"from {self.least:g}"
        if self.most == math.inf:
            return f"{number} {low}" + ("" if self.above else " up")
        return f"{number} {low} {'to below' if self.below else 'to'} {self.most:g}"

    def accepts(self, value: Value) -> bool:
        """Whether ``value`` is of the right kind and in range."""
        if self.kind is str:
            return isinstance(value, str) and (not self.choices or value in self.choices)
        if self.kind is bool or isinstance(value, bool):
            return self.kind is bool and isinstance(value, bool)
        if not isinstance(value, int if self.kind is int else int | float):
            return False
        if not math.isfinite(value):
            return False
        low = value > self.least if self.above else value >= self.least
        return low and (value < self.most if self.below else value <= self.most)

    def read(self, text: str) -> Value:
        """The value written as ``text``; ValueError where it is none of this kind."""
        text = text.strip()
        if self.kind is str:
            return text
        if not text.isascii():
            raise ValueError(text)
        if self.kind is bool:
            return _truth(text.lower())
        return int(text) if self.kind is int else float(text)


def _truth(word: str) -> bool:
    if word not in ("true", "yes", "on", "false", "no", "off"):
        raise ValueError(word)
    return word in ("true", "yes", "on")


SETTINGS: dict[str, Setting] = {
    "name": Setting(str, "what the recipe is called"),
    "optimizer": Setting(
        str,
        "adam (weight decay apart), sgd (Nesterov), or muon for the kernels and adam for the rest",
        choices=("adam", "sgd", "muon"),
    ),
    "learning_rate": Setting(float, "the highest learning rate", most=1000, above=True),
    "kernel_learning_rate": Setting(
        float, "the highest learning rate of the kernels (muon only)", most=1000, above=True
    ),
    "batch_size": Setting(int, "images in one step", least=1, most=100_000),
    "epochs": Setting(
        float, "how often each image is seen; parts of one are legal", most=100_000, above=True
    ),
    "schedule": Setting(
        str, "how the rate falls after the warm-up", choices=("constant", "linear", "cosine")
    ),
    "warmup": Setting(
        float, "the part of all steps over which the rate rises from 0", most=1, below=True
    ),
    "momentum": Setting(float, "the memory of sgd and muon", most=1, below=True),
    "beta2": Setting(float, "the memory of adam for squared gradients", most=1, below=True),
    "weight_decay": Setting(
        float, "each step shrinks all parameters by learning rate times this", most=10
    ),
    "label_smoothing": Setting(
        float, "the part of the target spread over all classes", most=1, below=True
    ),
    "dropout": Setting(
        float, "dropout before the last fc, while training only", most=1, below=True
    ),
    "flip": Setting(bool, "mirror half of the images, left to right"),
    "shift": Setting(int, "shift by up to so many pixels, in both directions", most=10_000),
    "cutout": Setting(int, "blacken a square of so many pixels a side", most=10_000),
    "average": Setting(
        float, "the memory of a running average of the weights; 0 is none", most=1, below=True
    ),
    "precision": Setting(
        str,
        "of the multiplications; auto is bfloat16 where the processor has it",
        choices=("auto", "float32", "bfloat16"),
    ),
    "validation": Setting(
        float, "the part of the training images kept for choosing; 0 trains on all", most=0.9
    ),
}


def read_value(key: str, value: Value, place: str) -> Value:
    """The value of an override, which may still be text."""
    setting = _setting(key, place)
    if isinstance(value, str):
        try:
            value = setting.read(value)
        except ValueError:
            raise _refused(setting, value, place) from None
    return typed(key, value, place)


def typed(key: str, value: Value, place: str) -> Value:
    """``value`` as the key's kind; RecipeError, naming ``place``, where it may not be that."""
    setting = _setting(key, place)
    if not setting.accepts(value):
        raise _refused(setting, value, place)
    return float(value) if setting.kind is float else value


def _setting(key: str, place: str) -> Setting:
    if key not in SETTINGS:
        raise RecipeError(
            f'a recipe has no key "{key}"',
            place=place,
            remedy=f"{did_you_mean(key, SETTINGS)} the keys are {', '.join(SETTINGS)}".strip(),
        )
    return SETTINGS[key]


def _refused(setting: Setting, value: Value, place: str) -> RecipeError:
    shown = f'"{value}"' if isinstance(value, str) else str(value)
    meant = did_you_mean(shown.strip('"'), setting.choices)
    return RecipeError(
        f"{shown} is not allowed", place=place, remedy=f"{meant} give {setting.allowed}".strip()
    )
