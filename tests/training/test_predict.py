"""Predictions: the network's own answers, and every change to a picture said."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from convscope.data.images import Data
from convscope.errors import DataError, UsageError
from convscope.training import predict as module
from convscope.training.predict import predict
from convscope.training.runs import Run
from convscope.training.train import train
from tests.training.making import quick


@pytest.fixture
def pictures(toy: Data, tmp_path: Path) -> list[Path]:
    """Test images as files."""
    paths = []
    for number, image in enumerate(toy.test.images[:7]):
        path = tmp_path / "pictures" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image[0]).save(path)
        paths.append(path)
    return paths


def test_the_answers_are_the_networks(finished: Run, toy: Data, pictures: list[Path]) -> None:
    found = predict(finished, pictures, top=2)
    pixels = torch.from_numpy(finished.preprocessing.normalised(toy.test.images[:7]))
    expected = finished.network()(pixels).softmax(1).topk(2)
    assert [it.source for it in found] == [str(path) for path in pictures]
    for it, values, places in zip(found, expected.values, expected.indices, strict=True):
        assert [name for name, _ in it.top] == [toy.classes[place] for place in places]
        assert [value for _, value in it.top] == pytest.approx(values.tolist(), abs=1e-6)
        assert it.label == it.top[0][0]
    assert len({it.label for it in found}) > 1


def test_the_preprocessing_is_said(finished: Run, pictures: list[Path]) -> None:
    (found,) = predict(finished, pictures[0])
    assert found.preprocessing == finished.preprocessing.words()
    assert "12×12" in found.preprocessing
    assert not found.inverted


def test_folders_bytes_and_standard_input(finished: Run, pictures: list[Path]) -> None:
    content = pictures[0].read_bytes()
    (pictures[0].parent / "notes.txt").write_text("no picture", encoding="utf-8")
    expected = predict(finished, pictures)
    folder = predict(finished, pictures[0].parent)
    assert [(it.source, it.top) for it in folder] == [(it.source, it.top) for it in expected]
    (from_file,) = predict(finished, str(pictures[0]))
    (from_bytes,) = predict(finished, content)
    assert from_bytes.top == from_file.top
    (from_stdin,) = predict(finished, "-", stdin=io.BytesIO(content))
    assert (from_stdin.source, from_stdin.top) == ("standard input", from_file.top)


def test_many_pictures_are_read_a_few_at_a_time(
    finished: Run, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = predict(finished, pictures)
    sizes = []
    real = module._read

    def read(sources: list[Path], *rest: object, **options: object) -> object:
        sizes.append(len(sources))
        return real(sources, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_read", read)
    monkeypatch.setattr(module, "READ_AT_ONCE", 3)
    assert [it.source for it in predict(finished, pictures)] == [it.source for it in expected]
    assert sizes == [3, 3, 1]


def test_a_photograph_on_a_bright_ground_is_inverted_by_rule_or_by_word(tmp_path: Path) -> None:
    run = train("input auto -> maxpool 4 -> fc classes", data="fashion-mini", recipe=quick())
    picture = np.full((60, 40), 250, np.uint8)
    picture[15:45, 10:30] = 60
    path = tmp_path / "photograph.png"
    Image.fromarray(picture).save(path)
    by_rule, by_word, never = (
        predict(run, path, invert=invert)[0] for invert in (None, True, False)
    )
    assert by_rule.inverted
    assert by_word == by_rule
    assert "inverted" in by_rule.preprocessing
    assert not never.inverted
    assert "inverted" not in never.preprocessing
    assert never.top != by_rule.top


def test_top_is_bounded_by_the_classes(finished: Run, pictures: list[Path]) -> None:
    (found,) = predict(finished, pictures[0], top=50)
    assert len(found.top) == 3
    assert sum(value for _, value in found.top) == pytest.approx(1, abs=1e-5)
    with pytest.raises(UsageError, match="top is 0: ask for one class or more"):
        predict(finished, pictures[0], top=0)


def test_the_record_is_json(finished: Run, pictures: list[Path]) -> None:
    (found,) = predict(finished, pictures[0], top=1)
    assert json.loads(json.dumps(found.as_dict())) == {
        "schema": "convscope.prediction/1",
        "source": str(pictures[0]),
        "top": [{"class": found.label, "probability": found.top[0][1]}],
        "preprocessing": found.preprocessing,
        "inverted": False,
    }


def test_what_is_no_picture_is_an_error_that_names_it(
    finished: Run, pictures: list[Path], tmp_path: Path
) -> None:
    path = tmp_path / "text.png"
    path.write_text("no picture", encoding="utf-8")
    with pytest.raises(DataError, match=r"text\.png"):
        predict(finished, [*pictures, path])
    with pytest.raises(DataError, match=r"absent\.png"):
        predict(finished, tmp_path / "absent.png")


def test_no_pictures_at_all(finished: Run, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no image was given"):
        predict(finished, [])
    with pytest.raises(DataError, match="this folder holds no images"):
        predict(finished, tmp_path)
