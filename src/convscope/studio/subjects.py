"""Networks that are being looked into, a few of them open at a time.

A subject is found by where its weights come from (a run and a moment of its training, or a
notation and a seed) and by what has been changed in it; an image's way through it is kept,
so that looking at one unit after another computes nothing again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from convscope.architecture.architecture import Architecture
from convscope.architecture.zoo import ZOO
from convscope.errors import RunError, UsageError
from convscope.studio.pictures import Pictures
from convscope.studio.settings import Settings
from convscope.studio.sources import source_of
from convscope.training.runs import Run

if TYPE_CHECKING:
    from convscope.inspection.subject import Picture, Subject
    from convscope.inspection.walking.passage import Passage

__all__ = ["Changes", "Kept", "Opened", "Sight", "Subjects"]

Value = TypeVar("Value")

_PASSAGES, _BASES, _CHANGED = 6, 3, 3
_HEAVIEST = 2**30
"""Bytes of weights that stay in memory: two networks of the size of vgg16."""
_DECODING = threading.Lock()
"""Filters of warnings belong to the process, and reading a picture sets some."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is done to a network before it is looked into.

    ``off`` are layers with the channels that are switched off, ``pools`` poolings with the
    kind that stands in their place.
    """

    off: tuple[tuple[str, tuple[int, ...]], ...] = ()
    pools: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.off or self.pools)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked at: a source, a moment of its training, what was changed in it.

    ``seed`` draws the weights of a network that is not trained.
    """

    source: str
    step: int | None = None
    seed: int = 0
    changes: Changes = Changes()


class Kept(Generic[Value]):
    """A few values by their keys, made when they are asked for, the oldest dropped.

    Whoever asks for the same key meanwhile waits for it; others do not.  There are no more
    than ``most``, and where ``weigh`` says how many bytes a value is, together no more than
    ``heaviest``; the newest stays in any case.
    """

    def __init__(
        self,
        most: int,
        weigh: Callable[[Value], int] = lambda _: 0,
        heaviest: int = 2**30,
    ) -> None:
        self._most, self._weigh, self._heaviest = most, weigh, heaviest
        self._values: OrderedDict[Hashable, Value] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of a key."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            making = self._making.setdefault(key, threading.Lock())
        with making:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = make()
            finally:
                with self._lock:
                    self._making.pop(key, None)
            with self._lock:
                self._values[key] = value
                while len(self._values) > 1 and self._too_much():
                    self._values.popitem(last=False)
            return value

    def _too_much(self) -> bool:
        weight = sum(map(self._weigh, self._values.values()))
        return len(self._values) > self._most or weight > self._heaviest


class Opened:
    """A subject, its lock, and the images that went through it last.

    Hold ``lock`` while the module computes: hooks and modes are lent to one at a time.
    """

    def __init__(self, key: Hashable, subject: Subject, pictures: Pictures) -> None:
        self.key = key
        self.subject = subject
        self.lock = threading.RLock()
        self._pictures = pictures
        self._passages: Kept[tuple[Passage, threading.Lock]] = Kept(
            _PASSAGES, _bytes_of_passage, _HEAVIEST // 4
        )

    @property
    def bytes(self) -> int:
        """What its weights take."""
        tensors = (*self.subject.module.parameters(), *self.subject.module.buffers())
        return sum(each.nbytes for each in tensors)

    def picture(self, image: str) -> Picture:
        """A sample by its number, or a picture by its id; never a file."""
        if image.isascii() and image.isdigit() and len(image) < 10:
            return self.subject.picture(int(image))
        kept = self._pictures.get(image)
        with _DECODING:
            return replace(self.subject.picture(kept.content), name="your picture")

    def passage(self, image: str) -> tuple[Passage, threading.Lock]:
        """The image's way through the network, and the lock to hold while reading it."""
        from convscope.inspection.walking.passage import Passage

        def make() -> tuple[Passage, threading.Lock]:
            picture = self.picture(image)
            with self.lock:
                return Passage(self.subject, picture), threading.Lock()

        return self._passages.get(image, make)


class Subjects:
    """The subjects of one studio."""

    def __init__(self, settings: Settings, pictures: Pictures) -> None:
        self._settings = settings
        self._pictures = pictures
        self._bases: Kept[Subject] = Kept(_BASES)
        self._opened: Kept[Opened] = Kept(settings.limits.subjects, _bytes_of, _HEAVIEST)
        self._changed: Kept[Opened] = Kept(_CHANGED, _bytes_of, _HEAVIEST)

    def get(self, sight: Sight) -> Opened:
        """The subject that is meant, opened where it is not yet."""
        source = source_of(self._settings, sight.source)
        if isinstance(source, Run):
            opened = self._of_run(source, sight.step)
        elif sight.step is None:
            opened = self._of_notation(sight.source, source[1], sight.seed)
        else:
            raise UsageError("what is not trained has no steps", remedy="leave step out")
        if not sight.changes:
            return opened
        key = (opened.key, sight.changes)
        return self._changed.get(key, lambda: self._with(key, opened, sight.changes))

    def _of_notation(self, text: str, architecture: Architecture, seed: int) -> Opened:
        """Untrained; called by its name where it has one."""
        name = text.strip().lower()

        def make() -> Opened:
            from convscope.inspection.subject import subject_of

            subject = subject_of(name if name in ZOO else architecture, seed=seed)
            return Opened(key, subject, self._pictures)

        key = (name if name in ZOO else str(architecture), seed)
        return self._opened.get(key, make)

    def _of_run(self, run: Run, step: int | None) -> Opened:
        """A moment of a run; of one that is not finished its latest, unless one is named."""
        moment = step if step is not None or run.finished else _latest(run)
        key = (run.path, run.created, moment)

        def base() -> Subject:
            from convscope.inspection.subject import subject_of

            return subject_of(run, step=moment)

        def make() -> Opened:
            from convscope.inspection.sources import at_step

            # The images are the same at every moment: they are read once.
            known = self._bases.get(key[:2], base)
            return Opened(key, at_step(known, run, moment), self._pictures)

        return self._opened.get(key, make)

    def _with(self, key: Hashable, opened: Opened, changes: Changes) -> Opened:
        from convscope.inspection.changes.editing import swap_pooling
        from convscope.inspection.changes.switching import switch_off

        subject = opened.subject
        with opened.lock:
            for layer, kind in changes.pools:
                subject = swap_pooling(subject, layer, kind)
            for layer, channels in changes.off:
                subject = switch_off(subject, layer, channels)
        return Opened(key, subject, self._pictures)


def _bytes_of(opened: Opened) -> int:
    return opened.bytes


def _bytes_of_passage(kept: tuple[Passage, threading.Lock]) -> int:
    return sum(call.input.nbytes + call.output.nbytes for call in kept[0].calls)


def _latest(run: Run) -> int:
    """The last moment whose weights were kept; RunError where none were yet."""
    kept = run.snapshots()
    if not kept:
        raise RunError(
            "no weights of this training have been kept yet",
            place=run.name,
            remedy="wait until it has made its first steps",
        )
    return kept[-1][0]
