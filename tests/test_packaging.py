"""What the package imports, its installation brings."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
IMPORTED_AS = {"pillow": "PIL", "scikit-image": "skimage", "scikit-learn": "sklearn"}
OPTIONAL = {"IPython", "tensorboard"}
"""Used where they are installed, and never required."""


def imported() -> dict[str, str]:
    """Top names of other packages → a file that imports them, inside functions too."""
    found: dict[str, str] = {}
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            for name in names:
                found.setdefault(name.partition(".")[0], str(path.relative_to(ROOT)))
    return {
        name: path
        for name, path in found.items()
        if name not in sys.stdlib_module_names and name != "convscope"
    }


def test_every_import_is_a_dependency() -> None:
    names = [re.match(r"[\w-]+", line) for line in PROJECT["dependencies"]]
    declared = {IMPORTED_AS.get(name[0], name[0]) for name in names if name}
    missing = {name: path for name, path in imported().items() if name not in declared | OPTIONAL}
    assert missing == {}
    assert {"torch", "numpy", "scipy"} <= imported().keys()


def test_no_dependency_is_idle() -> None:
    names = [re.match(r"[\w-]+", line) for line in PROJECT["dependencies"]]
    declared = {IMPORTED_AS.get(name[0], name[0]) for name in names if name}
    assert declared <= imported().keys()
