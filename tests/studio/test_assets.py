"""The files of the page: served as they are, small, and from nowhere else."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from convscope.report.elements import studio_script
from convscope.studio import assets
from convscope.studio.assets import PAGE, all_assets, asset
from tests.studio.conftest import Asked

BUDGET = 150_000
TEXTS = [path for path in sorted(PAGE.rglob("*")) if path.suffix in (".html", ".css", ".js")]


def test_the_page_and_the_drawings(asked: Asked) -> None:
    page = asked.client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.text == (PAGE / "index.html").read_text(encoding="utf-8")
    script = asked.client.get("/elements.js")
    assert script.headers["content-type"] == "text/javascript; charset=utf-8"
    assert script.text == studio_script()
    assert "--diverging" in asked.client.get("/elements.css").text


def test_compressed_for_whoever_takes_it_and_once_only(asked: Asked) -> None:
    answer = asked.client.get("/elements.js", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert int(answer.headers["content-length"]) < len(answer.text) / 2
    plain = asked.client.get("/elements.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    known = {"if-none-match": answer.headers["etag"]}
    again = asked.client.get("/elements.js", headers=known)
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../settings.py",
        "/%2e%2e/settings.py",
        "/..%2fsettings.py",
        "/page/../../settings.py",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/index.html%00",
        "/__init__.py",
    ],
)
def test_nothing_but_files_of_the_page(asked: Asked, path: str) -> None:
    answer = asked.client.get(path)
    assert answer.status_code == 404
    assert answer.json()["kind"] == "NotFound"


def test_a_file_that_is_written_anew_is_served_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "PAGE", tmp_path)
    assets._files.cache_clear()
    try:
        assert asset("main.js") is None
        (tmp_path / "main.js").write_text("one", encoding="utf-8")
        first = asset("main.js")
        (tmp_path / "main.js").write_text("two and more", encoding="utf-8")
        second = asset("main.js")
        assert first is not None
        assert second is not None
        assert (first.content, second.content) == (b"one", b"two and more")
        assert first.tag != second.tag
        assert gzip.decompress(second.compressed) == b"two and more"
    finally:
        monkeypatch.undo()
        assets._files.cache_clear()


def test_all_of_it_is_within_the_budget() -> None:
    sizes = {name: len(found.compressed) for name in all_assets() if (found := asset(name))}
    assert sizes.keys() == set(all_assets())
    assert sum(sizes.values()) < BUDGET, sizes


@pytest.mark.parametrize("path", TEXTS, ids=[path.name for path in TEXTS])
def test_nothing_comes_from_another_host_and_nothing_stands_in_the_page(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    foreign = re.sub(r"http://www\.w3\.org/[\w./]*", "", text)  # names of namespaces
    assert not re.search(r"(?:https?:)?//[\w-]+\.\w", re.sub(r"(?m)^\s*//.*$", "", foreign))
    if path.suffix == ".html":
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"<style|\sstyle=|\son\w+=", text)
        # Relative, so that a proxy may put the studio below any path.
        assert not re.search(r'(?:src|href)="/', text)
    if path.suffix == ".js":
        assert not re.search(r"""(?:fetch|from|import|EventSource)\s*\(?\s*["'`]/""", text)
        assert "eval(" not in text
