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
from dataclasses import replace
from pathlib import Path

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import DistancePool
from convscope.architecture.shapes import walk
from convscope.data.preprocessing import Preprocessing
from convscope.errors import ConvscopeError, UsageError
from convscope.export import parts
from convscope.export.calls import WIDTH, bracketed, quoted
from convscope.export.classes import class_texts
from convscope.export.content import Content, content_of
from convscope.training.runs import Run

__all__ = ["python_code", "write_code"]


def python_code(
    subject: Architecture | Run | str | Path,
    *,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    weights: str | Path | None = None,
    title: str = "",
) -> str:
    """The text of a Python file that defines, loads and uses a network.

    ``subject`` is one, or the text that means one: a name of the zoo, a notation, a run.
    A run brings its own preprocessing, classes, weights and title; what is given takes
    their place.  ``weights`` is the path of a safetensors file as the written file will
    see it: relative to its own folder, or absolute.  With weights and preprocessing the
    file predicts the images named on its command line; without, it shows the network.
    """
    return _text(content_of(subject, preprocessing, classes, weights, title))


def write_code(
    subject: Architecture | Run | str | Path,
    path: str | Path,
    *,
    replace_other: bool = False,
    preprocessing: Preprocessing | None = None,
    classes: Sequence[str] | None = None,
    weights: str | Path | None = None,
    title: str = "",
) -> tuple[Path, ...]:
    """Writes the file, and beside it a copy of the weights; both may be moved together.

    Gives the paths of what was written.  A file of another content is left as it is, unless
    ``replace_other``: people change such files.
    """
    target = Path(path).expanduser().absolute()
    content = content_of(subject, preprocessing, classes, weights, title)
    source = None if content.weights is None else Path(content.weights)
    copy = target.with_suffix(".safetensors")
    if source is not None:
        content = replace(content, weights=copy.name)
        if not source.is_file():
            raise ConvscopeError(
                "the weights are not there",
                place=str(source.absolute()),
                remedy="name the safetensors file that a run keeps",
            )
    text = _text(content)
    try:
        if not replace_other:
            _require_own(target, text.encode("utf-8"))
            if source is not None:
                _require_own(copy, source.read_bytes())
        target.parent.mkdir(parents=True, exist_ok=True)
        if source is not None:
            _copy(source, copy)
        _write(target, text)
    except OSError as problem:
        raise ConvscopeError(
            f"the code cannot be written ({problem.strerror or problem})",
            place=str(target),
            remedy="name a file in a folder that you may write to",
        ) from problem
    return (target,) if source is None else (target, copy)


def _require_own(target: Path, content: bytes) -> None:
    """UsageError where the file holds something else."""
    if target.exists() and (target.is_dir() or target.read_bytes() != content):
        raise UsageError(
            "there is such a file already, and it holds something else",
            place=str(target),
            remedy="name another file, or take that one away",
        )


def _write(target: Path, text: str) -> None:
    """All of it or nothing."""
    unfinished = target.with_name(target.name + ".part")
    try:
        unfinished.write_text(text, encoding="utf-8", newline="\n")
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    unfinished = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, unfinished)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _text(content: Content) -> str:
    head = _head(content)
    constants = _constants(content)
    pieces = [f"{head}\n{constants}" if constants else head]
    if any(isinstance(node.layer, DistancePool) for node in walk(content.architecture.nodes)):
        pieces.append(parts.DISTANCE_POOL)
    pieces += class_texts(content.architecture)
    if content.weights is not None:
        pieces += [parts.READ_SAFETENSORS, parts.LOAD_NETWORK]
    if content.preprocessing is not None:
        pieces += _reading(content.preprocessing)
    pieces += _using(content)
    return "\n\n".join(pieces)


def _head(content: Content) -> str:
    """The docstring of the file and its imports."""
    needs = "torch and Pillow" if content.preprocessing else "torch"
    use = "python FILE.py IMAGE ..." if content.predicts else "python FILE.py"
    lines = [
        f'"""{_plain(content.title) or "A convolutional network"}.',
        "",
        *_wrapped(str(content.architecture)),
        "",
        f"Needs {needs}, and nothing else: {use}",
        '"""',
        "",
    ]
    modules = []
    if content.predicts:
        modules.append("import argparse")
    if content.weights is not None:
        modules.append("import json")
    if content.preprocessing and content.preprocessing.dark_background:
        modules.append("import statistics")
    if content.weights is not None:
        modules.append("from pathlib import Path")
    lines += [*modules, ""] if modules else []
    lines.append("import torch")
    if content.preprocessing:
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


def _constants(content: Content) -> str:
    lines: list[str] = []
    if content.weights is not None:
        name = quoted(content.weights)
        line = f"WEIGHTS = Path(__file__).parent / {name}"
        long = bracketed("WEIGHTS = Path(__file__).parent.joinpath(", [name], ")")
        lines += [line] if len(line) <= WIDTH else long
    if content.classes is not None:
        lines += bracketed("CLASSES = [", [quoted(name) for name in content.classes], "]")
    preprocessing = content.preprocessing
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


def _using(content: Content) -> list[str]:
    """What happens when the file is run."""
    volume, output = content.architecture.nodes[0].input, content.architecture.output
    preprocessing, trained = content.preprocessing, content.weights is not None
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
        FLATTEN="" if output.flat else ".flatten(1)",
        CLASS="str(i)" if content.classes is None else "CLASSES[i]",
    )
    action = "argparse.BooleanOptionalAction" if dark else '"store_true"'
    return [predict, _filled(parts.MAIN, ACTION=action)]


def _filled(text: str, **values: str) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
