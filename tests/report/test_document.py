"""One file that needs nothing else: policy, style, sections."""

from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256

from convscope.report.document import Section, document, missing, part_sheet
from convscope.report.html import tag

from .samples import HOSTILE
from .test_html import Reader


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    return reader


PAGE = document(
    HOSTILE,
    tag("p", "head"),
    [Section("one", "First & last", tag("p", HOSTILE)), Section("two", "Second", ["a", "b"])],
    tag("p", "foot"),
)


def test_what_a_user_wrote_stays_text() -> None:
    names = [name for name, _ in read(PAGE).tags]
    assert "b" not in names
    assert names.count("title") == names.count("h1") == 1
    assert read(PAGE).text.count(HOSTILE.replace(" %", "\xa0%")) == 3


def test_contents_lead_to_the_sections() -> None:
    tags = read(PAGE).tags
    links = [values["href"] for name, values in tags if name == "a"]
    keys = [values["id"] for name, values in tags if "id" in values]
    assert links == ["#content", "#one", "#two", "#one", "#two"]
    assert set(keys) == {"content", "one", "two"}


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    policy = next(
        values["content"] or ""
        for name, values in read(PAGE).tags
        if values.get("http-equiv") == "Content-Security-Policy"
    )
    style = re.findall("<style>(.*?)</style>", PAGE, re.DOTALL)
    assert len(style) == 1
    digest = b64encode(sha256(style[0].encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_style_asks_for_nothing_and_knows_dark_and_print() -> None:
    style = re.findall("<style>(.*?)</style>", PAGE, re.DOTALL)[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme:dark" in style
    assert "@media print" in style
    assert style.count("{") == style.count("}")


def test_every_colour_of_the_style_is_known() -> None:
    style = re.findall("<style>(.*?)</style>", PAGE, re.DOTALL)[0]
    used = set(re.findall(r"var\(--([\w-]+)\)", style))
    known = set(re.findall(r"--([\w-]+):", style))
    assert used <= known


def test_the_parts_can_be_had_for_one_element() -> None:
    sheet = part_sheet(".convscope")
    assert sheet.startswith(".convscope{--paper:")
    assert sheet.endswith("}")
    assert not re.search(r"^(html|body)\b", sheet, re.MULTILINE)
    assert sheet.count("{") == sheet.count("}")


def test_what_is_missing_is_said_with_its_reason() -> None:
    assert str(missing("No curves.", "1 < 2")) == (
        '<p class="missing"><b>No curves.</b> 1 &lt; 2</p>'
    )
