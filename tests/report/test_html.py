"""Markup from values: nothing that a user wrote becomes markup."""

from __future__ import annotations

import re
from base64 import b64decode
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from convscope.report.html import Html, bar, data_uri, fragment, raw, tag

texts = st.text(st.characters(exclude_categories=("Cs", "Cc")))


class Reader(HTMLParser):
    """A stranger that says what a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: Html) -> Reader:
    reader = Reader()
    reader.feed(str(markup))
    reader.close()
    return reader


@given(texts, texts)
def test_any_text_is_read_back_as_the_same_text(content: str, attribute: str) -> None:
    found = read(tag("p", content, title=attribute))
    assert [name for name, _ in found.tags] == ["p"]
    assert found.tags[0][1] == {"title": attribute}
    assert found.text.replace("\xa0", " ") == content.replace("\xa0", " ")


def test_attributes_are_written_as_html_has_them() -> None:
    made = tag("td", class_="a", aria_hidden="true", data_x=3, hidden=True, lang=None, dir=False)
    assert str(made) == '<td class="a" aria-hidden="true" data-x="3" hidden></td>'


def test_elements_without_content_have_no_end() -> None:
    assert str(tag("br")) == "<br>"
    assert str(tag("img", src="x")) == '<img src="x">'


def test_children_may_be_nested_and_missing() -> None:
    made = tag("p", ["a", [tag("b", 1), None]], (part for part in ("<", "c")))
    assert str(made) == "<p>a<b>1</b>&lt;c</p>"


def test_a_number_stays_with_its_percent_sign() -> None:
    assert str(fragment("95 % of")) == "95\xa0% of"


def test_raw_is_left_alone() -> None:
    assert str(fragment(raw("<hr>"), "<hr>")) == "<hr>&lt;hr&gt;"


def test_data_uri_holds_the_content() -> None:
    kind, _, content = data_uri(b"\x00\xff", "image/png").partition(",")
    assert kind == "data:image/png;base64"
    assert b64decode(content) == b"\x00\xff"


def test_a_bar_is_as_long_as_its_share_and_never_vanishes() -> None:
    def width(share: float) -> float:
        found = re.search(r'class="fill work" width="([\d.]+)"', str(bar(share)))
        assert found
        return float(found[1])

    assert width(0.5) == 50
    assert width(1) == 100
    assert width(0) == 0
    assert width(0.0001) > 0
