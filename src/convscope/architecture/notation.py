"""The notation: one line of text → layers, each with its place in the text.

::

    input 28x28x1 -> conv 16 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> fc 10

Steps are separated by ``->``, ``→`` or line breaks, and may stand in [brackets];
upper and lower case are the same; options come in any order; ``#`` begins a comment.
``residual { … }`` and ``3 x { … }`` hold steps of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from convscope.architecture.layers import Layer, Repeat, Residual, Volume
from convscope.architecture.outputs import MAX_ELEMENTS
from convscope.architecture.shapes import MAX_LAYERS, MAX_NESTING, count_layers
from convscope.architecture.steps import OTHER_WORDS, READERS, Step
from convscope.architecture.tokens import Token, tokenize
from convscope.errors import NotationError, did_you_mean

__all__ = ["Line", "parse_line"]

Path = tuple[int, ...]

_FIRST = 'begin with the input, as in "input 28x28x1 -> conv 16 5x5"'


@dataclass(frozen=True)
class Line:
    """What a text says: the input (None is ``auto``), the layers, and where each stands."""

    volume: Volume | None
    layers: tuple[Layer, ...]
    spans: dict[Path, tuple[int, int]]


def parse_line(text: str) -> Line:
    """Read a whole text.  Raises NotationError at the place that cannot be read."""
    parser = _Parser(text)
    volume = parser.input()
    layers = parser.chain((), depth=0)
    return Line(volume, layers, parser.spans)


class _Parser:
    """Recursive descent over the tokens; ``spans`` fills with the place of each layer."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.at = 0
        self.spans: dict[Path, tuple[int, int]] = {}

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.now
        self.at += token.kind != "end"
        return token

    def fail(self, token: Token, problem: str, remedy: str = "") -> NoReturn:
        raise NotationError(
            problem, text=self.text, start=token.start, end=token.end, remedy=remedy
        )

    def skip_newlines(self) -> bool:
        before = self.at
        while self.now.kind == "newline":
            self.take()
        return self.at > before

    def separator(self) -> bool:
        """Skip an arrow, line breaks, or an arrow among line breaks."""
        found = self.skip_newlines()
        if self.now.kind == "arrow":
            self.take()
            self.skip_newlines()
            if self.now.kind in ("arrow", "end") or self.now.text == "}":
                self.fail(self.now, "a step is missing here", "an arrow stands between two steps")
            return True
        return found

    def input(self) -> Volume | None:
        self.skip_newlines()
        if self.now.kind == "end":
            self.fail(self.now, "there is nothing to read", _FIRST)
        step, _ = self.plain_step()
        if step.word.word != "input":
            self.fail(step.word, "the first step must be the input", _FIRST)
        if step.flag("auto"):
            step.finish(("auto",))
            return None
        token = step.bare("sides", "number")
        sides = token.sides if token else None
        if token is None or sides is None or len(sides) != 3:
            wrong = token or step.word
            shown = f"{token.text}x1" if sides and token and len(sides) == 2 else "28x28x1"
            remedy = f'write "input {shown}", or "input auto" to take it from the data'
            self.fail(wrong, "the input is height x width x channels", remedy)
        if min(sides) < 1:
            self.fail(token, "the sides of the input must be 1 or more")
        volume = Volume(*sides)
        if volume.size > MAX_ELEMENTS:
            self.fail(token, f"the input holds more than {MAX_ELEMENTS:,} numbers")
        step.finish(("auto",))
        return volume

    def chain(self, path: Path, depth: int) -> tuple[Layer, ...]:
        """Steps up to the closing brace or the end; the input stands before the first."""
        layers: list[Layer] = []
        if depth == 0:
            self.expect_separator()
        while self.now.kind != "end" and self.now.text != "}":
            layers.append(self.step((*path, len(layers)), depth))
            if not self.separator() and self.now.kind != "end" and self.now.text != "}":
                self.fail(self.now, "two steps run together", "put '->' between them")
        if depth == 0 and self.now.text == "}":
            self.fail(self.now, "this brace closes nothing", "take it out")
        if not layers:
            self.fail(self.now, "there is no layer here", 'add one, such as "-> fc 10"')
        if count_layers(layers) > MAX_LAYERS:
            start, end = self.spans[(*path, 0)][0], self.spans[(*path, len(layers) - 1)][1]
            whole = Token("word", "", start, end)
            self.fail(whole, f"more than {MAX_LAYERS:,} layers in all", "repeat less")
        return tuple(layers)

    def expect_separator(self) -> None:
        if not self.separator() and self.now.kind != "end":
            self.fail(self.now, "two steps run together", "put '->' between them")

    def step(self, path: Path, depth: int) -> Layer:
        start = self.now
        if start.kind == "number":
            return self.repetition(path, depth)
        if start.word == "residual":
            self.take()
            body = self.block(start, path, depth)
            self.spans[path] = (start.start, start.end)
            return Residual(body)
        step, end = self.plain_step()
        self.spans[path] = (start.start, end)
        word = step.word.word
        if word == "input":
            self.fail(step.word, "there is one input, and it stands first", "take this one out")
        if word not in READERS:
            other = _other_word(word)
            known = ", ".join(READERS)
            remedy = other or did_you_mean(word, [*READERS, "residual"]) or f"known are {known}"
            self.fail(step.word, f"unknown layer {step.word.text!r}", remedy)
        return READERS[word](step)

    def repetition(self, path: Path, depth: int) -> Repeat:
        start = self.take()
        count = start.whole
        if self.now.word not in ("x", "×"):
            self.fail(start, "a step begins with a word", 'for a repetition write "3 x { … }"')
        self.take()
        if count is None or count < 1:
            self.fail(start, "a repetition counts 1 or more, in whole numbers")
        self.spans[path] = (start.start, start.end)
        body = self.block(start, path, depth)
        if count * count_layers(body) > MAX_LAYERS:
            layers = f"{count:,} · {count_layers(body):,} layers"
            self.fail(start, f"{layers} are more than the {MAX_LAYERS:,} allowed", "repeat less")
        return Repeat(count, body)

    def block(self, opener: Token, path: Path, depth: int) -> tuple[Layer, ...]:
        self.skip_newlines()
        if self.now.text != "{":
            self.fail(self.now, "a brace must open here", f'write "{opener.text} … {{ … }}"')
        brace = self.take()
        if depth >= MAX_NESTING:
            self.fail(brace, f"blocks nest more than {MAX_NESTING} deep", "flatten the nesting")
        self.skip_newlines()
        body = self.chain(path, depth + 1)
        if self.now.text != "}":
            self.fail(brace, "this brace is never closed", "close it with '}'")
        self.take()
        return body

    def plain_step(self) -> tuple[Step, int]:
        """One step's words, out of its brackets if it stands in any, and where it ends."""
        bracket = self.take() if self.now.text == "[" else None
        word = self.take()
        if word.kind != "word":
            self.fail(word, "a step begins with a word", 'such as "conv 16 5x5" or "relu"')
        rest: list[Token] = []
        while self.now.kind in ("word", "number", "sides"):
            rest.append(self.take())
        end = rest[-1].end if rest else word.end
        if bracket is not None:
            if self.now.text != "]":
                self.fail(bracket, "this bracket is never closed", "close it with ']'")
            end = self.take().end
        elif self.now.text == "]":
            self.fail(self.now, "this bracket closes nothing", "take it out")
        return Step(self.text, word, rest), end


def _other_word(word: str) -> str:
    """The remedy for what other libraries call otherwise; empty for other words."""
    if word == "softmax":
        return "leave it out: the loss holds it, and predictions are its probabilities"
    return f'write "{OTHER_WORDS[word]}"' if word in OTHER_WORDS else ""
