"""What a caption says, as values that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from convscope.data.scenes.garments import CLASSES
from convscope.data.scenes.nouns import PICTURE
from convscope.data.scenes.relations import OPPOSITE, Relation

__all__ = [
    "Direction", "Event", "Facts", "Happening", "Path", "Placing", "Speed", "all_facts", "placing",
]  # fmt: skip

Happening = Literal["moves", "appears", "leaves"]
Direction = Literal["left", "right", "up", "down"]
Speed = Literal["slowly", "quickly"]
Path = Literal["past", "towards", "away from"]
DIRECTIONS: tuple[Direction, ...] = get_args(Direction)

Placing = tuple[str, Relation, str]
"""(class, relation, class or ``picture``): the first lies so of the second."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happens in a clip, and to what; None where a sentence does not say it."""

    what: str | None
    happens: Happening
    direction: Direction | None = None
    speed: Speed | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """``counts`` of each class that is named (None: named without a number), where things
    lie (each relation told from the class that comes first in the list of classes), and
    what happens."""

    counts: Mapping[str, int | None] = field(default_factory=dict)
    relations: frozenset[Placing] = frozenset()
    events: tuple[Event, ...] = ()

    @property
    def objects(self) -> frozenset[str]:
        """The classes that are named."""
        return frozenset(self.counts)


def placing(first: str, relation: Relation, second: str) -> Placing:
    """Told from the class that comes first: ``right of`` is ``left of`` from the other side."""
    order = [*CLASSES, PICTURE]
    if order.index(first) <= order.index(second):
        return first, relation, second
    return second, OPPOSITE[relation], first


def all_facts(parts: Iterable[Facts]) -> Facts:
    """What several sentences about one picture say together; a number is the first that is said."""
    counts: dict[str, int | None] = {}
    relations: set[Placing] = set()
    events: list[Event] = []
    for part in parts:
        for name, count in part.counts.items():
            if counts.get(name) is None:
                counts[name] = count
        relations |= part.relations
        events += [event for event in part.events if event not in events]
    return Facts(counts, frozenset(relations), tuple(events))
