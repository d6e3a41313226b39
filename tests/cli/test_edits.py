"""``ablate --edit``: other weights in the words of a command."""

from __future__ import annotations

import numpy as np
import pytest

from convscope.cli.edits import edited, swapped
from convscope.errors import UsageError
from convscope.inspection.changes.ablation import measure_edit
from convscope.inspection.changes.editing import edit_kernel
from convscope.inspection.maps.kernels import kernels
from convscope.inspection.subject import Subject, subject_of
from tests.cli.conftest import Command


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_of("example", data="fashion-mini")


def test_numbers_rows_and_flips(subject: Subject) -> None:
    before = kernels(subject, "conv2").weights.copy()
    rows = ";".join(["0,0,0,0,0"] * 4 + ["0,0,0,0,1"])
    words = ["conv2:3=0", f"conv2:4,2={rows}", "conv2: 5 = flip", "conv2:6,1,2,3=-1.5"]
    after = kernels(edited(subject, words), "conv2").weights
    expected = before.copy()
    expected[3] = 0
    expected[4, 2] = 0
    expected[4, 2, 4, 4] = 1
    expected[5] = np.flip(before[5], (1, 2))
    expected[6, 1, 2, 3] = -1.5
    np.testing.assert_array_equal(after, expected)
    np.testing.assert_array_equal(kernels(subject, "conv2").weights, before)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("conv1=0", "is not LAYER:INDEX=VALUES"),
        ("conv1:3", "is not LAYER:INDEX=VALUES"),
        ("conv1:x=0", "is not LAYER:INDEX=VALUES"),
        ("conv1:3=much", "is neither numbers nor flip"),
        ("conv1:3,0=0,1;1", "differ in length"),
        ("conv1:3,0=0,1;1,0", "the new weights are"),
        ("conv1:99=0", "has no weights at 99"),
        ("conv1:99=flip", "needs a whole kernel"),
        ("conv1:3,0,1=flip", "needs a whole kernel"),
        ("konv1:3=0", "conv1"),
        ("conv1:3=nan", "not finite"),
    ],
)
def test_edits_that_are_none(subject: Subject, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        edited(subject, [text])


def test_poolings_by_word(subject: Subject) -> None:
    assert "pool1" in swapped(subject, ["pool1=avg"]).name
    with pytest.raises(UsageError, match="is not NAME=KIND"):
        swapped(subject, ["pool1"])


def test_the_command_measures_an_edit(command: Command, subject: Subject) -> None:
    record = command(
        "ablate", "example", "--data", "fashion-mini", "--edit", "conv1:13=0", "--json"
    ).json
    assert record["how"] == "edit"
    expected = measure_edit(subject, edit_kernel(subject, "conv1", 13, 0)).as_dict()
    assert record["whole"] == expected["whole"]
    outcome = command("ablate", "example", "--edit", "conv1:13=0", "--layer", "conv1")
    assert (outcome.code, outcome.out) == (2, "")
    assert "--edit is measured alone" in outcome.err
