"""Show and Tell: a recurrent network that says what a vector is of (Vinyals et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.applications.captioning.beam import State
from convscope.applications.captioning.vocabulary import PAD

__all__ = ["PlainDecoder", "forget_little"]


class PlainDecoder(nn.Module):
    """An LSTM whose first step is the image and whose other steps are words.

    x₋₁ = reader(features), x_t = E·w_t;  h_t, c_t = LSTM(x_t, h_{t−1}, c_{t−1});
    p(w_{t+1}) = softmax(W·h_t + b): the image is shown once, at the beginning
    (Vinyals et al. 2015).  ``reader`` brings features to a vector of ``width`` numbers, the
    size of a word's; dropout, in training, on what enters the LSTM and on what leaves it.
    """

    def __init__(self, reader: nn.Module, words: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.reader = reader
        self.embedding = nn.Embedding(words, width, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.output = nn.Linear(width, words)
        forget_little(self.lstm)

    def forward(self, features: Tensor, words: Tensor) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing: after each of the words (N×L, beginning with START) the logits of
        the next: N×L×vocabulary.  Features may be of fewer images, each for L/images rows.

        No weights come with them: a plain decoder does not say where it looks.
        """
        image = self.reader(features)
        image = image.repeat_interleave(len(words) // len(image), 0)
        steps = torch.cat([image[:, None], self.embedding(words)], 1)
        found, _ = self.lstm(self.dropout(steps))
        return self.output(self.dropout(found[:, 1:])), None

    def begin(self, features: Tensor) -> State:
        _, (hidden, cell) = self.lstm(self.reader(features)[:, None])
        return hidden[0], cell[0]

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        before = state[0][None].contiguous(), state[1][None].contiguous()
        found, (hidden, cell) = self.lstm(self.embedding(words)[:, None], before)
        return self.output(found[:, 0]), (hidden[0], cell[0])


def forget_little(lstm: nn.Module) -> None:
    """The bias of every forget gate begins at 1, so that an LSTM remembers at first.

    Jozefowicz et al. 2015.  torch keeps input, forget, cell and output gates in this order,
    and two biases that are added: one of them is enough.
    """
    for name, bias in lstm.named_parameters():
        if name.startswith("bias_ih"):
            quarter = len(bias) // 4
            with torch.no_grad():
                bias[quarter : 2 * quarter].fill_(1)
