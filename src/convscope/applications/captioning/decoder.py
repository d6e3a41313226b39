"""A recurrent network that says what a vector is of (Vinyals et al. 2015, Mao et al. 2015)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from convscope.applications.captioning.beam import State
from convscope.applications.captioning.vocabulary import PAD

__all__ = ["PlainDecoder", "forget_little"]


class PlainDecoder(nn.Module):
    """An LSTM that is begun by the image, and a layer that sees it again for every word.

    v = reader(features), x₋₁ = v, x_t = E·w_t;  h_t, c_t = LSTM(x_t, h_{t−1}, c_{t−1})
    (Vinyals et al. 2015).  An LSTM that is shown the image once forgets of it what is said
    last, so state and image meet in one layer more, the multimodal one of Mao et al. 2015:
    p(w_{t+1}) = softmax(W·(h_t + relu(A·h_t + B·v + a)) + b).  ``reader`` brings features to
    a vector of ``width`` numbers, the size of a word's; dropout, in training, on what enters
    the LSTM and on what leaves it and the layer.
    """

    def __init__(self, reader: nn.Module, words: int, *, width: int, dropout: float) -> None:
        super().__init__()
        self.reader = reader
        self.embedding = nn.Embedding(words, width, padding_idx=PAD)
        self.dropout = nn.Dropout(dropout)
        self.lstm = nn.LSTM(width, width, batch_first=True)
        self.of_state = nn.Linear(width, width)
        self.of_image = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, words)
        forget_little(self.lstm)

    def forward(self, features: Tensor, words: Tensor) -> tuple[Tensor, Tensor | None]:
        """Teacher forcing: after each of the words (N×L, beginning with START) the logits of
        the next: N×L×vocabulary.  Features may be of fewer images, each for L/images rows.

        No weights come with them: a plain decoder does not say where it looks.
        """
        image = self.dropout(self.reader(features))
        image = image.repeat_interleave(len(words) // len(image), 0)[:, None]
        steps = torch.cat([image, self.dropout(self.embedding(words))], 1)
        states, _ = self.lstm(steps)
        return self._said(states[:, 1:], image), None

    def begin(self, features: Tensor) -> State:
        image = self.reader(features)
        _, (hidden, cell) = self.lstm(image[:, None])
        return hidden[0], cell[0], image

    def step(self, state: State, words: Tensor) -> tuple[Tensor, State]:
        *before, image = state
        hidden, cell = (part[None].contiguous() for part in before)
        found, (hidden, cell) = self.lstm(self.embedding(words)[:, None], (hidden, cell))
        return self._said(found[:, 0], image), (hidden[0], cell[0], image)

    def _said(self, states: Tensor, image: Tensor) -> Tensor:
        states = self.dropout(states)
        met = torch.relu(self.of_state(states) + self.of_image(image))
        found: Tensor = self.output(self.dropout(states + met))
        return found


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
