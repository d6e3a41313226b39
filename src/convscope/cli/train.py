"""``train``: a network learns, into a run folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from convscope.cli.console import Stopped, note, show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import (
    ArchitectureWords,
    DataOption,
    DeviceOption,
    FitOption,
    Json,
    Offline,
    OnBadOption,
    OutOption,
    Quiet,
    RecipeOption,
    SettingsOption,
    SizeOption,
    joined,
    read_pair,
    read_settings,
)
from convscope.cli.progress import Follower, following
from convscope.cli.runs import result_rows, run_record

if TYPE_CHECKING:
    from convscope.training.loop import Step

__all__ = ["train"]


def train(
    architecture: ArchitectureWords = None,
    data: DataOption = None,
    recipe: RecipeOption = None,
    settings: SettingsOption = None,
    seed: Annotated[
        int | None, typer.Option("--seed", metavar="N", help="Of all that is random; by default 0.")
    ] = None,
    device: DeviceOption = "auto",
    out: OutOption = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was cut off.")
    ] = False,
    finish: Annotated[
        bool,
        typer.Option("--finish", help="With --resume --out RUN: end it for good where it is."),
    ] = False,
    size: SizeOption = None,
    fit: FitOption = "pad",
    on_bad: OnBadOption = "refuse",
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write event files for TensorBoard.")
    ] = False,
    health: Annotated[
        bool, typer.Option("--health", help="Watch it, and say what ails it and what helps.")
    ] = False,
    offline: Offline = False,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Train a network on a set of data, into a folder of its own.

    The default is the article's network on Fashion-MNIST, with the recipe fast.

    "input auto" and "fc classes" are filled in from the data.

    Ctrl-C saves, and --resume goes on. With --finish, too, no further step is made:
    the network as it is becomes the result.
    """
    from convscope.training.train import train as train_network

    watching = _Watching() if health else None
    with (
        following(quiet=quiet) as follower,
        _saying_how_to_go_on(follower, out),
        _telling_what_ails(watching),
    ):
        run = train_network(
            joined(architecture) if architecture else None,
            data=data,
            recipe=recipe,
            settings=read_settings(settings),
            seed=seed,
            device=device,
            out=out,
            resume=resume,
            finish=finish,
            size=read_pair(size, "--size"),
            fit=fit,
            on_bad=on_bad,
            tensorboard=tensorboard,
            offline=offline,
            progress=follower.tell,
            observe=follower.observe if watching is None else watching.beside(follower),
        )
    if json:
        looked = watching is not None and watching.watch.looks  # none where no step was made
        findings = watching.watch.health().as_dict() if watching and looked else None
        show_json(run_record(run) | ({"health": findings} if findings else {}))
        return
    for line in columns(result_rows(run)):
        show_text(line)


class _Watching:
    """A watch beside whoever shows the progress."""

    def __init__(self) -> None:
        from convscope.inspection.health.watch import Watch

        self.watch = Watch()

    def beside(self, follower: Follower) -> Callable[[Step], None]:
        """Shows a step, and looks at it."""

        def observe(step: Step) -> None:
            follower.observe(step)
            self.watch.observe(step)

        return observe


@contextmanager
def _telling_what_ails(watching: _Watching | None) -> Iterator[None]:
    """What was found, on stderr, however the training ended: most of all if it failed."""
    try:
        yield
    finally:
        if watching is not None and watching.watch.looks:
            from convscope.report.health_view import HealthView
            from convscope.report.view import shown_text

            note(shown_text(HealthView(watching.watch.health(), brief=True), width=100))


@contextmanager
def _saying_how_to_go_on(follower: Follower, out: str | None) -> Iterator[None]:
    """After Ctrl-C, if there is something to go on with."""
    try:
        yield
    except KeyboardInterrupt:
        if follower.step is not None:
            where = f" --out {out}" if out else ""
            note(f'stopped and saved: "convscope train --resume{where}" goes on')
            raise Stopped from None
        raise
