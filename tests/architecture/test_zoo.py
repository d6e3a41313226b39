"""The named architectures, and the three ways to name one."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.architecture import Architecture
from convscope.architecture.zoo import ZOO, find_architecture
from convscope.errors import NotationError, UsageError


@pytest.mark.parametrize("name", ZOO)
def test_each_entry_fits_its_own_input_and_cites_its_source(name: str) -> None:
    entry = ZOO[name]
    assert entry.name == name
    assert entry.example.output.channels == entry.classes
    assert not entry.architecture.complete
    assert any(year in entry.source for year in map(str, range(1958, 2030)))
    assert Architecture.parse(str(entry.example)) == entry.example


def test_a_name_a_notation_and_a_file_are_the_same_network(tmp_path: Path) -> None:
    line = str(ZOO["article"].example)
    file = tmp_path / "network.txt"
    file.write_text(line.replace("->", "→"), encoding="utf-8")
    assert find_architecture("Article") == find_architecture(line) == find_architecture(str(file))


def test_a_name_can_stay_open_for_data() -> None:
    assert not find_architecture("article", example=False).complete


def test_what_is_none_of_the_three_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='did you mean "resnet20"'):
        find_architecture("resnet21")
    with pytest.raises(UsageError, match="names are article"):
        find_architecture("zzzzzzzz")
    with pytest.raises(NotationError, match="the first step must be the input"):
        find_architecture("conv 16 5x5")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="cannot be read as text"):
        find_architecture(str(binary))
    wrong = tmp_path / "wrong.txt"
    wrong.write_text("input 8x8x1 -> rleu", encoding="utf-8")
    with pytest.raises(NotationError) as caught:
        find_architecture(str(wrong))
    assert str(wrong) in "".join(caught.value.__notes__)


def test_a_word_too_long_for_a_file_is_no_name() -> None:
    with pytest.raises(UsageError, match=r"^'a{79}…' is no name of the zoo"):
        find_architecture("a" * 5000)
