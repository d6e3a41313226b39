"""What tests of the lesson share: quick attributions, and the blocks of data in a page."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import pytest

from convscope.inspection.attribution.attribution import attribute_all
from convscope.inspection.subject import Picture, Subject
from convscope.report.lesson import claims as lesson_claims
from convscope.report.lesson import material as lesson_material
from tests.claims.samples import sample_outcome

__all__ = ["blocks", "make_quick", "some_attributions"]


def some_attributions(subject: Subject, pictures: Sequence[Picture]) -> Any:
    return tuple(
        attribute_all(subject, picture, ["saliency", "grad-cam"], check=False)
        for picture in pictures
    )


def blocks(page: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/json" id="data-([^"]+)">(.*?)</script>', page)
    return {key: json.loads(value) for key, value in found}


def make_quick(patch: pytest.MonkeyPatch) -> None:
    """The parts of a lesson that take long, smaller; they have tests of their own."""
    patch.setattr(lesson_material, "_attributions", some_attributions)
    patch.setattr(lesson_material, "_few", lambda subject, usual: 6)
    claims = tuple(sample_outcome(name) for name in ("sigmoid", "batchnorm"))
    patch.setattr(lesson_claims, "stored", lambda: claims)
