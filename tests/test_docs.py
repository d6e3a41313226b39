"""The examples of README.md and docs/*.md, run from top to bottom, page by page.

- ```` ```python ```` with ``>>>`` is a doctest, without it is run as it stands; the blocks
  of a page share their names.
- ```` ```console ```` holds commands after ``$``; what stands below one is what it writes to
  stdout (to stderr, if it fails).  Where nothing stands below, or first ``…``, it must succeed.
- ``...`` stands for anything, and a line that is only ``…`` for any lines.
- ``<!-- slow -->`` in the line above a block keeps it for ``scripts/test --all``; below
  ``<!-- numbers vary -->`` a page may show real numbers: any others pass, and bars of any length.
- Other blocks (``sh``, ``toml``, ``text``) are for reading.

Each page has a folder of its own, in which ``shirt.png`` and ``boot.jpg`` are photographs
to predict; a page that uses them says that they stand for any picture of the reader's.
The width is 100 columns, or 80 where a page says ``<!-- columns 80 -->``.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

from convscope.cli.app import main
from convscope.data.sources import load_data

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^(?:<!-- ([a-z, ]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COLUMNS = re.compile(r"<!-- columns (\d+) -->")
NUMBERS = re.compile(r"[0-9](?:[0-9.,]*[0-9])?")
BARS = re.compile("[█▏▎▍▌▋▊▉]+")
LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)")
FLAGS = doctest.ELLIPSIS


@dataclass(frozen=True)
class Block:
    """An example: its language, its text, the line it begins in, and how it is to be read."""

    language: str
    text: str
    line: int
    marks: frozenset[str] = frozenset()

    @property
    def slow(self) -> bool:
        return "slow" in self.marks


def blocks_of(page: Path) -> Iterator[Block]:
    text = page.read_text(encoding="utf-8")
    for found in FENCE.finditer(text):
        line = text.count("\n", 0, found.start(3)) + 1
        yield Block(found[2], found[3], line, frozenset((found[1] or "").split(", ")))


def commands_of(text: str) -> Iterator[tuple[str, str]]:
    """(command, what is expected below it)"""
    parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    assert not parts[0].strip(), f"a console block begins with a command, not with {parts[0]!r}"
    for part in parts[1:]:
        lines = part.splitlines()
        while lines[0].endswith("\\"):
            lines[:2] = [f"{lines[0][:-1].rstrip()} {lines[1].strip()}"]
        yield lines[0], "\n".join(lines[1:]).rstrip()


def output_of(command: str) -> tuple[int, str]:
    """Its exit code, and what it wrote to stdout; or to stderr, if it failed."""
    words = shlex.split(command, comments=True)
    if words[0] == "python":
        done = subprocess.run(
            [sys.executable, *words[1:]], capture_output=True, encoding="utf-8", check=False
        )
        return done.returncode, done.stderr if done.returncode else done.stdout
    assert words[0] == "convscope", f"only convscope and python are run here, not {command}"
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words[1:])
    return code, err.getvalue() if code else out.getvalue()


def without_numbers(text: str) -> str:
    return re.sub(" +", " ", NUMBERS.sub("#", BARS.sub("", text))).replace(" \n", "\n")


def check_command(command: str, expected: str, place: str, *, vary: bool = False) -> None:
    code, found = output_of(command)
    if not expected or expected.startswith("…"):
        assert code == 0, f"{place}: {command}\n{found}"
    if not expected:
        return
    wanted = re.sub(r"^ *…$", "...", expected, flags=re.MULTILINE) + "\n"
    got = "\n".join(line.rstrip() for line in found.rstrip().splitlines()) + "\n"
    if vary:
        wanted, got = without_numbers(wanted), without_numbers(got)
    checker = doctest.OutputChecker()
    example = doctest.Example(command, wanted)
    assert checker.check_output(wanted, got, FLAGS), (
        f"{place}: {command}\n{checker.output_difference(example, got, FLAGS)}"
    )


def check_python(block: Block, names: dict[str, Any], place: str) -> None:
    test = doctest.DocTestParser().get_doctest(block.text + "\n", names, place, place, block.line)
    if not test.examples:
        exec(compile(block.text, place, "exec"), names)
        return
    report = io.StringIO()
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    runner.run(test, out=report.write, clear_globs=False)
    names.update(test.globs)
    assert runner.summarize(verbose=False).failed == 0, report.getvalue()


def check_page(page: Path, *, slow: bool) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for block in blocks_of(page):
        place = f"{page.name}, line {block.line}"
        if block.slow and not slow:
            continue
        if block.language == "python":
            check_python(block, names, place)
        elif block.language == "console":
            for command, expected in commands_of(block.text):
                check_command(command, expected, place, vary="numbers vary" in block.marks)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two photographs: dark things on a light ground, as people take them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONVSCOPE_RUNS")
    images = load_data("fashion-mini").test.images
    for name, index in (("shirt.png", 7), ("boot.jpg", 0)):
        picture = ImageOps.invert(Image.fromarray(images[index, 0])).resize((300, 300))
        picture.save(tmp_path / name)
    return tmp_path


def columns_of(page: Path) -> str:
    found = COLUMNS.search(page.read_text(encoding="utf-8"))
    return found[1] if found else "100"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns_of(page))
    check_page(page, slow=False)


SLOW = [page for page in PAGES if any(block.slow for block in blocks_of(page))]


@pytest.mark.slow
@pytest.mark.parametrize("page", SLOW, ids=lambda page: page.name)
def test_slow_examples(
    page: Path, folder: Path, fashion_mnist: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns_of(page))
    check_page(page, slow=True)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, _ in LINK.findall(page.read_text(encoding="utf-8")):
        assert not target or (page.parent / target).exists(), f"{page.name} links to {target}"


USING_PICTURES = [
    page
    for page in PAGES
    if any(name in block.text for block in blocks_of(page) for name in ("shirt.png", "boot.jpg"))
]


@pytest.mark.parametrize("page", USING_PICTURES, ids=lambda page: page.name)
def test_a_page_says_what_its_pictures_stand_for(page: Path) -> None:
    """A reader who copies an example has no file of that name."""
    text = " ".join(FENCE.sub("", page.read_text(encoding="utf-8")).split())
    assert re.search(r"`(shirt\.png|boot\.jpg)`[^.]* any pictures? of your own", text)


def test_every_schema_is_documented() -> None:
    pages = [ROOT / "docs" / "json.md", ROOT / "docs" / "studio-api.md"]
    page = "".join(path.read_text(encoding="utf-8") for path in pages)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")]
    schemas = {name for text in sources for name in re.findall(r'"(convscope\.[\w-]+/\d+)"', text)}
    # files that only we read
    schemas -= {"convscope.annotated/1", "convscope.checkpoint/1", "convscope.decoded/1"}
    assert len(schemas) > 10
    assert not [name for name in sorted(schemas) if name not in page]


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    pages = [page.name for page in PAGES if page.parent.name == "docs" and page.stem != "index"]
    assert not [name for name in pages if f"({name})" not in index]


def test_the_pictures_are_what_is_drawn_today() -> None:
    """``python scripts/make_pictures.py`` draws them anew."""
    script = runpy.run_path(str(ROOT / "scripts" / "make_pictures.py"))
    for name, text in script["pictures"]().items():
        assert (ROOT / "docs" / "images" / name).read_text(encoding="utf-8") == text


def test_what_is_expected_is_compared(capsys: pytest.CaptureFixture[str]) -> None:
    check_command("convscope --version", "convscope ...", "here")
    with pytest.raises(AssertionError, match="Expected"):
        check_command("convscope --version", "something else", "here")
    with pytest.raises(AssertionError, match="Expected"):
        check_python(Block("python", ">>> 1 + 1\n3\n", 1), {}, "here")


def test_numbers_may_vary_where_a_page_says_so() -> None:
    assert without_numbers("a  91.5 %  ███▏\nb 3\n") == without_numbers("a 1,001 % █\nb 12\n")
    assert without_numbers("a 1 %\n") != without_numbers("b 1 %\n")
