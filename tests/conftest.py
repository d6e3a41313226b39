"""What all tests share: none writes where its user keeps runs and data."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from convscope.data.images import Data

# A busy machine is no fault of the code: no deadline for a single example.
settings.register_profile("convscope", deadline=None, print_blob=True)
settings.load_profile("convscope")

# Tests compute little: with several threads they would mostly wait for one another.  Before
# torch is imported, and so for the processes that tests start, too.
os.environ["OMP_NUM_THREADS"] = "1"

# A shell that starts the tests in the background has Ctrl-C ignored, by them and their processes.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_CACHE_OF_USER = os.environ.get("CONVSCOPE_CACHE")


@pytest.fixture(scope="session")
def cache_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all tests that ask for none of their own."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def own_places(cache_of_tests: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and cached data go to folders that pytest removes; colours are off."""
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CONVSCOPE_CACHE", str(cache_of_tests))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for name in ("COLUMNS", "CONVSCOPE_TRACEBACK", "FORCE_COLOR", "NO_COLOR", "PYTHONIOENCODING"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def cache_of_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of whoever runs the tests, for those that need data which are large."""
    if _CACHE_OF_USER is None:
        monkeypatch.delenv("CONVSCOPE_CACHE", raising=False)
    else:
        monkeypatch.setenv("CONVSCOPE_CACHE", _CACHE_OF_USER)


@pytest.fixture
def fashion_mnist(cache_of_user: None) -> Iterator[Data]:
    """The real Fashion-MNIST; the test is skipped where it is not."""
    from convscope.data.sources import load_data
    from convscope.errors import DataError

    try:
        data = load_data("fashion-mnist", offline=True)
    except DataError:
        pytest.skip('Fashion-MNIST is not on this machine: "convscope data fetch" brings it')
    yield data
