"""What the commands that look inside share: the subject that is meant, and where figures go."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from convscope.cli.console import note, wrapped
from convscope.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from convscope.architecture.layers import Volume
    from convscope.inspection.subject import Subject

__all__ = ["draw", "open_subject", "read_shape"]


def open_subject(
    text: str,
    *,
    data: str | None = None,
    shape: str | None = None,
    seed: int = 0,
    remark: bool = True,
) -> Subject:
    """The subject that the words of a command mean; what must be known of it is noted.

    ``remark`` is false where the result itself says it.
    """
    from convscope.inspection.subject import subject_of

    subject = subject_of(text, data=data, shape=read_shape(shape), seed=seed)
    if subject.note and remark:
        note("\n".join(wrapped(subject.note)))
    return subject


def read_shape(text: str | None) -> Volume | None:
    """``224x224x3`` as height × width × channels; None stays None."""
    from convscope.architecture.layers import Volume

    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,5})[x×]([0-9]{1,5})[x×]([0-9]{1,4})", text.strip().lower())
    height, width, channels = map(int, found.groups()) if found else (0, 0, 0)
    if min(height, width, channels) < 1:
        raise UsageError(
            f"{text!r} is not HEIGHTxWIDTHxCHANNELS",
            place="--shape",
            remedy='write "--shape 224x224x3"',
        )
    return Volume(height, width, channels)


def draw(figure: Figure, out: str) -> None:
    """Writes a figure as PNG and as SVG beside it, and says where."""
    from convscope.report.plotting import save_as

    written = save_as(figure, out)
    note(f"drawn: {', '.join(str(each) for each in written)}")
