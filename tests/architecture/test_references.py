"""What reads as the name of a network of one's own, and what does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.architecture.references import is_reference
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.errors import UsageError


@pytest.mark.parametrize(
    "text",
    [
        "net.py:Net",
        "net.py",
        " net.py:Net ",
        "~/my nets/net.py:make.it",
        r"C:\nets\net.py:Net",
        "/nets/net.py:_Net2",
        "torchvision.models:alexnet",
        "package:name",
    ],
)
def test_references(text: str) -> None:
    assert is_reference(text)


@pytest.mark.parametrize(
    "text",
    [
        *ZOO,
        "example",
        "runs/2026-01-01",
        r"C:\runs\article",
        "input 28x28x1 -> conv 16 5x5 -> fc 10",
        "input 28x28x1 → fc 10",
        "input 28x28x1\nfc 10",
        "net.py:",
        "net.py:1",
        "net.py:Net()",
        ":Net",
        "",
    ],
)
def test_other_words(text: str) -> None:
    assert not is_reference(text)


def test_where_an_architecture_is_wanted_it_is_said_how_to_come_by_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        find_architecture("net.py:Net")
    assert str(error.value) == (
        "'net.py:Net' names a module in Python, and an architecture is wanted: "
        '"convscope explain" tells its line, where it is one'
    )
    (tmp_path / "odd.py").write_text("input 3x3x1 -> fc 2", encoding="utf-8")
    assert str(find_architecture(str(tmp_path / "odd.py"))) == "input 3x3x1 -> fc 2"
