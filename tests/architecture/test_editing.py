"""Editing: one layer of an architecture, anywhere in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.architecture.architecture import Architecture
from convscope.architecture.editing import Action, edited, placed, rewritten
from convscope.errors import NotationError, ShapeError, UsageError

NESTED = Architecture.parse(
    "input 8x8x4 -> 2 x { residual { conv 4 3x3 pad 1 -> relu } -> relu } -> fc 2"
)
PLAIN = Architecture.parse("input 8x8x1 -> conv 4 3x3 -> relu -> maxpool 2 -> fc 2")


@given(st.integers(0, 3), st.sampled_from(["before", "after"]))
def test_what_is_put_in_can_be_taken_away(place: int, action: str) -> None:
    more = edited(PLAIN, (place,), action, "tanh")  # type: ignore[arg-type]
    assert len(more.layers) == 5
    assert edited(more, (place + (action == "after"),), "remove") == PLAIN


def test_inside_of_repetitions_and_blocks() -> None:
    assert str(edited(NESTED, (0, 0, 1), "replace", "tanh")) == (
        "input 8x8x4 -> 2 x { residual { conv 4 3x3 pad 1 -> tanh } -> relu } -> fc 2"
    )
    assert str(edited(NESTED, (0, 1), "remove")) == (
        "input 8x8x4 -> 2 x { residual { conv 4 3x3 pad 1 -> relu } } -> fc 2"
    )


def test_every_node_is_found_by_its_path() -> None:
    for node in NESTED.nodes:
        assert edited(NESTED, node.path, "after", "gelu") != NESTED


@pytest.mark.parametrize(
    ("path", "action", "notation", "message"),
    [
        ((), "remove", "", "the input is no layer"),
        ((7,), "remove", "", "there is no layer at 7: give 0 to 3"),
        ((0, 1), "remove", "", "this layer holds no others"),
        ((0,), "after", "  ", "no layer is given"),
    ],
)
def test_what_is_refused(path: tuple[int, ...], action: str, notation: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        edited(PLAIN, path, action, notation)  # type: ignore[arg-type]


def test_what_does_not_fit_is_told_with_the_line_that_came_out() -> None:
    with pytest.raises(ShapeError) as caught:
        edited(PLAIN, (1,), "replace", "conv 4 9x9")
    assert caught.value.text[caught.value.start : caught.value.end] == "conv 4 9x9"
    with pytest.raises(NotationError):
        edited(Architecture.parse("input 4x4x1 -> fc 2"), (0,), "remove")


WRITTEN = """input 8x8x4  # small
-> conv 4 3x3 pad 1 -> relu  # the first
-> residual {conv 4 3x3 pad 1 -> relu}
   maxpool 2 ->
   fc 2"""


@pytest.mark.parametrize(
    ("path", "action", "notation", "old", "new"),
    [
        ((1,), "replace", " tanh ", "relu  #", "tanh  #"),
        ((0,), "after", "batchnorm", "pad 1 -> relu  #", "pad 1 -> batchnorm -> relu  #"),
        ((3,), "before", "dropout 0.5 -> gelu", "maxpool", "dropout 0.5 -> gelu -> maxpool"),
        ((1,), "remove", "", " -> relu  #", "  #"),
        ((2, 0), "remove", "", "{conv 4 3x3 pad 1 -> relu}", "{relu}"),
        ((2, 1), "remove", "", "{conv 4 3x3 pad 1 -> relu}", "{conv 4 3x3 pad 1}"),
        ((4,), "remove", "", " ->\n   fc 2", ""),
    ],
)
def test_all_else_stays_as_it_was_written(
    path: tuple[int, ...], action: Action, notation: str, old: str, new: str
) -> None:
    assert WRITTEN.count(old) == 1
    assert rewritten(WRITTEN, path, action, notation) == WRITTEN.replace(old, new)


@given(st.data(), st.sampled_from(["before", "after", "replace", "remove"]))
def test_what_is_written_is_always_the_edited_network(data: st.DataObject, action: str) -> None:
    own = Architecture.parse(WRITTEN)
    path = data.draw(st.sampled_from([node.path for node in own.nodes]))
    if (action, path) == ("remove", (2,)) or action != "remove":
        wanted = edited(own, path, action, "gelu")  # type: ignore[arg-type]
        found = rewritten(WRITTEN, path, action, "gelu")  # type: ignore[arg-type]
        assert Architecture.parse(found) == wanted


def test_a_comment_that_would_swallow_the_rest_is_left_out() -> None:
    found = rewritten("input 8x8x1 -> relu -> fc 2", (0,), "replace", "tanh # smooth")
    assert found == "input 8x8x1 -> tanh -> fc 2"


@pytest.mark.parametrize(
    ("notation", "marked"),
    [("cnv 4", "cnv"), ("relu -> conv 4 3x3 stride 0", "stride 0"), ("relu ->", ""), ("  ", "")],
)
def test_what_cannot_be_read_is_told_with_its_own_text(notation: str, marked: str) -> None:
    with pytest.raises(NotationError) as caught:
        edited(PLAIN, (1,), "replace", notation)
    assert caught.value.text == notation
    assert notation[caught.value.start : caught.value.end] == marked


@pytest.mark.parametrize(
    ("network", "path", "action", "notation", "marked"),
    [
        (PLAIN, (1,), "replace", "conv 4 9x9", "conv 4 9x9"),
        (PLAIN, (3,), "after", "relu -> conv 1 3x3", "conv 1 3x3"),
        (PLAIN, (0,), "before", "residual { maxpool 9 }", "maxpool 9"),
        (NESTED, (0, 0, 1), "replace", "conv 4 99x99", "conv 4 99x99"),
        # another layer than what was put in: conv 8x8 leaves nothing to the pooling
        (PLAIN, (0,), "replace", "conv 4 8x8", None),
        # what was put in, where it comes round again
        (NESTED, (0, 1), "replace", "conv 8 8x8 -> relu", "conv 8 8x8"),
    ],
)
def test_what_does_not_fit_is_placed_in_what_was_put_in(
    network: Architecture, path: tuple[int, ...], action: Action, notation: str, marked: str | None
) -> None:
    with pytest.raises(ShapeError) as caught:
        edited(network, path, action, notation)
    error = placed(caught.value, path, action, notation)
    if marked is None:
        assert error is caught.value
    else:
        assert error.text == notation
        assert notation[error.start : error.end] == marked
