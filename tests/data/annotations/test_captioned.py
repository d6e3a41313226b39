"""Captions as Flickr8k, as a table, and as Karpathy's JSON has them; clips of frames."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.data.annotations.captioned import Line, parse_captions, read_captions
from convscope.data.annotations.listing import Listing
from convscope.data.annotations.recognising import place_of
from convscope.data.images import Skipped
from convscope.errors import DataError
from tests.data.annotations.making import caption_folder, write, write_json
from tests.data.making import picture


def listed(root: Path) -> Listing:
    return read_captions(place_of(root, None))


def test_flickr8k(tmp_path: Path) -> None:
    found = listed(caption_folder(tmp_path))
    item = found.items["3.jpg"]
    assert item.captions == ("picture 3, seen 0 times .", "picture 3, seen 1 times .")
    assert (item.image, item.name, item.place) == ("Images/3.jpg", "3.jpg", "captions.txt, 3.jpg")
    assert found.parts == {None: tuple(f"{number}.jpg" for number in range(6))}
    for name, numbers in (("train", "0123"), ("dev", "4"), ("test", "5")):
        lines = "".join(f"{number}.jpg\n" for number in numbers)
        write(tmp_path / f"Flickr_8k.{name}Images.txt", lines)
    write(tmp_path / "README_test.txt", "about something else\n")
    found = listed(tmp_path)
    assert found.parts["train"] == ("0.jpg", "1.jpg", "2.jpg", "3.jpg")
    assert (found.parts["validation"], found.parts["test"]) == (("4.jpg",), ("5.jpg",))
    assert found.faults == ()


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip)


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1), st.sampled_from(",\t"))
def test_a_table_is_read_as_it_was_written(rows: list[tuple[str, str]], sign: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=sign)
    writer.writerow(("caption", "image"))
    writer.writerows((caption, image) for image, caption in rows)
    found = list(parse_captions(file.getvalue()))
    wanted = [row for row in rows if any(row)]
    assert [(one.image, one.caption) for one in found if isinstance(one, Line)] == [
        row for row in wanted if all(row)
    ]
    assert sum(isinstance(one, Skipped) for one in found) == sum(not all(row) for row in wanted)


def test_flickr30k_has_bars_and_quotation_marks() -> None:
    text = 'image_name| comment_number| comment\n1.jpg| 0| He says " no . \n1.jpg| 1| "Yes" .\n'
    found = [one.caption for one in parse_captions(text) if isinstance(one, Line)]
    assert found == ['He says " no .', '"Yes" .']


def test_faulty_lines_are_named(tmp_path: Path) -> None:
    text = "0.jpg#0\tgood\n0.jpg#1\t \nno number\tat all\n\n77.jpg#0\tno image\n1.jpg#0\tgood\n"
    found = listed(caption_folder(tmp_path, text))
    assert [str(fault) for fault in found.faults] == [
        'captions.txt, line 2 (the caption of "0.jpg" is empty)',
        "captions.txt, line 3 (names no image)",
        'captions.txt, line 5 (its image "77.jpg" is missing)',
    ]
    assert found.items["0.jpg"].captions == ("good",)
    assert set(found.items) == {"0.jpg", "1.jpg"}


def test_a_row_too_long_is_no_table(tmp_path: Path) -> None:
    root = caption_folder(tmp_path, f'image,caption\n0.jpg,"{"x" * 200_000}"\n')
    with pytest.raises(DataError, match=r"captions\.txt: is no table that can be read"):
        listed(root)


def test_karpathy(tmp_path: Path) -> None:
    caption_folder(tmp_path)
    (tmp_path / "captions.txt").unlink()
    splits = ("train", "restval", "val", "test", "train", "train")
    images = [
        {
            "filename": f"{n}.jpg",
            "split": splits[n],
            "sentences": [{"raw": "One ."}, {"raw": "Two"}],
        }
        for n in range(6)
    ]
    images[4]["sentences"] = []
    images[5]["filepath"] = "elsewhere"
    write_json(tmp_path / "dataset.json", {"images": images})
    found = listed(tmp_path)
    assert found.items["0.jpg"].captions == ("One .", "Two")
    assert found.parts == {
        "train": ("0.jpg", "1.jpg", "elsewhere/5.jpg"),
        "validation": ("2.jpg",),
        "test": ("3.jpg",),
    }
    assert [str(fault) for fault in found.faults] == [
        "dataset.json, images[4] (has no sentences)",
        'dataset.json (its image "elsewhere/5.jpg" is missing)',
    ]


def test_two_files_of_captions(tmp_path: Path) -> None:
    root = caption_folder(tmp_path)
    write(root / "other.csv", "image,caption\n0.jpg,one\n")
    write(root / "Flickr8k.lemma.token.txt", "0.jpg#0\tpicture .\n")  # no sentences: passed over
    with pytest.raises(DataError, match=r"several files hold captions: captions\.txt, other\.csv"):
        listed(root)
    found = read_captions(place_of(root, root / "other.csv"))
    assert list(found.items) == ["0.jpg"]
    with pytest.raises(DataError, match="no file holds captions"):
        read_captions(place_of(root, root / "Images"))


def test_clips_are_folders_of_frames(tmp_path: Path) -> None:
    for name in ("a", "b", "x/c", "y/c"):
        for number in range(1, 11):
            picture(tmp_path / "Clips" / name / f"{number}.png", 4, 4, seed=number)
    lines = "".join(f"{name},it moves\n" for name in ("a", "b", "Clips/x/c", "c"))
    write(tmp_path / "captions.txt", f"image,caption\n{lines}")
    write(tmp_path / "trainClips.txt", "a\nClips/x/c\n")
    write(tmp_path / "testClips.txt", "b\n")
    found = listed(tmp_path)
    frames = found.items["a"].frames
    assert frames == tuple(f"Clips/a/{number}.png" for number in range(1, 11))
    assert found.items["Clips/x/c"].frames[9] == "Clips/x/c/10.png"
    assert (found.parts["train"], found.parts["test"]) == (("a", "Clips/x/c"), ("b",))
    assert [str(fault) for fault in found.faults] == [
        'captions.txt, line 5 (its image "c" is missing)'
    ]
