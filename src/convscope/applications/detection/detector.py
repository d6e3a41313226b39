"""Images into objects in boxes: ``Detector``, with fit, predict, evaluate, save, load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from convscope.applications.application import Application
from convscope.applications.backbone import Backbone
from convscope.applications.detection.entry import Entry, chosen_values
from convscope.applications.detection.evaluation import (
    DetectionEvaluation,
    detected,
    precision_of,
)
from convscope.applications.detection.method import Stopwatch
from convscope.applications.detection.precision import average_precision
from convscope.applications.detection.prediction import DetectionPrediction
from convscope.applications.detection.proposals import (
    Proposals,
    proposals_of,
    seconds_of_search,
)
from convscope.applications.detection.rcnn import RCNN
from convscope.applications.detection.selective_search import Search
from convscope.applications.detection.training import FAST, FASTER
from convscope.applications.pictures import Picture, read_pictures
from convscope.applications.planning import Fitting, Options, fresh_scenes
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated, Kind, Objects, Split
from convscope.data.annotated_sources import SCENES
from convscope.data.progress import Tell
from convscope.errors import DataError, UsageError
from convscope.training.conditions import processor_name
from convscope.training.task import Normalise

__all__ = ["METHODS", "Detector"]

METHODS: dict[str, Entry] = {"rcnn": RCNN, "fast": FAST, "faster": FASTER}


@dataclass(frozen=True, eq=False, repr=False)
class Detector(Application):
    """A classifier's layers that find objects, and say of which class and in which box.

    Methods: ``faster`` makes its proposals itself (Ren et al. 2015), ``fast`` pools those of
    selective search from one map (Girshick 2015), ``rcnn`` crops each of them (Girshick et
    al. 2014).  ``settings`` are those of the method's ``Entry``.

    >>> Detector("fast")
    <Detector: fast, not trained>
    """

    task: ClassVar[str] = "detection"
    kind: ClassVar[Kind] = "objects"
    methods: ClassVar[tuple[str, ...]] = tuple(METHODS)

    def chosen_settings(self, data: Annotated, backbone: Backbone) -> Mapping[str, Any]:
        """The method's settings, and what it reads off the training objects (anchors)."""
        if not data.classes:
            raise DataError("there are no classes of objects", place=data.place)
        entry = METHODS[self.method]
        decided = {"anchors", "quick", "control", "recipe", "scenes"}
        given = {key: value for key, value in self.settings.items() if key not in decided}
        chosen = chosen_values(entry.settings, given)
        return {**chosen, **entry.decided(data, backbone, chosen)}

    def build(self, run: ApplicationRun, backbone: Backbone) -> nn.Module:
        """The network of a run at its beginning."""
        return METHODS[run.method].build(run, backbone)

    def stages(self, fitting: Fitting) -> Sequence[Stage]:
        """How the method learns."""
        return METHODS[self.method].stages(fitting)

    def measure(self, fitting: Fitting, network: nn.Module) -> Mapping[str, Any]:
        """Average precision on the validation part."""
        part, run = fitting.data.validation, fitting.run
        if not len(part):
            return {"split": "validation", "images": 0}
        stored = _stored(network, run, part, fitting.tell)
        found = precision_of(
            network,
            part,
            Normalise(run, fitting.device),
            run.classes,
            stored=None if stored is None else stored.boxes,
        )
        return {
            "split": "validation",
            **found.as_dict(),
            "proposals": None if stored is None else stored.as_dict(),
        }

    def predict(
        self, sources: Any, *, least: float = 0.5, longest: int | None = None
    ) -> tuple[DetectionPrediction, ...]:
        """What is in pictures: paths, folders, pictures of Pillow or arrays, one or several.

        Detections whose score is below ``least`` are left out.  Boxes are in the pixels of
        the picture as it was given, even where its longer side was brought down to
        ``longest`` (by default what the run was trained with).
        """
        run = self.trained_run
        longest = longest or run.data.longest
        pictures = read_pictures(sources, run.channels, longest)
        return tuple(self._predicted(picture, least) for picture in pictures)

    def predict_scenes(
        self, *, seed: int = 0, count: int = 6, least: float = 0.5
    ) -> tuple[tuple[DetectionPrediction, ...], tuple[Objects, ...]]:
        """What is in fresh scenes of garments that no training has seen, and what is true."""
        run = self.trained_run
        if run.data.source != SCENES:
            raise UsageError(
                f"this run has learnt from {run.data.name}, not from scenes",
                remedy="give pictures to look at",
            )
        part = fresh_scenes(run, seed=seed, count=count)
        found = (
            self._predicted(Picture(name, image, image.shape[-2:]), least)
            for name, image in zip(part.names, part.images, strict=True)
        )
        return tuple(found), part.objects or ()

    def evaluate(
        self,
        data: Annotated | str | Path | None = None,
        *,
        split: str = "test",
        options: Options | None = None,
        progress: Tell | None = None,
    ) -> DetectionEvaluation:
        """Average precision and seconds on a part of the data: by default the run's own."""
        run = self.trained_run
        known = self.data_of(data, options, progress)
        if known.classes != run.classes:
            raise DataError(
                f"its classes are {', '.join(known.classes)}, and the run knows "
                f"{', '.join(run.classes)}",
                place=known.place,
                remedy="give data of the same classes, in the same order",
            )
        part = known.split(split)
        if not len(part):
            raise DataError(
                "there are no images to be measured on", place=f"{known.place}, {split}"
            )
        stored = _stored(self.network, run, part, progress)
        watch = Stopwatch()
        found = detected(
            self.network,
            part.images,
            Normalise(run),
            stored=None if stored is None else stored.boxes,
            watch=watch,
        )
        seconds = watch.each()
        if stored is not None:
            seconds["proposals"] = seconds_of_search(part.images, stored.search)
        return DetectionEvaluation(
            run=run.name,
            method=run.method,
            data=known.name,
            split=split,
            precision=average_precision(found, part.objects or (), run.classes),
            seconds=seconds,
            threads=torch.get_num_threads(),
            processor=processor_name(),
            proposals=None if stored is None else stored.as_dict(),
            found=found,
            names=part.names,
            ids=part.ids,
            category_ids=known.category_ids,
            scales=None if part.full_sizes is None else part.full_sizes / part.sizes,
        )

    def _predicted(self, picture: Picture, least: float) -> DetectionPrediction:
        run = self.trained_run
        part = Split((picture.name,), [picture.pixels])
        stored = _stored(self.network, run, part, None)
        (found,) = detected(
            self.network,
            [picture.pixels],
            Normalise(run),
            stored=None if stored is None else stored.boxes,
        )
        return DetectionPrediction.of(picture, found, run.classes, least)


def _stored(
    network: nn.Module, run: ApplicationRun, part: Split, tell: Tell | None
) -> Proposals | None:
    """Proposals of selective search, where the method reads them."""
    if not network.stored:
        return None
    search = Search(most=int(run.settings["proposals"]))
    return proposals_of(part.images, search, progress=tell)
