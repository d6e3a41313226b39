"""A captioner's network: encoder and decoder, by the name of its method."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from convscope.applications.captioning.attention import AttentionDecoder
from convscope.applications.captioning.beam import State
from convscope.applications.captioning.decoder import PlainDecoder
from convscope.applications.captioning.encoder import Encoder, cell_places
from convscope.applications.captioning.naming import WordDetector
from convscope.applications.captioning.readers import ClipLSTM, ClipMean, GridReader
from convscope.applications.captioning.vocabulary import SPECIAL

__all__ = ["CLIP_METHODS", "METHODS", "CaptionNetwork", "make_network"]

METHODS = ("clip-mean", "clip-lstm", "plain", "attention")
CLIP_METHODS = ("clip-mean", "clip-lstm")

FEATURES = 64
"""Of each cell of the grid, from the encoder."""
CONCEPTS = 256
"""Words, the most frequent ones, that are looked for in every cell."""
LOOKING = 40
"""Of the words of a decoder that can look again; those of others are as wide as its state."""
FRAMES = 4
"""Of a clip, as many are read: evenly spaced, the first and the last among them."""
SUMS = 3
DROPOUT = 0.2

Decoder = PlainDecoder | AttentionDecoder


class CaptionNetwork(nn.Module):
    """Images and the words so far in, what is said next out.

    Images N×C×H×W (clips N×T×C×H×W) and words M×L, where M is a multiple of N, →
    logits M×L×vocabulary, and the weights of the cells M×L×cells where the decoder looks.

    Of every cell the decoder reads the encoder's features and, beside them, its column and row
    and how likely each frequent word is there: words that are found first (Fang et al. 2015),
    then put in order (You et al. 2016; Wu et al. 2016).
    """

    def __init__(self, encoder: Encoder, decoder: Decoder, words: WordDetector) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder
        self.words = words

    def forward(self, images: Tensor, words: Tensor) -> tuple[Tensor, Tensor | None]:
        return self.decode(self.see(images), words)

    def see(self, images: Tensor) -> Tensor:
        """What the decoder reads: N×cells×(features + 2 + concepts), of clips N×4×cells×…"""
        cells = self.encoder(_evenly(images) if images.ndim == 5 else images).float()
        places = cell_places(cells.shape[-2], cells.device).expand(*cells.shape[:-1], 2)
        return torch.cat([cells, places, torch.sigmoid(self.words(cells))], -1)

    def decode(self, features: Tensor, words: Tensor) -> tuple[Tensor, Tensor | None]:
        """From features on.  In float32 whatever comes in: sums over time lose too much."""
        with torch.autocast(features.device.type, enabled=False):
            found: tuple[Tensor, Tensor | None] = self.decoder(features.float(), words)
        return found

    def name(self, images: Tensor) -> Tensor:
        """Of every cell the log odds of each word: N×cells×words, of clips N×T×cells×words."""
        found: Tensor = self.words(self.encoder(images))
        return found

    def begin(self, features: Tensor) -> State:
        return self.decoder.begin(features)

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        return self.decoder.step(state, words)


def make_network(
    method: str,
    backbone: nn.Module,
    channels: int,
    *,
    side: int,
    words: int,
    kernels: int,
    hidden: int,
    seed: int,
) -> CaptionNetwork:
    """The network of a method at its beginning; all but the backbone is drawn from ``seed``.

    ``channels`` are the backbone's features, ``side`` the grid's cells in a row, ``words``
    the size of the vocabulary, ``kernels`` those of the encoder's last stages,
    ``hidden`` the width of the decoder's state.
    """
    with _drawn_from(seed):
        encoder = Encoder(backbone, channels, kernels=kernels, features=FEATURES)
        concepts = min(words - len(SPECIAL), CONCEPTS)
        detector = WordDetector(FEATURES, concepts)
        decoder = _decoder(method, side, words, concepts, hidden)
        return CaptionNetwork(encoder, decoder, detector)


def _decoder(method: str, side: int, words: int, concepts: int, hidden: int) -> Decoder:
    read = FEATURES + 2 + concepts
    if method == "attention":
        return AttentionDecoder(read, words, width=LOOKING, hidden=hidden, dropout=DROPOUT)
    grid = GridReader(read, side, concepts=concepts, sums=SUMS, width=hidden)
    reader: nn.Module = grid
    if method == "clip-mean":
        reader = ClipMean(grid)
    elif method == "clip-lstm":
        reader = ClipLSTM(grid, hidden)
    return PlainDecoder(reader, words, width=hidden, dropout=DROPOUT)


def _evenly(clips: Tensor) -> Tensor:
    """FRAMES of them, or all of shorter ones."""
    length = clips.shape[1]
    return clips[:, torch.linspace(0, length - 1, min(length, FRAMES)).round().long()]


@contextlib.contextmanager
def _drawn_from(seed: int) -> Iterator[None]:
    """Weights that hang on the seed alone; torch's random state stays as it was."""
    with torch.random.fork_rng(devices=[]), torch.device("cpu"):
        torch.default_generator.manual_seed(seed)
        yield
