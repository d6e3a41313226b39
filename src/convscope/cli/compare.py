"""``compare``: architectures by what they cost, runs by what they got right."""

from __future__ import annotations

from typing import Annotated

import typer

from convscope.cli.console import show, show_json
from convscope.cli.options import DataOption, Json, complete_subjects
from convscope.errors import NoRunError, NotationError, RunError, UsageError

__all__ = ["compare"]


def compare(
    them: Annotated[
        list[str],
        typer.Argument(
            metavar="A B...",
            help="Runs, or architectures: names of the zoo, notations in quotes, files.",
            autocompletion=complete_subjects,
        ),
    ],
    data: DataOption = None,
    json: Json = False,
) -> None:
    """Set networks side by side.

    Architectures: what each costs, and the layers in which they differ. Runs: accuracy on the
    same images, paired, with intervals and McNemar's test, class by class.
    """
    architectures = [_is_architecture(text) for text in them]
    if all(architectures):
        from convscope.architecture.zoo import find_architecture
        from convscope.experiments.comparing import compare_architectures
        from convscope.report.comparison_view import ArchitectureComparisonView

        costs = compare_architectures([find_architecture(text) for text in them], them)
        show_json(costs.as_dict()) if json else show(ArchitectureComparisonView(costs))
        return
    if any(architectures):
        raise UsageError(
            f'"{them[architectures.index(True)]}" is an architecture and '
            f'"{them[architectures.index(False)]}" is none',
            remedy="compare runs with runs, and architectures with architectures",
        )
    from convscope.experiments.comparing import compare_runs
    from convscope.report.comparison_view import RunComparisonView

    runs = compare_runs(them, data)
    show_json(runs.as_dict()) if json else show(RunComparisonView(runs))


def _is_architecture(text: str) -> bool:
    """Whether it reads as one; a run of that name comes first."""
    from convscope.architecture.references import is_reference
    from convscope.architecture.zoo import find_architecture
    from convscope.training.runs import open_run

    if "->" in text or "→" in text:
        return True
    if is_reference(text):
        raise UsageError(
            f"{text!r} names a module in Python, and runs or architectures are compared",
            remedy='"convscope explain" tells its line, where it is one',
        )
    try:
        open_run(text)
        return False
    except RunError as error:
        try:
            find_architecture(text)
        except NotationError:
            return True  # a notation with a mistake, to be told when it is read
        except UsageError as other:
            if isinstance(error, NoRunError) and "did you mean" not in error.remedy:
                close = other.remedy if "did you mean" in other.remedy else ""
                raise NoRunError(
                    error.problem,
                    place=error.place,
                    remedy=close or "give runs, or architectures as for explain",
                ) from None
            raise error from None
        return True
