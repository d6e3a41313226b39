"""Networks of other people: loaded by ``FILE.py:NAME``, and made ready to be looked into.

Their code runs here.  What it prints goes to stderr, since stdout carries results, and
what it raises is told with the line of their file.
"""

from __future__ import annotations

import copy
import inspect
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from convscope.architecture.layers import Volume
from convscope.architecture.references import is_reference
from convscope.errors import ConvscopeError, UsageError, did_you_mean
from convscope.inspection.recording import borrowed
from convscope.inspection.subject import Subject

__all__ = ["is_reference", "load_module", "own_copy", "place_of", "require_usable", "words_of"]

_LONGEST = 300
"""Letters of someone else's message; torch writes whole state_dicts into some."""
_PREFIX = "convscope_user_"


def load_module(reference: str, *, seed: int = 0) -> nn.Module | Subject:
    """What a reference names: a module or Subject, or what a class or function makes.

    A class or function is called without arguments, with torch's random state seeded and
    given back.  A file is run anew each time; ``package.module`` is imported, with the
    working directory on the path meanwhile.  Raises UsageError.
    """
    reference = reference.strip()
    place, _, name = (reference, "", "") if reference.endswith(".py") else reference.rpartition(":")
    with _seeded(seed), redirect_stdout(sys.stderr):
        if place.endswith(".py"):
            with _importable(Path(place).expanduser().absolute().parent, forget=True):
                made = _made(_named(_run_file(place), name, place), reference)
        else:
            with _importable(Path.cwd()):
                made = _made(_named(_imported(place), name, place), reference)
    return made


def own_copy(module: nn.Module, name: str) -> nn.Module:
    """A copy on the processor, in float32 and in eval mode; the module itself stays as it is."""
    if any(is_lazy(each) for each in [*module.parameters(), *module.buffers()]):
        raise UsageError(
            "some of its layers are lazy, and have no weights yet",
            place=name,
            remedy="call it once with an image before",
        )
    try:
        return copy.deepcopy(module).cpu().float().eval()
    except Exception as error:
        raise UsageError(
            f"it cannot be copied to the processor: {words_of(error)}",
            place=name,
            remedy="name a function that makes it",
        ) from error


def require_usable(module: nn.Module, volume: Volume, name: str) -> int:
    """How many scores the module gives for an image; UsageError where it gives none.

    Tried with one image and with two: a classifier gives N×classes.
    """
    for count in (1, 2):
        images = torch.zeros(count, volume.channels, volume.height, volume.width)
        try:
            with borrowed(module), torch.no_grad():
                made = module(images)
        except Exception as error:
            raise UsageError(
                f"it does not take {'an image' if count == 1 else 'two images'} of {volume}: "
                f"{words_of(error)}",
                place=name,
                remedy=_remedy(module),
            ) from error
        if not isinstance(made, Tensor):
            raise UsageError(
                f"it gives {_described(made)}, and a classifier gives one tensor, N×classes",
                place=name,
                remedy="wrap it in a module that gives the scores alone",
            )
        if made.ndim != 2 or len(made) != count or not made.is_floating_point():
            shape, kind = "×".join(map(str, made.shape)), str(made.dtype).removeprefix("torch.")
            raise UsageError(
                f"of {count} {'image' if count == 1 else 'images'} it makes {shape or 'one'} "
                f"{kind}, and a classifier makes {count}×classes of floats",
                place=name,
                remedy="wrap it in a module that gives N×classes",
            )
    return int(made.shape[1])


def words_of(error: BaseException, *, lines: int = 3) -> str:
    """``ValueError: too wide (net.py, line 12)``: the first lines, and whose line it is."""
    written = [line.strip() for line in str(error).strip().splitlines() if line.strip()]
    said = " ".join(written[:lines])
    said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]} …"
    place = place_of(error)
    return f"{type(error).__name__}{f': {said}' if said else ''}{f' ({place})' if place else ''}"


def place_of(error: BaseException) -> str:
    """``net.py, line 12``: the last line reached that is neither torch's, Python's nor ours."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{Path(error.filename).name}, line {error.lineno}"
    others = [Path(__file__).parents[1], Path(torch.__file__).parent]
    others.append(Path(sysconfig.get_path("stdlib")))
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if frame.filename.startswith("<") or any(path.is_relative_to(each) for each in others):
            continue
        return f"{path.name}, line {frame.lineno}"
    return ""


def _remedy(module: nn.Module) -> str:
    """What may be wrong with how it was called."""
    needed = _needed(module.forward)
    if len(needed) > 1:
        return f"its forward needs {' and '.join(needed)}: wrap it in a module that takes an image"
    return 'say what it takes with "--shape HxWxC" (shape= in Python)'


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        yield


@contextmanager
def _importable(folder: Path, *, forget: bool = False) -> Iterator[None]:
    """The folder first on the path; ``forget`` what was imported from it afterwards.

    Two files that each have a ``layers.py`` beside them would otherwise share the first.
    """
    before = set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if str(folder) in sys.path:
            sys.path.remove(str(folder))
        for name in set(sys.modules) - before if forget else ():
            top = folder / name.partition(".")[0]
            file = getattr(sys.modules[name], "__file__", None)
            if file and (Path(file) == top.with_suffix(".py") or Path(file).is_relative_to(top)):
                del sys.modules[name]


def _run_file(place: str) -> ModuleType:
    path = Path(place).expanduser().absolute()
    if not path.is_file():
        near = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
        raise UsageError("there is no such file", place=place, remedy=did_you_mean(path.name, near))
    space = ModuleType(f"{_PREFIX}{path.stem}")
    space.__file__ = str(path)
    # A forward that prints the shapes on its way must not do so into the results.
    space.__dict__["print"] = _print
    sys.modules[space.__name__] = space  # dataclasses look their module up
    with _told(place, "it"):
        # Compiled here, not imported: a cache beside the file could be older than the file.
        exec(compile(path.read_bytes(), str(path), "exec"), space.__dict__)
    return space


def _print(*values: Any, **options: Any) -> None:
    options.setdefault("file", sys.stderr)
    print(*values, **options)  # noqa: T201


def _imported(place: str) -> ModuleType:
    try:
        return import_module(place)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{place}.".startswith(f"{error.name}."):
            raise UsageError(f"it raises {words_of(error)}", place=place) from error
        raise UsageError(
            f"there is no Python module {error.name!r}",
            place=place,
            remedy="name a file as in net.py:Net, or a module that can be imported",
        ) from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"it raises {words_of(error)}", place=place) from error


@contextmanager
def _told(place: str, doer: str) -> Iterator[None]:
    """Whatever their code raises, told as a fault of theirs."""
    try:
        yield
    except ConvscopeError:
        raise
    except (Exception, SystemExit) as error:
        raise UsageError(f"{doer} raises {words_of(error)}", place=place) from error


def _named(space: ModuleType, name: str, place: str) -> Any:
    names = _candidates(space)
    listed = f"it has {', '.join(names[:12])}" if names else "it holds no nn.Module"
    if not name:
        remedy = f'write "{place}:{names[0]}"; {listed}' if names else listed
        raise UsageError("which name of this file is meant?", place=place, remedy=remedy)
    found: Any = space
    for part in name.split("."):
        if not hasattr(found, part):
            known = names if found is space else [each for each in dir(found) if each[0] != "_"]
            remedy = did_you_mean(part, known) or (listed if found is space else "")
            raise UsageError(f"it has no {part!r}", place=place, remedy=remedy)
        found = getattr(found, part)
    return found


def _candidates(space: ModuleType) -> list[str]:
    """The names of a file's own modules, and of what may make some."""

    def fits(value: Any) -> bool:
        if isinstance(value, nn.Module | Subject):
            return True
        own = getattr(value, "__module__", None) == space.__name__
        return own and (inspect.isfunction(value) or _is_module_class(value))

    return [name for name, value in vars(space).items() if name[0] != "_" and fits(value)]


def _is_module_class(value: Any) -> bool:
    return inspect.isclass(value) and issubclass(value, nn.Module)


def _made(found: Any, reference: str) -> nn.Module | Subject:
    if isinstance(found, nn.Module | Subject):
        return found
    if not callable(found):
        raise UsageError(
            f"it is {_described(found)}, and neither an nn.Module nor something that makes one",
            place=reference,
        )
    called = reference.rpartition(":")[2]
    if needed := _needed(found):
        raise UsageError(
            f"it needs {' and '.join(needed)}, and is called without arguments",
            place=reference,
            remedy=f"name a function that fills them in: def network(): return {called}(…)",
        )
    with _told(reference, "making it"):
        made = found()
    if not isinstance(made, nn.Module | Subject):
        raise UsageError(f"it makes {_described(made)}, not an nn.Module", place=reference)
    return made


def _needed(called: Any) -> list[str]:
    """The parameters that have no default; none where the signature is not to be had."""
    try:
        parameters = inspect.signature(called).parameters.values()
    except (TypeError, ValueError):
        return []
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [
        each.name for each in parameters if each.default is each.empty and each.kind not in variable
    ]


def _described(value: Any) -> str:
    """a dict with out and aux; a tuple of 2; a str."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return f"a dict with {' and '.join(str(key) for key in list(value)[:6])}"
    if isinstance(value, tuple | list):
        return f"a {kind} of {len(value)}"
    article = "an" if kind[:1].lower() in "aeiou" else "a"
    return "None" if value is None else f"{article} {kind}"
