"""One family of errors: each says the place, the problem and the remedy.

A message is one paragraph for a person.  Whoever raises one knows the place (a
column in a line of notation, a file, a key of a recipe); whoever shows it adds
nothing.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ConvscopeError",
    "DataError",
    "NoRunError",
    "NotationError",
    "RecipeError",
    "RunError",
    "ShapeError",
    "TrainingError",
    "UnknownLayerError",
    "UsageError",
    "did_you_mean",
]


class ConvscopeError(Exception):
    """What went wrong, where, and what to do about it.

    ``place`` is where (a file, a key, a column), ``problem`` what, ``remedy`` how
    to mend it.  ``exit_code`` is what a command returns: 1 for a task that failed,
    2 for a question that was asked wrongly.
    """

    exit_code = 1

    def __init__(self, problem: str, *, place: str = "", remedy: str = "") -> None:
        self.problem = problem
        self.place = place
        self.remedy = remedy
        super().__init__(problem, place, remedy)

    def __str__(self) -> str:
        text = f"{self.place}: {self.problem}" if self.place else self.problem
        return f"{text}: {self.remedy}" if self.remedy else text


class UsageError(ConvscopeError):
    """A question asked wrongly: an unknown name, options that exclude each other."""

    exit_code = 2


class NotationError(UsageError):
    """A line of notation that cannot be read; the caret marks the place in it."""

    def __init__(
        self, problem: str, *, text: str = "", start: int = 0, end: int = 0, remedy: str = ""
    ) -> None:
        self.text = text
        self.start = start
        self.end = end
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        super().__init__(problem, place=f"line {line}, column {column}", remedy=remedy)

    def __str__(self) -> str:
        shown, offset = self._line()
        width = max(1, min(self.end, self.start + len(shown) - offset) - self.start)
        head = f"{self.place}: "
        caret = " " * (len(head) + offset) + "^" * width
        message = f"{self.problem}: {self.remedy}" if self.remedy else self.problem
        return f"{head}{shown}\n{caret} {message}"

    def _line(self) -> tuple[str, int]:
        """The line that holds the place, cut to a window, and the place's offset in it."""
        begin = self.text.rfind("\n", 0, self.start) + 1
        stop = self.text.find("\n", self.start)
        line = self.text[begin : stop if stop >= 0 else len(self.text)].replace("\t", " ")
        offset = self.start - begin
        if len(line) <= 160:
            return line, offset
        left = max(0, offset - 60)
        cut = line[left : left + 140]
        prefix = "… " if left else ""
        suffix = " …" if left + 140 < len(line) else ""
        return prefix + cut + suffix, offset - left + len(prefix)


class ShapeError(NotationError):
    """A layer that does not fit the volume it is given.

    ``path`` is where the layer stands in the architecture: its index, then the
    indices inside nested blocks.
    """

    def __init__(
        self,
        problem: str,
        *,
        path: tuple[int, ...] = (),
        text: str = "",
        start: int = 0,
        end: int = 0,
        remedy: str = "",
    ) -> None:
        self.path = path
        super().__init__(problem, text=text, start=start, end=end, remedy=remedy)

    def located(self, text: str, start: int, end: int) -> ShapeError:
        """The same error, pointing at its layer in ``text``."""
        return ShapeError(
            self.problem, path=self.path, text=text, start=start, end=end, remedy=self.remedy
        )


class DataError(ConvscopeError):
    """Data that are absent, damaged, or not what they should be."""


class RecipeError(UsageError):
    """A recipe with an unknown key or an impossible value."""


class RunError(ConvscopeError):
    """A run folder that is missing, damaged, in use, or of another network."""


class NoRunError(UsageError, RunError):
    """A run that is asked for by a name, or a folder, that holds none."""


class UnknownLayerError(UsageError, KeyError):
    """A layer by a name that no layer has."""


class TrainingError(ConvscopeError):
    """A training that had to stop, such as one whose loss is not finite."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``did you mean "maxpool"?`` where a known word is close, else the empty string."""
    words = {each.lower(): each for each in known}
    close = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return f'did you mean "{words[close[0]]}"?' if close else ""
