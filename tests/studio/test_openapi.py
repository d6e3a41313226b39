"""The description of the addresses, and a stranger who asks all that it allows (schemathesis).

No question may end in an error of the server, and every answer is as it was described.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from convscope.studio.children import Children
from convscope.studio.notebook import Studio, started
from convscope.studio.server import api
from convscope.studio.settings import Settings
from convscope.studio.workspace import Workspace

CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
)
DESCRIPTION = api(Workspace(Settings(Path("runs")))).openapi()
schema = schemathesis.openapi.from_dict(DESCRIPTION).exclude(path_regex="events$")
"""An event stream has no end; its parts have tests of their own."""


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio whose trainings are never begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Children, "start", lambda *_: None)
        running = started(Settings(tmp_path_factory.mktemp("openapi") / "runs", port=0))
        yield running
        running.close()


@pytest.mark.slow
@schema.parametrize()
@settings(
    max_examples=12,
    derandomize=True,
    suppress_health_check=[*HealthCheck],
)
def test_whatever_is_asked_is_answered(case: Any, studio: Studio) -> None:
    answer = case.call(base_url=studio.address, timeout=300)
    case.validate_response(answer, checks=CHECKS)


def test_every_address_is_described() -> None:
    described = {
        (method, path) for path, methods in DESCRIPTION["paths"].items() for method in methods
    }
    assert ("post", "/api/inside/unit") in described
    assert all(path.startswith("/api/") for _, path in described)
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], (method, path)
            assert {"403", "404", "409", "413", "422"} <= operation["responses"].keys()


def test_the_page_of_addresses_tells_of_each() -> None:
    told = (Path(__file__).parents[2] / "docs" / "studio-api.md").read_text(encoding="utf-8")
    for path in DESCRIPTION["paths"]:
        short = path.removeprefix("/api/").replace("{image}", "{id}")
        assert short in told, short
