"""Views on a console: coloured on a terminal, plain elsewhere, never cut."""

from __future__ import annotations

import io

from rich.console import Console

from convscope.report.lines import Line
from convscope.report.view import Say, View, labelled, shown_text, widths_of


class Sample(View):
    def lines(self, width: int, say: Say) -> list[Line]:
        return [[(say("a → b"), "bold #0072B2"), ("x" * (width + 5), "")]]


def printed(encoding: str = "utf-8", **options: object) -> str:
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(file=file, width=20, **options)  # type: ignore[arg-type]
    console.print(Sample(), crop=False)
    file.seek(0)
    return file.read()


def test_without_a_terminal_there_is_no_colour() -> None:
    assert printed() == "a → b" + "x" * 25 + "\n"


def test_on_a_terminal_there_is() -> None:
    text = printed(force_terminal=True, color_system="truecolor")
    assert "\x1b[1;38;2;0;114;178m" in text


def test_an_output_without_our_signs_gets_words() -> None:
    assert printed("ascii").startswith("a -> b")


def test_plain_text_has_no_blanks_at_its_ends() -> None:
    assert shown_text(Sample(), width=1, encoding="cp1252") == "a -> bxxxxxx\n"


def test_a_label_stands_once_before_its_wrapped_text() -> None:
    lines = ["".join(text for text, _ in line) for line in labelled("said", "ab " * 20, 40)]
    assert lines[0].startswith("said         ab")
    assert all(line.startswith(" " * 13) for line in lines[1:])
    assert all(len(line) <= 40 for line in lines)


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert widths_of([("a", "bbb"), ("cc", "d")]) == [2, 3]
