"""Under what a run was made, and the command that makes it again."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from convscope.report.html import Child, Html, fragment, tag
from convscope.report.numbers import count_of, duration, thousands
from convscope.report.training_section import terms
from convscope.training.ending import early_end
from convscope.training.recipe import RECIPES
from convscope.training.settings import SETTINGS

if TYPE_CHECKING:
    from convscope.training.runs import Run

__all__ = ["command_for", "conditions_list", "repeat_section"]

_SAFE = re.compile(r"[\w@%+=:,./-]+", re.ASCII)


def conditions_list(run: Run) -> Html:
    """Everything that the numbers of a run depend on."""
    data, conditions, results = run.data, run.conditions, run.results
    versions = ", ".join(f"{name} {version}" for name, version in conditions.versions.items())
    rows: list[tuple[str, Child]] = [
        (
            "data",
            f"{data.name}: {thousands(data.train)} images for training, "
            f"{thousands(data.test)} for testing",
        ),
        ("found in", tag("code", data.place)),
        ("fingerprint", tag("code", data.fingerprint, class_="breaks")),
        ("images", run.preprocessing.words()),
        ("seed", str(run.seed)),
        ("recipe", run.recipe.name),
        ("machine", f"{conditions.processor}, {conditions.system}"),
        (
            "computed",
            f"on {conditions.device}, {count_of(conditions.threads, 'thread')}, multiplications in "
            f"{conditions.precision}",
        ),
        ("versions", versions),
        ("begun", run.created),
    ]
    if data.skipped:
        rows.insert(2, ("left out", f"{thousands(data.skipped)} files that could not be used"))
    if run.finished:
        rows.append(
            (
                "took",
                f"{thousands(results['steps'])} steps, {thousands(results['images'])} "
                f"images, {duration(results['seconds'])}",
            )
        )
    if early := early_end(results):
        rows.append(("ended early", early))
    return fragment(terms(rows), tag("h3", "The recipe in full"), _recipe(run))


def _recipe(run: Run) -> Html:
    """Every setting with its value, and its meaning where there is one in words."""
    rows = [
        tag(
            "tr",
            tag("th", key, scope="row"),
            tag("td", _shown(value), class_="text"),
            tag("td", SETTINGS[key].summary, class_="text meaning"),
        )
        for key, value in run.recipe.as_dict().items()
        if key != "name"
    ]
    return tag(
        "div",
        tag("table", tag("tbody", rows), class_="numbers recipe"),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label="recipe",
    )


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def repeat_section(run: Run) -> Html:
    """The exact command, and what is the same when it is run again."""
    again = command_for(run)
    name = "example" if run.is_example else _quoted(str(run.path))
    return fragment(
        tag("pre", tag("code", again)),
        tag("p", _what_it_gives(run)),
        tag(
            "pre",
            tag(
                "code",
                f"convscope evaluate {name}\nconvscope report {name}",
            ),
        ),
    )


def _what_it_gives(run: Run) -> str:
    if early := early_end(run.results):
        return (
            f"This training was {early}, and the command goes on to the end. On the same machine, "
            "with the same versions and threads, it comes by the same weights. Then:"
        )
    return (
        "On the same machine, with the same versions and threads, this gives the same "
        "weights to the bit; elsewhere the same up to rounding. Then:"
    )


def command_for(run: Run) -> str:
    """``convscope train …`` that trains this run again, into a new folder."""
    base = run.recipe.name.partition(" (")[0]
    base = base if base in RECIPES else "fast"
    known = RECIPES[base].as_dict()
    data = run.data
    words = ["convscope train", _quoted(str(run.architecture)), "--data", _quoted(data.source)]
    if data.asked_size:
        words += ["--size", f"{data.asked_size[0]}x{data.asked_size[1]}"]
    if data.fit != "pad":
        words += ["--fit", data.fit]
    if data.skipped:
        words += ["--on-bad", "skip"]
    words += ["--recipe", base]
    for key, value in run.recipe.as_dict().items():
        if key != "name" and value != known[key]:
            words += ["--set", f"{key}={_shown(value)}"]
    words += ["--seed", str(run.seed), "--device", run.conditions.device]
    return " ".join(words)


def _quoted(text: str) -> str:
    """Quoted for shells: in double quotes, which all of them know, where these are enough."""
    if _SAFE.fullmatch(text):
        return text
    return shlex.quote(text) if any(sign in text for sign in '"$`\\!') else f'"{text}"'
