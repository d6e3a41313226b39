"""What a segmenter says of a picture: a mask of named regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from convscope.data.palette import mask_picture, mask_png
from convscope.training.files import write_bytes, writing

__all__ = ["Segmentation", "write_masks"]


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """A picture's mask, as large as the picture.

    ``mask`` is H×W, uint8: each pixel's region by its number in ``regions``; ``sureness`` is
    the probability of that region, H×W, 0…1; ``picture`` is what was looked at, C×H×W, uint8.
    """

    source: str
    mask: NDArray[np.uint8]
    regions: tuple[str, ...]
    sureness: NDArray[np.float32]
    picture: NDArray[np.uint8]

    def __repr__(self) -> str:
        height, width = self.mask.shape
        named = ", ".join(f"{name} {100 * part:.0f} %" for name, part in self.parts.items())
        return f"<Segmentation of {self.source}: {height}×{width}, {named}>"

    @property
    def parts(self) -> dict[str, float]:
        """The part of the pixels that each region has that is there, the largest first."""
        counts = np.bincount(self.mask.ravel(), minlength=len(self.regions))
        order = sorted(np.flatnonzero(counts).tolist(), key=lambda number: -counts[number])
        return {self.regions[number]: float(counts[number] / self.mask.size) for number in order}

    def where(self, region: str) -> NDArray[np.bool_]:
        """Which pixels are of this region, H×W."""
        chosen: NDArray[np.bool_] = self.mask == self.regions.index(region)
        return chosen

    def palette_picture(self) -> Image.Image:
        """The mask in Pascal VOC's palette, whose pixels are the numbers."""
        return mask_picture(self.mask)

    def save(self, path: str | Path) -> Path:
        """Writes the mask as a palette PNG, as Pascal VOC has them."""
        place = Path(path).expanduser().absolute()
        write_bytes(place, mask_png(self.mask))
        return place

    def as_dict(self) -> dict[str, Any]:
        """Values of JSON; the mask itself goes into a PNG."""
        counts = np.bincount(self.mask.ravel(), minlength=len(self.regions))
        return {
            "schema": "convscope.segmentation/1",
            "source": self.source,
            "height": self.mask.shape[0],
            "width": self.mask.shape[1],
            "regions": [
                {
                    "index": number,
                    "name": name,
                    "pixels": int(counts[number]),
                    "sureness": float(self.sureness[self.mask == number].mean())
                    if counts[number]
                    else None,
                }
                for number, name in enumerate(self.regions)
            ],
        }


def write_masks(segmentations: Sequence[Segmentation], folder: Path) -> tuple[Path, ...]:
    """Writes each mask as a palette PNG called like its picture; equal names get a number."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for found in segmentations:
        stem = Path(found.source).stem.replace(" ", "-") or "picture"
        path = folder / f"{stem}.png"
        number = 2
        while path in paths:
            path, number = folder / f"{stem}-{number}.png", number + 1
        found.save(path)
        paths.append(path)
    return tuple(paths)
