"""Detectors, segmenters and captioners at work: a few of them open at a time.

Each of them answers with a picture and what it found in it: arrays, and a record of JSON.
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from PIL import Image

from convscope.applications.runs import ApplicationRun, examples_folder
from convscope.errors import ConvscopeError, RunError, UsageError
from convscope.studio.pictures import Pictures
from convscope.studio.settings import Settings
from convscope.studio.sources import any_run, names_of_runs
from convscope.studio.subjects import Kept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from convscope.applications.application import Application
    from convscope.applications.captioning.captioner import Captioner
    from convscope.applications.detection.detector import Detector
    from convscope.applications.segmentation.segmenter import Segmenter
    from convscope.data.annotated import Objects, Split

__all__ = ["BASELINE", "SCENES", "TASKS", "Answered", "Applications", "Question"]

TASKS = ("detection", "segmentation", "captioning")
BASELINE = "baseline"
"""In the place of a run: a threshold, connected components, and the trained classifier."""
Pictured = Sequence[Image.Image]
SCENES, _CLIPS = "scenes", "clips"
_OPENED = 6
LONGEST = 640
"""Pixels of the longer side of a picture that is looked at."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked at: a fresh scene by its seed, or pictures that a person brought.

    Several pictures are the frames of a clip.  ``least`` is how sure a detection must be,
    ``beam`` how many sentences are followed.
    """

    seed: int = 0
    images: tuple[str, ...] = ()
    least: float = 0.5
    beam: int = 3


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """What was found: ``record`` as the command line prints it, and what it is drawn with.

    ``arrays`` hold ``picture`` (C×H×W, a clip T×C×H×W), and what the task adds; ``seconds``
    is the time of the prediction alone.
    """

    record: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    seconds: float
    truth: Any = None
    names: tuple[str, ...] = ()


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
        if name == BASELINE and task == "detection":
            return _baseline(question, self._pictured(question))
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


def _one(pictures: Pictured) -> Image.Image:
    if len(pictures) != 1:
        raise UsageError("one picture is looked at at a time", remedy="choose one")
    return pictures[0]


def _detection(detector: Detector, question: Question, pictures: Pictured) -> Answered:
    """Boxes; of a scene the true ones, too."""
    from convscope.applications.detection.proposals import seconds_of_search
    from convscope.applications.detection.selective_search import Search

    run, least, truth = detector.trained_run, question.least, None
    if pictures:
        (found,) = detector.predict(_one(pictures), least=least)
    else:
        (found,), true = detector.predict_scenes(seed=question.seed, count=1, least=least)
        truth = _objects(true[0], run.classes)
    seconds = _seconds(detector.predict, found.picture)
    if detector.network.stored:  # it has just been searched, and is only read again
        search = Search(most=int(run.settings["proposals"]))
        seconds += seconds_of_search([found.picture], search)
    return Answered(found.as_dict(), {"picture": found.picture}, seconds, truth)


def _segmentation(segmenter: Segmenter, question: Question, pictures: Pictured) -> Answered:
    """A mask; of a scene the true one, too."""
    arrays: dict[str, Any] = {}
    if pictures:
        found = segmenter.predict(_one(pictures))
    else:
        (found,) = segmenter.predict_scenes(1, question.seed)
        run = segmenter.trained_run
        if run.data.source == SCENES:  # others number their regions otherwise
            arrays["truth"] = _scene(run, question.seed).masks[0]  # type: ignore[index]
    arrays |= {"picture": found.picture, "mask": found.mask, "sureness": found.sureness}
    seconds = _seconds(segmenter.predict, found.picture)
    return Answered(found.as_dict(), arrays, seconds, names=found.regions)


def _captioning(captioner: Captioner, question: Question, pictures: Pictured) -> Answered:
    """Sentences; where each word was looked for; of a scene what people might say."""
    from convscope.applications.captioning.material import fresh_scenes

    run, beam, truth = captioner.trained_run, question.beam, None
    if pictures:
        shown = _frames(pictures) if reads_clips(run) else _one(pictures)
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


def _baseline(question: Question, pictures: Pictured) -> Answered:
    """What finds objects without a detector, in the place of one."""
    import numpy as np

    from convscope.applications.detection.baseline import Baseline
    from convscope.applications.detection.prediction import DetectionPrediction
    from convscope.applications.pictures import Picture, read_pictures
    from convscope.data.annotated import Split
    from convscope.data.scenes.loading import make_scenes
    from convscope.training.runs import open_run

    classifier = open_run("example")
    baseline, truth = Baseline(classifier), None
    if pictures:
        (picture,) = read_pictures(_one(pictures), 1)
    else:
        part = make_scenes(count=1, part="test", seed=question.seed)
        image = np.asarray(part.images[0])
        picture = Picture(part.names[0], image, (image.shape[-2], image.shape[-1]))
        truth = _objects(part.objects[0], classifier.classes)  # type: ignore[index]
    split = Split((picture.name,), [picture.pixels])
    (found,), parts = baseline.detected(split, classifier.classes)
    said = DetectionPrediction.of(picture, found, classifier.classes, question.least)
    return Answered(said.as_dict(), {"picture": said.picture}, sum(parts.values()), truth)


def _objects(objects: Objects, classes: Sequence[str]) -> list[dict[str, Any]]:
    """As a detection's record has them."""
    pairs = zip(objects.labels.tolist(), objects.boxes.tolist(), strict=True)
    return [{"class": classes[label], "box": box} for label, box in pairs]


def _scene(run: ApplicationRun, seed: int) -> Split:
    """The scene that ``predict_scenes`` looks at."""
    from convscope.data.scenes.loading import make_scenes

    asked = run.settings.get("scenes", {})
    same = {key: asked[key] for key in ("size", "difficulty") if key in asked}
    return make_scenes(count=1, seed=seed, part="test", **same)


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
