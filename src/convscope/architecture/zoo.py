"""Architectures with a name; each cites its source.

Their input and number of classes come from the data (``input auto``, ``fc
classes``); without data they are those of the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.references import is_reference
from convscope.errors import NotationError, UsageError, did_you_mean

__all__ = ["ZOO", "Entry", "find_architecture"]

_MAX_FILE = 1_000_000


@dataclass(frozen=True)
class Entry:
    """A named architecture: ``volume`` and ``classes`` are its source's own."""

    name: str
    summary: str
    source: str
    notation: str
    volume: Volume
    classes: int = 10

    @property
    def architecture(self) -> Architecture:
        """Open to any data that fit: ``input auto`` and ``fc classes``."""
        return Architecture.parse(self.notation)

    @property
    def example(self) -> Architecture:
        """With the input and the classes of its source."""
        return self.architecture.completed(self.volume, self.classes)


_CONV_3X3 = "conv {c} 3x3 pad 1 nobias -> batchnorm -> relu"
_BASIC_BLOCK = (
    "residual {{ conv {c} 3x3 pad 1{s} nobias -> batchnorm -> relu -> "
    "conv {c} 3x3 pad 1 nobias -> batchnorm }} -> relu"
)
_SEPARABLE = (
    "conv {i} 3x3 pad 1{s} groups {i} nobias -> batchnorm -> relu -> "
    "conv {c} 1x1 nobias -> batchnorm -> relu"
)


def _resnet(blocks: int) -> str:
    """6·blocks + 2 layers in three stages of 16, 32 and 64 channels."""
    steps = [_CONV_3X3.format(c=16), f"{blocks} x {{ {_BASIC_BLOCK.format(c=16, s='')} }}"]
    for channels in (32, 64):
        steps.append(_BASIC_BLOCK.format(c=channels, s=" stride 2"))
        steps.append(f"{blocks - 1} x {{ {_BASIC_BLOCK.format(c=channels, s='')} }}")
    return " -> ".join(["input auto", *steps, "globalavgpool", "fc classes"])


def _vgg(*stages: tuple[int, int], head: str, batchnorm: bool) -> str:
    """Stages of 3×3 convolutions, each closed by a max pooling."""
    steps = ["input auto"]
    for count, channels in stages:
        conv = f"conv {channels} 3x3 pad 1" + (" nobias -> batchnorm" if batchnorm else "")
        steps += [f"{count} x {{ {conv} -> relu }}", "maxpool 2"]
    return " -> ".join([*steps, head])


_GREY = Volume(28, 28, 1)
_COLOUR = Volume(32, 32, 3)

_ENTRIES = (
    Entry(
        "article",
        "the article's network: two convolutions, two poolings, one fc",
        "M. Mishra, Convolutional Neural Networks, Explained, 2020",
        "input auto -> conv 16 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> "
        "conv 32 5x5 pad 2 -> batchnorm -> relu -> maxpool 2 -> fc classes",
        _GREY,
    ),
    Entry(
        "perceptron",
        "no convolution at all: one hidden layer, for comparison",
        "Rumelhart, Hinton, Williams, Learning representations by back-propagating errors, 1986",
        "input auto -> fc 128 -> relu -> fc classes",
        _GREY,
    ),
    Entry(
        "lenet5",
        "the first that read cheques; full connections where the paper's C3 has a table",
        "LeCun, Bottou, Bengio, Haffner, Gradient-based learning applied to document "
        "recognition, 1998",
        "input auto -> conv 6 5x5 pad 2 -> tanh -> avgpool 2 -> conv 16 5x5 -> tanh -> "
        "avgpool 2 -> conv 120 5x5 -> tanh -> fc 84 -> tanh -> fc classes",
        _GREY,
    ),
    Entry(
        "vgg-small",
        "stacks of 3x3 kernels, three stages, batch normalisation",
        "Simonyan, Zisserman, Very deep convolutional networks, 2014; scaled down here",
        _vgg(
            (2, 32),
            (2, 64),
            (2, 128),
            head="dropout 0.5 -> fc 128 -> relu -> fc classes",
            batchnorm=True,
        ),
        _GREY,
    ),
    Entry(
        "nin",
        "network in network: 1x1 convolutions and a global average, no fc but the last",
        "Lin, Chen, Yan, Network in network, 2013; scaled down here",
        "input auto -> conv 48 5x5 pad 2 -> relu -> conv 32 1x1 -> relu -> conv 24 1x1 -> relu -> "
        "maxpool 3 stride 2 -> dropout -> conv 48 5x5 pad 2 -> relu -> conv 48 1x1 -> relu -> "
        "conv 48 1x1 -> relu -> avgpool 3 stride 2 -> dropout -> conv 48 3x3 pad 1 -> relu -> "
        "conv 48 1x1 -> relu -> globalavgpool -> fc classes",
        _COLOUR,
    ),
    Entry(
        "all-conv",
        "strides in the place of pooling",
        "Springenberg, Dosovitskiy, Brox, Riedmiller, Striving for simplicity, 2014; scaled down "
        "here",
        "input auto -> conv 32 3x3 pad 1 -> relu -> conv 32 3x3 pad 1 stride 2 -> relu -> "
        "conv 64 3x3 pad 1 -> relu -> conv 64 3x3 pad 1 stride 2 -> relu -> conv 64 3x3 pad 1 -> "
        "relu -> conv 64 1x1 -> relu -> globalavgpool -> fc classes",
        _COLOUR,
    ),
    Entry(
        "resnet20",
        "residual blocks, 20 layers; projections where the paper pads with zeros",
        "He, Zhang, Ren, Sun, Deep residual learning for image recognition, 2016",
        _resnet(3),
        _COLOUR,
    ),
    Entry(
        "resnet56",
        "the same with 56 layers",
        "He, Zhang, Ren, Sun, Deep residual learning for image recognition, 2016",
        _resnet(9),
        _COLOUR,
    ),
    Entry(
        "mobilenet-small",
        "depthwise convolutions (groups = channels), each followed by 1x1",
        "Howard et al., MobileNets, 2017; scaled down here",
        " -> ".join(
            [
                "input auto",
                _CONV_3X3.format(c=16),
                _SEPARABLE.format(i=16, c=32, s=""),
                _SEPARABLE.format(i=32, c=64, s=" stride 2"),
                _SEPARABLE.format(i=64, c=64, s=""),
                _SEPARABLE.format(i=64, c=128, s=" stride 2"),
                _SEPARABLE.format(i=128, c=128, s=""),
                "globalavgpool -> fc classes",
            ]
        ),
        _GREY,
    ),
    Entry(
        "alexnet",
        "the network that began it all, without its local response normalisation",
        "Krizhevsky, Sutskever, Hinton, ImageNet classification, 2012",
        "input auto -> conv 96 11x11 stride 4 -> relu -> maxpool 3 stride 2 -> "
        "conv 256 5x5 pad 2 groups 2 -> relu -> maxpool 3 stride 2 -> conv 384 3x3 pad 1 -> relu "
        "-> conv 384 3x3 pad 1 groups 2 -> relu -> conv 256 3x3 pad 1 groups 2 -> relu -> "
        "maxpool 3 stride 2 -> dropout -> fc 4096 -> relu -> dropout -> fc 4096 -> relu -> "
        "fc classes",
        Volume(227, 227, 3),
        1000,
    ),
    Entry(
        "vgg16",
        "sixteen layers, 138 million parameters",
        "Simonyan, Zisserman, Very deep convolutional networks, 2014",
        _vgg(
            (2, 64),
            (2, 128),
            (3, 256),
            (3, 512),
            (3, 512),
            head="fc 4096 -> relu -> dropout -> fc 4096 -> relu -> dropout -> fc classes",
            batchnorm=False,
        ),
        Volume(224, 224, 3),
        1000,
    ),
)

ZOO: dict[str, Entry] = {entry.name: entry for entry in _ENTRIES}


def find_architecture(source: Architecture | str | Path, *, example: bool = True) -> Architecture:
    """An architecture from a name of the zoo, a notation, or a file that holds one.

    One that is an Architecture already is given back as it is.

    A name gives its source's input and classes, or with ``example=False`` stays open
    (``input auto``, ``fc classes``) for data to fill in.  Raises UsageError where
    ``source`` is none of these, NotationError where it does not read.
    """
    if isinstance(source, Architecture):
        return source
    if not isinstance(source, str | Path):
        raise UsageError(
            f"an architecture is wanted, and this is of the type {type(source).__name__}",
            remedy="give an Architecture, a name of the zoo, a notation, or a file that holds one",
        )
    text = str(source)
    name = text.strip().lower()
    if name in ZOO:
        return ZOO[name].example if example else ZOO[name].architecture
    if any(sign in text for sign in ("->", "→", "\n")) or name.startswith(("input", "[")):
        return Architecture.parse(text)
    path = Path(text.strip()).expanduser()
    if name and _is_file(path):
        return _from_file(path)
    first, _, rest = text.strip().partition(" ")
    if rest and first.lower() in ZOO:
        raise UsageError(
            f"{first!r} is a name of the zoo, and {_shortened(rest)!r} stands behind it",
            remedy=f"did you mean --data {_shortened(rest)}?",
        )
    if " " in name:
        return Architecture.parse(text)  # a notation with a fault; the parser says which
    if is_reference(text):
        raise UsageError(
            f"{_shortened(text)!r} names a module in Python, and an architecture is wanted",
            remedy='"convscope explain" tells its line, where it is one',
        )
    raise UsageError(
        f"{_shortened(text)!r} is no name of the zoo, no notation and no file",
        remedy=did_you_mean(name, ZOO) or f"names are {', '.join(ZOO)}",
    )


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # too long for the name of a file
        return False


def _from_file(path: Path) -> Architecture:
    try:
        if path.stat().st_size > _MAX_FILE:
            raise UsageError("the file is too large to be a notation", place=str(path))
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"it cannot be read as text ({error})",
            place=str(path),
            remedy="give a UTF-8 file that holds one notation",
        ) from None
    try:
        return Architecture.parse(text)
    except NotationError as error:
        error.add_note(f"in the file {path}")
        raise
