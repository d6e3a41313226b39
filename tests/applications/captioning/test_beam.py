"""Beam search beside brute force: every sentence, scored word by word."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from convscope.applications.captioning.attention import AttentionDecoder
from convscope.applications.captioning.beam import Found, Speaker, State, beam_search
from convscope.applications.captioning.decoder import PlainDecoder
from convscope.applications.captioning.readers import GridReader
from convscope.applications.captioning.vocabulary import END, PAD, START, UNKNOWN

WORDS = 7
LONGEST = 3
SAYABLE = (END, 4, 5, 6)


class Dice:
    """A decoder without weights: logits that hang on the image and all words so far."""

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(1)
        self.table = 3 * torch.randn(4096, WORDS, generator=generator)

    def begin(self, features: Tensor) -> State:
        return (features[:, 0].long(),)

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        place = (state[0] * 31 + words * 7 + 1) % 4096
        return self.table[place].clone(), (place,)


def speakers() -> dict[str, tuple[Speaker, Tensor]]:
    torch.manual_seed(0)
    grids = torch.rand(3, 16, 5)
    plain = PlainDecoder(GridReader(5, 4, concepts=2, sums=3, width=8), WORDS, width=8, dropout=0)
    looking = AttentionDecoder(5, WORDS, width=8, hidden=6, dropout=0)
    for decoder in (plain, looking):  # beginnings are almost even: make them decided
        for weight in decoder.parameters():
            weight.data *= 3
    return {
        "dice": (Dice(), torch.tensor([[11.0], [222.0], [3333.0]])),
        "plain": (plain.eval(), grids),
        "attention": (looking.eval(), grids),
    }


def log_chance(speaker: Speaker, feature: Tensor, words: tuple[int, ...]) -> float:
    """log p of one sentence, one word after the other, END included."""
    state, before, total = speaker.begin(feature[None]), START, 0.0
    for word in (*words, END):
        logits, state = speaker.step(state, torch.tensor([before]))
        logits[:, [PAD, START, UNKNOWN]] = -torch.inf
        total += float(torch.log_softmax(logits, 1)[0, word])
        before = word
    return total


def all_sentences() -> list[tuple[int, ...]]:
    return [
        words
        for length in range(LONGEST + 1)
        for words in itertools.product(SAYABLE[1:], repeat=length)
    ]


def sentence_of(found: Found, image: int, place: int) -> tuple[int, ...]:
    numbers = found.words[image, place].tolist()
    return tuple(numbers[: numbers.index(END)])


@pytest.mark.parametrize("name", ["dice", "plain", "attention"])
@torch.no_grad()
def test_a_width_that_holds_all_beginnings_is_exhaustive(name: str) -> None:
    speaker, features = speakers()[name]
    known = all_sentences()
    found = beam_search(speaker, features, width=len(known), longest=LONGEST)
    for image in range(len(features)):
        chances = {words: log_chance(speaker, features[image], words) for words in known}
        ranked = sorted(known, key=lambda words: -chances[words])
        assert [sentence_of(found, image, place) for place in range(len(known))] == ranked
        expected = torch.tensor([chances[words] for words in ranked])
        torch.testing.assert_close(found.scores[image], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("name", ["dice", "plain", "attention"])
@torch.no_grad()
def test_width_one_is_greedy(name: str) -> None:
    speaker, features = speakers()[name]
    found = beam_search(speaker, features, width=1, longest=LONGEST)
    for image in range(len(features)):
        state, before, words = speaker.begin(features[image : image + 1]), START, []
        while before != END and len(words) < LONGEST:
            logits, state = speaker.step(state, torch.tensor([before]))
            logits[:, [PAD, START, UNKNOWN]] = -torch.inf
            before = int(logits.argmax())
            words.append(before)
        assert sentence_of(found, image, 0) == tuple(word for word in words if word != END)
        expected = log_chance(speaker, features[image], sentence_of(found, image, 0))
        assert float(found.scores[image, 0]) == pytest.approx(expected, abs=1e-4)


@torch.no_grad()
def test_greedy_is_not_the_best_here_and_two_beams_are_better() -> None:
    """Else the two tests above could not tell the searches apart."""
    speaker, features = Dice(), torch.arange(40.0)[:, None]
    best = [
        float(beam_search(speaker, features, width=width, longest=LONGEST).scores[:, 0].sum())
        for width in (1, 2, 40)
    ]
    assert best[0] < best[1] < best[2]


@torch.no_grad()
def test_images_do_not_disturb_one_another() -> None:
    speaker, features = speakers()["plain"]
    together = beam_search(speaker, features, width=3, longest=LONGEST)
    for image in range(len(features)):
        alone = beam_search(speaker, features[image : image + 1], width=3, longest=LONGEST)
        assert torch.equal(alone.words[0], together.words[image])


@torch.no_grad()
def test_nothing_that_is_no_word_is_said() -> None:
    speaker, features = speakers()["dice"]
    found = beam_search(speaker, features, width=60, longest=LONGEST)
    assert set(found.words.unique().tolist()) <= {PAD, *SAYABLE}
    missing = found.scores == -torch.inf
    assert bool((found.words[missing] == PAD).all())
    assert int((~missing).sum()) == 3 * len(all_sentences())
    assert float(found.scores.exp().sum(1).max()) <= 1 + 1e-5
