"""A sheet as a page: nothing given away, one script by its hash, and it can be filled in."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from convscope.architecture import Architecture
from convscope.exercises.forms import Choice
from convscope.exercises.marking import check_exercises
from convscope.exercises.question import Question
from convscope.exercises.sheet import Sheet, make_exercises
from convscope.report.exercises_page import sheet_page

from .test_document import read

SHEET = make_exercises("article", seed=3, count=30)
PAGE = sheet_page(SHEET)
SOLVED = sheet_page(SHEET, solutions=True)


def test_every_question_has_a_field_and_a_label() -> None:
    tags = read(PAGE).tags
    fields = [values for name, values in tags if name == "input"]
    labels = {values.get("for") for name, values in tags if name == "label"}
    for question in SHEET.questions:
        mine = [values for values in fields if values.get("name") == f"answer-{question.number}"]
        if isinstance(question.form, Choice):
            assert [values["type"] for values in mine] == ["radio"] * len(question.form.options)
            assert [values["value"] for values in mine] == list("abcd"[: len(mine)])
        else:
            assert [values["type"] for values in mine] == ["text"]
            assert mine[0]["id"] in labels
    assert "name" in labels


def test_no_answer_stands_in_the_page() -> None:
    """Whatever the answers were, the page would be the same."""
    from dataclasses import replace

    def without(question: Question) -> Question:
        form = question.form
        other = replace(form, place=0) if isinstance(form, Choice) else form
        return replace(question, form=other, steps=(), mistakes=())

    emptied = Sheet(
        SHEET.title,
        SHEET.identity,
        SHEET.architecture,
        tuple(without(question) for question in SHEET.questions),
    )
    assert sheet_page(emptied) == PAGE
    for question in SHEET.questions:
        if question.form.kind in ("volume", "sides"):
            assert question.form.answer not in PAGE


def test_solutions_have_their_derivations() -> None:
    assert "<input" not in SOLVED
    assert SOLVED.count('class="derivation"') == 30
    assert "<mfrac>" in SOLVED
    assert "32 kernels · (5·5·16)" in SOLVED


def test_the_policy_allows_the_one_script_and_no_request() -> None:
    policy = re.search('content="(default-src[^"]*)"', PAGE)
    assert policy
    scripts = re.findall("<script>(.*?)</script>", PAGE, re.DOTALL)
    assert len(scripts) == 1
    digest = b64encode(sha256(scripts[0].encode()).digest()).decode()
    rules = policy[1].replace("&#x27;", "'").split("; ")
    assert "default-src 'none'" in rules
    assert f"script-src 'sha256-{digest}'" in rules
    assert not re.search(r"https?://(?!www\.w3\.org)", PAGE)
    assert not re.search(r"\bfetch\(|XMLHttpRequest|localStorage", scripts[0])


def test_the_sheet_that_it_is_can_be_read_by_its_script() -> None:
    found = re.search(r'<script type="application/json" id="sheet">(.*?)</script>', PAGE)
    assert found
    assert json.loads(found[1]) == {
        "schema": "convscope.answers/1",
        "sheet": SHEET.identity.as_dict(),
    }


def test_what_a_user_wrote_stays_text() -> None:
    from dataclasses import replace

    hostile = "</script><b>x"
    identity = replace(SHEET.identity, run=hostile)
    page = sheet_page(Sheet(hostile, identity, SHEET.architecture, SHEET.questions[:1]))
    assert "<b>x" not in page
    assert page.count("</script>") == 2


def test_a_wide_network_makes_a_page_too() -> None:
    sheet = make_exercises(Architecture.parse("input 9x7x2 -> conv 3 3x3 -> fc 4"), seed=1, count=5)
    assert "Exercises: a network" in sheet_page(sheet)


CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_it_is_filled_in_by_keyboard_saved_and_marked(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    sheet = make_exercises("article", seed=3, count=12)
    file = tmp_path / "sheet.html"
    file.write_text(sheet_page(sheet), encoding="utf-8")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(accept_downloads=True)
        problems: list[str] = []
        requests: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        page.goto(file.as_uri())
        page.get_by_label("Name").fill("Ada")
        for question in sheet.questions:
            if isinstance(question.form, Choice):
                first = page.locator(f"input[name=answer-{question.number}]").first
                first.focus()
                page.keyboard.press("Space")
                for _ in range(question.form.place):
                    page.keyboard.press("ArrowDown")
            else:
                page.get_by_label(f"answer {question.number}", exact=True).focus()
                page.keyboard.type(question.form.answer)
        assert page.locator("#count").inner_text() == "12 of 12 answered"
        with page.expect_download() as download:
            page.get_by_role("button").focus()
            page.keyboard.press("Enter")
        saved = tmp_path / "saved.json"
        download.value.save_as(saved)
        name = download.value.suggested_filename
        browser.close()
    assert name == f"answers-{sheet.identity.id}.json"
    assert not problems
    assert [url for url in requests if not url.startswith(("file:", "blob:"))] == []
    marked = check_exercises(saved)
    assert (marked.points, marked.name) == (sheet.points, "Ada")


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_nothing_is_wider_than_a_narrow_window(tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    file = tmp_path / "sheet.html"
    file.write_text(sheet_page(make_exercises("example", seed=1, count=12)), encoding="utf-8")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for width in (360, 1200):
            page = browser.new_page(viewport={"width": width, "height": 800})
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        browser.close()
