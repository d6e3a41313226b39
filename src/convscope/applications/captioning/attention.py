"""Show, Attend and Tell: a decoder that looks at a part of the grid for each word."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.applications.captioning.beam import State
from convscope.applications.captioning.decoder import forget_little
from convscope.applications.captioning.vocabulary import PAD

__all__ = ["AttentionDecoder"]


class AttentionDecoder(nn.Module):
    """An LSTM with soft attention over the cells of a grid (Xu et al. 2015, section 4.2).

    Of cell i with features a_i, for the word after h_{t−1}:
    e_i = v · tanh(U·a_i + W·h_{t−1}),  α = softmax(e),  z = β·Σ α_i·a_i with the gate
    β = σ(g·h_{t−1});  h_t, c_t = LSTM([E·w_t; z], h_{t−1}, c_{t−1});
    p(w_{t+1}) = softmax(L·(E·w_t + L_h·h_t + L_z·z));  h₀ and c₀ are tanh of a linear map
    of the mean cell.  Features are N×cells×``features``.
    """

    def __init__(
        self, features: int, words: int, *, width: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width, padding_idx=PAD)
        self.beginning = nn.Linear(features, 2 * hidden)
        self.of_cell = nn.Linear(features, width)
        self.of_state = nn.Linear(hidden, width)
        self.energy = nn.Linear(width, 1, bias=False)
        self.gate = nn.Linear(hidden, 1)
        self.lstm = nn.LSTMCell(width + features, hidden)
        self.say_state = nn.Linear(hidden, width)
        self.say_context = nn.Linear(features, width, bias=False)
        self.output = nn.Linear(width, words)
        self.dropout = nn.Dropout(dropout)
        forget_little(self.lstm)

    def forward(self, features: Tensor, words: Tensor) -> tuple[Tensor, Tensor]:
        """Teacher forcing: logits N×L×vocabulary after each of the words (N×L), and the
        weights α with which the cells were looked at: N×L×cells.

        Features may be of fewer images than there are rows of words.
        """
        state = self.begin(features)
        rows = torch.arange(len(features), device=features.device)
        rows = rows.repeat_interleave(len(words) // len(features))
        state = tuple(part[rows] for part in state)
        hidden, cell, cells, keys = state
        known = self.dropout(self.embedding(words))
        said, looked = [], []
        for place in range(words.shape[1]):
            before, hidden_before = known[:, place], hidden
            context, weights = self._look(hidden_before, cells, keys)
            hidden, cell = self.lstm(torch.cat([before, context], 1), (hidden, cell))
            said.append(before + self.say_state(self.dropout(hidden)) + self.say_context(context))
            looked.append(weights)
        return self.output(self.dropout(torch.stack(said, 1))), torch.stack(looked, 1)

    def begin(self, features: Tensor) -> State:
        hidden, cell = torch.tanh(self.beginning(features.mean(1))).chunk(2, 1)
        return hidden, cell, features, self.of_cell(features)

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        hidden, cell, cells, keys = state
        before = self.embedding(words)
        context, _ = self._look(hidden, cells, keys)
        hidden, cell = self.lstm(torch.cat([before, context], 1), (hidden, cell))
        said = before + self.say_state(hidden) + self.say_context(context)
        return self.output(said), (hidden, cell, cells, keys)

    def _look(self, hidden: Tensor, cells: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
        """z, N×features, and α, N×cells."""
        energy = self.energy(torch.tanh(keys + self.of_state(hidden)[:, None]))[:, :, 0]
        weights = torch.softmax(energy, 1)
        context = torch.bmm(weights[:, None], cells)[:, 0]
        return torch.sigmoid(self.gate(hidden)) * context, weights
