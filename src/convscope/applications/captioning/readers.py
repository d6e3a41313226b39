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
        places = self.places.view(-1, features.shape[2], features.shape[1])
        sums = torch.einsum("nif,kfi->nfk", features, places)
        chances = features[:, :, -self.concepts :]
        read = torch.cat([sums.flatten(1), _mean_places(chances)], 1)
        hidden = torch.relu(self.inner_norm(self.inner(read)))
        words = self.present_norm(_log_odds(chances))
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

    def __init__(self, reader: nn.Module) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, features: Tensor) -> Tensor:
        return _each_frame(self.reader, features).mean(1)


class ClipLSTM(nn.Module):
    """An LSTM over what a reader makes of each frame (Donahue et al. 2015): its last state.

    Features N×T×cells×features → N×``width``.
    """

    def __init__(self, reader: nn.Module, width: int) -> None:
        super().__init__()
        self.reader = reader
        self.lstm = nn.LSTM(width, width, batch_first=True)
        forget_little(self.lstm)

    def forward(self, features: Tensor) -> Tensor:
        found, _ = self.lstm(_each_frame(self.reader, features))
        last: Tensor = found[:, -1]
        return last


def _each_frame(reader: nn.Module, features: Tensor) -> Tensor:
    """N×T×… → N×T×width, all frames in one go."""
    found: Tensor = reader(features.flatten(0, 1))
    return found.reshape(*features.shape[:2], *found.shape[1:])


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
