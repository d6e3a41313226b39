"""Pictures that a detector learns in a second: squares, crosses and frames on noise."""

from __future__ import annotations

import numpy as np

from convscope.data.annotated import Annotated, Objects, Split, fingerprint_of_annotated

CLASSES = ("square", "cross", "frame")
BACKBONE = (
    "input auto -> conv 4 3x3 pad 1 -> relu -> maxpool 2 -> conv 8 3x3 pad 1 -> relu -> maxpool 2"
)
SIDE = 48


def things(
    train: int = 24, validation: int = 8, test: int = 8, *, channels: int = 1, sizes: bool = False
) -> Annotated:
    """Up to three of them in a picture; in the first of each part there is none.

    With ``sizes`` the pictures have two different sizes.
    """
    parts = [
        _part(name, count, place, channels, sizes)
        for place, (name, count) in enumerate(
            (("train", train), ("validation", validation), ("test", test))
        )
    ]
    return Annotated(
        name="things",
        place="made for a test",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=CLASSES,
        regions=(),
        channels=channels,
        fingerprint=fingerprint_of_annotated(parts, CLASSES),
        source="things",
    )


def _part(name: str, count: int, seed: int, channels: int, sizes: bool) -> Split:
    generator = np.random.default_rng(seed)
    drawn = [
        _picture(generator, channels, SIDE + 8 * (sizes and number % 2), min(number, 3))
        for number in range(count)
    ]
    images = [image for image, _ in drawn]
    return Split(
        tuple(f"{name}-{number}" for number in range(count)),
        images if sizes or not count else np.stack(images),
        tuple(objects for _, objects in drawn),
    )


def _picture(
    generator: np.random.Generator, channels: int, side: int, most: int
) -> tuple[np.ndarray, Objects]:
    image = generator.integers(90, 130, (channels, side, side))
    boxes: list[list[int]] = []
    labels = []
    for place in generator.permutation(4)[:most]:
        extent = int(generator.integers(12, 18))
        left, top = (
            int(corner) * side // 2 + int(generator.integers(0, 4))
            for corner in divmod(int(place), 2)
        )
        label = int(generator.integers(0, 3))
        window = image[:, top : top + extent, left : left + extent]
        third = extent // 3
        if label != 1:
            window[:] = 230
        if label == 2:
            window[:, third:-third, third:-third] = 10
        if label == 1:
            window[:, third:-third] = 10
            window[:, :, third:-third] = 10
        boxes.append([left, top, left + extent, top + extent])
        labels.append(label)
    difficult = np.zeros(len(boxes), bool)
    return image.astype(np.uint8), Objects(
        np.array(boxes, np.float32).reshape(-1, 4), np.array(labels, np.int64), difficult
    )
