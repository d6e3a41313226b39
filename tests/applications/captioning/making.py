"""A small world that can be learnt in seconds: a bright thing in one of four places."""

from __future__ import annotations

import numpy as np

from convscope.applications.captioning.captioner import Captioner
from convscope.applications.planning import Options
from convscope.data.annotated import Annotated, Split, fingerprint_of_annotated

BACKBONE = "input auto -> conv 6 3x3 pad 1 -> batchnorm -> relu -> maxpool 2"
SIDE = 32
SETTINGS = {"side": SIDE, "paraphrases": 2}

_PLACES = {"on the left": (12, 2), "on the right": (12, 22), "at the top": (2, 12),
           "at the bottom": (22, 12)}  # fmt: skip
_THINGS = ("coat", "bag")


def toy_split(count: int, seed: int, *, clips: bool = False) -> Split:
    """A coat is a full square and a bag a hollow one; clips are of three equal frames."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 60, (count, 1, SIDE, SIDE)).astype(np.uint8)
    captions = []
    for image in images:
        thing = _THINGS[random.integers(2)]
        name = list(_PLACES)[random.integers(4)]
        top, left = (edge + int(random.integers(-1, 2)) for edge in _PLACES[name])
        image[0, top : top + 8, left : left + 8] = 220
        if thing == "bag":
            image[0, top + 2 : top + 6, left + 2 : left + 6] = 30
        captions.append((f"A {thing} is {name}.", f"There is a {thing} {name}."))
    if clips:
        images = np.repeat(images[:, None], 3, axis=1)
    return Split(tuple(f"toy-{seed}-{n}" for n in range(count)), images, captions=tuple(captions))


def toy_data(*, train: int = 240, held: int = 40, clips: bool = False) -> Annotated:
    parts = [toy_split(n, seed, clips=clips) for seed, n in enumerate((train, held, held))]
    return Annotated(
        name="toy",
        place="made by a test",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=(),
        regions=(),
        channels=1,
        fingerprint=fingerprint_of_annotated(parts, ()),
        source="toy",
    )


def toy_options(**recipe: object) -> Options:
    """Recipes for the small world."""
    return Options(recipe={"batch_size": 20, "epochs": 9, "precision": "float32", **recipe})


def toy_captioner(method: str = "attention") -> Captioner:
    return Captioner(method, backbone=BACKBONE, settings=SETTINGS)
