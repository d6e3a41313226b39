"""What the tests of training share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from convscope.data.images import Data
from convscope.training.runs import Run
from convscope.training.train import train
from tests.training.making import TINY, quick, toy_data


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tensors this small are computed faster by one thread, above all on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def toy() -> Data:
    """Three classes, 120 + 60 images of 12×12."""
    return toy_data()


@pytest.fixture(scope="session")
def finished(toy: Data, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training that came to its end; to be read, not to be written to."""
    folder = tmp_path_factory.mktemp("finished") / "toy-run"
    torch.set_num_threads(1)
    return train(TINY, data=toy, recipe=quick(epochs=10.0), out=folder)
