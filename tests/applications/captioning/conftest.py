"""One captioner of each kind, trained once for all tests that only look at it."""

from __future__ import annotations

from pathlib import Path

import pytest

from convscope.applications.captioning.captioner import Captioner
from tests.applications.captioning.making import toy_captioner, toy_data, toy_options


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("captioners")


@pytest.fixture(scope="session")
def looking(runs: Path) -> Captioner:
    """Attention, trained until it is right."""
    return toy_captioner("attention").fit(toy_data(), out=runs / "attention", options=toy_options())


@pytest.fixture(scope="session")
def plain(runs: Path) -> Captioner:
    """A plain decoder, trained until it is right."""
    return toy_captioner("plain").fit(toy_data(), out=runs / "plain", options=toy_options())


@pytest.fixture(scope="session")
def watching(runs: Path) -> Captioner:
    """A reader of clips, hardly trained."""
    return toy_captioner("clip-lstm").fit(
        toy_data(train=40, clips=True), out=runs / "clip-lstm", options=toy_options(epochs=1)
    )
