"""Networks, pictures and processes for the tests of written Python files."""

from __future__ import annotations

import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.data.preprocessing import Preprocessing
from convscope.network.build import build

EVERY_LAYER = (
    "input 20x17x4 -> conv 6 5x3 pad 2x1 -> batchnorm -> relu -> conv 6 3x3 pad same dilation 2"
    " -> leakyrelu 0.2 -> conv 8 3x3 stride 2x1 groups 2 nobias -> sigmoid"
    " -> 2 x { residual { conv 8 3x3 pad 1 -> tanh } }"
    " -> residual { conv 10 3x3 stride 2 pad 1 nobias -> batchnorm -> gelu"
    " -> residual { conv 12 1x1 } -> dropout 0.2 }"
    " -> maxpool 3x2 stride 1 pad 1 -> avgpool 2 stride 1 pad 1x0 -> l2pool 2x3 stride 1"
    " -> distancepool 3x2 stride 1 falloff 0.7 -> distancepool 2 -> silu -> flatten"
    " -> fc 9 nobias -> batchnorm -> relu -> fc 5"
)
GLOBAL = "input 9x8x3 -> conv 4 3x3 -> globalavgpool -> dropout -> fc 3"
IMAGES_OUT = "input 9x8x3 -> conv 4 3x3 -> relu"
GARMENTS = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat")
GREY = Preprocessing((28, 28), 1, "pad", (0.2860405969887955,), (0.3530242445149223,), True)


def seasoned(network: nn.Module) -> nn.Module:
    """Batch normalisations as after a training: their statistics are not 0 and 1."""
    generator = torch.Generator().manual_seed(1)
    for name, tensor in network.named_buffers():
        if "running" in name:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return network.eval()


def loaded(code: str, folder: Path) -> dict[str, Any]:
    """What a file defines when it is imported."""
    file = folder / "written.py"
    file.write_text(code, encoding="utf-8")
    return runpy.run_path(str(file), run_name="written")


def draw(path: Path, image: Image.Image, **options: Any) -> Path:
    image.save(path, **options)
    return path


def strange_images(folder: Path) -> list[Path]:
    """Grey, colour, transparent, 16-bit, turned, light and tiny pictures."""
    random = np.random.default_rng(0)
    colour = Image.fromarray(random.integers(0, 256, (40, 31, 3), dtype=np.uint8))
    grey = Image.fromarray(random.integers(0, 256, (28, 28), dtype=np.uint8))
    deep = Image.fromarray(random.integers(0, 65536, (17, 50), dtype=np.uint16))
    clear = colour.copy()
    clear.putalpha(Image.fromarray(random.integers(0, 256, (40, 31), dtype=np.uint8)))
    turned = Image.Exif()
    turned[0x0112] = 6
    light = Image.new("L", (33, 20), 250)
    light.paste(20, (10, 5, 20, 15))
    palette = colour.quantize(8)
    return [
        draw(folder / "colour.png", colour),
        draw(folder / "grey.png", grey),
        draw(folder / "deep.png", deep),
        draw(folder / "clear.png", clear),
        draw(folder / "grey_clear.png", clear.convert("LA")),
        draw(folder / "turned.jpg", colour, exif=turned),
        draw(folder / "light.bmp", light),
        draw(folder / "palette.png", palette, transparency=3),
        draw(folder / "bits.png", light.convert("1")),
        draw(folder / "wide.webp", light.resize((1, 300)), lossless=True),
        draw(folder / "one.png", Image.new("L", (1, 1), 128)),
    ]


ALONE = """
import runpy, sys
for module in ("convscope", "numpy", "safetensors", "torchvision"):
    sys.modules[module] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(file: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The file as a program of its own, with torch and Pillow and without all else."""
    words = [str(argument) for argument in (file, *arguments)]
    return subprocess.run(
        [sys.executable, "-I", "-W", "ignore", "-X", "utf8", "-c", ALONE, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=file.anchor,
        check=False,
    )


def trained(folder: Path, architecture: Architecture) -> tuple[nn.Module, Path]:
    """A network with weights in a file, as a run keeps them."""
    network = seasoned(build(architecture, seed=4))
    return network, saved(folder / "model.safetensors", network.state_dict())


def saved(path: Path, tensors: dict[str, torch.Tensor]) -> Path:
    """A safetensors file, of an architecture without weights an empty one."""
    contiguous = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, path, metadata={"format": "pt"})
    return path
