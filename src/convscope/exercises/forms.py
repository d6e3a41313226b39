"""The forms that an answer can have, and when one is right.

A form knows the right value and says what to write; it marks what a person wrote.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from convscope.architecture.counts import number
from convscope.exercises.reading import Unreadable, one, several

__all__ = ["Choice", "Form", "Numbers", "Whole", "decimal", "sides", "volume", "whole"]

LETTERS = "abcdefgh"


@dataclass(frozen=True, slots=True)
class Whole:
    """One whole number; where several are right, each of ``accepted`` is."""

    accepted: tuple[int, ...]
    unit: str = ""
    kind: str = "whole"

    @property
    def hint(self) -> str:
        """What to write."""
        told = "a whole number" + (f" of {self.unit}" if self.unit not in ("", "numbers") else "")
        return f"{told}; one that fits is enough" if len(self.accepted) > 1 else told

    @property
    def answer(self) -> str:
        """A right answer, as one would write it."""
        return number(self.accepted[0])

    @property
    def shown(self) -> str:
        """All that is right."""
        told = " or ".join(number(value) for value in self.accepted)
        unit = self.unit.removesuffix("s") if self.accepted == (1,) else self.unit
        return f"{told} {unit}".strip()

    def right(self, text: str) -> bool:
        """Whether the answer is right.  Raises Unreadable."""
        value = one(text, self.unit)
        if value.denominator != 1:
            raise Unreadable(f"{text.strip()!r} is not whole")
        return int(value) in self.accepted

    def same(self, text: str, other: str) -> bool:
        """Whether two answers mean the same."""
        return one(text, self.unit) == one(other, self.unit)


@dataclass(frozen=True, slots=True)
class Numbers:
    """One number or several, each within ``tolerance`` of its value; 0 is exact.

    ``what`` names them, ``joined`` stands between them, ``digits`` are those shown.
    """

    values: tuple[float, ...]
    what: str
    tolerance: float = 0.0
    unit: str = ""
    joined: str = "×"
    digits: int = 2
    kind: str = "numbers"

    @property
    def hint(self) -> str:
        if not self.tolerance:
            return self.what
        each = "each " if len(self.values) > 1 else ""
        return f"{self.what}, {each}within {self.tolerance:g}"

    @property
    def answer(self) -> str:
        return self.written(self.values)

    @property
    def shown(self) -> str:
        return f"{self.answer} {self.unit}".strip()

    def written(self, values: tuple[float, ...]) -> str:
        """Values as one would write them."""
        texts = [
            f"{value:.{self.digits}f}" if self.tolerance else f"{value:,.0f}" for value in values
        ]
        return self.joined.join(_signed(text) for text in texts)

    def read(self, text: str) -> tuple[Fraction, ...]:
        if len(self.values) == 1:
            return (one(text, self.unit),)
        return several(text, len(self.values), self.unit)

    def right(self, text: str) -> bool:
        # Exact in fractions: 0.06 is 0.01 from 0.05, whatever floats make of it.
        room = Fraction(repr(self.tolerance))
        pairs = zip(self.read(text), self.values, strict=True)
        return all(abs(given - Fraction(repr(value))) <= room for given, value in pairs)

    def same(self, text: str, other: str) -> bool:
        room = Fraction(repr(self.tolerance))
        pairs = zip(self.read(text), self.read(other), strict=True)
        return all(abs(one_value - another) <= room for one_value, another in pairs)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some options, by its letter or its text; ``place`` is that of the right one."""

    options: tuple[str, ...]
    place: int
    kind: str = "choice"

    @property
    def hint(self) -> str:
        letters = LETTERS[: len(self.options)]
        return f"a letter, {', '.join(letters[:-1])} or {letters[-1]}"

    @property
    def answer(self) -> str:
        return LETTERS[self.place]

    @property
    def shown(self) -> str:
        return f"{self.answer}: {self.options[self.place]}"

    @property
    def lettered(self) -> tuple[tuple[str, str], ...]:
        return tuple(zip(LETTERS, self.options, strict=False))

    def read(self, text: str) -> int:
        """The place of the option that is meant."""
        letter = text.strip().strip("()[].: '\"").lower()
        if len(letter) == 1 and letter in LETTERS[: len(self.options)]:
            return LETTERS.index(letter)
        wanted = squeezed(text)
        for place, (sign, option) in enumerate(self.lettered):
            if wanted in (squeezed(option), squeezed(sign + option)):
                return place
        raise Unreadable(f"{_cut(text)!r} is none of the options; write {self.hint}")

    def right(self, text: str) -> bool:
        return self.read(text) == self.place

    def same(self, text: str, other: str) -> bool:
        return self.read(text) == self.read(other)


Form = Whole | Numbers | Choice


def whole(value: int, unit: str = "", *others: int) -> Whole:
    """One whole number, and others that are right as well."""
    return Whole((value, *others), unit)


def decimal(value: float, tolerance: float, unit: str = "") -> Numbers:
    """One number with a tolerance, shown with a digit more than that."""
    digits = max(0, round(-math.log10(tolerance))) + 1
    told = "a decimal" + (f" in {unit}" if unit else "")
    return Numbers((value,), told, tolerance, unit, digits=digits, kind="decimal")


def sides(height: int, width: int, unit: str = "") -> Numbers:
    """Height × width."""
    return Numbers((height, width), "height × width", unit=unit, kind="sides")


def volume(height: int, width: int, channels: int) -> Numbers:
    """Height × width × channels."""
    values = (height, width, channels)
    return Numbers(values, "height × width × channels", kind="volume")


def squeezed(text: str) -> str:
    """Without what only helps the eye: spaces, commas of thousands, kinds of signs."""
    plain = re.sub(r"(?<=[0-9]),(?=[0-9]{3})", "", text.lower())
    return re.sub(r"[\s`'\"():]+", "", plain.replace("×", "x").replace("−", "-"))


def _signed(text: str) -> str:
    """With a minus sign; 0 has none."""
    return text.removeprefix("-") if not text.strip("-0.") else text.replace("-", "−")


def _cut(text: str) -> str:
    shown = text.strip()
    return shown if len(shown) <= 60 else f"{shown[:59]}…"
