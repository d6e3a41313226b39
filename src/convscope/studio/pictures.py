"""Pictures that a person uploads or draws: kept by what is in them, a limited number."""

from __future__ import annotations

import hashlib
import io
import threading
from collections import OrderedDict
from dataclasses import dataclass

from PIL import Image

from convscope.data.opening import bombs_are_errors, open_image
from convscope.errors import UsageError
from convscope.studio.settings import Limits

__all__ = ["Kept", "Pictures"]

_PREFIX = "picture-"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture under its id; ``content`` is a PNG of it, upright and without transparency."""

    id: str
    content: bytes
    width: int
    height: int


class Pictures:
    """The last pictures that came in, the oldest forgotten first."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, content: bytes) -> Kept:
        """Takes a picture in; DataError where it is none, UsageError where it is enormous.

        The same picture has the same id, however often it comes.
        """
        self._require_affordable(content)
        with bombs_are_errors():
            image = open_image(content, "the picture")
        written = io.BytesIO()
        image.save(written, "PNG")
        png = written.getvalue()
        key = _PREFIX + hashlib.sha256(png).hexdigest()[:20]
        kept = Kept(key, png, image.width, image.height)
        with self._lock:
            self._kept[key] = kept
            self._kept.move_to_end(key)
            while len(self._kept) > self._limits.pictures:
                self._kept.popitem(last=False)
        return kept

    def get(self, key: str) -> Kept:
        """The picture of an id; UsageError where it is not, or no longer, here."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        raise UsageError(
            "this picture is no longer here", place=key[:80], remedy="upload or draw it again"
        )

    def _require_affordable(self, content: bytes) -> None:
        """The size from the header, before anything is decoded."""
        try:
            with Image.open(io.BytesIO(content)) as image:
                pixels = image.width * image.height
        except Exception:  # what is no picture is told by ``open_image``
            return
        if pixels > self._limits.pixels:
            raise UsageError(
                f"the picture has {pixels:,} pixels, more than {self._limits.pixels:,}",
                remedy="make it smaller first",
            )
