"""What a page may name: the run that the studio was opened with, runs of its folder, notations.

Never a path.  A run's name is one folder in the folder of runs, and a link out of it is
refused; a text that names a module of Python would be executed, and is refused too.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from convscope.applications.runs import (
    ApplicationRun,
    examples_folder,
    is_application_run,
    read_application,
)
from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.errors import NoRunError, did_you_mean
from convscope.studio.settings import Settings
from convscope.studio.spine import read
from convscope.training.runs import RUN, Run, example_folder, open_run

__all__ = [
    "AnyRun",
    "any_run",
    "first_source",
    "names_of_runs",
    "require_source",
    "run_folder",
    "source_of",
    "trained_run",
]

AnyRun: TypeAlias = Run | ApplicationRun
EXAMPLE = "example"


def run_folder(settings: Settings, name: str) -> Path:
    """The folder of a run by its name; NoRunError for whatever is none."""
    if name == EXAMPLE:
        return example_folder()
    if name in _examples():
        return examples_folder() / name
    given = _given(settings)
    if given is not None and name in (settings.source, given.name):
        return given
    path = settings.runs / name
    plain = name and Path(name).name == name and not any(sign in name for sign in "/\\:\0")
    try:
        found = plain and (path / RUN).is_file()
        inside = found and path.resolve().parent == settings.runs.resolve()
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise NoRunError(
            f'there is no run "{name[:80]}"',
            remedy=did_you_mean(name[:80], names_of_runs(settings)) or "choose one of the list",
        )
    return path


def names_of_runs(settings: Settings) -> tuple[str, ...]:
    """All runs that a page may open: the example, the one that was given, those of the folder."""
    found = [EXAMPLE, *_examples()]
    given = _given(settings)
    if given is not None and given.parent != settings.runs:
        found.append(given.name)
    found += sorted(path.parent.name for path in settings.runs.glob(f"*/{RUN}"))
    return tuple(dict.fromkeys(found))


def any_run(settings: Settings, name: str) -> AnyRun:
    """The run of a name, whatever its task."""
    folder = run_folder(settings, name)
    return read_application(folder) if is_application_run(folder) else open_run(folder)


def trained_run(settings: Settings, name: str) -> Run:
    """The classifier's run of a name."""
    return open_run(run_folder(settings, name))


def source_of(settings: Settings, text: str) -> Run | tuple[str, Architecture]:
    """A run by its name, or the architecture that a text means and its own text."""
    if text == settings.source and _is_file(text):
        architecture = find_architecture(text)  # the person who started the studio may name one
        return str(architecture), architecture
    if text.strip().lower() in ZOO or any(sign in text for sign in ("->", "→", "\n")):
        return read(text)
    try:
        return trained_run(settings, text)
    except NoRunError:
        if " " in text.strip():
            return read(text)  # a notation with a fault; the parser says which
        raise


def first_source(settings: Settings) -> str:
    """What a page calls the source that is shown first: a run by its name, wherever it is."""
    given = _given(settings)
    return settings.source if given is None else given.name


def require_source(settings: Settings) -> None:
    """UsageError where what the studio is to show first is no run and no architecture."""
    try:
        source_of(settings, settings.source)
    except NoRunError as error:
        raise NoRunError(
            error.problem,
            remedy=did_you_mean(settings.source, [*names_of_runs(settings), *ZOO])
            or 'give a run, "example", or an architecture: a name of the zoo, or a notation',
        ) from None


def _examples() -> tuple[str, ...]:
    """Runs of applications inside the package."""
    return tuple(sorted(path.parent.name for path in examples_folder().glob(f"example-*/{RUN}")))


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError):  # too long for the name of a file
        return False


def _given(settings: Settings) -> Path | None:
    """The folder of the run that the studio was opened with, wherever that is."""
    source = settings.source
    if source == EXAMPLE or "->" in source or "→" in source or source.strip().lower() in ZOO:
        return None
    bare = settings.runs / source
    try:
        for path in (bare, Path(source).expanduser().absolute()):
            if (path / RUN).is_file():
                return path
    except OSError:
        return None
    return None
