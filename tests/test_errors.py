"""The one family of errors."""

from __future__ import annotations

from convscope import errors
from convscope.errors import ConvscopeError, NotationError, did_you_mean


def test_a_message_says_place_problem_and_remedy() -> None:
    error = ConvscopeError("it is empty", place="runs/one", remedy="train it")
    assert str(error) == "runs/one: it is empty: train it"
    assert str(ConvscopeError("it is empty")) == "it is empty"


def test_every_error_belongs_to_the_family_and_has_an_exit_code() -> None:
    kinds = [getattr(errors, name) for name in errors.__all__ if name != "did_you_mean"]
    assert all(issubclass(kind, ConvscopeError) and kind.exit_code in (1, 2) for kind in kinds)


def test_tabs_do_not_move_the_caret() -> None:
    line, caret = str(NotationError("bad", text="\trelu\tx", start=6, end=7)).splitlines()
    assert line[caret.index("^")] == "x"


def test_did_you_mean_knows_when_to_be_silent() -> None:
    assert did_you_mean("Maxpol", ["maxpool", "relu"]) == 'did you mean "maxpool"?'
    assert did_you_mean("zzz", ["maxpool", "relu"]) == ""
