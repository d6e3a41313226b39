"""Arguments and options that several commands share, and what a shell may complete."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

from convscope.errors import UsageError

__all__ = [
    "ArchitectureWords",
    "ClassOption",
    "DataOption",
    "DeviceOption",
    "FigureOption",
    "FitOption",
    "ImageOption",
    "Json",
    "Offline",
    "OnBadOption",
    "OutOption",
    "Quiet",
    "RecipeOption",
    "RunArgument",
    "SeedOption",
    "SettingsOption",
    "ShapeOption",
    "SizeOption",
    "SubjectArgument",
    "complete_architectures",
    "complete_data",
    "complete_runs",
    "joined",
    "read_pair",
    "read_settings",
]


def joined(words: list[str] | None, default: str = "article") -> str:
    """One text from an ARCHITECTURE that may stand unquoted on the command line."""
    return " ".join(words) if words else default


def read_pair(text: str | None, option: str) -> tuple[int, int] | None:
    """``28x32`` or ``28`` as (height, width); None stays None."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})(?:[x×]([0-9]{1,6}))?", text.strip().lower())
    pair = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
    if min(pair) < 1:
        raise UsageError(
            f"{text!r} is not HEIGHTxWIDTH", place=option, remedy=f'write "{option} 28x28"'
        )
    return pair


def read_settings(texts: list[str] | None) -> dict[str, str]:
    """``["epochs=2", "flip=true"]`` as a dictionary; the recipe judges keys and values."""
    settings: dict[str, str] = {}
    for text in texts or []:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            raise UsageError(
                f"{text!r} is not KEY=VALUE", place="--set", remedy='write "--set epochs=2"'
            )
        settings[key.strip()] = value.strip()
    return settings


def complete_architectures(incomplete: str) -> list[tuple[str, str]]:
    """Names of the zoo, with what they are."""
    from convscope.architecture.zoo import ZOO

    return [(name, entry.summary) for name, entry in ZOO.items() if name.startswith(incomplete)]


def complete_recipes(incomplete: str) -> list[str]:
    """Recipes by name, and TOML files of this folder."""
    from convscope.training.recipe import RECIPES

    names = [*RECIPES, *(path.name for path in sorted(Path().glob("*.toml")))]
    return [name for name in names if name.startswith(incomplete)]


def complete_data(incomplete: str) -> list[str]:
    """Data sets by name, and folders."""
    names = ["fashion-mini", "fashion-mnist", "shapes"]
    folders = [f"{path.name}{os.sep}" for path in sorted(Path().iterdir()) if path.is_dir()]
    return [name for name in [*names, *folders] if name.startswith(incomplete)]


def complete_runs(incomplete: str) -> list[str]:
    """``example`` and the names in the folder of runs; reads names only."""
    folder = Path(os.environ.get("CONVSCOPE_RUNS") or "runs")
    found = sorted(path.parent.name for path in folder.glob("*/run.json"))
    return [name for name in ["example", *found] if name.startswith(incomplete)]


def complete_subjects(incomplete: str) -> list[str]:
    """Runs, and names of the zoo."""
    return [*complete_runs(incomplete), *(name for name, _ in complete_architectures(incomplete))]


def complete_settings(incomplete: str) -> list[str]:
    """Keys of a recipe, up to the ``=``."""
    from convscope.training.settings import SETTINGS

    return [f"{key}=" for key in SETTINGS if key.startswith(incomplete)]


ArchitectureWords = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="ARCHITECTURE",
        help='A name of the zoo, a notation in quotes ("input 28x28x1 -> conv 16 5x5 -> …"), '
        "or a file that holds one.",
        show_default="the article's",
        autocompletion=complete_architectures,
    ),
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help='The name of a run, its folder, or "example", which is in the package.',
        autocompletion=complete_runs,
    ),
]
SubjectArgument = Annotated[
    str,
    typer.Argument(
        metavar="SUBJECT",
        help='A run, "example", an architecture (untrained), or FILE.py:NAME, a module of yours.',
        autocompletion=complete_subjects,
    ),
]
ImageOption = Annotated[
    str,
    typer.Option("--image", metavar="N|FILE", help="A sample by its number, or a picture file."),
]
ClassOption = Annotated[
    str | None,
    typer.Option(
        "--class",
        "--target",
        metavar="CLASS",
        help="Which class is asked for, by number or name.",
        show_default=False,
    ),
]
ShapeOption = Annotated[
    str | None,
    typer.Option("--shape", metavar="HxWxC", help="What a module of yours takes."),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="For whatever is drawn at random.")
]


def drawable(out: str | None) -> str | None:
    """Refuses a file that no figure can be written to before the work, not after it."""
    if out is not None:
        from convscope.report.destination import figure_path

        figure_path(out)
    return out


FigureOption = Annotated[
    str | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Also draw it: FILE.png and FILE.svg, both, whichever ending is given.",
        callback=drawable,
    ),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="DATA",
        help="fashion-mnist, fashion-mini, shapes, or a folder of IDX files or images.",
        autocompletion=complete_data,
    ),
]
RecipeOption = Annotated[
    str | None,
    typer.Option(
        "--recipe",
        metavar="NAME|FILE",
        help="How to train: article, fast, best, or a TOML file; by default fast.",
        autocompletion=complete_recipes,
    ),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change one setting of the recipe; may be repeated.",
        autocompletion=complete_settings,
    ),
]
SizeOption = Annotated[
    str | None,
    typer.Option("--size", metavar="HxW", help="Bring images to this size."),
]
FitOption = Annotated[
    Literal["pad", "crop", "squash"],
    typer.Option("--fit", help="How images of another shape are brought to the size."),
]
DeviceOption = Annotated[
    str,
    typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute."),
]
OnBadOption = Annotated[
    Literal["refuse", "skip"],
    typer.Option(
        "--on-bad", help="Files that are no images: list them and stop, or leave them out."
    ),
]
OutOption = Annotated[
    str | None,
    typer.Option(
        "--out", metavar="RUN", help="Folder of the run, or its name in the folder of runs."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Write the result as JSON, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on the way.")]
Offline = Annotated[bool, typer.Option("--offline", help="Never use the network.")]
