"""Twenty pages at once: nothing fails, nothing piles up in memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.studio.loading import crowded

TABS = 20
SECONDS = float(os.environ.get("CONVSCOPE_LOAD_SECONDS", "20"))
"""Here long enough for every cache to be full and turned over; ``benchmarks/studio.py`` has two
minutes of it."""
MOST_GROWTH = 150 * 2**20


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_twenty_tabs(tmp_path: Path) -> None:
    crowd = crowded(tmp_path, TABS, SECONDS)
    assert crowd.failures == ()
    assert min(crowd.clicks) > 0
    assert crowd.growth < MOST_GROWTH, f"{crowd.growth / 2**20:.0f} MB"
