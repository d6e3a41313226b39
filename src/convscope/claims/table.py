"""All claims, and what comes of measuring them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from convscope.claims.claim import SCHEMA as CLAIM_SCHEMA
from convscope.claims.claim import Claim, Outcome, Setting
from convscope.data.progress import Tell
from convscope.errors import RunError, UsageError, did_you_mean
from convscope.experiments.table import Table, fill, read_table

__all__ = [
    "CLAIMS",
    "claim_named",
    "claims_listing",
    "claims_record",
    "found_in",
    "measure_claims",
    "outcome_of",
    "stored",
]

SCHEMA = "convscope.claims/1"
_STORED = Path(__file__).parent / "files" / "results.json"

CLAIMS = {
    "output-sizes": "output_sizes",
    "work-of-convolutions": "work_of_convolutions",
    "sparse-interaction": "sparse_interaction",
    "parameter-sharing": "parameter_sharing",
    "equivariance": "equivariance_of_convolution",
    "invariance": "invariance_by_pooling",
    "kinds-of-pooling": "kinds_of_pooling",
    "simple-to-complex": "simple_to_complex",
    "linear-without-activations": "linear_without_activations",
    "sigmoid": "sigmoid_saturates",
    "tanh": "tanh_is_centred",
    "relu-race": "relu_race",
    "dying-relus": "dying_relus",
    "batchnorm": "batchnorm_and_beginnings",
    "above-ninety": "above_ninety",
}
"""name → file, in the order in which the article says them."""


def claim_named(name: str) -> Claim:
    """The claim of that name; UsageError where there is none."""
    if name not in CLAIMS:
        raise UsageError(
            f'there is no claim "{name}"',
            remedy=did_you_mean(name, CLAIMS) or f"there are {', '.join(CLAIMS)}",
        )
    found: Claim = import_module(f"convscope.claims.{CLAIMS[name]}").CLAIM
    return found


def measure_claims(
    names: Sequence[str] = (),
    *,
    folder: str | Path,
    quick: bool = False,
    progress: Tell | None = None,
) -> Iterator[Outcome]:
    """Measures claims, by default all, and yields each as it is decided.

    What was measured stands in ``folder`` and is not measured again; what was cut off goes
    on where it was.
    """
    setting = Setting(Path(folder).expanduser().absolute(), quick, progress)
    for claim in [claim_named(name) for name in names or CLAIMS]:
        yield _measured(claim, setting)


def _measured(claim: Claim, setting: Setting) -> Outcome:
    path = _table(setting.folder, claim.name, setting.quick)

    def measure(_: Any) -> dict[str, Any]:
        before = setting.earlier
        values = claim.measure(setting)
        return {"values": values, "earlier": setting.earlier - before}

    list(fill(path, claim.name, [{"claim": claim.name}], measure, conditions=setting.conditions))
    return _outcome_in(read_table(path), claim)


def found_in(folder: Path, name: str, *, quick: bool) -> Outcome | None:
    """What ``measure_claims`` has found and left in a folder; None where it has not, or not yet."""
    claim, path = claim_named(name), _table(folder, name, quick)
    if not path.is_file():
        return None
    table = read_table(path)
    return _outcome_in(table, claim) if table.rows else None


def _table(folder: Path, name: str, quick: bool) -> Path:
    return folder / f"claim-{name}-{'quick' if quick else 'full'}.jsonl"


def _outcome_in(table: Table, claim: Claim) -> Outcome:
    row = table.rows[0]
    seconds = row.seconds + float(row.values["earlier"])
    return outcome_of(claim, row.values["values"], table.conditions, seconds)


def outcome_of(
    claim: Claim, values: Mapping[str, Any], conditions: Mapping[str, Any], seconds: float
) -> Outcome:
    """The outcome that follows from what was measured."""
    return Outcome(
        name=claim.name,
        title=claim.title,
        says=claim.says,
        source=claim.source,
        rule=claim.rule,
        measured=claim.tell(values),
        sample=claim.sample(values),
        verdict=claim.judge(values),
        charts=claim.charts(values),
        values=values,
        conditions={**conditions, "data": conditions["data"] if claim.data else None},
        seconds=round(seconds, 1),
    )


def claims_record(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Values of JSON, documented in docs/json.md; what ``stored`` reads."""
    return {"schema": SCHEMA, "claims": [outcome.as_dict() for outcome in outcomes]}


def claims_listing(known: Iterable[Outcome]) -> dict[str, Any]:
    """All claims as ``claims_record`` has them; of those that are not known their rules alone."""
    outcomes = {outcome.name: outcome for outcome in known}
    records = [_listed(claim_named(name), outcomes.get(name)) for name in CLAIMS]
    return {"schema": SCHEMA, "claims": records}


def _listed(claim: Claim, outcome: Outcome | None) -> dict[str, Any]:
    """The outcome's; of a claim without one, what is known before any measurement."""
    if outcome is not None:
        return outcome.as_dict()
    told = {key: getattr(claim, key) for key in ("name", "title", "says", "source", "rule")}
    missing = ("measured", "sample", "verdict", "values", "conditions", "seconds")
    return {"schema": CLAIM_SCHEMA, **told, **dict.fromkeys(missing), "charts": []}


def stored(path: Path | None = None) -> tuple[Outcome, ...]:
    """The outcomes that are in the package, empty where there are none.

    Only what was measured is taken from the file: sentences and verdicts follow from it by
    the rules as they are now.
    """
    file = path or _STORED
    if not file.is_file():
        return ()
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["schema"] != SCHEMA:
            raise ValueError(f"schema {record['schema']}")
        return tuple(
            outcome_of(
                claim_named(each["name"]), each["values"], each["conditions"], each["seconds"]
            )
            for each in record["claims"]
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"these are no results of claims ({error})",
            place=str(file),
            remedy="measure them anew: convscope claims --all",
        ) from None
