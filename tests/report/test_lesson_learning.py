"""The lesson's chapters on how this network has learned, and on what the article states."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from convscope.claims.claim import Outcome
from convscope.claims.table import CLAIMS
from convscope.errors import UsageError
from convscope.inspection.health.afterwards import examine
from convscope.inspection.health.findings import Finding, History
from convscope.inspection.health.vitals import Vitals
from convscope.inspection.health.watch import Health
from convscope.inspection.subject import subject_of
from convscope.report.html import fragment
from convscope.report.lesson import claims as claims_module
from convscope.report.lesson import material as lesson_material
from convscope.report.lesson.chapter import Chapter
from convscope.report.lesson.claims import claims_chapter
from convscope.report.lesson.health import health_chapter
from convscope.report.lesson.material import LessonMaterial
from convscope.training.runs import Run, open_run
from tests.claims.samples import sample_outcome

from .samples import HOSTILE
from .test_document import read


def told(chapter: Chapter | None) -> str:
    """What a person reads."""
    return read(markup(chapter)).text


def markup(chapter: Chapter | None) -> str:
    assert chapter is not None
    return str(fragment(chapter.section.body))


@pytest.fixture(scope="module")
def material() -> LessonMaterial:
    """Of ``example``, with nothing in it but its health."""
    return LessonMaterial(
        subject=subject_of("example", data="fashion-mini"),
        run=open_run("example"),
        explanation=None,
        pictures=(),
        probabilities=np.empty((0, 10), np.float32),
        scores=np.empty((0, 10), np.float32),
        health=examine("example", data="fashion-mini"),
    )


def health_of(material: LessonMaterial) -> Health:
    assert material.health is not None
    return material.health


def with_looks(
    material: LessonMaterial, looks: Sequence[Vitals], findings: Sequence[Finding] = ()
) -> LessonMaterial:
    history = History(tuple(looks))
    return replace(material, health=Health("example", tuple(findings), history, 1.0))


def test_health_is_told_with_the_numbers_of_the_last_look(material: LessonMaterial) -> None:
    text, last = told(health_chapter(material)), health_of(material).history.last
    assert "Nothing was found." in text
    assert f"After {last.step:,} steps" in text
    assert f"Their loss is {last.loss:.3g}" in text
    assert f"{100 * last.accuracy:.1f}\xa0% of them" in text
    units = sum(each.units for each in last.activations)
    assert f"Of the {units} units of the ReLUs, none gave 0" in text
    assert (
        f"It is {last.weights[0].pull:.3g} on conv1 and {last.weights[-1].pull:.3g} on fc" in text
    )
    rows = re.findall(r'<th scope="row">([^<]*)', markup(health_chapter(material)))
    assert rows == ["conv1", "conv2", "fc", "relu1", "relu2", "batch1", "batch2"]


def test_dead_and_saturated_units_are_counted(material: LessonMaterial) -> None:
    last = health_of(material).history.last
    relu, other = last.activations
    ill = replace(
        last,
        activations=(replace(relu, dead=(1, 3)), replace(other, kind="tanh", saturated=0.625)),
    )
    text = told(health_chapter(with_looks(material, [ill])))
    assert "Of the 16 units of the ReLUs, 2 units (2 in relu1) gave 0" in text
    assert "The most saturated one is relu2: 62.5\xa0% of its values" in text


def test_what_was_found_stands_with_place_evidence_and_remedy(material: LessonMaterial) -> None:
    finding = Finding("dead units", HOSTILE, "9 of 16 give 0", "a lower rate")
    chapter = health_chapter(with_looks(material, health_of(material).history.vitals, [finding]))
    text = told(chapter)
    assert f"{HOSTILE}: 9 of 16 give 0. Remedy: a lower rate." in text
    assert "Nothing was found." not in text
    assert "<b onclick" not in markup(chapter)


def test_several_looks_make_a_chart_of_the_finite_ones(material: LessonMaterial) -> None:
    last = health_of(material).history.last
    looks = [replace(last, step=step) for step in (10, 20, 30, 40)]
    looks[1] = replace(looks[1], loss=float("nan"))
    chapter = health_chapter(with_looks(material, looks))
    assert chapter is not None
    (block,) = chapter.blocks.values()
    assert isinstance(block, dict)
    assert [each["name"] for each in block["series"]] == ["conv1", "conv2", "fc"]
    assert block["series"][0]["x"] == [10, 30, 40]
    assert block["series"][2]["y"][0] == pytest.approx(last.weights[2].pull, rel=1e-3)
    assert "from step 10 to step 40" in told(chapter)
    one = health_chapter(with_looks(material, looks[-1:]))
    assert one is not None
    assert not one.blocks


def test_of_many_layers_a_chart_shows_some_from_first_to_last(material: LessonMaterial) -> None:
    last = health_of(material).history.last
    weights = tuple(replace(last.weights[0], name=f"conv{k}") for k in range(1, 21))
    looks = [replace(last, step=step, weights=weights) for step in (1, 2, 3)]
    chapter = health_chapter(with_looks(material, looks))
    assert chapter is not None
    (block,) = chapter.blocks.values()
    assert isinstance(block, dict)
    names = [each["name"] for each in block["series"]]
    assert len(names) == 6
    assert (names[0], names[-1]) == ("conv1", "conv20")


def test_a_network_that_is_no_run_has_no_such_chapter(material: LessonMaterial) -> None:
    assert health_chapter(replace(material, health=None)) is None
    failed = replace(material, health=None, reasons={"health": "Its data are gone."})
    assert "The training could not be examined. Its data are gone." in told(health_chapter(failed))


def test_large_networks_are_left_to_the_command(
    material: LessonMaterial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lesson_material, "_effort", lambda _: 1000.0)
    with pytest.raises(UsageError, match="convscope health does it"):
        lesson_material._health(material.subject, open_run("example"), None)


def test_a_run_is_examined_on_the_data_that_are_named(small_run: Run) -> None:
    subject = subject_of(small_run)
    found = lesson_material._health(subject, small_run, None)
    assert found.name == small_run.name
    assert found.history.last.step == small_run.results["steps"]


@pytest.fixture
def outcomes(monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """All claims as a quick run found them, in the place of what is stored."""
    found = [sample_outcome(name) for name in CLAIMS]
    monkeypatch.setattr(claims_module, "stored", lambda: tuple(found))
    return found


def test_every_claim_stands_with_its_verdict_and_the_command(
    outcomes: list[Outcome], material: LessonMaterial
) -> None:
    chapter = claims_chapter(material)
    text = told(chapter)
    for outcome in outcomes:
        for part in (outcome.says, outcome.measured, outcome.verdict.because, outcome.rule):
            assert part.replace(" %", "\xa0%") in text
        assert f"convscope claims {outcome.name} --quick" in text
    assert len(re.findall('<article class="claim">', markup(chapter))) == len(outcomes)


def test_verdicts_are_counted(outcomes: list[Outcome], material: LessonMaterial) -> None:
    text = told(claims_chapter(material))
    counted = re.search(r"Of (\d+) statements ([^.]*)\.", text)
    assert counted is not None
    assert int(counted[1]) == len(outcomes)
    assert sum(map(int, re.findall(r"\d+", counted[2]))) == len(outcomes)
    assert "are left open" in counted[2]


def test_one_claim_is_told_in_the_singular(
    monkeypatch: pytest.MonkeyPatch, material: LessonMaterial
) -> None:
    monkeypatch.setattr(claims_module, "stored", lambda: (sample_outcome("tanh"),))
    assert "Of 1 statement 1 holds." in told(claims_chapter(material))


def test_figures_are_small_have_names_and_ids_of_their_own(
    outcomes: list[Outcome], material: LessonMaterial
) -> None:
    page = markup(claims_chapter(material))
    tags = read(page).tags
    charts = [chart for outcome in outcomes for chart in outcome.charts]
    names = [values["aria-label"] for name, values in tags if name == "figure"]
    assert names == [chart.title for chart in charts]
    ids = [values["id"] for _, values in tags if "id" in values]
    assert len(ids) == len(set(ids))
    assert all("style" not in values for _, values in tags)
    assert len(page.encode()) < 400_000


def test_without_results_the_chapter_says_how_to_get_them(
    monkeypatch: pytest.MonkeyPatch, material: LessonMaterial
) -> None:
    monkeypatch.setattr(claims_module, "stored", lambda: ())
    text = told(claims_chapter(material))
    assert "Nothing has been measured." in text
    assert "convscope claims --all" in text
