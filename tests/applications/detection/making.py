"""Small images with objects that can be learnt in seconds: bars, lying or standing."""

from __future__ import annotations

import numpy as np

from convscope.data.annotated import Annotated, Objects, Split, fingerprint_of_annotated

CLASSES = ("lying", "standing", "lying striped", "standing striped")


def bars(
    count: int, seed: int, *, size: tuple[int, int] = (64, 64), channels: int = 1, most: int = 3
) -> Split:
    """Images with up to ``most`` bars of 24×12 pixels that may touch, but not overlap much."""
    generator = np.random.default_rng(seed)
    images = generator.integers(0, 60, (count, channels, *size), dtype=np.uint8)
    objects = []
    for image in images:
        boxes: list[list[int]] = []
        labels: list[int] = []
        for _ in range(int(generator.integers(0, most + 1))):
            label = int(generator.integers(len(CLASSES)))
            height, width = (24, 12) if label % 2 else (12, 24)
            top = int(generator.integers(0, size[0] - height + 1))
            left = int(generator.integers(0, size[1] - width + 1))
            box = [left, top, left + width, top + height]
            if any(_common(box, other) > 0 for other in boxes):
                continue
            bar = image[:, top : top + height, left : left + width]
            bar += 150
            if label > 1:
                bar[..., (np.indices(bar.shape[1:]).sum(0) // 3) % 2 == 0] -= 100
            boxes.append(box)
            labels.append(label)
        objects.append(
            Objects(
                np.array(boxes, np.float32).reshape(-1, 4),
                np.array(labels, np.int64),
                np.zeros(len(labels), bool),
            )
        )
    return Split(tuple(f"bars-{seed}-{k}" for k in range(count)), images, tuple(objects))


def data_of_bars(train: int = 64, held: int = 20, *, channels: int = 1) -> Annotated:
    """Training, validation and test images of bars."""
    parts = [bars(count, seed, channels=channels) for seed, count in enumerate((train, held, held))]
    return Annotated(
        name="bars",
        place="made by the tests",
        train=parts[0],
        validation=parts[1],
        test=parts[2],
        classes=CLASSES,
        regions=(),
        channels=channels,
        fingerprint=fingerprint_of_annotated(parts, CLASSES),
        source="bars",
    )


def _common(one: list[int], other: list[int]) -> int:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return max(0, across) * max(0, down)
