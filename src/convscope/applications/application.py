"""What detector, segmenter and captioner have in common: fit, save, load.

An application is a frozen value: ``fit`` gives a new one, trained.  A subclass says what its
network is, in which stages it learns, and how it predicts and is measured.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Self

import torch
from torch import nn

from convscope.applications.backbone import Backbone, backbone_of
from convscope.applications.planning import (
    Fitting,
    Options,
    backbone_source,
    data_for,
    data_of_run,
    planned,
    require_same,
    stored_backbone,
)
from convscope.applications.runs import (
    ApplicationRun,
    list_applications,
    open_application,
)
from convscope.applications.stages import Stage, trained_in_stages
from convscope.data.annotated import Annotated, Kind
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import RunError, UsageError, did_you_mean
from convscope.training.begin import require_empty
from convscope.training.checkpoint import load_weights
from convscope.training.files import claimed, write_bytes, write_json, writing
from convscope.training.loop import Step
from convscope.training.runs import MODEL, RUN, Run, new_folder, run_path, runs_folder

__all__ = ["Application"]


@dataclass(frozen=True, eq=False)
class Application:
    """A network for a task of its own, on a classifier's backbone.

    ``backbone`` is a trained run ("example", a name, a folder), whose weights it begins
    with, or an architecture, which is trained from scratch.  ``settings`` are the method's
    own.  Before ``fit`` or ``load`` there is no ``run``, and nothing can be predicted.
    """

    method: str = ""
    backbone: str | Path | Run = "example"
    settings: Mapping[str, Any] = field(default_factory=dict)
    run: ApplicationRun | None = None

    task: ClassVar[str]
    kind: ClassVar[Kind]
    methods: ClassVar[tuple[str, ...]]
    controls: ClassVar[tuple[str, ...]] = ("shuffled-labels",)

    def __post_init__(self) -> None:
        if not self.method:
            object.__setattr__(self, "method", self.methods[-1])
        if self.method not in self.methods:
            known = f"known are {', '.join(self.methods)}"
            raise UsageError(
                f'there is no method "{self.method}" of {self.task}',
                remedy=did_you_mean(self.method, self.methods) or known,
            )

    def __repr__(self) -> str:
        state = "not trained" if self.run is None else f"run {self.run.name}"
        return f"<{type(self).__name__}: {self.method}, {state}>"

    # What a subclass gives.

    def build(self, run: ApplicationRun, backbone: Backbone) -> nn.Module:
        """The network of a run at its beginning; all that it depends on stands in the run."""
        raise NotImplementedError

    def stages(self, fitting: Fitting) -> Sequence[Stage]:
        """How the method learns."""
        raise NotImplementedError

    def measure(self, fitting: Fitting, network: nn.Module) -> Mapping[str, Any]:
        """How good the network is on the validation part: numbers for run.json."""
        raise NotImplementedError

    def chosen_settings(self, data: Annotated, backbone: Backbone) -> Mapping[str, Any]:
        """The method's settings with what the data decide (anchors, a vocabulary, …)."""
        return self.settings

    def options_for(self, data: Annotated | str | Path, options: Options) -> Options:
        """The options with what the method needs of data that are told by name only."""
        return options

    # What they share.

    def fit(
        self,
        data: Annotated | str | Path = "scenes",
        *,
        seed: int = 0,
        device: str = "auto",
        out: str | Path | None = None,
        options: Options | None = None,
        progress: Tell | None = None,
        observe: Callable[[Step], None] | None = None,
    ) -> Self:
        """Trains, and gives the trained application; the arguments are those of ``fit_steps``.

        ``observe`` sees every step.  Ctrl-C saves, and ``go_on`` goes on.
        """
        steps = self.fit_steps(
            data, seed=seed, device=device, out=out, options=options, progress=progress
        )
        return self.load(_last(steps, observe))

    @classmethod
    def go_on(
        cls,
        out: str | Path | None = None,
        *,
        data: Annotated | None = None,
        progress: Tell | None = None,
        observe: Callable[[Step], None] | None = None,
    ) -> Self:
        """Finishes a training that was cut off: that in ``out``, or the newest unfinished one.

        All that it needs stands in the run; ``data`` are to be given where they were given
        as a value and not by name.
        """
        begun = open_application(out, cls.task) if out is not None else _unfinished(cls.task)
        if begun.finished:
            teller(progress)(Progress(f"{begun.path} was finished already", important=True))
            return cls.load(begun)
        stored = dict(begun.settings)
        how = Options(
            format=begun.data.format,
            annotations=begun.data.annotations,
            longest=begun.data.longest,
            on_bad="skip" if begun.data.skipped else "refuse",
            **{key: stored.pop(key) for key in ("quick", "control", "recipe", "scenes")},
        )
        steps = cls(begun.method, backbone_source(begun), stored).fit_steps(
            data if data is not None else begun.data.source,
            seed=begun.seed,
            device=begun.conditions.device,
            options=how,
            progress=progress,
            begun=begun,
        )
        return cls.load(_last(steps, observe))

    def fit_steps(
        self,
        data: Annotated | str | Path = "scenes",
        *,
        seed: int = 0,
        device: str = "auto",
        out: str | Path | None = None,
        options: Options | None = None,
        progress: Tell | None = None,
        begun: ApplicationRun | None = None,
    ) -> Generator[Step, None, ApplicationRun]:
        """Trains step by step, through all stages; the generator's value is the run.

        ``data`` are "scenes", a folder, or an ``Annotated``; ``out`` is the run's folder, by
        default the next free one of ``runs_folder()``; ``begun`` is a run that goes on.
        """
        tell, how = teller(progress), self.options_for(data, options or Options())
        self._require_control(how.control)
        if begun is None and out is not None:
            require_empty(run_path(out))
        backbone = backbone_of(self.backbone)
        known = data_for(data, self.kind, backbone, how, progress)
        backbone = backbone_of(self.backbone, known.channels)
        settings = self.chosen_settings(known, backbone)
        run = planned(
            self.task, self.method, settings, known, backbone, how, seed=seed, device=device
        )
        if begun is not None:
            require_same(begun, run)
            run = begun
        else:
            folder = run_path(out) if out is not None else new_folder(self.method, known.name)
            run = replace(run, path=folder)
        with claimed(run.path):
            if begun is None:
                require_empty(run.path)
                write_json(run.path / RUN, run.as_dict())
            tell(Progress(f"{self.task}, {self.method}: training into {run.path}"))
            fitting = Fitting(
                run=run,
                data=known,
                backbone=backbone,
                device=torch.device(run.conditions.device),
                quick=how.quick,
                control=how.control,
                recipe=how.recipe,
                tell=tell,
            )
            return (yield from self._trained(fitting))

    def _trained(self, fitting: Fitting) -> Generator[Step, None, ApplicationRun]:
        network = self.build(fitting.run, fitting.backbone).to(fitting.device)

        def measure(finished: nn.Module) -> Mapping[str, Any]:
            return self.measure(fitting, finished)

        stages = self.stages(fitting)
        return (yield from trained_in_stages(fitting.run, network, stages, measure, fitting.tell))

    def data_of(
        self,
        data: Annotated | str | Path | None = None,
        options: Options | None = None,
        progress: Tell | None = None,
    ) -> Annotated:
        """The data that the run learnt from, or others, as the network wants them."""
        return data_of_run(self.trained_run, self.kind, data, options or Options(), progress)

    @classmethod
    def load(cls, source: str | Path | ApplicationRun) -> Self:
        """The trained application of a run; RunError where the training is not finished."""
        run = open_application(source, cls.task)
        if not run.finished:
            raise RunError(
                "the training has not been finished", place=str(run.path), remedy=run.how_to_go_on
            )
        return cls(run.method, backbone_source(run), dict(run.settings), run)

    def save(self, folder: str | Path) -> Path:
        """Writes what is needed to load it again: run.json and the weights."""
        run, path = self.trained_run, Path(folder).expanduser().absolute()
        require_empty(path)
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        write_bytes(path / MODEL, run.model.read_bytes())
        write_json(path / RUN, replace(run, path=path).as_dict())
        return path

    @property
    def trained_run(self) -> ApplicationRun:
        """The run; UsageError before ``fit`` or ``load``."""
        if self.run is None:
            raise UsageError(
                f"this {type(self).__name__} has not been trained",
                remedy=f"call fit, or {type(self).__name__}.load(run)",
            )
        return self.run

    @cached_property
    def network(self) -> nn.Module:
        """The trained network, in eval mode, on the processor."""
        run = self.trained_run
        backbone = stored_backbone(run)
        network = self.build(run, backbone)
        load_weights(run.model, network)
        return network.eval()

    def _require_control(self, control: str | None) -> None:
        if control is not None and control not in self.controls:
            raise UsageError(
                f'there is no control "{control}" of {self.task}',
                remedy=f"known are {', '.join(self.controls)}",
            )


def _last(
    steps: Generator[Step, None, ApplicationRun], observe: Callable[[Step], None] | None
) -> ApplicationRun:
    """Makes all steps, shows each of them, and gives the run that comes of it."""
    with closing(steps):
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                run: ApplicationRun = end.value
                return run
            if observe:
                observe(step)


def _unfinished(task: str) -> ApplicationRun:
    runs = list_applications()
    found = [run for run in runs if run.task == task and not run.finished and not run.live]
    if not found:
        raise RunError(
            "there is no unfinished run to go on with",
            place=str(runs_folder()),
            remedy="name one with --out, or leave --resume out",
        )
    return found[-1]
