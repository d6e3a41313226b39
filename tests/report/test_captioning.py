"""Captions in words and pictures: what stands where, and what is not there."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from convscope.applications.captioning.comparing import CaptionComparison, Compared
from convscope.applications.captioning.evaluation import FREQUENT, NEAREST, CaptionEvaluation
from convscope.applications.captioning.scores import caption_scores
from convscope.applications.captioning.sentences import Caption, Sentence, SpokenWord
from convscope.experiments.statistics import estimate
from convscope.report import notebook
from convscope.report.captioning_chart import comparison_figure
from convscope.report.captioning_figure import attention_figure, caption_figure, captions_figure
from convscope.report.captioning_view import (
    CaptionComparisonView,
    CaptionEvaluationView,
    CaptionsView,
)
from convscope.report.looks import LOOKS
from convscope.report.view import shown_text
from convscope.training.conditions import resolve

from .samples import HOSTILE

REFERENCES = (("Two bags are left of a coat.",), ("A sandal is at the top.",))


def caption(*, looking: bool = True, clip: bool = False, source: str = "one.png") -> Caption:
    weights = np.zeros((4, 4), np.float32)
    weights[1, 2] = 1.0
    words = tuple(
        SpokenWord(word, 0.9, weights if looking else None) for word in ("a", "bag", "above")
    )
    shape = (8, 1, 32, 32) if clip else (1, 32, 32)
    return Caption(
        source,
        (Sentence("a bag above", 0.731), Sentence("two bags", 0.02)),
        words,
        np.full(shape, 90, np.uint8),
    )


def evaluation(*, control: str | None = None) -> CaptionEvaluation:
    said = ("two bags left of a coat", "a sandal at the bottom")
    scores = caption_scores(said, REFERENCES)
    poor = caption_scores(("a bag", "a bag"), REFERENCES)
    return CaptionEvaluation(
        run="mine",
        method="attention",
        data="scenes",
        split="test",
        beam=3,
        control=control,
        scores=scores,
        held_out=poor,
        baselines={FREQUENT: poor, NEAREST: poor},
        names=("one", "two"),
        captions=said,
        references=REFERENCES,
        seconds=0.0042,
        conditions=resolve("cpu", "float32"),
    )


def comparison(seeds: int = 3) -> CaptionComparison:
    def measures(value: float, **more: float) -> dict[str, object]:
        found = {"bleu_1": value, "bleu_4": value / 2, "cider": 3 * value, "objects": value, **more}
        return {
            name: estimate([each + 0.01 * seed for seed in range(seeds)])
            for name, each in found.items()
        }

    seconds = estimate([200.0 + seed for seed in range(seeds)])
    rows = [
        Compared("attention", "images", "method", measures(0.8, relations=0.9), seconds, seconds),
        Compared("attention", "images", "held_out", measures(0.6, relations=0.7)),
        Compared(FREQUENT, "images", "baseline", measures(0.1, relations=0.2)),
        Compared("clip-lstm", "clips", "method", measures(0.7, directions=0.9), seconds, seconds),
    ]
    return CaptionComparison(  # type: ignore[arg-type]
        tuple(rows), seeds, 500, "scenes", False, {"threads": 2, "versions": {}}
    )


def texts_of(figure: Figure) -> list[str]:
    own = [text.get_text() for text in figure.texts]
    return own + [axes.get_title(loc="left") for axes in figure.axes]


def test_sentences_stand_below_their_picture() -> None:
    found = shown_text(CaptionsView([caption(), caption(source="two.png")]))
    assert found.splitlines() == [
        "one.png",
        "    73.1 %  a bag above",
        "     2.0 %  two bags",
        "",
        "two.png",
        "    73.1 %  a bag above",
        "     2.0 %  two bags",
    ]


def test_an_evaluation_has_a_row_for_each_and_says_what_columns_are() -> None:
    found = shown_text(CaptionEvaluationView(evaluation()), width=110)
    lines = found.splitlines()
    assert lines[0].split() == [
        "BLEU-1", "BLEU-4", "ROUGE-L", "CIDEr", "objects", "%", "counts", "%", "relations", "%",
        "all", "right", "%",
    ]  # fmt: skip
    assert [line[:22].strip() for line in lines[1:5]] == [
        "attention", "pairs never shown", FREQUENT, NEAREST,
    ]  # fmt: skip
    assert "100.0" in lines[1] and "50.0" in lines[1]
    assert "–" in lines[2]  # no caption names the right classes: no relation to judge
    assert "on 2 test images of scenes, beam 3, float32; 4.2 ms an image with" in found
    assert "of the classes" not in found and "of captions with the right classes" in found
    control = shown_text(CaptionEvaluationView(evaluation(control="other-images")))
    assert "each is said of another image" in control


def test_a_comparison_keeps_images_and_clips_apart() -> None:
    found = shown_text(CaptionComparisonView(comparison()), width=140)
    images, clips = found.split("captions of clips")
    assert "attention, pairs never shown" in images and "relations %" in images
    assert "where to %" in clips and "relations %" not in clips.splitlines()[1]
    assert "81.0 ± 1.0" in images and "3 min 21 s" in images
    assert "mean ± standard deviation over 3 seeds, on 500 test images of scenes" in found
    single = shown_text(CaptionComparisonView(comparison(seeds=1)), width=140)
    assert "±" not in single and "of 1 seed" in single


def test_a_picture_for_each_word_on_one_scale() -> None:
    figure = attention_figure(caption())
    assert [text for text in texts_of(figure) if text] == [
        "“a bag above”", "one.png; probability 73.1 %", "a", "90 %", "bag", "90 %", "above",
        "90 %",
    ]  # fmt: skip
    painted = figure.axes[1].images[0].get_array()
    assert painted is not None
    lightest = painted[0, 0].tolist()
    inside, outside = painted[8:16, 16:24], painted[16:24, 16:24]
    assert np.allclose(outside, lightest) and not np.allclose(inside, lightest)
    with pytest.raises(ValueError, match="only a decoder with attention"):
        attention_figure(caption(looking=False))


def test_pictures_in_rows_and_three_frames_of_a_clip() -> None:
    assert len(captions_figure([caption()] * 5).axes) == 5
    assert len(captions_figure([caption(clip=True)] * 2).axes) == 6
    assert len(caption_figure(caption()).axes) == 5  # picture, three words, a scale
    assert len(caption_figure(caption(looking=False)).axes) == 1


def test_the_chart_has_two_panels_for_images_and_two_for_clips() -> None:
    figure = comparison_figure(comparison())
    assert len(figure.axes) == 4
    names = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert names == ["attention", "attention, pairs never shown", FREQUENT]
    ticks = [label.get_text() for label in figure.axes[2].get_xticklabels()]
    assert ticks == ["objects", "where to"]


@pytest.mark.parametrize(
    ("key", "result"),
    [
        (("applications.captioning.sentences", "Caption"), caption(source=HOSTILE)),
        (("applications.captioning.evaluation", "CaptionEvaluation"), evaluation()),
        (("applications.captioning.comparing", "CaptionComparison"), comparison()),
    ],
)
def test_notebooks_show_results(key: tuple[str, str], result: object) -> None:
    assert (type(result).__module__, type(result).__name__) == (f"convscope.{key[0]}", key[1])
    markup = notebook.look_html(LOOKS[key], result)
    assert "<script" not in markup
    assert ("<svg" in markup) == bool(LOOKS[key].figure)
