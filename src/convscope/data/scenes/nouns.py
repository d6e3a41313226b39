"""What garments are called in sentences, and how many there are of them."""

from __future__ import annotations

import re

from convscope.data.scenes.garments import CLASSES

__all__ = ["NOUNS", "NUMBERS", "PICTURE", "class_of", "definite", "number_of", "phrase", "verb"]

NOUNS: dict[str, tuple[str, str]] = {
    "T-shirt/top": ("t-shirt", "t-shirts"),
    "Trouser": ("pair of trousers", "pairs of trousers"),
    "Pullover": ("pullover", "pullovers"),
    "Dress": ("dress", "dresses"),
    "Coat": ("coat", "coats"),
    "Sandal": ("sandal", "sandals"),
    "Shirt": ("shirt", "shirts"),
    "Sneaker": ("sneaker", "sneakers"),
    "Bag": ("bag", "bags"),
    "Ankle boot": ("ankle boot", "ankle boots"),
}
"""Singular and plural of each class."""

PICTURE = "picture"
"""What a garment lies on a side of, where it is not of another garment."""

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

_OTHERS = {
    "tshirt": "T-shirt/top",
    "tshirts": "T-shirt/top",
    "tee": "T-shirt/top",
    "top": "T-shirt/top",
    "trouser": "Trouser",
    "trousers": "Trouser",
    "pants": "Trouser",
    "sweater": "Pullover",
    "sweaters": "Pullover",
    "jumper": "Pullover",
    "handbag": "Bag",
    "handbags": "Bag",
    "boot": "Ankle boot",
    "boots": "Ankle boot",
    "trainer": "Sneaker",
    "trainers": "Sneaker",
}
"""Further words that people use, understood and never written."""

_CLASSES = {word: name for name, forms in NOUNS.items() for word in forms if " " not in word}
_CLASSES.update(_OTHERS)


def phrase(label: int, count: int) -> str:
    """``an ankle boot``, ``two pairs of trousers``."""
    one, several = NOUNS[CLASSES[label]]
    if count == 1:
        return f"{'an' if one[0] in 'aeiou' else 'a'} {one}"
    return f"{NUMBERS[count]} {several}"


def definite(label: int, count: int) -> str:
    """``the ankle boot``, ``the pairs of trousers``."""
    return f"the {NOUNS[CLASSES[label]][count > 1]}"


def verb(count: int, one: str = "is", several: str = "are") -> str:
    """The form of a verb that goes with so many."""
    return one if count == 1 else several


def class_of(word: str) -> str | None:
    """The class that a single word names, in either number; ``boots`` is enough for the boots."""
    return _CLASSES.get(word)


def number_of(word: str) -> int | None:
    """``a``, ``an``, ``one`` … ``ten``, or digits; None for every other word."""
    if word in ("a", "an"):
        return 1
    if word in NUMBERS:
        return NUMBERS.index(word)
    # isascii: digits of other scripts are words here
    return int(word) if re.fullmatch(r"[0-9]{1,3}", word) else None
