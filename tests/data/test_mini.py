"""fashion-mini: whole, small, quick, and really a part of Fashion-MNIST."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from convscope.data import mini
from convscope.data.images import Data
from convscope.data.mini import load_mini, sheet, tiles
from convscope.errors import DataError
from tests.data.making import pixels

ROOT = Path(__file__).parents[2]
FILES = ROOT / "src" / "convscope" / "data" / "files"


def test_it_has_200_and_50_images_of_each_class() -> None:
    data = load_mini()
    assert np.bincount(data.train.labels).tolist() == [200] * 10
    assert np.bincount(data.test.labels).tolist() == [50] * 10
    assert data.train.images.shape == (2000, 1, 28, 28)
    assert data.classes[9] == "Ankle boot"
    assert data.train.labels[0] == 9  # the first image of Fashion-MNIST is an ankle boot
    assert (data.name, data.source, data.dark_background) == ("fashion-mini", "fashion-mini", True)
    assert "small part" in data.place


def test_its_files_are_small_and_carry_their_licence() -> None:
    assert sum(path.stat().st_size for path in FILES.glob("fashion-mini*")) < 1_300_000
    licence = (FILES / "fashion-mini-LICENSE.txt").read_text(encoding="utf-8")
    assert "2017 Zalando SE" in licence
    assert "WITHOUT WARRANTY OF ANY KIND" in licence


def test_sheets_and_tiles_are_inverses() -> None:
    images = pixels(75, 1, 6, 6)
    picture = sheet(images)
    assert picture.shape == (18, 150)
    assert np.array_equal(picture[6:12, 12:18], images[27, 0])
    assert np.array_equal(tiles(picture), images)


def test_altered_files_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    read = mini._file

    def altered(name: str) -> bytes:
        content = read(name)
        return content.replace(b'"train_labels": "9', b'"train_labels": "8')

    monkeypatch.setattr(mini, "_file", altered)
    with pytest.raises(DataError, match="fashion-mini: the files inside the package are altered"):
        load_mini()


@pytest.mark.slow
def test_the_script_makes_the_same_again(fashion_mnist: Data, tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_mini", ROOT / "scripts" / "make_mini.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path)
    for name in ("fashion-mini.json", "fashion-mini-LICENSE.txt"):
        assert (tmp_path / name).read_bytes() == (FILES / name).read_bytes()
    made = load_mini()
    first = script.first_of_each(fashion_mnist.train, 200)
    assert np.array_equal(first.images, made.train.images)
    assert np.array_equal(first.labels, made.train.labels)
