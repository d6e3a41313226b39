"""Images into masks: ``Segmenter``, with fit, predict, evaluate, save and load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from convscope.applications.application import Application
from convscope.applications.backbone import Backbone
from convscope.applications.pictures import is_one, read_pictures
from convscope.applications.planning import Fitting, Options, fresh_scenes
from convscope.applications.runs import ApplicationRun
from convscope.applications.segmentation.answers import Segmentation
from convscope.applications.segmentation.evaluation import SegmentationEvaluation, judged
from convscope.applications.segmentation.learning import stages_of, with_scenes
from convscope.applications.segmentation.methods import METHODS, chosen, network_of
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated, Kind
from convscope.data.progress import Tell
from convscope.training.task import Normalise

__all__ = ["Segmenter"]


@dataclass(frozen=True, eq=False, repr=False)
class Segmenter(Application):
    """A network that says of every pixel which region it belongs to.

    Methods: ``fcn-stride8``, ``fcn-stride4``, ``fcn-stride2`` (Long et al. 2015), each of
    which begins where the coarser one ended, and ``dpn`` (Liu et al. 2015), a fully
    convolutional network that ends in one mean-field step of a Markov random field.

    >>> Segmenter("fcn-stride4")
    <Segmenter: fcn-stride4, not trained>
    """

    task: ClassVar[str] = "segmentation"
    kind: ClassVar[Kind] = "masks"
    methods: ClassVar[tuple[str, ...]] = METHODS

    def options_for(self, data: Annotated | str | Path, options: Options) -> Options:
        """Scenes are as many as a segmenter needs."""
        return with_scenes(data, options)

    def chosen_settings(self, data: Annotated, backbone: Backbone) -> Mapping[str, Any]:
        """All settings, and what the classifier's fully connected layer reads."""
        return chosen(self.settings, backbone)

    def build(self, run: ApplicationRun, backbone: Backbone) -> nn.Module:
        """The network of a run at its beginning."""
        return network_of(run.method, run.settings, backbone, len(run.regions), run.seed)

    def stages(self, fitting: Fitting) -> Sequence[Stage]:
        """How the method learns."""
        return stages_of(fitting)

    def measure(self, fitting: Fitting, network: nn.Module) -> Mapping[str, Any]:
        """Scores on the validation part."""
        if not len(fitting.data.validation):
            return {}
        found = judged(fitting.run, network, fitting.data, "validation", fitting.device)
        return {"split": "validation", **found.scores.as_dict()}

    def predict(self, sources: Any) -> Any:
        """The mask of a picture, or of several: one Segmentation, or a tuple of them.

        Pictures are paths, folders, of Pillow, or arrays of uint8 (H×W or H×W×3).  One whose
        longer side is above the run's ``longest`` is looked at smaller; the mask has its own
        size.
        """
        run = self.trained_run
        found = tuple(
            self._answer(each.name, each.brought_down(run.data.longest).pixels, each.pixels)
            for each in read_pictures(sources, run.channels)
        )
        return found[0] if is_one(sources) else found

    def evaluate(
        self,
        data: Annotated | str | Path | None = None,
        *,
        split: str = "test",
        options: Options | None = None,
        progress: Tell | None = None,
    ) -> SegmentationEvaluation:
        """Scores on a part of the data: by default of those that the run learnt from."""
        known = self.data_of(data, options, progress)
        return judged(self.trained_run, self.network, known, split, torch.device("cpu"))

    def predict_scenes(self, count: int = 3, seed: int = 0) -> tuple[Segmentation, ...]:
        """The masks of so many fresh scenes of any seed, made of the test part's garments."""
        scenes = fresh_scenes(self.trained_run, seed=seed, count=count)
        return tuple(
            self._answer(name, picture, picture)
            for name, picture in zip(scenes.names, scenes.images, strict=True)
        )

    def _answer(
        self, name: str, looked_at: NDArray[np.uint8], picture: NDArray[np.uint8]
    ) -> Segmentation:
        """C×H×W each: what the network reads, and the picture, whose size the mask has."""
        run = self.trained_run
        prepared = Normalise(run)(torch.from_numpy(looked_at[None].copy()))
        with torch.inference_mode():
            scores = self.network(prepared).float()
            if scores.shape[2:] != picture.shape[1:]:
                scores = functional.interpolate(scores, picture.shape[1:], mode="bilinear")
            sureness, mask = scores.softmax(1).max(1)
        return Segmentation(
            name, mask[0].to(torch.uint8).numpy(), run.regions, sureness[0].numpy(), picture
        )
