"""How to train, as a frozen value: a Recipe is checked at birth, and nothing in it is text.

A recipe comes by name (``RECIPES``), from a TOML file, or from either of them with a
few settings changed; ``SETTINGS`` in settings.py says what each may be.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from convscope.errors import RecipeError, did_you_mean
from convscope.training.settings import Value, read_value, typed

__all__ = ["RECIPES", "Recipe", "changed", "read_recipe", "total_steps"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to train; the key by key meaning stands in ``SETTINGS``.

    >>> Recipe(epochs=0.75).epochs
    0.75

    Raises RecipeError for a value that a setting may not take.
    """

    name: str = "custom"
    optimizer: Literal["adam", "sgd", "muon"] = "adam"
    learning_rate: float = 0.001
    kernel_learning_rate: float = 0.1
    batch_size: int = 100
    epochs: float = 3.0
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    warmup: float = 0.0
    momentum: float = 0.95
    beta2: float = 0.999
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    dropout: float = 0.0
    flip: bool = False
    shift: int = 0
    cutout: int = 0
    average: float = 0.0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    validation: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            typed(field.name, getattr(self, field.name), f"recipe, {field.name}")

    def as_dict(self) -> dict[str, Value]:
        """Every key with its value, for run.json."""
        return asdict(self)

    def toml(self) -> str:
        """The recipe as the text of a TOML file, which ``read_recipe`` reads back."""
        return "".join(f"{key} = {_toml(value)}\n" for key, value in self.as_dict().items())


RECIPES: dict[str, Recipe] = {
    "article": Recipe(name="article", epochs=8.0, precision="float32"),
    "fast": Recipe(
        name="fast",
        optimizer="muon",
        learning_rate=0.01,
        kernel_learning_rate=0.1,
        beta2=0.95,
        schedule="linear",
        warmup=0.2,
    ),
    "best": Recipe(
        name="best",
        optimizer="muon",
        learning_rate=0.01,
        kernel_learning_rate=0.1,
        beta2=0.95,
        epochs=60.0,
        schedule="linear",
        warmup=0.1,
        weight_decay=0.03,
        label_smoothing=0.1,
        dropout=0.1,
        flip=True,
        shift=1,
        average=0.995,
    ),
}


def read_recipe(
    source: str | Path | Recipe, overrides: Mapping[str, Value] | None = None
) -> Recipe:
    """A recipe by name, from a TOML file, or as it is; with the ``overrides`` put in.

    An override may be text, as a command line gives it.  A TOML file holds keys of
    a recipe; those it leaves out come from the recipe that its key ``base`` names, or
    else from ``Recipe()``.  A changed recipe says in its name what was changed.
    """
    recipe = source if isinstance(source, Recipe) else _found(source)
    return changed(recipe, overrides or {})


def total_steps(recipe: Recipe, count: int) -> int:
    """Steps of a whole training on ``count`` examples, whole batches only: at least one."""
    return max(1, round(count // min(recipe.batch_size, count) * recipe.epochs))


def changed(recipe: Recipe, overrides: Mapping[str, Value]) -> Recipe:
    """``recipe`` with other values: ``fast`` becomes ``fast (epochs=2)``."""
    values: dict[str, Any] = {
        key: read_value(key, value, f"setting {key}={value}") for key, value in overrides.items()
    }
    if not values:
        return recipe
    told = ", ".join(f"{key}={_short(value)}" for key, value in values.items())
    return replace(recipe, **{"name": f"{recipe.name} ({told})", **values})


def _found(source: str | Path) -> Recipe:
    if str(source) in RECIPES:
        return RECIPES[str(source)]
    path = Path(source)
    if path.is_file():
        return _from_file(path)
    known = ", ".join(RECIPES)
    if path.suffix == ".toml" or len(path.parts) > 1:
        raise RecipeError(
            f"there is no recipe file {path.absolute()}",
            remedy=f"give the path of a TOML file, or one of {known}",
        )
    raise RecipeError(
        f'there is no recipe "{source}"',
        remedy=f"{did_you_mean(str(source), RECIPES)} known are {known}, or a TOML file".strip(),
    )


def _from_file(path: Path) -> Recipe:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{error.strerror or error}", place=str(path.absolute())) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(
            f"this is no TOML file: {error}",
            place=str(path.absolute()),
            remedy='write one "key = value" a line',
        ) from None
    base = table.pop("base", None)
    if base is not None and (not isinstance(base, str) or base not in RECIPES):
        raise RecipeError(
            f'there is no recipe "{base}"',
            place=f"{path.absolute()}, base",
            remedy=f"known are {', '.join(RECIPES)}",
        )
    values: dict[str, Any] = {
        key: typed(key, value, f"{path.absolute()}, {key}") for key, value in table.items()
    }
    return replace(RECIPES[base] if base else Recipe(), **{"name": path.stem, **values})


def _short(value: Value) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
