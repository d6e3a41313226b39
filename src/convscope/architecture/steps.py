"""One step of the notation → one layer: a reader for each word.

A step is its word and what follows it; readers take out the options that they know,
in any order, and whatever is left over is an error at its place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NoReturn

from convscope.architecture.layers import (
    GELU,
    AvgPool,
    BatchNorm,
    Conv,
    DistancePool,
    Dropout,
    Flatten,
    FullyConnected,
    GlobalAvgPool,
    L2Pool,
    Layer,
    LeakyReLU,
    MaxPool,
    Pair,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
)
from convscope.architecture.tokens import Token
from convscope.errors import NotationError, did_you_mean

__all__ = ["OTHER_WORDS", "READERS", "Step"]

OTHER_WORDS = {
    "bn": "batchnorm",
    "conv2d": "conv",
    "convolution": "conv",
    "dense": "fc",
    "gap": "globalavgpool",
    "linear": "fc",
    "lppool": "l2pool",
    "pool": "maxpool",
    "repeat": "3 x { … }",
    "resblock": "residual",
}
"""What other libraries call things, for the remedy of an unknown word."""

_OTHER_OPTIONS = {"padding": "pad", "strides": "stride", "rate": "dilation", "p": "probability"}


@dataclass
class Step:
    """The words of one layer, taken one by one; what is left over is an error."""

    text: str
    word: Token
    rest: list[Token] = field(default_factory=list)

    def fail(self, token: Token, problem: str, remedy: str = "") -> NoReturn:
        raise NotationError(
            problem, text=self.text, start=token.start, end=token.end, remedy=remedy
        )

    def option(self, name: str) -> tuple[Token, Token] | None:
        """The option's word and its value, taken out."""
        found = [i for i, token in enumerate(self.rest) if token.word == name]
        if not found:
            return None
        if len(found) > 1:
            self.fail(self.rest[found[1]], f"{name} is given twice", "leave one out")
        at = found[0]
        if at + 1 >= len(self.rest):
            self.fail(self.rest[at], f"{name} needs a value", f'write "{name} 1"')
        name_token, value = self.rest[at : at + 2]
        del self.rest[at : at + 2]
        return name_token, value

    def flag(self, name: str) -> bool:
        found = [token for token in self.rest if token.word == name]
        self.rest = [token for token in self.rest if token.word != name]
        return bool(found)

    def bare(self, *kinds: str) -> Token | None:
        """The first value that belongs to no option, taken out."""
        for index, token in enumerate(self.rest):
            if token.kind in kinds:
                return self.rest.pop(index)
        return None

    def whole(self, token: Token, what: str, least: int = 1) -> int:
        value = token.whole
        if value is None:
            self.fail(token, f"{what} must be a whole number, not {token.text!r}")
        if value < least:
            self.fail(token, f"{what} must be {least} or more")
        return value

    def pair(self, token: Token, what: str, least: int) -> Pair:
        sides = token.sides
        if sides is None or len(sides) > 2:
            self.fail(token, f"{what} must be a number or HxW, not {token.text!r}")
        if min(sides) < least:
            self.fail(token, f"{what} must be {least} or more")
        return (sides[0], sides[0]) if len(sides) == 1 else (sides[0], sides[1])

    def option_pair(self, name: str, default: Pair, least: int = 1) -> Pair:
        option = self.option(name)
        if option is None:
            return default
        word, value = option
        if value.sides is not None and len(value.sides) <= 2 and min(value.sides) < least:
            hint = f'write "{name} {least}"' + (" or leave it out" if default == (1, 1) else "")
            both = Token(value.kind, value.text, word.start, value.end)
            self.fail(both, f"{name} must be {least} or more", hint)
        return self.pair(value, name, least)

    def real(self, token: Token, what: str, low: float, below: float | None) -> float:
        value = token.real
        if value is None or value < low or (below is not None and value >= below):
            bound = f"at least {low:g}" if below is None else f"from {low:g} to below {below:g}"
            self.fail(token, f"{what} must be a number {bound}, not {token.text!r}")
        return value

    def option_real(
        self, name: str, default: float, low: float, below: float | None = None
    ) -> float:
        """A number written bare or behind its name."""
        option = self.option(name)
        token = option[1] if option else self.bare("number")
        return default if token is None else self.real(token, name, low, below)

    def finish(self, known: tuple[str, ...]) -> None:
        """Everything must have been taken by now."""
        if not self.rest:
            return
        token = self.rest[0]
        name = self.word.word
        if token.kind == "word":
            other = _OTHER_OPTIONS.get(token.word)
            meant = f'did you mean "{other}"?' if other in known else ""
            remedy = (
                meant
                or did_you_mean(token.word, known)
                or (f"{name} knows {', '.join(known)}" if known else f"{name} takes nothing")
            )
            self.fail(token, f"{name} does not know {token.text!r}", remedy)
        self.fail(token, f"{name} has no place for {token.text!r}", "take it out")


def _read_conv(step: Step) -> Conv:
    pad = step.option("pad")
    padding: Pair | str = (0, 0)
    if pad is not None:
        padding = "same" if pad[1].word == "same" else step.pair(pad[1], "pad", 0)
    stride = step.option_pair("stride", (1, 1))
    dilation = step.option_pair("dilation", (1, 1))
    groups = step.option("groups")
    bias = not step.flag("nobias")
    kernel = step.bare("sides")
    channels = step.bare("number")
    if channels is None:
        step.fail(step.word, "conv needs its number of kernels", 'write it so: "conv 16 5x5"')
    if kernel is None:
        sides = step.bare("number")
        shown = sides.text if sides else "5"
        step.fail(
            sides or step.word,
            "conv needs its kernel as HxW",
            f'write it so: "conv {channels.text} {shown}x{shown}"',
        )
    step.finish(("stride", "pad", "dilation", "groups", "nobias"))
    return Conv(
        channels=step.whole(channels, "the number of kernels"),
        kernel=step.pair(kernel, "the kernel", 1),
        stride=stride,
        padding="same" if padding == "same" else padding,  # type: ignore[arg-type]
        dilation=dilation,
        groups=1 if groups is None else step.whole(groups[1], "groups"),
        bias=bias,
    )


def _window(step: Step) -> tuple[Pair, Pair]:
    stride = step.option("stride")
    token = step.bare("number", "sides")
    if token is None:
        word = step.word.word
        step.fail(step.word, f"{word} needs the side of its window", f'write it so: "{word} 2"')
    kernel = step.pair(token, "the window", 1)
    return kernel, kernel if stride is None else step.pair(stride[1], "stride", 1)


def _read_padded_pool(kind: type[MaxPool | AvgPool]) -> Callable[[Step], Layer]:
    def read(step: Step) -> Layer:
        padding = step.option_pair("pad", (0, 0), least=0)
        kernel, stride = _window(step)
        step.finish(("stride", "pad"))
        return kind(kernel, stride, padding)

    return read


def _read_l2pool(step: Step) -> L2Pool:
    kernel, stride = _window(step)
    step.finish(("stride",))
    return L2Pool(kernel, stride)


def _read_distancepool(step: Step) -> DistancePool:
    option = step.option("falloff")
    kernel, stride = _window(step)
    falloff = 1.0 if option is None else step.real(option[1], "falloff", 0.0, None)
    step.finish(("stride", "falloff"))
    return DistancePool(kernel, stride, falloff)


def _read_leakyrelu(step: Step) -> LeakyReLU:
    slope = step.option_real("slope", 0.01, low=0.0)
    step.finish(("slope",))
    return LeakyReLU(slope)


def _read_dropout(step: Step) -> Dropout:
    probability = step.option_real("probability", 0.5, low=0.0, below=1.0)
    step.finish(("probability",))
    return Dropout(probability)


def _read_fc(step: Step) -> FullyConnected:
    bias = not step.flag("nobias")
    classes = step.flag("classes")
    token = step.bare("number")
    if classes == (token is not None):
        remedy = 'write it so: "fc 10", or "fc classes" to take it from the data'
        step.fail(step.word, "fc needs its number of outputs, once", remedy)
    step.finish(("classes", "nobias"))
    if token is None:
        return FullyConnected("classes", bias)
    return FullyConnected(step.whole(token, "the number of outputs"), bias)


def _read_plain(kind: Callable[[], Layer]) -> Callable[[Step], Layer]:
    def read(step: Step) -> Layer:
        step.finish(())
        return kind()

    return read


READERS: dict[str, Callable[[Step], Layer]] = {
    "conv": _read_conv,
    "batchnorm": _read_plain(BatchNorm),
    "relu": _read_plain(ReLU),
    "leakyrelu": _read_leakyrelu,
    "sigmoid": _read_plain(Sigmoid),
    "tanh": _read_plain(Tanh),
    "gelu": _read_plain(GELU),
    "silu": _read_plain(SiLU),
    "maxpool": _read_padded_pool(MaxPool),
    "avgpool": _read_padded_pool(AvgPool),
    "l2pool": _read_l2pool,
    "distancepool": _read_distancepool,
    "globalavgpool": _read_plain(GlobalAvgPool),
    "dropout": _read_dropout,
    "flatten": _read_plain(Flatten),
    "fc": _read_fc,
}
"""The reader of each word; ``residual`` and ``N x`` hold steps and are read by the parser."""
