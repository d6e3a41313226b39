"""A network as one file of Python that a reader can keep, change and run without us.

The file holds a class in the style of a textbook (attributes, and a forward that goes
through them), the preprocessing as a function that takes a path, and the loading of
the weights.  It needs torch, and Pillow where it opens images.  The weights stay in
their safetensors file, which a dozen lines read: numbers inside the source would bury
the class that people open the file for.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import DistancePool
from convscope.architecture.shapes import walk
from convscope.data.preprocessing import Preprocessing
from convscope.errors import ConvscopeError, UsageError
from convscope.export import parts
from convscope.export.calls import WIDTH, bracketed, quoted
from convscope.export.classes import class_texts

__all__ = ["python_code", "write_code"]


def python_code(
    architecture: Architecture,
    *,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    weights: str | Path | None = None,
    title: str = "",
) -> str:
    """The text of a Python file that defines, loads and uses a network.

    ``weights`` is the path of a safetensors file as the written file will see it:
    relative to its own folder, or absolute.  With weights and preprocessing the file
    predicts the images named on its command line; without, it shows the network.
    """
    _check(architecture, preprocessing, classes)
    predicts = preprocessing is not None and weights is not None
    pieces = [_head(architecture, title, preprocessing, weights, predicts)]
    constants = _constants(preprocessing, classes, weights)
    if constants:
        pieces[0] += "\n" + constants
    if any(isinstance(node.layer, DistancePool) for node in walk(architecture.nodes)):
        pieces.append(parts.DISTANCE_POOL)
    pieces += class_texts(architecture)
    if weights is not None:
        pieces += [parts.READ_SAFETENSORS, parts.LOAD_NETWORK]
    if preprocessing is not None:
        pieces += _reading(preprocessing)
    pieces += _using(architecture, preprocessing, classes, weights is not None)
    return "\n\n".join(pieces)


def write_code(
    path: str | Path,
    architecture: Architecture,
    *,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    weights: str | Path | None = None,
    title: str = "",
) -> tuple[Path, ...]:
    """Writes the file, and beside it the weights under its own name; both may be moved.

    Gives the paths of what was written.
    """
    target = Path(path)
    own_weights = None if weights is None else target.with_suffix(".safetensors")
    text = python_code(
        architecture,
        preprocessing=preprocessing,
        classes=classes,
        weights=own_weights and own_weights.name,
        title=title,
    )
    written = [target]
    try:
        if weights is not None and own_weights is not None:
            _copy(Path(weights), own_weights)
            written.append(own_weights)
        unfinished = target.with_name(target.name + ".part")
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(target)
    except OSError as problem:
        raise ConvscopeError(
            f"the code cannot be written ({problem.strerror or problem})",
            place=str(problem.filename or target),
        ) from problem
    return tuple(written)


def _copy(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    unfinished = target.with_name(target.name + ".part")
    shutil.copyfile(source, unfinished)
    unfinished.replace(target)


def _check(
    architecture: Architecture,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
) -> None:
    """What does not belong together is refused here, before it fails in the file."""
    volume, output = architecture.nodes[0].input, architecture.output
    if preprocessing is not None:
        given = (*preprocessing.size, preprocessing.channels)
        if given != (volume.height, volume.width, volume.channels):
            raise UsageError(
                f"the preprocessing makes images of {given[0]}×{given[1]}×{given[2]}, "
                f"and the network takes {volume}"
            )
    if classes is not None and len(classes) != output.size:
        raise UsageError(f"{len(classes)} classes are named, and the network tells {output} apart")


def _head(
    architecture: Architecture,
    title: str,
    preprocessing: Preprocessing | None,
    weights: str | Path | None,
    predicts: bool,
) -> str:
    """The docstring of the file and its imports."""
    needs = "torch and Pillow" if preprocessing else "torch"
    use = "python FILE.py IMAGE ..." if predicts else "python FILE.py"
    lines = [
        f'"""{_plain(title) or "A convolutional network"}.',
        "",
        *_wrapped(str(architecture)),
        "",
        f"Needs {needs}, and nothing else: {use}",
        '"""',
        "",
    ]
    modules = []
    if predicts:
        modules.append("import argparse")
    if weights is not None:
        modules.append("import json")
    if preprocessing and preprocessing.dark_background:
        modules.append("import statistics")
    if weights is not None:
        modules.append("from pathlib import Path")
    lines += [*modules, ""] if modules else []
    lines.append("import torch")
    if preprocessing:
        lines.append("from PIL import Image, ImageOps")
    lines.append("from torch import nn")
    return "\n".join(lines) + "\n"


def _plain(title: str) -> str:
    """A title that cannot end the docstring it stands in."""
    printable = "".join(c if c.isprintable() else " " for c in title)
    return " ".join(printable.split()).replace("\\", "/").replace('"', "'").rstrip(".")


def _wrapped(notation: str) -> list[str]:
    """A notation on lines that break before an arrow."""
    lines = [""]
    for index, step in enumerate(notation.split(" -> ")):
        word = step if index == 0 else f"-> {step}"
        if lines[-1] and len(lines[-1]) + 1 + len(word) > WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _constants(
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    weights: str | Path | None,
) -> str:
    lines: list[str] = []
    if weights is not None:
        name = quoted(Path(weights).as_posix())
        line = f"WEIGHTS = Path(__file__).parent / {name}"
        long = bracketed("WEIGHTS = Path(__file__).parent.joinpath(", [name], ")")
        lines += [line] if len(line) <= WIDTH else long
    if classes is not None:
        lines += bracketed("CLASSES = [", [quoted(name) for name in classes], "]")
    if preprocessing is not None:
        for name, values in (("MEAN", preprocessing.mean), ("STD", preprocessing.std)):
            numbers = [repr(value) for value in values]
            if len(numbers) == 1:
                lines.append(f"{name} = {numbers[0]}")
            else:
                lines += bracketed(f"{name} = torch.tensor([", numbers, "]).reshape(3, 1, 1)")
    return "".join(f"{line}\n" for line in lines)


def _reading(preprocessing: Preprocessing) -> list[str]:
    """The functions that turn a path into what the network takes."""
    grey = preprocessing.channels == 1
    height, width = preprocessing.size
    dark = preprocessing.dark_background
    opening = _filled(
        parts.OPEN_IMAGE,
        COLOUR="grey" if grey else "red, green and blue",
        MODE="L" if grey else "RGB",
    )
    reading = _filled(
        parts.READ_IMAGE,
        FIT=parts.FIT[preprocessing.fit],
        INVERT=str(None if dark else False),
        INVERT_WORDS=parts.INVERT_WORDS[dark],
        INVERT_RULE=parts.INVERT_RULE if dark else "",
        SHAPE=f"{preprocessing.channels}x{height}x{width}",
        HEIGHT=str(height),
        WIDTH=str(width),
        CHANNELS=str(preprocessing.channels),
    )
    pad = [parts.PAD] if preprocessing.fit == "pad" else []
    return [opening, *([parts.LIGHT_BORDER] if dark else []), *pad, reading]


def _using(
    architecture: Architecture,
    preprocessing: Preprocessing | None,
    classes: Sequence[str] | None,
    trained: bool,
) -> list[str]:
    """What happens when the file is run."""
    volume = architecture.nodes[0].input
    if preprocessing is None or not trained:
        return [
            _filled(
                parts.TRY_OUT,
                MAKE="load_network()" if trained else "Network().eval()",
                CHANNELS=str(volume.channels),
                HEIGHT=str(volume.height),
                WIDTH=str(volume.width),
            )
        ]
    dark = preprocessing.dark_background
    predict = _filled(
        parts.PREDICT,
        INVERT=str(None if dark else False),
        FLATTEN="" if architecture.output.flat else ".flatten(1)",
        CLASS="str(i)" if classes is None else "CLASSES[i]",
    )
    action = "argparse.BooleanOptionalAction" if dark else '"store_true"'
    return [predict, _filled(parts.MAIN, ACTION=action)]


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
