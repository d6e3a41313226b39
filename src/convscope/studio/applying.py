"""Detectors, segmenters and captioners at work: a few of them open at a time.

Each of them answers with a picture and what it found in it: arrays, and a record of JSON.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image

from convscope.applications.runs import ApplicationRun, examples_folder
from convscope.errors import ConvscopeError, RunError, UsageError
from convscope.studio.baselines import BASELINES
from convscope.studio.pictures import Pictures
from convscope.studio.questions import Answered, Pictured, Question, objects_of, one_of
from convscope.studio.settings import Settings
from convscope.studio.sources import any_run, names_of_runs
from convscope.studio.subjects import Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convscope.applications.application import Application
    from convscope.applications.captioning.captioner import Captioner
    from convscope.applications.detection.detector import Detector
    from convscope.applications.segmentation.segmenter import Segmenter

__all__ = ["SCENES", "TASKS", "Applications", "reads_clips"]

TASKS = ("detection", "segmentation", "captioning")
SCENES, _CLIPS = "scenes", "clips"
_OPENED = 6
LONGEST = 640
"""Pixels of the longer side of a picture that is looked at."""


@dataclass(frozen=True, eq=False)
class _Opened:
    application: Application
    lock: threading.Lock = field(default_factory=threading.Lock)


class Applications:
    """The applications' runs of one studio."""

    def __init__(self, settings: Settings, pictures: Pictures) -> None:
        self._settings = settings
        self._pictures = pictures
        self._opened: Kept[_Opened] = Kept(_OPENED)

    def runs(self) -> list[ApplicationRun]:
        """All that are finished: the package's own, then the newest first."""
        found = []
        for name in names_of_runs(self._settings):
            try:
                run = any_run(self._settings, name)
            except ConvscopeError:  # damaged, or removed since
                continue
            if isinstance(run, ApplicationRun) and run.finished:
                found.append(run)
        found.sort(key=lambda run: run.created, reverse=True)
        return sorted(found, key=lambda run: run.path.parent != examples_folder())

    def answer(self, task: str, name: str, question: Question) -> Answered:
        """What a run says; NoRunError where there is none, RunError where it is of another task."""
        for baseline in BASELINES[task]:
            if baseline.name == name:
                return baseline.answer(question, self._pictured(question))
        run = any_run(self._settings, name)
        if not isinstance(run, ApplicationRun) or run.task != task:
            raise RunError(f"this is no run of {task}", place=name, remedy="choose one of the list")
        opened = self._opened.get((run.path, run.created), lambda: _open(run))
        with opened.lock:
            return _ANSWERS[task](opened.application, question, self._pictured(question))

    def _pictured(self, question: Question) -> list[Image.Image]:
        """The pictures, large ones brought down: an answer comes while one waits for it."""
        found = []
        for image in question.images:
            picture = Image.open(io.BytesIO(self._pictures.get(image).content)).convert("RGB")
            picture.thumbnail((LONGEST, LONGEST))
            found.append(picture)
        return found


def _open(run: ApplicationRun) -> _Opened:
    application = _kinds()[run.task].load(run)
    _ = application.network  # reading it is no part of a prediction's time
    return _Opened(application)


def _kinds() -> Mapping[str, type[Application]]:
    from convscope.applications.captioning.captioner import Captioner
    from convscope.applications.detection.detector import Detector
    from convscope.applications.segmentation.segmenter import Segmenter

    return {"detection": Detector, "segmentation": Segmenter, "captioning": Captioner}


def _seconds(predict: Callable[[Any], Any], picture: NDArray[Any]) -> float:
    """The time of a prediction alone, without making a scene: of C×H×W, or a clip T×C×H×W."""
    import numpy as np

    shown = picture[..., 0, :, :] if picture.shape[-3] == 1 else np.moveaxis(picture, -3, -1)
    start = time.perf_counter()
    predict(np.ascontiguousarray(shown))
    return time.perf_counter() - start


def _detection(detector: Detector, question: Question, pictures: Pictured) -> Answered:
    """Boxes; of a scene the true ones, too."""
    from convscope.applications.detection.proposals import seconds_of_search
    from convscope.applications.detection.selective_search import Search

    run, least, truth = detector.trained_run, question.least, None
    if pictures:
        (found,) = detector.predict(one_of(pictures), least=least)
    else:
        (found,), true = detector.predict_scenes(seed=question.seed, count=1, least=least)
        truth = objects_of(true[0], run.classes)
    seconds = _seconds(detector.predict, found.picture)
    if detector.network.stored:  # it has just been searched, and is only read again
        search = Search(most=int(run.settings["proposals"]))
        seconds += seconds_of_search([found.picture], search)
    return Answered(found.as_dict(), {"picture": found.picture}, seconds, truth)


def _segmentation(segmenter: Segmenter, question: Question, pictures: Pictured) -> Answered:
    """A mask; of a scene the true one, too."""
    from convscope.applications.planning import fresh_scenes

    arrays: dict[str, Any] = {}
    if pictures:
        found = segmenter.predict(one_of(pictures))
    else:
        (found,) = segmenter.predict_scenes(1, question.seed)
        run = segmenter.trained_run
        if run.data.source == SCENES:  # others number their regions otherwise
            scene = fresh_scenes(run, seed=question.seed, count=1)
            arrays["truth"] = scene.masks[0]  # type: ignore[index]
    arrays |= {"picture": found.picture, "mask": found.mask, "sureness": found.sureness}
    seconds = _seconds(segmenter.predict, found.picture)
    return Answered(found.as_dict(), arrays, seconds, names=found.regions)


def _captioning(captioner: Captioner, question: Question, pictures: Pictured) -> Answered:
    """Sentences; where each word was looked for; of a scene what people might say."""
    from convscope.applications.captioning.material import fresh_scenes

    run, beam, truth = captioner.trained_run, question.beam, None
    if pictures:
        shown = _frames(pictures) if reads_clips(run) else one_of(pictures)
        (found,) = captioner.predict(shown, beam=beam)
    else:
        (found,) = captioner.predict_scenes(seed=question.seed, count=1, beam=beam)
        scenes = fresh_scenes(run, seed=question.seed, count=1, part="test")
        truth = list((scenes.captions or ((),))[0])
    seconds = _seconds(lambda picture: captioner.predict(picture, beam=beam), found.picture)
    return Answered(found.as_dict(), {"picture": found.picture}, seconds, truth)


_ANSWERS: Mapping[str, Callable[[Any, Question, Pictured], Answered]] = {
    "detection": _detection,
    "segmentation": _segmentation,
    "captioning": _captioning,
}


def _frames(pictures: Pictured) -> NDArray[Any]:
    """Pictures of one size as a clip, T×H×W×3."""
    import numpy as np

    if len({frame.size for frame in pictures}) > 1:
        raise UsageError(
            "the frames of a clip differ in size", remedy="choose frames of one and the same clip"
        )
    return np.stack([np.asarray(frame) for frame in pictures])


def reads_clips(run: ApplicationRun) -> bool:
    """Whether a run looks at clips in the place of pictures."""
    return run.data.name == _CLIPS or run.method.startswith("clip-")
