"""Written files as programs of their own: with torch and Pillow, without convscope."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
import torch

from convscope.architecture.architecture import Architecture
from convscope.data.preprocessing import Preprocessing, read_images
from convscope.errors import ConvscopeError, RunError, UsageError
from convscope.export.python_code import python_code, write_code
from convscope.network.build import build
from convscope.training.runs import Run, RunData
from tests.export.making import (
    EVERY_LAYER,
    GARMENTS,
    GLOBAL,
    GREY,
    loaded,
    run_alone,
    saved,
    seasoned,
    strange_images,
    trained,
)

from ..architecture.random_architectures import KINDS, random_architectures


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
    with pytest.raises(ConvscopeError, match=r"nowhere\.safetensors: the weights are not there"):
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
