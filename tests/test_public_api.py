"""``import convscope as cs``: light to load, complete, and the same for readers and for Python."""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import convscope as cs

SOURCE = Path(cs.__file__)
ROOMS = {path.name for path in SOURCE.parent.iterdir() if path.is_dir()}


def names_that_readers_see() -> dict[str, str]:
    """name → module, from the imports under ``if TYPE_CHECKING``."""
    found = {}
    for node in ast.parse(SOURCE.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for line in node.body:
                if isinstance(line, ast.ImportFrom):
                    found |= {alias.asname or "": line.module or "" for alias in line.names}
                elif isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    found[line.target.id] = "metadata"
    return found


def test_readers_and_python_see_the_same_names() -> None:
    seen = names_that_readers_see()
    assert sorted(seen) == sorted(cs.__all__)
    assert {name: home for name, home in seen.items() if name in cs._HOME_OF} == cs._HOME_OF


@pytest.mark.parametrize("name", cs.__all__)
def test_every_name_is_there(name: str) -> None:
    value = getattr(cs, name)
    home = cs._HOME_OF.get(name)
    if home:
        assert value is getattr(sys.modules[home], name)
    assert name in dir(cs)


def test_names_that_are_not_there() -> None:
    with pytest.raises(AttributeError, match=r"^module 'convscope' has no attribute 'trian'$"):
        cs.trian  # noqa: B018


def test_no_name_is_that_of_a_room_but_one_that_is_called_itself() -> None:
    import_module("convscope.studio.server")  # which puts the room in the place of a function
    assert ROOMS.intersection(cs.__all__) == {"studio"}
    assert callable(cs.studio)
    assert cs.studio is sys.modules["convscope.studio"]


def test_the_version_is_the_packages() -> None:
    from importlib.metadata import version

    assert cs.__version__ == version("convscope")


def test_the_example_in_the_docstring_holds() -> None:
    assert doctest.testmod(cs).failed == 0
    assert doctest.testmod(cs).attempted == 3


@pytest.mark.parametrize(
    ("code", "absent"),
    [
        ("import convscope", {"torch", "numpy", "PIL", "matplotlib", "rich", "typer"}),
        (
            "import convscope as cs; cs.explain(cs.find_architecture('article'))",
            {"torch", "numpy", "PIL", "matplotlib"},
        ),
        ("import convscope as cs; cs.load_data('shapes')", {"torch", "matplotlib"}),
        ("import convscope as cs; cs.Recipe, cs.RECIPES, cs.list_runs()", {"torch", "matplotlib"}),
        ("import convscope as cs; cs.errors.ConvscopeError", {"torch", "numpy", "PIL"}),
    ],
)
def test_nothing_is_loaded_before_it_is_used(code: str, absent: set[str]) -> None:
    program = f"{code}\nimport sys\nprint(sorted({absent!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.strip() == b"[]"


def test_in_a_notebook_results_show_themselves() -> None:
    """IPython itself is not needed for this: a stand-in that counts who asks for a formatter."""
    program = """
import sys, types
class Formatter(dict):
    def for_type_by_name(self, module, name, function):
        self[module, name] = function
class Formatters(dict):
    def __missing__(self, kind):
        return self.setdefault(kind, Formatter())
formatters = Formatters()
shell = types.SimpleNamespace(display_formatter=types.SimpleNamespace(formatters=formatters))
sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
import convscope
for module, name in formatters["text/html"]:
    print(module, name, module in sys.modules)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    lines = [line.split() for line in found.stdout.decode().splitlines()]
    assert {name for _, name, _ in lines} >= {"Explanation", "Evaluation", "Prediction", "Run"}
    assert {loaded for _, _, loaded in lines} == {"False"}
