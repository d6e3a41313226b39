"""How hard scenes are: ranges of whole numbers from which each scene draws."""

from __future__ import annotations

from dataclasses import dataclass

from convscope.errors import UsageError, did_you_mean

__all__ = ["LEVELS", "Difficulty", "difficulty_of"]

Range = tuple[int, int]
"""Lowest and highest value, both included."""


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Ranges of brightness are of 0 … 255, those of ``contrast`` and ``light`` of 256.

    ``garments`` are weights of 1, 2, … garments in a scene.  A garment's pixels are
    ``lift`` + brightness · ``contrast`` / 256 on a ground of ``level`` ± ``texture`` (soft
    spots) ± ``stripes`` (in ``striped`` percent of the scenes), with ``fragments`` of other
    garments on it.  ``light`` is how bright the darkest corner is left, ``grain`` noise over
    everything; in ``careless`` percent of the cases a garment is put down without looking
    whether it hides another one.
    """

    name: str
    garments: tuple[int, ...]
    contrast: Range
    lift: Range
    level: Range
    texture: Range
    striped: int
    stripes: Range
    fragments: Range
    light: Range
    grain: Range
    careless: int


LEVELS = {
    level.name: level
    for level in (
        Difficulty(
            name="easy",
            garments=(3, 4, 3, 2, 0, 0),
            contrast=(200, 256),
            lift=(20, 40),
            level=(0, 24),
            texture=(0, 8),
            striped=0,
            stripes=(0, 0),
            fragments=(0, 0),
            light=(256, 256),
            grain=(0, 6),
            careless=0,
        ),
        Difficulty(
            name="default",
            garments=(2, 4, 4, 3, 2, 1),
            contrast=(160, 245),
            lift=(25, 70),
            level=(30, 120),
            texture=(15, 50),
            striped=50,
            stripes=(8, 30),
            fragments=(1, 4),
            light=(170, 256),
            grain=(4, 16),
            careless=35,
        ),
        Difficulty(
            name="hard",
            garments=(1, 2, 3, 4, 4, 4),
            contrast=(80, 180),
            lift=(20, 80),
            level=(40, 130),
            texture=(30, 70),
            striped=70,
            stripes=(15, 45),
            fragments=(3, 7),
            light=(110, 256),
            grain=(8, 24),
            careless=50,
        ),
    )
}


def difficulty_of(name: str) -> Difficulty:
    """A level by its name; UsageError where there is none."""
    if name not in LEVELS:
        known = f"known are {', '.join(LEVELS)}"
        raise UsageError(
            f'there is no difficulty "{name}"', remedy=did_you_mean(name, LEVELS) or known
        )
    return LEVELS[name]
