"""Images and clips into sentences: ``Captioner``, with fit, predict, evaluate, save, load."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from convscope.applications.application import Application
from convscope.applications.backbone import Backbone
from convscope.applications.captioning.control import CONTROL
from convscope.applications.captioning.evaluation import CaptionEvaluation, evaluated, scored
from convscope.applications.captioning.learning import stages_of
from convscope.applications.captioning.material import (
    fresh_scenes,
    held_out_scenes,
    with_scenes,
    with_scenes_of,
)
from convscope.applications.captioning.network import (
    CLIP_METHODS,
    METHODS,
    CaptionNetwork,
    make_network,
)
from convscope.applications.captioning.pictures import SIDE, as_batch, normaliser, read_sources
from convscope.applications.captioning.sentences import Caption, Reading, captions_of
from convscope.applications.captioning.vocabulary import Vocabulary, vocabulary_of
from convscope.applications.planning import Fitting, Options
from convscope.applications.runs import ApplicationRun
from convscope.applications.stages import Stage
from convscope.data.annotated import Annotated, Kind
from convscope.data.annotations.parts import Part
from convscope.data.progress import Tell
from convscope.errors import DataError, UsageError

__all__ = ["BEAM", "Captioner"]

BEAM = 3
"""Hypotheses an image; Show and Tell found little to gain beyond."""

_DEFAULTS: dict[str, int] = {
    "side": SIDE,
    "least": 1,
    "paraphrases": 3,
    "kernels": 96,
    "hidden": 128,
}
"""Pixels that an image is brought to; how often a word must stand in the captions to be one
of its own; captions that are learnt of an image each time it is read; kernels of the encoder's
last stages; and the width of the decoder's state."""
_LOOKS_AGAIN = {"hidden": 96}
"""What is enough where not all of an image must go through one vector."""


@dataclass(frozen=True, eq=False, repr=False)
class Captioner(Application):
    """A convolutional network that sees, and a recurrent one that says what.

    Methods: ``attention`` looks at a part of the grid for each word (Xu et al. 2015),
    ``plain`` is shown the whole once (Vinyals et al. 2015); for clips the frames are read
    by their mean over time (``clip-mean``) or by an LSTM over time (``clip-lstm``).

    >>> Captioner("plain")
    <Captioner: plain, not trained>
    """

    task: ClassVar[str] = "captioning"
    kind: ClassVar[Kind] = "captions"
    methods: ClassVar[tuple[str, ...]] = METHODS
    controls: ClassVar[tuple[str, ...]] = (CONTROL,)

    def options_for(self, data: Annotated | str | Path, options: Options) -> Options:
        """Scenes are as many as the method needs, and clips for it."""
        return with_scenes(self.method, data, options)

    def chosen_settings(self, data: Annotated, backbone: Backbone) -> Mapping[str, Any]:
        """Size, and the vocabulary of the training captions."""
        self._require_fitting(data)
        own = _LOOKS_AGAIN if self.method == "attention" else {}
        settings = {**_DEFAULTS, **own, **self.settings}
        unknown = settings.keys() - {*_DEFAULTS, *_STORED}
        if unknown:
            raise UsageError(
                f"a captioner has no setting {sorted(unknown)[0]!r}",
                remedy=f"it has {', '.join(_DEFAULTS)}",
            )
        for key in _DEFAULTS:
            if not isinstance(settings[key], int) or settings[key] < 1:
                raise UsageError(
                    f"the setting {key} is {settings[key]!r}", remedy="give a whole number from 1"
                )
        captions = data.train.captions or ()
        vocabulary = vocabulary_of(captions, least=settings["least"])
        return {
            **{key: settings[key] for key in _DEFAULTS},
            "vocabulary": list(vocabulary.words),
            "longest": vocabulary.longest,
        }

    def build(self, run: ApplicationRun, backbone: Backbone) -> nn.Module:
        """The network of a run at its beginning."""
        module, side = backbone.module(run.seed), int(run.settings["side"])
        with torch.inference_mode():
            rows = module.eval()(torch.zeros(1, run.channels, side, side)).shape[-1] // 4
        if not rows:
            raise UsageError(
                f"of {side} pixels the backbone leaves nothing to look at",
                remedy='give a larger "side", or a backbone with a smaller stride',
            )
        return make_network(
            run.method,
            module,
            backbone.features,
            side=rows,
            words=len(_vocabulary(run)),
            kernels=int(run.settings["kernels"]),
            hidden=int(run.settings["hidden"]),
            seed=run.seed,
        )

    def stages(self, fitting: Fitting) -> Sequence[Stage]:
        """How the method learns."""
        settings = fitting.run.settings
        return stages_of(
            fitting,
            _vocabulary(fitting.run),
            side=int(settings["side"]),
            paraphrases=int(settings["paraphrases"]),
        )

    def measure(self, fitting: Fitting, network: nn.Module) -> Mapping[str, Any]:
        """Scores on the validation part."""
        assert isinstance(network, CaptionNetwork)
        reading = Reading(network, _vocabulary(fitting.run))
        part = fitting.data.validation
        scores = scored(fitting.run, reading, part, device=fitting.device, width=BEAM).scores
        return {"split": "validation", **scores.as_dict()}

    def predict(
        self, sources: Any, *, beam: int = BEAM, invert: bool = False
    ) -> tuple[Caption, ...]:
        """Sentences about pictures, the likeliest first.

        They are paths, pictures of Pillow or arrays of uint8 (H×W or H×W×3), one or several.
        A clip is an array T×H×W or T×H×W×3, or a folder of frames.  ``beam`` is how many
        sentences are followed at a time, and given back; ``invert`` exchanges light and dark.
        """
        _require_beam(beam)
        run = self.trained_run
        clips, side = run.method in CLIP_METHODS, int(run.settings["side"])
        read = read_sources(sources, side, run.channels, clips=clips, invert=invert)
        return self._said(read, beam)

    def predict_scenes(
        self, *, seed: int = 0, count: int = 4, beam: int = BEAM, part: Part = "test"
    ) -> tuple[Caption, ...]:
        """Sentences about fresh scenes of any seed, or clips, of garments that were not learnt."""
        _require_beam(beam)
        scenes = fresh_scenes(self.trained_run, seed=seed, count=count, part=part)
        return self._said(list(zip(scenes.names, scenes.images, strict=True)), beam)

    def evaluate(
        self,
        data: Annotated | str | Path | None = None,
        *,
        split: str = "test",
        beam: int = BEAM,
        control: str | None = None,
        baselines: bool = True,
        options: Options | None = None,
        progress: Tell | None = None,
    ) -> CaptionEvaluation:
        """Scores on a part of the data: by default of those that the run learnt from.

        With the control ``other-images`` every sentence is made from another image than the
        one that it is scored beside.  ``baselines`` scores the most frequent caption and that
        of the nearest training image as well.
        """
        _require_beam(beam)
        self._require_control(control)
        run = self.trained_run
        how = with_scenes_of(run, data, options)
        known = self.data_of(data, how, progress)
        self._require_fitting(known)
        return evaluated(
            run,
            self.reading,
            known,
            split=split,
            width=beam,
            control=control,
            baselines=baselines,
            held_out=held_out_scenes(run, known, split, how),
        )

    def _said(
        self, pictures: Sequence[tuple[str, NDArray[np.uint8]]], beam: int
    ) -> tuple[Caption, ...]:
        """Of named pictures (or clips), one after another: clips may differ in length."""
        run, side = self.trained_run, int(self.trained_run.settings["side"])
        prepare = normaliser(run.mean, run.std, side, torch.device("cpu"))
        found: list[Caption] = []
        for name, picture in pictures:
            shown = as_batch(picture[None], side, run.channels)
            prepared = prepare(torch.from_numpy(shown.copy()))
            found += captions_of(self.reading, prepared, shown, [name], width=beam)
        return tuple(found)

    @cached_property
    def reading(self) -> Reading:
        """The trained network and the words that it knows."""
        network = self.network
        assert isinstance(network, CaptionNetwork)
        return Reading(network, _vocabulary(self.trained_run))

    def _require_fitting(self, data: Annotated) -> None:
        """DataError where clips are given to a method of images, or the other way round."""
        if not len(data.train):
            return
        clips = data.train.images[0].ndim == 4
        if clips != (self.method in CLIP_METHODS):
            given, wanted = ("clips", "images") if clips else ("images", "clips")
            fitting = [each for each in METHODS if (each in CLIP_METHODS) == clips]
            raise DataError(
                f"the method {self.method} reads {wanted}, and these are {given}",
                place=data.place,
                remedy=f"give {wanted}, or take {' or '.join(fitting)}",
            )


_STORED = ("vocabulary", "longest", "quick", "control", "recipe", "scenes")
"""Settings that a run holds and nobody gives."""


def _vocabulary(run: ApplicationRun) -> Vocabulary:
    return Vocabulary(tuple(run.settings["vocabulary"]), int(run.settings["longest"]))


def _require_beam(beam: int) -> None:
    if not 1 <= beam <= 100:
        raise UsageError(f"the beam is {beam}", remedy="give a number from 1 to 100")
