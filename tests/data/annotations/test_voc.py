"""Pascal VOC: what a file says, which image it is of, which part it belongs to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.data.annotations.listing import Listing
from convscope.data.annotations.recognising import place_of
from convscope.data.annotations.voc import parse_voc, read_voc
from convscope.errors import DataError
from tests.data.annotations.making import Thing, voc_folder, voc_text, write
from tests.data.making import picture

NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn"), exclude_characters="\xa0"), min_size=1
).map(lambda text: " ".join(text.split()) or "x")


def listed(root: Path) -> Listing:
    return read_voc(place_of(root, None))


@st.composite
def things(draw: st.DrawFn) -> Thing:
    left, top = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    return draw(NAMES), (left, top, left + draw(st.integers(1, 99)), top + draw(st.integers(1, 99)))


@given(st.lists(things(), max_size=5), st.tuples(st.integers(1, 999), st.integers(1, 999)))
def test_what_is_written_is_read(written: list[Thing], size: tuple[int, int]) -> None:
    file = parse_voc(voc_text("a b.jpg", written, size).encode())
    assert (file.filename, file.size) == ("a b.jpg", size)
    assert [thing.name for thing in file.objects] == [name for name, _ in written]
    for thing, (_, (left, top, right, bottom)) in zip(file.objects, written, strict=True):
        # VOC counts from 1 and both ends belong to the box: at the edges it begins one earlier
        assert thing.edges == (left - 1, top - 1, right, bottom)


@pytest.mark.parametrize(
    ("box", "edges"),
    [
        ((1, 1, 30, 20), (0, 0, 30, 20)),  # VOC's whole image
        ((0, 0, 30, 20), (0, 0, 30, 20)),  # that of tools that write edges
        ((2.5, 3.25, 4, 5), (1.5, 2.25, 4, 5)),
    ],
)
def test_edges(box: tuple[float, ...], edges: tuple[float, ...]) -> None:
    file = parse_voc(voc_text("1.png", [("cat", box)]).encode())  # type: ignore[list-item]
    assert file.objects[0].edges == edges


@pytest.mark.parametrize(("text", "difficult"), [("1", True), ("0", False), ("", False)])
def test_difficult(text: str, difficult: bool) -> None:
    file = parse_voc(voc_text("1.png", [("cat", (1, 1, 5, 5))], difficult=text).encode())
    assert file.objects[0].difficult is difficult
    assert not parse_voc(voc_text("1.png", [("cat", (1, 1, 5, 5))]).encode()).objects[0].difficult


def test_parts_of_an_object_have_boxes_of_their_own_that_do_not_count() -> None:
    text = voc_text("1.png", [("person", (1, 2, 9, 8))]).replace(
        "<bndbox>", "<part><name>head</name><bndbox><xmin>5</xmin></bndbox></part><bndbox>", 1
    )
    (person,) = parse_voc(text.encode()).objects
    assert (person.name, person.edges) == ("person", (0, 1, 9, 8))


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ((5, 1, 5, 9), "xmin 5 and xmax 5 leave no width"),
        ((1, 9, 5, 3), "ymin 9 and ymax 3 leave no height"),
        ((5, 5, 5, 5), "xmin 5 and xmax 5 leave no width, ymin 5 and ymax 5 leave no height"),
        ((-3, 1, 5, 9), "xmin is -3"),
        (("one", 1, 5, 9), 'xmin is no number of pixels ("one")'),
        (("nan", 1, 5, 9), 'xmin is no number of pixels ("nan")'),
        ((1, 1, "1e999", 9), 'xmax is no number of pixels ("1e999")'),
        (("", 1, 5, 9), "has no xmin"),
    ],
)
def test_boxes_that_are_none(box: tuple[float, ...], said: str) -> None:
    text = voc_text("1.png", [("dog", (1, 1, 2, 2)), ("cat", box)])  # type: ignore[list-item]
    with pytest.raises(DataError) as caught:
        parse_voc(text.encode())
    assert caught.value.problem == f"object 2 (cat): {said}"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("  \n", "is empty"),
        ("<annotation><object>", "is damaged (no element found"),
        ("nothing", "is damaged (syntax error"),
        ("<svg/>", "is no Pascal VOC annotation: its root is <svg>"),
        ('<?xml version="1.0" encoding="klingon"?><annotation/>', "is damaged"),
        ("<annotation><object/></annotation>", "object 1: has no name"),
        ("<annotation><object><name>a</name></object></annotation>", "object 1 (a): has no bndbox"),
        ("<annotation><size><width>x</width></size></annotation>", "size: width is no number"),
    ],
)
def test_files_that_are_none(content: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        parse_voc(content.encode())
    assert caught.value.problem.startswith(said)


def test_entities_are_refused_before_they_grow() -> None:
    laughs = [f'<!ENTITY l0 "{"ha" * 100}">']
    laughs += [f'<!ENTITY l{number} "{f"&l{number - 1};" * 10}">' for number in range(1, 12)]
    text = f"<!DOCTYPE a [{''.join(laughs)}]><annotation>&l11;</annotation>"
    with pytest.raises(DataError, match="holds a DOCTYPE"):
        parse_voc(text.encode())
    outside = '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]><annotation>&e;</annotation>'
    with pytest.raises(DataError, match="holds a DOCTYPE"):
        parse_voc(outside.encode())


def test_a_folder(tmp_path: Path) -> None:
    sets = {"train": [0, 1, 2], "val": [3], "test": [4], "trainval": [0, 1, 2, 3]}
    found = listed(voc_folder(tmp_path, 6, sets))
    assert found.classes == ("cat", "dog")
    assert found.parts == {
        "train": ("0", "1", "2"),
        "validation": ("3",),
        "test": ("4",),
        None: ("5",),
    }
    assert found.notes == ("in no list, and not used: 1 (5)",)
    item = found.items["2"]
    assert (item.image, item.place) == ("JPEGImages/2.png", "Annotations/2.xml")
    assert item.size == (20, 30)
    assert item.objects is not None
    np.testing.assert_array_equal(item.objects.boxes, [[0, 0, 12, 12], [4, 5, 30, 20]])
    assert item.objects.labels.tolist() == [0, 1]
    assert found.faults == ()


def test_trainval_serves_where_train_is_missing(tmp_path: Path) -> None:
    found = listed(voc_folder(tmp_path, 4, {"trainval": [0, 1, 2], "test": [3]}))
    assert found.parts["train"] == ("0", "1", "2")


def test_a_data_set_one_folder_down_and_two_of_them(tmp_path: Path) -> None:
    voc_folder(tmp_path / "VOC2007", 3, {"train": [0, 1], "test": [2]})
    found = listed(tmp_path)
    assert found.parts["train"] == ("0", "1")
    assert found.items["0"].image == "VOC2007/JPEGImages/0.png"
    voc_folder(tmp_path / "VOC2012", 3)
    with pytest.raises(DataError, match="several data sets here: VOC2007, VOC2012"):
        listed(tmp_path)


def test_files_beside_their_images_in_folders_of_parts(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "train", "valid", "test")):
        picture(tmp_path / part / f"{number}.jpg", 20, 30)
        write(tmp_path / part / f"{number}.xml", voc_text("else.jpg", [("cat", (1, 1, 9, 9))]))
    found = listed(tmp_path)
    assert found.parts == {
        "train": ("train/0", "train/1"),
        "validation": ("valid/2",),
        "test": ("test/3",),
    }
    assert found.items["valid/2"].image == "valid/2.jpg"


def test_small_letters_and_folders_of_parts_around(tmp_path: Path) -> None:
    for part in ("train", "test"):  # the same names in both
        for number in range(2):
            picture(tmp_path / part / "images" / f"{number}.png", 20, 30)
            text = voc_text(f"{number}.png", [("cat", (1, 1, 9, 9))])
            write(tmp_path / part / "annotations" / f"{number}.xml", text)
    found = listed(tmp_path)
    assert found.faults == ()
    assert found.parts["test"] == ("test/annotations/0", "test/annotations/1")
    assert found.items["test/annotations/1"].image == "test/images/1.png"
    only = listed(tmp_path / "train")
    assert only.items["1"].image == "images/1.png"


def test_the_image_that_the_file_names_where_none_is_called_like_it(tmp_path: Path) -> None:
    picture(tmp_path / "JPEGImages" / "photo.jpg", 20, 30)
    write(tmp_path / "Annotations" / "1.xml", voc_text("photo.jpg", []))
    assert listed(tmp_path).items["1"].image == "JPEGImages/photo.jpg"
    write(tmp_path / "Annotations" / "2.xml", voc_text("photo.jpg", []))
    (fault,) = listed(tmp_path).faults
    assert str(fault) == (
        'Annotations/2.xml (its image "JPEGImages/photo.jpg" belongs to Annotations/1.xml already)'
    )


def test_a_file_without_objects_is_background(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write(root / "Annotations" / "0.xml", voc_text("0.png", [], None))
    item = listed(root).items["0"]
    assert item.objects is not None
    assert (len(item.objects), item.size) == (0, None)
    assert item.objects.boxes.shape == (0, 4)


def test_a_size_of_nothing_is_none(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write(root / "Annotations" / "0.xml", voc_text("0.png", [], (0, 0)))
    assert listed(root).items["0"].size is None


def test_what_is_wrong_is_named_file_by_file(tmp_path: Path) -> None:
    root = voc_folder(tmp_path, 6, {"train": [0, 1, 77], "val": [1, 2, 3], "test": [4, 5]})
    write(root / "Annotations" / "1.xml", voc_text("1.png", [("cat", (4, 4, 4, 9))]))
    (root / "JPEGImages" / "2.png").unlink()
    found = listed(root)
    assert [str(fault) for fault in found.faults] == [
        "Annotations/1.xml (object 1 (cat): xmin 4 and xmax 4 leave no width)",
        'Annotations/2.xml (its image "2.png" is missing)',
        "ImageSets/Main/train.txt (names 1 (77) without annotation file)",
        "ImageSets/Main/val.txt (names 1 (1 (ImageSets/Main/train.txt)) "
        "that stand in another list too)",
    ]
    assert set(found.items) == {"0", "3", "4", "5"}
    assert found.parts["validation"] == ("2", "3")


def test_classes_txt_says_the_order_and_what_is_known(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write(root / "classes.txt", "dog\n\ncats\n")
    found = listed(root)
    assert found.classes == ("dog", "cats")
    assert len(found.faults) == 6
    assert found.faults[0].reason == (
        'classes.txt does not name the class "cat" (did you mean "cats"?)'
    )
    write(root / "classes.txt", "dog\ncat\n")
    found = listed(root)
    assert found.faults == ()
    assert found.items["0"].objects is not None
    assert found.items["0"].objects.labels.tolist() == [1, 0]


@pytest.mark.parametrize(("text", "said"), [("a\nb\na\n", "a twice"), ("\n", "no class")])
def test_classes_txt_that_is_no_list(tmp_path: Path, text: str, said: str) -> None:
    write(voc_folder(tmp_path) / "classes.txt", text)
    with pytest.raises(DataError, match=rf"classes\.txt: names {said}"):
        listed(tmp_path)


def test_classes_that_differ_in_capitals_are_noted(tmp_path: Path) -> None:
    root = voc_folder(tmp_path)
    write(root / "Annotations" / "0.xml", voc_text("0.png", [("Cat", (1, 1, 9, 9))]))
    assert listed(root).notes == ("classes that differ in capitals alone: Cat, cat",)


def test_annotations_elsewhere(tmp_path: Path) -> None:
    root = voc_folder(tmp_path / "data", 3)
    (root / "Annotations").rename(tmp_path / "labels")
    found = read_voc(place_of(root, tmp_path / "labels"))
    assert found.items["1"].image == "JPEGImages/1.png"
    assert found.items["1"].place == str(tmp_path / "labels" / "1.xml")
