"""Results of looking inside in a notebook: every kind has a figure and a text, by itself."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from typing import Any

import pytest
from torch import nn

from convscope.architecture.layers import Volume
from convscope.architecture.zoo import find_architecture
from convscope.exercises.marking import Mark, Marked
from convscope.exercises.sheet import make_exercises
from convscope.experiments.comparing import compare_architectures
from convscope.inspection.attribution.attribution import attribute_all
from convscope.inspection.changes.ablation import ablate
from convscope.inspection.fields.receptive import receptive_fields
from convscope.inspection.foreign.extraction import architecture_of
from convscope.inspection.foreign.listing import list_layers
from convscope.inspection.health.afterwards import examine
from convscope.inspection.maps.kernels import kernels
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.subject import Subject, subject_of
from convscope.inspection.symmetry.equivariance import equivariance
from convscope.inspection.walking.walk import walk
from convscope.report import notebook
from convscope.report.looks import LOOKS, Look, view_text
from tests.claims.samples import sample_outcome

from .samples import HOSTILE
from .test_document import read


@pytest.fixture(scope="module")
def subject() -> Subject:
    return replace(
        subject_of("input 28x28x1 -> conv 2 5x5 -> relu -> maxpool 4 -> fc 10"),
        name=HOSTILE,
        classes=(HOSTILE,) * 10,
    )


MADE: dict[tuple[str, str], Any] = {
    ("inspection.walking.walk", "Walk"): lambda s: walk(s, "conv1", (1, 3, 3)),
    ("inspection.maps.maps", "ActivationMaps"): lambda s: activation_maps(s, "conv1"),
    ("inspection.maps.kernels", "Kernels"): lambda s: kernels(s, "conv1"),
    ("inspection.fields.field_results", "ReceptiveFields"): lambda s: receptive_fields(
        s, ["conv1"], images=2
    ),
    ("inspection.attribution.results", "Attributions"): lambda s: attribute_all(
        s, 0, ["saliency"], check=False
    ),
    ("inspection.symmetry.equivariance", "Equivariance"): lambda s: equivariance(s, images=2),
    ("inspection.changes.ablation", "Ablation"): lambda s: ablate(s, images=10),
    ("inspection.foreign.listing", "Listing"): list_layers,
    ("inspection.foreign.extraction", "Extraction"): lambda s: architecture_of(s.module),
    ("inspection.health.watch", "Health"): lambda s: replace(
        examine("example", data="fashion-mini"), name=s.name
    ),
    ("experiments.comparing", "ArchitectureComparison"): lambda s: replace(
        compare_architectures([find_architecture("article"), find_architecture("lenet5")]),
        names=(s.name, "lenet5"),
    ),
    ("exercises.sheet", "Sheet"): lambda s: replace(make_exercises(count=2), title=s.name),
    ("exercises.marking", "Marked"): lambda s: marked(s.name),
    ("claims.claim", "Outcome"): lambda s: replace(sample_outcome("tanh"), says=s.name),
}


def marked(name: str) -> Marked:
    sheet = make_exercises(count=2)
    marks = tuple(Mark(question, name, "wrong") for question in sheet.questions)
    return Marked(sheet, name, "sheet.txt", marks)


@pytest.mark.parametrize("look", LOOKS.values(), ids=[name for _, name in LOOKS])
def test_a_look_leads_to_a_figure_and_a_view(look: Look) -> None:
    for place in filter(None, (look.figure, look.view)):
        module, _, name = place.partition(":")
        assert callable(getattr(import_module(f"convscope.report.{module}"), name))


@pytest.mark.parametrize("key", MADE, ids=[name for _, name in MADE])
def test_a_result_is_drawn_and_written_escaped(key: tuple[str, str], subject: Subject) -> None:
    result = MADE[key](subject)
    assert type(result).__name__ == key[1]
    assert type(result).__module__ == f"convscope.{key[0]}"
    markup = notebook.look_html(LOOKS[key], result)
    tags = read(markup).tags
    assert tags[0] == ("div", {"class": "convscope"})
    assert ("svg" in [name for name, _ in tags]) == bool(LOOKS[key].figure)
    for name, values in tags:
        assert name != "script"
        assert not any(each.startswith("on") or each == "style" for each in values)
        for each in ("src", "href"):
            assert (values.get(each) or "#").startswith(("#", "data:"))
    assert view_text(LOOKS[key], result).strip()


@pytest.mark.parametrize("key", MADE, ids=[name for _, name in MADE])
def test_a_result_is_one_short_line_where_nothing_draws_it(
    key: tuple[str, str], subject: Subject
) -> None:
    result = MADE[key](replace(subject, name="mine"))
    assert repr(result).startswith(f"<{key[1]}")
    assert len(repr(result)) < 120
    assert "\n" not in repr(result)


def test_an_extraction_without_an_architecture_names_what_is_against_it() -> None:
    found = architecture_of(nn.Sequential(nn.Conv2d(1, 2, 3), nn.Hardswish()), Volume(8, 8, 1))
    text = view_text(LOOKS["inspection.foreign.extraction", "Extraction"], found)
    assert text.startswith("no architecture")
    assert "Hardswish" in text
    assert repr(found) == "<Extraction: no architecture: Hardswish>"


def test_two_figures_of_one_notebook_do_not_share_names(subject: Subject) -> None:
    maps = activation_maps(subject, "conv1")
    look = LOOKS["inspection.maps.maps", "ActivationMaps"]
    one, other = (notebook.look_html(look, maps) for _ in range(2))
    names = [set(re.findall(r' id="([^"]+)"', markup)) for markup in (one, other)]
    assert not names[0] & names[1]


def test_a_subject_says_what_it_is(subject: Subject) -> None:
    markup = notebook.network_html(subject)
    assert "<b onclick" not in markup
    assert "untrained" in read(markup).text
    assert "<svg" in markup
    assert "<svg" not in notebook.network_html(replace(subject, architecture=None))
    assert "conv1, relu1, pool1, fc" in notebook._TEXT["convscope.inspection.subject", "Subject"](
        subject
    )
