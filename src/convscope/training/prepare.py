"""Everything that a training needs, decided and checked before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Dropout, FullyConnected, Pair
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.data.images import Data, ImageSet, split
from convscope.data.preprocessing import Fit, Preprocessing
from convscope.data.progress import Tell
from convscope.data.sources import load_data, preprocessing_of
from convscope.errors import RecipeError, RunError, ShapeError, UsageError
from convscope.training.conditions import Conditions, available, resolve
from convscope.training.recipe import Recipe, read_recipe
from convscope.training.runs import Run

__all__ = [
    "Plan",
    "data_of",
    "fitted",
    "planned",
    "require_same",
    "require_same_data",
    "require_sound",
    "resumed",
    "with_dropout",
]


@dataclass(frozen=True, eq=False)
class Plan:
    """A training that can start: all that goes into run.json, and the images."""

    architecture: Architecture
    name: str
    recipe: Recipe
    seed: int
    conditions: Conditions
    preprocessing: Preprocessing
    data: Data
    train: ImageSet
    held: ImageSet | None


def planned(
    architecture: Architecture | str,
    data: Data,
    recipe: str | Path | Recipe,
    settings: Mapping[str, Any],
    seed: int,
    device: str,
) -> Plan:
    """A new training's plan; every way in which it cannot work is an error here."""
    require_sound(architecture, recipe, settings, seed)
    chosen = read_recipe(recipe, settings)
    value = find_architecture(architecture, example=False)
    complete = fitted(value, data)
    with_dropout(complete, chosen.dropout)
    _require_room(chosen, data.size)
    conditions = resolve(device, chosen.precision, complete)
    return _plan(complete, _name(architecture, complete, data), chosen, seed, conditions, data)


def require_sound(
    architecture: Architecture | str,
    recipe: str | Path | Recipe,
    settings: Mapping[str, Any],
    seed: int,
) -> None:
    """UsageError where something is not what it should be, before any data are read."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise UsageError(f"the seed is {seed!r}", remedy="give a whole number from 0 up")
    if not isinstance(settings, Mapping):
        raise UsageError(
            f"settings are of the type {type(settings).__name__}",
            remedy='give them by name, such as settings={"epochs": 2}',
        )
    if not isinstance(recipe, str | Path | Recipe):
        raise UsageError(
            f"a recipe is wanted, and this is of the type {type(recipe).__name__}",
            remedy="give a Recipe, the name of one, or the path of a TOML file",
        )
    read_recipe(recipe, settings)
    find_architecture(architecture, example=False)


def require_same(
    run: Run,
    architecture: Architecture | str | None,
    recipe: str | Path | Recipe | None,
    settings: Mapping[str, Any],
    seed: int | None,
    device: str = "auto",
) -> None:
    """RunError where something else is asked for than what the run is of; None asks nothing."""
    differences = []
    if architecture is not None and run.architecture.input is not None:
        asked = find_architecture(architecture, example=False)
        asked = asked.completed(run.architecture.input, len(run.classes))
        if asked != run.architecture:
            differences.append(f"its architecture is {run.architecture}, asked is {asked}")
    if recipe is not None or settings:
        differences += _recipe_differences(run.recipe, recipe, settings)
    if seed is not None and seed != run.seed:
        differences.append(f"its seed is {run.seed}, asked is {seed}")
    if device not in ("auto", run.conditions.device):
        differences.append(f"its device is {run.conditions.device}, asked is {device}")
    if differences:
        raise _another(run, "; ".join(differences))


def require_same_data(
    run: Run, data: Data | str | Path | None, size: Pair | None, fit: Fit
) -> None:
    """A quick look before data are read; that of ``resumed``, by fingerprint, is the strict one."""
    differences = []
    if data is not None and not isinstance(data, Data):
        asked = {str(data), str(Path(data).expanduser().resolve())}
        if asked.isdisjoint({run.data.name, run.data.source}):
            differences.append(f"its data are {run.data.source}, asked is {data}")
    if size not in (None, run.data.size):
        differences.append(f"its images are {_by(run.data.size)}, asked is {_by(size)}")
    if fit not in ("pad", run.data.fit):
        differences.append(f"its images are fitted by {run.data.fit}, asked is {fit}")
    if differences:
        raise _another(run, "; ".join(differences))


def resumed(run: Run, data: Data) -> Plan:
    """The plan of a run that goes on, on the data and the device with which it began."""
    if data.fingerprint != run.data.fingerprint:
        raise _another(
            run,
            f"its data are {run.data.name} ({run.data.fingerprint[:12]}), "
            f"these are {data.name} ({data.fingerprint[:12]})",
        )
    if not available(run.conditions.device):
        raise RunError(
            f"this run was begun on {run.conditions.device}, which torch does not find here",
            place=str(run.path),
            remedy="resume it on the machine where it was begun",
        )
    return _plan(
        run.architecture, run.architecture_name, run.recipe, run.seed, run.conditions, data
    )


def data_of(
    run: Run,
    source: str | Path | None = None,
    *,
    offline: bool = False,
    allow_download: bool = False,
    progress: Tell | None = None,
) -> Data:
    """The data that a run learnt from, or others, in the size and colours of its network."""
    own = source is None
    return load_data(
        run.data.source if source is None else source,
        size=run.data.asked_size if own else run.preprocessing.size,
        fit=run.preprocessing.fit,
        channels=None if own else run.preprocessing.channels,
        offline=offline,
        allow_download=allow_download,
        # What the run passed over once, it passes over again.
        on_bad="skip" if run.data.skipped else "refuse",
        progress=progress,
    )


def _another(run: Run, differences: str) -> RunError:
    return RunError(
        f"this run is of another training: {differences}",
        place=str(run.path),
        remedy="resume it as it was begun, or train into another folder",
    )


def _recipe_differences(
    stored: Recipe, recipe: str | Path | Recipe | None, settings: Mapping[str, Any]
) -> list[str]:
    asked = read_recipe(stored if recipe is None else recipe, settings)
    # Its name tells how a recipe came about, not how it trains.
    asked = replace(asked, name=stored.name)
    return [
        f"its recipe has {key} {value}, asked is {getattr(asked, key)}"
        for key, value in stored.as_dict().items()
        if getattr(asked, key) != value
    ]


def _plan(
    architecture: Architecture,
    name: str,
    recipe: Recipe,
    seed: int,
    conditions: Conditions,
    data: Data,
) -> Plan:
    train, held = data.train, None
    if recipe.validation:
        train, held = split(data.train, recipe.validation, seed)
    # Of the images that are learnt from: what is held out must not leak into the mean.
    preprocessing = preprocessing_of(replace(data, train=train))
    return Plan(architecture, name, recipe, seed, conditions, preprocessing, data, train, held)


def fitted(architecture: Architecture, data: Data) -> Architecture:
    """The architecture with what the data say filled in; UsageError where it does not fit."""
    classes = len(data.classes)
    complete = architecture.completed(data.volume, classes)
    taken = complete.input or data.volume
    if taken != data.volume:
        remedy = 'write "input auto"'
        if taken.channels == data.channels:
            size = _by((taken.height, taken.width))
            remedy += f", or bring the images to its size with --size {size}"
        raise UsageError(
            f"the network takes {taken}, and {data.name} gives {data.volume}",
            place=str(architecture),
            remedy=remedy,
        )
    output = complete.output
    if output.size != classes:
        raise UsageError(
            f"the network gives {output} numbers, and {data.name} has {classes} classes",
            place=str(architecture),
            remedy='let the last layer be "fc classes"',
        )
    return complete


def with_dropout(architecture: Architecture, probability: float) -> Architecture:
    """The architecture with dropout before its last fc, for training: no new parameters."""
    if not probability:
        return architecture
    layers = architecture.layers
    places = [place for place, layer in enumerate(layers) if isinstance(layer, FullyConnected)]
    if not places:
        raise RecipeError(
            "there is no fc layer that dropout could go before",
            place="recipe, dropout",
            remedy="give --set dropout=0, and write dropout into the architecture where it belongs",
        )
    place = places[-1]
    return replace(architecture, layers=(*layers[:place], Dropout(probability), *layers[place:]))


def _require_room(recipe: Recipe, size: Pair) -> None:
    side = min(size)
    for key in ("shift", "cutout"):
        if getattr(recipe, key) >= side:
            raise RecipeError(
                f"{getattr(recipe, key)} pixels leave nothing of images of {_by(size)}",
                place=f"recipe, {key}",
                remedy=f"give less than {side}",
            )


def _by(size: Pair) -> str:
    return f"{size[0]}x{size[1]}"


def _name(given: Architecture | str, complete: Architecture, data: Data) -> str:
    """What to call it: its name in the zoo, its file's, or ``custom``."""
    if isinstance(given, str):
        if given.strip().lower() in ZOO:
            return given.strip().lower()
        with suppress(OSError):  # a notation can be too long for the name of a file
            if Path(given).expanduser().is_file():
                return Path(given).stem
    for name, entry in ZOO.items():
        with suppress(ShapeError):  # many need larger images than these
            if entry.architecture.completed(data.volume, len(data.classes)) == complete:
                return name
    return "custom"
