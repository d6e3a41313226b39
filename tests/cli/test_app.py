"""Exit codes, and what is said of whatever goes wrong."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from convscope.cli import explain as explain_module
from convscope.cli.app import app, main
from tests.cli.conftest import Command

COMMANDS = [
    "demo",
    "exercises",
    "explain",
    "train",
    "evaluate",
    "predict",
    "image",
    "report",
    "code",
    "runs",
    "data",
    "zoo",
    "doctor",
    "compare",
    "health",
    "claims",
    "layers",
    "walk",
    "gradient",
    "maps",
    "kernels",
    "exciting",
    "visualise",
    "fields",
    "attribute",
    "symmetry",
    "ablate",
    "lesson",
    "studio",
    "scenes",
    "detect",
    "segment",
    "caption",
]


def convscope(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "convscope", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
        check=False,
    )


def raising(error: BaseException) -> object:
    def explain(_: object) -> None:
        raise error

    return explain


def test_without_a_command_it_shows_the_help(command: Command) -> None:
    outcome = command()
    assert outcome.code == 0
    assert outcome.err == ""
    for name in COMMANDS:
        assert f" {name} " in outcome.out


@pytest.mark.parametrize("name", [*sorted(COMMANDS), "data check", "data fetch", "data show"])
def test_every_command_has_help(command: Command, name: str) -> None:
    for option in ("--help", "-h"):
        outcome = command(*name.split(), option)
        assert outcome.code == 0
        assert f"Usage: convscope {name}" in outcome.out


def test_version(command: Command) -> None:
    outcome = command("--version")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("convscope ")


def test_a_command_that_is_not_there(command: Command) -> None:
    outcome = command("explian")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err == (
        "No such command 'explian'. Did you mean 'explain'? "
        '"convscope --help" shows what there is.\n'
    )


def test_an_option_that_is_not_there(command: Command) -> None:
    outcome = command("explain", "--tabel")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("No such option: --tabel")
    assert outcome.err.endswith('"convscope explain --help" shows what there is.\n')
    assert outcome.err.count("\n") == 1


def test_a_value_that_is_not_allowed(command: Command) -> None:
    outcome = command("image", "fashion-mini:0", "--fit", "stretch")
    assert outcome.code == 2
    assert "'stretch' is not one of 'pad', 'crop', 'squash'" in outcome.err
    assert outcome.err.count("\n") == 1


def test_an_argument_that_is_missing(command: Command) -> None:
    outcome = command("evaluate")
    assert outcome.code == 2
    assert "Missing argument 'RUN'" in outcome.err


def test_interrupted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "work_out", raising(KeyboardInterrupt()))
    outcome = command("explain")
    assert (outcome.code, outcome.out, outcome.err) == (130, "", "interrupted\n")


def test_interrupted_outside_of_a_command(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def app(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("convscope.cli.app.app", app)
    outcome = command("explain")
    assert (outcome.code, outcome.err) == (130, "interrupted\n")


def test_the_unexpected_is_one_paragraph(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "work_out", raising(ZeroDivisionError("by zero")))
    outcome = command("explain")
    assert outcome.code == 1
    assert outcome.err == (
        "convscope failed in a way that it should not: ZeroDivisionError: by zero. This is a fault "
        "in convscope. Set CONVSCOPE_TRACEBACK=1 and repeat the command to see where it arose, and "
        "report that with the command and the output of convscope doctor.\n"
    )


def test_a_traceback_for_those_who_ask(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain_module, "work_out", raising(ZeroDivisionError("by zero")))
    asked = command("--traceback", "explain")
    monkeypatch.setenv("CONVSCOPE_TRACEBACK", "1")
    by_environment = command("explain")
    for outcome in (asked, by_environment):
        assert outcome.code == 1
        assert outcome.err.startswith("Traceback (most recent call last):")
        assert outcome.err.endswith("ZeroDivisionError: by zero\n")


def test_a_traceback_keeps_the_exit_code(command: Command) -> None:
    assert command("--traceback", "explain", "nothing-of-that-name").code == 2


def test_what_the_system_refuses_is_said_plainly(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "/somewhere/file")
    monkeypatch.setattr(explain_module, "work_out", raising(full))
    outcome = command("explain")
    assert (outcome.code, outcome.err) == (1, "/somewhere/file: No space left on device\n")


def test_notes_of_an_error_are_shown(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "network.txt"
    path.write_text("input 28x28x1 -> konv 16", encoding="utf-8")
    outcome = command("explain", str(path))
    assert outcome.code == 2
    assert outcome.err.endswith(f"in the file {path}\n")


@pytest.mark.parametrize("words", [["explain", "resnet56", "--json"], ["--version"]])
def test_a_reader_that_goes_away_is_no_matter(words: list[str]) -> None:
    """Both where typer meets the broken pipe, and where the last flush does."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "convscope", *words],
            stdout=writing,
            stderr=subprocess.PIPE,
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
            check=False,
        )
    finally:
        os.close(writing)
    assert process.stderr == b""
    assert process.returncode == 1


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_encodings_that_lack_our_signs(encoding: str) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "convscope", "explain", "input 9x9x1 → conv 2 3x3"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert process.returncode == 0
    assert "9x9x1 -> 7x7x2" in process.stdout.decode(encoding)
    failed = subprocess.run(
        [sys.executable, "-m", "convscope", "explain", "input 9x9x1 → konv"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=False,
    )
    assert failed.returncode == 2
    assert "input 9x9x1 -> konv" in failed.stderr.decode(encoding)


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        ["explain"],
        ["explain", "resnet20", "--json"],
        ["explain", "--help"],
        ["train", "--help"],
        ["zoo"],
        ["runs"],
        ["data"],
        ["image", "fashion-mini:1"],
    ],
    ids=" ".join,
)
def test_torch_is_not_loaded_without_need(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from convscope.cli.app import main\n"
        f"code = main({words!r})\n"
        "print([name for name in ('torch', 'matplotlib') if name in sys.modules], code)\n"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert process.stdout.splitlines()[-1] == "[] 0"


def test_explain_loads_no_numpy_either() -> None:
    code = (
        "import sys; from convscope.cli.app import main; main(['explain'])\n"
        "print('numpy' in sys.modules)"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert process.stdout.split()[-1] == b"False"


def test_the_module_is_the_command() -> None:
    process = convscope("--version")
    assert process.returncode == 0
    assert process.stdout.startswith("convscope ")


def test_colours_only_where_they_are_wanted() -> None:
    assert "\x1b[" not in convscope("explain", "--table").stdout
    assert "\x1b[" in convscope("explain", "--table", FORCE_COLOR="1").stdout
    assert "\x1b[3" not in convscope("explain", "--table", FORCE_COLOR="1", NO_COLOR="1").stdout


def test_main_reads_the_arguments_of_the_process(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["convscope", "--version"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("convscope ")


def test_every_command_of_the_issue_is_registered() -> None:
    names = {command.name for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    assert names == set(COMMANDS)
