"""BLEU, ROUGE-L and CIDEr beside pycocoevalcap's pure-Python scorers."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from convscope.applications.captioning.bleu import bleu
from convscope.applications.captioning.cider import cider
from convscope.applications.captioning.rouge import longest_common, rouge_l
from convscope.applications.captioning.tokens import Words, sentence, words_of

Corpus = tuple[list[Words], list[list[Words]]]


def random_corpus(seed: int) -> Corpus:
    """Captions of 0 to 12 words over few words, with 1 to 5 references of 1 to 12 each."""
    chance = random.Random(seed)
    known = ["a", "bag", "two", "bags", "left", "of", "the", "coat", "above"][: 3 + seed % 7]

    def caption(least: int) -> Words:
        return tuple(chance.choices(known, k=chance.randint(least, 12)))

    count = chance.randint(1, 12)
    references = [[caption(1) for _ in range(chance.randint(1, 5))] for _ in range(count)]
    captions = [chance.choice(own) if chance.random() < 0.2 else caption(0) for own in references]
    return captions, references


def as_theirs(corpus: Corpus) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    captions, references = corpus
    wanted = {number: [sentence(words) for words in own] for number, own in enumerate(references)}
    return wanted, {number: [sentence(words)] for number, words in enumerate(captions)}


@pytest.mark.parametrize("seed", range(40))
def test_bleu_is_pycocoevalcaps(seed: int) -> None:
    theirs = pytest.importorskip("pycocoevalcap.bleu.bleu").Bleu(4)
    corpus = random_corpus(seed)
    expected, _ = theirs.compute_score(*as_theirs(corpus), verbose=0)
    assert bleu(*corpus) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("seed", range(40))
def test_rouge_is_pycocoevalcaps(seed: int) -> None:
    theirs = pytest.importorskip("pycocoevalcap.rouge.rouge").Rouge()
    corpus = random_corpus(seed)
    _, expected = theirs.compute_score(*as_theirs(corpus))
    assert rouge_l(*corpus) == pytest.approx(list(expected), rel=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_cider_is_pycocoevalcaps(seed: int) -> None:
    theirs = pytest.importorskip("pycocoevalcap.cider.cider").Cider()
    corpus = random_corpus(seed)
    _, expected = theirs.compute_score(*as_theirs(corpus))
    assert cider(*corpus) == pytest.approx(list(expected), rel=1e-10, abs=1e-12)


def test_the_random_captions_tell_the_scores_apart() -> None:
    """So that none of the tests above compares zeros with zeros."""
    corpora = [random_corpus(seed) for seed in range(40)]
    assert sum(bleu(*corpus)[3] > 0.05 for corpus in corpora) > 20
    assert sum(max(cider(*corpus)) > 1 for corpus in corpora) > 20


@given(st.integers(0, 10_000))
def test_a_corpus_of_its_own_references_is_perfect(seed: int) -> None:
    _, references = random_corpus(seed)
    captions = [own[0] for own in references]
    assert bleu(captions, references)[0] == pytest.approx(1, abs=1e-6)
    assert rouge_l(captions, references) == pytest.approx([1.0] * len(captions))


def test_the_length_in_ciders_penalty_counts_bigrams() -> None:
    """Of words alike otherwise: one word has no bigram, and its length is 0, not 1."""
    references = [[("bag",)], [("coat",)]]
    alone = cider([("bag",), ("coat",)], references)
    assert alone == pytest.approx([10 / 4] * 2)  # unigrams only, no penalty
    longer = cider([("bag", "bag"), ("coat",)], references)
    # weight 2w beside w: min(2w, w)·w / (2w·w) = 1/2, and the penalty of one bigram
    assert longer[0] == pytest.approx(10 / 4 / 2 * math.exp(-1 / 72))


def test_cider_of_one_image_is_zero() -> None:
    assert cider([("a", "bag")], [[("a", "bag")]]) == (0.0,)
    assert cider([], []) == ()


def test_the_longest_common_subsequence_has_gaps() -> None:
    assert longest_common(tuple("abcde"), tuple("xaxcxe")) == 3
    assert longest_common((), ("a",)) == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A T-shirt is left of two bags.", "a t-shirt is left of two bags"),
        ("  Don’t -- stop!\n", "don't stop"),
        ("“Ankle boot”, 3 × bag…", "ankle boot 3 bag"),
        ("Ein Mädchen läuft", "ein mädchen läuft"),
        ("snake_case", "snake case"),
        ("...", ""),
    ],
)
def test_words(text: str, words: str) -> None:
    assert words_of(text) == tuple(words.split())
    assert words_of(sentence(words_of(text))) == words_of(text)
