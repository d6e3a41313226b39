"""A written file stands alone: it runs without convscope, and gives the same numbers."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.shapes import STEMS, walk
from convscope.architecture.zoo import ZOO
from convscope.data.preprocessing import FITS, Preprocessing, read_images
from convscope.export.python_code import python_code
from convscope.network.build import build
from tests.export.making import (
    EVERY_LAYER,
    GARMENTS,
    GLOBAL,
    GREY,
    IMAGES_OUT,
    loaded,
    seasoned,
    strange_images,
)

from ..architecture.strategies import architectures

GOLDEN = Path(__file__).parents[1] / "golden"


def assert_equal_outputs(architecture: Architecture, folder: Path) -> None:
    ours = seasoned(build(architecture, seed=0))
    theirs = loaded(python_code(architecture), folder)["Network"]()
    theirs.load_state_dict(ours.state_dict(), strict=True)
    volume = architecture.nodes[0].input
    images = torch.randn(3, volume.channels, volume.height, volume.width)
    with torch.inference_mode():
        torch.testing.assert_close(theirs.eval()(images), ours(images), atol=1e-6, rtol=1e-6)


@pytest.mark.parametrize("notation", [EVERY_LAYER, GLOBAL, IMAGES_OUT])
def test_a_written_class_equals_the_built_network(notation: str, tmp_path: Path) -> None:
    assert_equal_outputs(Architecture.parse(notation), tmp_path)


@pytest.mark.parametrize("name", ["article", "lenet5", "resnet20", "vgg-small"])
def test_the_zoo_equals_the_built_networks(name: str, tmp_path: Path) -> None:
    assert_equal_outputs(ZOO[name].example, tmp_path)


def test_every_kind_of_layer_is_written_here() -> None:
    kinds = {
        type(node.layer)
        for notation in (EVERY_LAYER, GLOBAL)
        for node in walk(Architecture.parse(notation).nodes)
    }
    assert kinds == set(STEMS)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(architecture=architectures())
def test_any_architecture_equals_the_built_network(
    architecture: Architecture, tmp_path: Path
) -> None:
    assert_equal_outputs(architecture.completed(Volume(40, 40, 2), 3), tmp_path)


def written_files(folder: Path) -> list[Path]:
    """Files of every shape that the writer knows."""
    grey = Architecture.parse("input 28x28x1 -> conv 2 3x3 -> fc 5")
    colour = Architecture.parse(GLOBAL)
    normal = ((0.5, 0.4, 0.3), (0.2, 0.1, 0.3))
    texts = [
        *(python_code(entry.example, title=entry.summary) for entry in ZOO.values()),
        *(python_code(Architecture.parse(line)) for line in (EVERY_LAYER, GLOBAL, IMAGES_OUT)),
        python_code(grey, weights="model.safetensors"),
        python_code(grey, preprocessing=GREY),
        python_code(grey, preprocessing=GREY, weights="model.safetensors"),
        python_code(grey, preprocessing=GREY, weights="a.safetensors", classes=GARMENTS * 1),
        *(
            python_code(
                colour,
                preprocessing=Preprocessing((9, 8), 3, fit, *normal, dark),
                weights=folder / "model.safetensors",
                classes=['12"', "it's", "a very long name of a class " * 4],
                title='A """title""" \\ that ends\nin a quote"',
            )
            for fit in FITS
            for dark in (False, True)
        ),
    ]
    files = [folder / f"written_{index}.py" for index in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text, encoding="utf-8")
    return files


def test_written_files_are_as_ruff_wants_them(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    files = [str(file) for file in written_files(tmp_path)]
    rules = "E,F,W,I,N,UP,B,A,C4,PIE,PTH,RET,RUF,SIM,D1"
    ignored = "D107,D102,E501"  # methods of a module need no docstring; a class name may be long
    for arguments in (
        ["check", "--select", rules, "--ignore", ignored],
        ["format", "--diff"],
        ["format", "--diff", "--line-length", "100"],
    ):
        command = [sys.executable, "-m", "ruff", *arguments, "--isolated", "--no-cache", *files]
        result = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert result.returncode == 0, result.stdout


def test_lines_stay_within_88_columns(tmp_path: Path) -> None:
    for file in written_files(tmp_path):
        for line in file.read_text(encoding="utf-8").splitlines():
            known = "class class" in line or "WEIGHTS" in line or "very" in line
            assert len(line) <= 88 or known or str(tmp_path) in line


@pytest.mark.parametrize("name", ["article", "resnet20"])
def test_the_text_is_the_golden_one(name: str) -> None:
    entry = ZOO[name]
    volume = entry.volume
    many = (0.5,) * volume.channels
    code = python_code(
        entry.example,
        preprocessing=GREY
        if volume.channels == 1
        else Preprocessing((volume.height, volume.width), 3, "crop", many, many),
        weights="model.safetensors",
        title=f"The network {name}: {entry.summary}",
    )
    golden = (GOLDEN / f"code_{name}.txt").read_text(encoding="utf-8")
    assert code == golden


def test_the_page_shows_the_class_that_is_written() -> None:
    page = (GOLDEN.parents[1] / "docs" / "python-code.md").read_text(encoding="utf-8")
    code = python_code(ZOO["article"].example)
    (shown,) = re.findall(r"```python\n(import torch.*?)```", page, re.DOTALL)
    assert shown in code


@pytest.mark.parametrize("invert", [None, True, False])
@pytest.mark.parametrize("dark", [True, False])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_read_as_we_read_them(
    channels: int, dark: bool, invert: bool | None, tmp_path: Path
) -> None:
    files = strange_images(tmp_path)
    architecture = Architecture.parse(f"input 12x15x{channels} -> fc 2")
    for fit in FITS:
        mean, std = (0.31, 0.52, 0.73)[:channels], (0.21, 0.32, 0.43)[:channels]
        preprocessing = Preprocessing((12, 15), channels, fit, mean, std, dark)
        read = loaded(python_code(architecture, preprocessing=preprocessing), tmp_path)[
            "read_image"
        ]
        ours = read_images(files, preprocessing, invert=invert)
        expected = preprocessing.normalised(ours.images)
        for file, image in zip(files, expected, strict=True):
            theirs = read(file) if invert is None else read(file, invert)
            np.testing.assert_allclose(theirs.numpy(), image, atol=1e-6, err_msg=file.name)
