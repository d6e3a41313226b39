"""A written file stands alone: it runs without convscope, and gives the same numbers."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Volume
from convscope.architecture.shapes import STEMS, walk
from convscope.architecture.zoo import ZOO
from convscope.data.preprocessing import FITS, Preprocessing, read_images
from convscope.errors import ConvscopeError, RunError, UsageError
from convscope.export.python_code import python_code, write_code
from convscope.network.build import build
from convscope.training.runs import Run, RunData

from ..architecture.random_architectures import KINDS, random_architectures
from ..architecture.strategies import architectures

GOLDEN = Path(__file__).parents[1] / "golden"

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


def test_a_written_file_predicts_alone_what_the_network_predicts(tmp_path: Path) -> None:
    architecture = Architecture.parse(EVERY_LAYER.replace("20x17x4", "20x17x3"))
    (tmp_path / "run").mkdir()
    network, weights = trained(tmp_path / "run", architecture)
    preprocessing = Preprocessing((20, 17), 3, "pad", (0.5, 0.4, 0.3), (0.2, 0.2, 0.2), True)
    files = strange_images(tmp_path)
    code, copy = write_code(
        architecture,
        tmp_path / "garments.py",
        preprocessing=preprocessing,
        classes=GARMENTS,
        weights=weights,
        title="Garments",
    )
    weights.unlink()
    assert (code, copy) == (tmp_path / "garments.py", tmp_path / "garments.safetensors")
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    result = run_alone(code.rename(moved / code.name), "--weights", copy, *files)
    assert result.returncode == 0, result.stderr
    images = torch.from_numpy(preprocessing.normalised(read_images(files, preprocessing).images))
    with torch.inference_mode():
        probabilities = network(images).softmax(1)
    best = probabilities.topk(3)
    for line, file, values, indices in zip(
        result.stdout.splitlines(), files, best.values, best.indices, strict=True
    ):
        guesses = (f"{GARMENTS[i]} {100 * p:.1f} %" for p, i in zip(values, indices, strict=True))
        assert line == f"{file}: {', '.join(guesses)}"


def test_a_written_file_alone_gives_equal_numbers(tmp_path: Path) -> None:
    """All digits, through the file's own functions, in a process without convscope."""
    architecture = Architecture.parse("input 28x28x1 -> conv 4 5x5 -> batchnorm -> relu -> fc 5")
    network, weights = trained(tmp_path, architecture)
    file, *_ = write_code(
        architecture, tmp_path / "model.py", preprocessing=GREY, classes=GARMENTS, weights=weights
    )
    images = strange_images(tmp_path)
    asking = tmp_path / "asking.py"
    asking.write_text(
        "import json, runpy, sys\n"
        f"model = runpy.run_path({str(file)!r})\n"
        "network = model['load_network']()\n"
        "print(json.dumps([dict(model['predict'](network, path)) for path in sys.argv[1:]]))\n",
        encoding="utf-8",
    )
    result = run_alone(asking, *images)
    assert result.returncode == 0, result.stderr
    inputs = torch.from_numpy(GREY.normalised(read_images(images, GREY).images))
    with torch.inference_mode():
        expected = network(inputs).softmax(1)
    for answer, probabilities in zip(json.loads(result.stdout), expected, strict=True):
        assert list(answer.values()) == sorted(answer.values(), reverse=True)
        for name, probability in zip(GARMENTS, probabilities, strict=True):
            assert answer[name] == pytest.approx(probability.item(), abs=1e-6)


EACH = """
import runpy, sys
from pathlib import Path
for file in sorted(Path(sys.argv[1]).glob("random_*.py")):
    code = runpy.run_path(str(file))
    case = code["read_safetensors"](file.with_name(f"case_{file.name}"))
    with code["torch"].inference_mode():
        output = code["load_network"]()(case["images"])
    if output.shape != case["output"].shape:
        print(file.name, output.shape, case["output"].shape)
    else:
        print(file.name, (output - case["output"]).abs().max().item())
"""


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
def test_random_architectures_give_equal_numbers_alone(tmp_path: Path) -> None:
    """Two of each kind of layer and more, each file in a process without convscope."""
    count = 3 * len(KINDS)
    for index, architecture in enumerate(random_architectures(count, seed=20)):
        network = seasoned(build(architecture, seed=index))
        file, _ = write_code(
            architecture,
            tmp_path / f"random_{index:03}.py",
            weights=saved(tmp_path / "weights.safetensors", network.state_dict()),
        )
        volume = architecture.nodes[0].input
        images = torch.randn(2, volume.channels, volume.height, volume.width)
        with torch.inference_mode():
            case = {"images": images, "output": network(images).clone()}
        saved(file.with_name(f"case_{file.name}"), case)
    runner = tmp_path / "each.py"
    runner.write_text(EACH, encoding="utf-8")
    result = run_alone(runner, tmp_path)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) == count
    for line in lines:
        assert float(line.split(" ", 1)[1]) < 1e-5, line


def test_a_file_without_weights_shows_its_network(tmp_path: Path) -> None:
    (file,) = write_code(Architecture.parse(GLOBAL), tmp_path / "network.py")
    result = run_alone(file)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[0] == "Network("
    assert result.stdout.splitlines()[-1] == "(1, 3)"


def test_a_file_says_where_it_misses_its_weights(tmp_path: Path) -> None:
    architecture = Architecture.parse("input 28x28x1 -> fc 5")
    _, weights = trained(tmp_path, architecture)
    file, copy = write_code(architecture, tmp_path / "net.py", preprocessing=GREY, weights=weights)
    copy.unlink()
    result = run_alone(file, tmp_path / "any.png")
    assert result.returncode == 2
    assert f"no weights at {copy}" in result.stderr
    assert "Traceback" not in result.stderr


def test_classes_without_names_are_numbers(tmp_path: Path) -> None:
    architecture = Architecture.parse("input 28x28x1 -> fc 5")
    _, weights = trained(tmp_path, architecture)
    module = loaded(python_code(architecture, preprocessing=GREY, weights=weights), tmp_path)
    (image, *_) = strange_images(tmp_path)
    guesses = module["predict"](module["load_network"](), image)
    assert {name for name, _ in guesses} == {"0", "1", "2", "3", "4"}


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    classes = ['"""', "\\", "'; import os #", "\n", "Ünï → 服"]
    code = python_code(
        Architecture.parse("input 28x28x1 -> fc 5"),
        classes=classes,
        title='x"""\nraise SystemExit\n"""\\',
        weights="a \"b\" 'c'.safetensors",
    )
    module = loaded(code, tmp_path)
    assert module["CLASSES"] == classes
    assert module["WEIGHTS"] == tmp_path / "a \"b\" 'c'.safetensors"
    assert module["__doc__"].splitlines()[0] == "x''' raise SystemExit '''/."


def _without_classes() -> str:
    return python_code(Architecture.parse("input 8x8x1 -> fc classes"))


def _other_size() -> str:
    return python_code(Architecture.parse("input 8x8x1 -> fc 5"), preprocessing=GREY)


def _other_count() -> str:
    return python_code(Architecture.parse("input 8x8x1 -> fc 3"), classes=GARMENTS)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (_without_classes, '"fc classes" is filled in from the data'),
        (_other_size, "makes images of 28×28×1, and the network takes 8×8×1"),
        (_other_count, "5 classes are named, and the network tells 3 apart"),
    ],
)
def test_what_does_not_belong_together_is_refused(attempt: Callable[[], str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        attempt()


def test_nothing_is_left_behind_where_the_weights_are_missing(tmp_path: Path) -> None:
    architecture = Architecture.parse("input 8x8x1 -> fc 3")
    with pytest.raises(ConvscopeError, match=r"nowhere\.safetensors: the code cannot be written"):
        write_code(architecture, tmp_path / "net.py", weights=tmp_path / "nowhere.safetensors")
    assert list(tmp_path.iterdir()) == []


def test_code_may_stand_in_the_run_itself(tmp_path: Path) -> None:
    architecture = Architecture.parse("input 8x8x1 -> fc 3")
    _, weights = trained(tmp_path, architecture)
    before = weights.read_bytes()
    assert write_code(architecture, tmp_path / "model.py", weights=weights)[1] == weights
    assert weights.read_bytes() == before


def run_of(folder: Path, *, finished: bool = True) -> Run:
    """A run as it is read from its folder, of what the written file needs."""
    return Run(
        path=folder,
        architecture=Architecture.parse("input 28x28x1 -> conv 2 3x3 -> fc 5"),
        architecture_name="small",
        recipe=cast(Any, None),
        data=RunData("garments", "garments", "here", "", "pad", (28, 28), None, 5, 5),
        classes=GARMENTS,
        preprocessing=GREY,
        seed=0,
        conditions=cast(Any, None),
        created="",
        finished=finished,
    )


def test_a_run_brings_all_that_its_file_needs(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    network, weights = trained(tmp_path, run.architecture)
    code = python_code(run)
    assert code.startswith('"""small, trained on garments.\n')
    (tmp_path / "elsewhere").mkdir()
    module = loaded(code, tmp_path / "elsewhere")
    assert module["WEIGHTS"] == weights
    assert module["CLASSES"] == list(GARMENTS)
    images = torch.randn(2, 1, 28, 28)
    with torch.inference_mode():
        assert torch.equal(module["load_network"]()(images), network(images))
    file, copy = write_code(run, tmp_path / "elsewhere" / "other.py", title="Another title")
    text = file.read_text(encoding="utf-8")
    assert text.startswith('"""Another title.\n')
    assert 'parent / "other.safetensors"' in text
    assert copy.read_bytes() == weights.read_bytes()
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "other.py",
        "other.safetensors",
        "written.py",
    ]


def test_a_run_without_weights_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="has not been finished"):
        python_code(run_of(tmp_path, finished=False))
