"""Networks side by side, beside counting by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from convscope.architecture.printing import layer_text
from convscope.architecture.zoo import find_architecture
from convscope.data.sources import load_data
from convscope.errors import UsageError
from convscope.experiments.comparing import compare_architectures, compare_runs, folded
from convscope.training.evaluate import evaluate
from convscope.training.runs import Run
from convscope.training.train import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """Two short trainings that differ in a layer and in the seed."""
    folder = tmp_path_factory.mktemp("runs")
    settings = {"epochs": "0.5", "precision": "float32"}
    texts = ("input auto -> maxpool 4 -> fc classes", "input auto -> avgpool 4 -> fc classes")
    one, other = (
        train(text, data="fashion-mini", settings=settings, seed=seed, out=folder / str(seed))
        for seed, text in enumerate(texts)
    )
    return one, other


def test_architectures_differ_in_the_layers_that_differ() -> None:
    first = find_architecture("input 28x28x1 -> conv 4 3x3 -> relu -> fc 10")
    other = find_architecture("input 28x28x1 -> conv 4 3x3 -> batchnorm -> relu -> fc 10")
    found = compare_architectures([first, other], ["a", "b"])
    assert found.differences == ((), ("+ batchnorm",))
    found = compare_architectures([other, first])
    assert found.differences[1] == ("− batchnorm",)
    assert found.names == (str(other), str(first))
    assert json.loads(json.dumps(found.as_dict()))["architectures"][1]["parameters"] == 27090


def test_the_input_is_a_difference_too() -> None:
    found = compare_architectures(
        [find_architecture(f"input {side}x{side}x1 -> globalavgpool -> fc 2") for side in (8, 9)]
    )
    assert found.differences[1] == ("− input 8×8×1", "+ input 9×9×1")


BLOCK = "residual { conv 4 3x3 pad 1 -> batchnorm }"


def test_a_block_is_one_line_with_its_arrows() -> None:
    first, other = (
        find_architecture(f"input 8x8x4 -> {layers} -> globalavgpool -> fc 2")
        for layers in ("relu", f"{BLOCK} -> relu")
    )
    assert compare_architectures([first, other]).differences[1] == (f"+ {BLOCK}",)
    assert compare_architectures([other, first]).differences[1] == (f"− {BLOCK}",)


def test_equal_neighbours_are_one_line() -> None:
    names = ["resnet20", "resnet56"]
    found = compare_architectures([find_architecture(name) for name in names], names)
    assert len(found.differences[1]) == 3
    assert all(line.startswith("+ 6 x { ") for line in found.differences[1])
    assert compare_architectures([find_architecture("resnet20")] * 2).differences[1] == ()


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("", ""),
        ("a", "a"),
        ("a b c", "a|b|c"),
        ("a a a b", "3 x { a }|b"),
        ("b a c a c a", "b|2 x { a -> c }|a"),
        ("a a b a a b", "2 x { a -> a -> b }"),
    ],
)
def test_what_is_folded(layers: str, expected: str) -> None:
    assert "|".join(folded(layers.split())) == expected


def test_what_is_folded_is_the_same_network() -> None:
    texts = [f"input 8x8x4 -> {'relu -> ' * n}{f'{BLOCK} -> tanh -> ' * n}fc 2" for n in (1, 3)]
    nodes = find_architecture(texts[1]).nodes
    line = " -> ".join(folded([layer_text(node.layer) for node in nodes]))
    assert line == f"3 x {{ relu }} -> 3 x {{ {BLOCK} -> tanh }} -> fc 2"
    again = find_architecture(f"input 8x8x4 -> {line}").nodes
    named = [(node.name, node.layer) for node in nodes]
    assert [(node.name, node.layer) for node in again] == named


def test_runs_are_paired_image_by_image(runs: tuple[Run, Run]) -> None:
    found = compare_runs(runs)
    labels = load_data("fashion-mini").test.labels
    first, second = (evaluate(run).predictions == labels for run in runs)
    (pair,) = found.pairs
    assert pair.disagreement.only_first == int((first & ~second).sum())
    assert pair.disagreement.only_second == int((second & ~first).sum())
    assert pair.disagreement.difference == pytest.approx(first.mean() - second.mean())
    assert len(pair.classes) == 10
    for number, each in enumerate(pair.classes):
        assert each.first == pytest.approx(first[labels == number].mean())
        assert each.second == pytest.approx(second[labels == number].mean())
    assert sum(each.disagreement.only_first for each in pair.classes) == (
        pair.disagreement.only_first
    )
    assert pair.differences == ("− maxpool 4", "+ avgpool 4", "seed 0 → 1")


def test_a_run_beside_itself_is_the_same(runs: tuple[Run, Run]) -> None:
    (pair,) = compare_runs([runs[0], runs[0]]).pairs
    assert (pair.disagreement.difference, pair.disagreement.p, pair.differences) == (0.0, 1.0, ())


def test_an_early_end_is_a_difference(runs: tuple[Run, Run]) -> None:
    early = {**runs[1].results, "ended_early": True, "planned_steps": 4 * runs[1].results["steps"]}
    found = compare_runs([runs[0], replace(runs[1], results=early)])
    steps, planned = early["steps"], early["planned_steps"]
    assert f"{runs[1].name} stopped after {steps} of {planned} steps" in found.pairs[0].differences
    epochs = [each["epochs"] for each in found.as_dict()["runs"]]
    assert epochs == [runs[0].recipe.epochs, runs[1].recipe.epochs / 4]


def test_the_record_of_runs_is_json(runs: tuple[Run, Run]) -> None:
    record = json.loads(json.dumps(compare_runs(runs).as_dict()))
    assert record["schema"] == "convscope.run-comparison/1"
    assert record["pairs"][0]["count"] == 500
    assert np.isfinite(record["pairs"][0]["p"])


def test_one_alone(runs: tuple[Run, Run]) -> None:
    with pytest.raises(UsageError, match="one alone cannot be compared"):
        compare_runs(runs[:1])
    with pytest.raises(UsageError, match="one alone cannot be compared"):
        compare_architectures([runs[0].architecture])


def test_other_data_may_be_named(runs: tuple[Run, Run], tmp_path: Path) -> None:
    from PIL import Image

    mini = load_data("fashion-mini")
    for part, images in (("train", mini.train), ("test", mini.test)):
        for index in range(40):
            name = mini.classes[int(images.labels[index])].replace("/", "-")
            place = tmp_path / part / name
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(images.images[index][0]).save(place / f"{index}.png")
    # The folder's names are not those of the run: T-shirt/top cannot be a folder's.
    with pytest.raises(Exception, match="the run knows no class T-shirt-top"):
        compare_runs(runs, tmp_path)
