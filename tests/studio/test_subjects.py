"""Subjects: a few open at a time, each made once, however many ask."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

import pytest

from convscope.errors import ConvscopeError, RunError
from convscope.studio.pictures import Pictures
from convscope.studio.settings import Limits, Settings
from convscope.studio.subjects import Changes, Kept, Sight, Subjects
from convscope.training.runs import example_folder


def test_the_oldest_goes() -> None:
    kept: Kept[str] = Kept(2)
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    for name in ("a", "b", "a", "c", "a", "b"):
        assert kept.get(name, lambda name=name: make(name)) == name.upper()  # type: ignore[misc]
    assert made == ["a", "b", "c", "b"]


def test_heavy_values_make_room_and_the_newest_stays() -> None:
    kept: Kept[int] = Kept(9, lambda value: value, 10)
    made: list[int] = []

    def get(value: int) -> None:
        kept.get(value, lambda: made.append(value) or value)  # type: ignore[func-returns-value]

    for value in (4, 5, 3, 5, 4, 99, 99):
        get(value)
    assert made == [4, 5, 3, 4, 99]


def test_one_makes_what_many_ask_for() -> None:
    kept: Kept[object] = Kept(2)
    made: list[object] = []

    def make() -> object:
        time.sleep(0.05)
        made.append(object())
        return made[-1]

    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(kept.get("a", make))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    assert found == made * 8


def test_what_failed_is_tried_again() -> None:
    kept: Kept[int] = Kept(2)

    def fail() -> int:
        raise ConvscopeError("not now")

    for _ in range(2):
        with pytest.raises(ConvscopeError):
            kept.get("a", fail)
    assert kept.get("a", lambda: 7) == 7


@pytest.fixture
def subjects(tmp_path: Path) -> Subjects:
    shutil.copytree(example_folder(), tmp_path / "runs" / "mine")
    return Subjects(Settings(tmp_path / "runs"), Pictures(Limits()))


def test_subjects_are_opened_once(subjects: Subjects) -> None:
    assert subjects.get(Sight("mine")) is subjects.get(Sight("mine"))
    assert subjects.get(Sight("lenet5")) is not subjects.get(Sight("lenet5", seed=1))
    changes = Changes(off=(("relu1", (1,)),))
    changed = subjects.get(Sight("mine", changes=changes))
    assert changed is subjects.get(Sight("mine", changes=changes))
    assert changed.subject.module is not subjects.get(Sight("mine")).subject.module
    assert subjects.get(Sight("mine")).bytes == pytest.approx(4 * 29_034, rel=0.02)


def test_an_image_goes_through_once(subjects: Subjects) -> None:
    opened = subjects.get(Sight("mine"))
    assert opened.passage("3") is opened.passage("3")
    assert opened.passage("3") is not opened.passage("4")


def test_a_run_that_has_kept_nothing_yet(subjects: Subjects, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "runs" / "mine" / "checkpoints")
    path = tmp_path / "runs" / "mine" / "run.json"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"finished": true', '"finished": false'), encoding="utf-8")
    with pytest.raises(RunError, match="no weights of this training have been kept yet"):
        subjects.get(Sight("mine"))


def test_the_last_pictures_stay() -> None:
    import io

    from PIL import Image

    pictures = Pictures(Limits(pictures=2))
    keys = []
    for shade in (10, 20, 30):
        content = io.BytesIO()
        Image.new("L", (3, 3), shade).save(content, "PNG")
        keys.append(pictures.add(content.getvalue()).id)
    assert pictures.get(keys[2]).width == 3
    with pytest.raises(ConvscopeError, match="this picture is no longer here"):
        pictures.get(keys[0])
