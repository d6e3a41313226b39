"""Batches of images with captions, and the loss of the next word."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.applications.captioning.control import other_images
from convscope.applications.captioning.naming import (
    SOME,
    Naming,
    WordDetector,
    number_chances,
    numbers_in,
)
from convscope.applications.captioning.task import Captioning, sentences_of, some_frames
from convscope.applications.captioning.vocabulary import END, PAD, START, vocabulary_of

CAPTIONS = (("a bag", "one bag is here", "bag"), ("two coats",), ("a coat", "a coat left"))


def task(paraphrases: int = 2) -> Captioning:
    vocabulary = vocabulary_of(CAPTIONS)
    features = torch.arange(48).reshape(3, 4, 4)
    return Captioning(
        features,
        sentences_of(CAPTIONS, vocabulary),
        lambda part: part.float(),
        paraphrases=paraphrases,
        held=(features, sentences_of(CAPTIONS, vocabulary)),
    )


def test_paraphrases_are_the_images_own_and_none_twice() -> None:
    vocabulary, learnt = vocabulary_of(CAPTIONS), task()
    seen = set()
    for seed in range(40):
        torch.manual_seed(seed)
        images, words = learnt.batch(np.array([2, 0]))
        assert images.shape == (2, 4, 4) and float(images[0, 0, 0]) == 32
        said = [" ".join(vocabulary.said(row[1:].tolist())) for row in words]
        assert set(said[:2]) == set(CAPTIONS[2])
        assert set(said[2:]) <= set(CAPTIONS[0]) and said[2] != said[3]
        assert bool((words[:, 0] == START).all())
        seen |= set(said)
    assert seen == {*CAPTIONS[0], *CAPTIONS[2]}


def test_columns_without_a_word_are_left_out() -> None:
    _, words = task(paraphrases=1).batch(np.array([1]))
    assert words.shape == (1, 4)  # START two coats END
    assert words[0, -1] == END


class _Fixed(nn.Module):
    """Says what it is told to, whatever it sees."""

    def __init__(self, logits: Tensor) -> None:
        super().__init__()
        self.logits = logits

    def decode(self, features: Tensor, words: Tensor) -> tuple[Tensor, None]:
        return self.logits[: len(words), : words.shape[1]], None

    forward = decode


def test_the_loss_is_the_mean_over_words_and_ends_alone() -> None:
    size = len(vocabulary_of(CAPTIONS))
    logits = torch.randn(2, 5, size, generator=torch.Generator().manual_seed(0))
    words = torch.tensor([[START, 5, 4, END, PAD], [START, 6, END, PAD, PAD]])
    chances = torch.log_softmax(logits, 2)
    wanted = [(0, 0, 5), (0, 1, 4), (0, 2, END), (1, 0, 6), (1, 1, END)]
    expected = -sum(float(chances[place]) for place in wanted) / len(wanted)
    found = task().loss(_Fixed(logits), (torch.zeros(2), words))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_the_score_is_the_part_of_words_that_come_first() -> None:
    learnt = task()
    vocabulary = vocabulary_of(CAPTIONS)
    first = torch.from_numpy(vocabulary.table([("a", "bag"), ("two", "coats"), ("a", "coat")]))
    logits = torch.nn.functional.one_hot(first[:, 1:], len(vocabulary)).float()
    assert learnt.score(_Fixed(logits)) == {"words": 1.0}
    logits[0, 0] = 0
    logits[0, 0, vocabulary.numbers(["coat"])[0]] = 1
    assert learnt.score(_Fixed(logits)) == {"words": pytest.approx(8 / 9)}


def test_some_frames_keep_their_order_and_cover_the_clip() -> None:
    clips = torch.arange(8).view(1, 8, 1, 1, 1)
    starts = set()
    for seed in range(30):
        torch.manual_seed(seed)
        frames = some_frames(clips, 2)[0, :, 0, 0, 0].tolist()
        assert frames[0] in range(4) and frames[1] in range(4, 8)
        starts.add(tuple(frames))
    assert len(starts) > 8


def test_a_word_is_evident_if_it_is_in_one_of_the_cells() -> None:
    """1 − Π(1 − p), beside the plain product; and its cross-entropy beside torch's."""
    torch.manual_seed(0)
    detector = WordDetector(6, 5)
    cells = torch.randn(3, 16, 6)
    present = 1 - (1 - torch.sigmoid(detector(cells))).prod(1)
    wanted = torch.rand(3, 5) < 0.5
    naming = Naming(cells, torch.where(wanted, SOME, 0), lambda part: part)
    batch = naming.batch(np.array([2, 0]))
    torch.testing.assert_close(batch[0], cells[[2, 0]])
    found = naming.loss(detector, batch)
    expected = torch.nn.functional.binary_cross_entropy(present[[2, 0]], wanted[[2, 0]].float())
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-4)


def test_how_many_cells_show_a_word_is_as_all_ways_to_choose_them_say() -> None:
    chances = torch.rand(2, 5, 3, generator=torch.Generator().manual_seed(1))
    expected = torch.zeros(2, 3, 6)
    for shown in itertools.product((False, True), repeat=5):
        own = torch.tensor(shown)[None, :, None]
        expected[:, :, sum(shown)] += torch.where(own, chances, 1 - chances).prod(1)
    torch.testing.assert_close(number_chances(chances, 5), expected)
    torch.testing.assert_close(number_chances(chances, 2), expected[..., :3])


def test_a_number_is_learnt_in_any_frame_and_nothing_from_words_of_no_number() -> None:
    """−log of the mean over frames of P(Σ = n), beside ``number_chances``."""
    odds = torch.randn(2, 2, 9, 3, generator=torch.Generator().manual_seed(2))
    numbers = torch.tensor([[2, 0, 1], [SOME, 3, 0]], dtype=torch.int8)
    chances = torch.sigmoid(odds)
    each = torch.stack([number_chances(chances[:, frame], 6) for frame in (0, 1)]).mean(0)
    nowhere = (1 - chances).prod(2).prod(1)
    expected = [each[0, 0, 2], nowhere[0, 1], each[0, 2, 1]]
    expected += [1 - nowhere[1, 0], each[1, 1, 3], nowhere[1, 2]]
    naming = Naming(torch.zeros(2), numbers, lambda part: part)
    found = naming.loss(lambda _: odds, (torch.zeros(2), numbers))
    torch.testing.assert_close(found, -torch.stack(expected).log().mean())


def test_how_often_an_image_shows_what_a_word_means() -> None:
    captions = [
        ("Two bags left of a dress.", "A dress and two bags, with the bags above."),
        ("Three dresses", "Four dresses"),
        ("bags", "A dress under some bags"),
        ("Nothing",),
        ("a b", "Seven coats"),
    ]
    vocabulary = vocabulary_of([*captions, ("bag", "coat")])
    found = numbers_in(captions, vocabulary, 100)

    def of(image: int) -> dict[str, int]:
        asked = {"bag", "bags", "dress", "dresses", "coat"}
        pairs = zip(vocabulary.words, found[image].tolist(), strict=True)
        return {word: number for word, number in pairs if word in asked and number}

    assert of(0) == {"bag": 2, "bags": 2, "dress": 1, "dresses": 1}
    assert of(1) == {"dress": SOME, "dresses": SOME}
    assert of(2) == {"bag": SOME, "bags": SOME, "dress": 1, "dresses": 1}
    assert of(3) == {}
    assert of(4) == {"coat": SOME}
    assert torch.equal(numbers_in(captions, vocabulary, 3), found[:, :3])


@pytest.mark.parametrize("count", [2, 3, 17])
def test_the_control_gives_every_image_another_one(count: int) -> None:
    others = other_images(count, seed=4)
    assert sorted(others) == list(range(count))
    assert not np.any(others == np.arange(count))
    assert np.array_equal(others, other_images(count, seed=4))
