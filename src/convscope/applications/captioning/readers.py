"""What brings a grid of features to the one vector that a plain decoder is shown."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.applications.captioning.decoder import forget_little
from convscope.applications.captioning.encoder import cell_places

__all__ = ["ClipLSTM", "ClipMean", "GridReader"]


class GridReader(nn.Module):
    """A grid as a vector, in which places are still told apart.

    Of every feature f, ``sums`` sums over the cells with learnt weights:
    s_{f,k} = Σ_i w_{k,f,i}·a_{i,f}.  One sum with equal weights would be the pooled vector of
    Show and Tell, which says what there is and how much of it; sums with other weights say
    where.  The last ``concepts`` features are probabilities p_{w,i} of words, and of each word
    the mean place m_w = Σ_i p_{w,i}·(x_i, y_i) / Σ_i p_{w,i} is told as well (the spatial
    expectation of Levine et al. 2016).

    The vector is B(W₂·relu(B(W₁·[s; m]))) + W₃·B(log odds of 1 − Π_i (1 − p_{w,i})), with
    batch normalisation B, so that images differ as much as words do from the first step on;
    the second term says which words there are at all (Wu et al. 2016).
    Features N×cells×``features`` → N×``width``.
    """

    def __init__(self, features: int, side: int, *, concepts: int, sums: int, width: int) -> None:
        super().__init__()
        self.concepts = concepts
        # Two dimensions: an optimizer for kernels takes whatever has more for one.
        self.places = nn.Parameter(_waves(side, sums).repeat_interleave(features, 0))
        self.inner = nn.Linear(features * sums + 2 * concepts, width, bias=False)
        self.inner_norm = nn.BatchNorm1d(width)
        self.outer = nn.Linear(width, width, bias=False)
        self.outer_norm = nn.BatchNorm1d(width)
        self.present_norm = nn.BatchNorm1d(concepts)
        self.present = nn.Linear(concepts, width, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        return self.told(self.read(features), features)

    def read(self, features: Tensor) -> Tensor:
        """[s; m] of each grid."""
        places = self.places.view(-1, features.shape[2], features.shape[1])
        sums = torch.einsum("nif,kfi->nfk", features, places)
        return torch.cat([sums.flatten(1), _mean_places(features[:, :, -self.concepts :])], 1)

    def told(self, read: Tensor, features: Tensor) -> Tensor:
        """The vector, from [s; m] and what they were read from."""
        hidden = torch.relu(self.inner_norm(self.inner(read)))
        words = self.present_norm(_log_odds(features[:, :, -self.concepts :]))
        found: Tensor = self.outer_norm(self.outer(hidden)) + self.present(words)
        return found


def _mean_places(chances: Tensor) -> Tensor:
    """Of each word its mean column and row, −1…1, over all cells: N×cells×words → N×(2·words)."""
    grid = cell_places(chances.shape[1], chances.device).flip(1)  # row, column of each cell
    total = chances.sum(1).clamp_min(_LEAST)
    return torch.einsum("niw,ip->npw", chances, grid).div(total[:, None]).flatten(1)


def _log_odds(chances: Tensor) -> Tensor:
    """Of a word in any cell, from its probability in each: N×cells×words → N×words."""
    absent = torch.log1p(-chances.clamp(max=1 - _LEAST)).sum(1)
    return torch.logit(-torch.expm1(absent), eps=_LEAST)


_LEAST = 1e-3
"""How close to 0 and 1 probabilities are told apart."""


class ClipMean(nn.Module):
    """The mean over time of what a reader makes of each frame (Venugopalan et al. 2015).

    Features N×T×cells×features → N×width.  The order of the frames leaves no trace.
    """

    def __init__(self, reader: GridReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, features: Tensor) -> Tensor:
        found: Tensor = self.reader(features.flatten(0, 1))
        return found.view(*features.shape[:2], -1).mean(1)


class ClipLSTM(nn.Module):
    """What stays in a clip, and what an LSTM makes of what changes (Donahue et al. 2015).

    mean_t r_t + B(h_T), h = LSTM(c_1, …, c_T): the reader's vectors r_t in the mean, and the
    last state, normalised so that clips differ as much as words do from the first step on.
    What changes is little beside what stays, and it is what a clip is about; so it alone is
    read in its order: c_t = B(W₂·relu(B(W₁·B(q_t − q_1)))), where q_t are the sums and mean
    places of frame t.  Features N×T×cells×features → N×``width``.
    """

    def __init__(self, reader: GridReader, width: int) -> None:
        super().__init__()
        self.reader = reader
        read = reader.inner.in_features
        self.changes = nn.Sequential(
            nn.BatchNorm1d(read),
            nn.Linear(read, width, bias=False),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Linear(width, width, bias=False),
            nn.BatchNorm1d(width),
        )
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.norm = nn.BatchNorm1d(width)
        forget_little(self.lstm)

    def forward(self, features: Tensor) -> Tensor:
        times = features.shape[:2]
        flat = features.flatten(0, 1)
        read = self.reader.read(flat)
        frames = self.reader.told(read, flat).view(*times, -1)
        since = read.view(*times, -1)
        changes = self.changes((since - since[:, :1]).flatten(0, 1)).view(*times, -1)
        states, _ = self.lstm(changes)
        found: Tensor = frames.mean(1) + self.norm(states[:, -1])
        return found


def _waves(side: int, count: int) -> Tensor:
    """``count`` patterns over a grid of side², of which the first is even: count × side².

    cos(π·u·(x + ½)/side) · cos(π·v·(y + ½)/side) for the smallest u + v (the cosine
    transform's), divided by side: weights with which sums begin to say where something is.
    """
    place = (torch.arange(side) + 0.5) / side * torch.pi
    order = sorted(((u, v) for u in range(side) for v in range(side)), key=lambda uv: (sum(uv), uv))
    if count > len(order):
        raise ValueError(f"{count} sums of a grid with {len(order)} cells")
    patterns = [torch.outer(torch.cos(v * place), torch.cos(u * place)) for u, v in order[:count]]
    return torch.stack(patterns).flatten(1) / side
