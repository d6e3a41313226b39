"""Which pixels a class's score depends on: maps by captum, each with a label of trust."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError, did_you_mean
from convscope.inspection.attribution.copying import functional_relus, working_copy
from convscope.inspection.attribution.deletion import delete
from convscope.inspection.attribution.emptiness import state_of, why_nothing
from convscope.inspection.attribution.methods import (
    METHODS,
    STEPS,
    Compute,
    Method,
    Settings,
    settings_of,
)
from convscope.inspection.attribution.randomising import randomise
from convscope.inspection.attribution.results import Attribution, Attributions
from convscope.inspection.attribution.trust import Trust, trust_of, undecided
from convscope.inspection.classes import class_number
from convscope.inspection.subject import Picture, Subject, logarithms, subject_of

__all__ = ["Attribution", "Attributions", "attribute", "attribute_all"]


def attribute(
    subject: Any,
    image: int | str | Path | bytes | Picture = 0,
    method: str | Compute = "integrated-gradients",
    target: int | str | None = None,
    *,
    layer: str | None = None,
    check: bool = True,
    seed: int = 0,
    progress: Tell | None = None,
) -> Attribution:
    """The map of one method, with both checks unless ``check`` is False.

    ``method`` is a name of ``METHODS``, or a function of one's own that takes (module, image
    1×C×H×W, class) and gives H×W numbers: it is checked like any other.  ``target`` is a
    class by number or name, by default the predicted one; ``layer`` is Grad-CAM's, by
    default the last convolution; ``seed`` is that of the checks.  The subject's module is
    left exactly as it is: all work is done on a copy.
    """
    opened = subject_of(subject)
    work = _Work(opened, opened.picture(image), target, layer)
    return work.attribution(_method(method), check=check, seed=seed, progress=progress)


def attribute_all(
    subject: Any,
    image: int | str | Path | bytes | Picture = 0,
    methods: Iterable[str] | None = None,
    target: int | str | None = None,
    *,
    layer: str | None = None,
    check: bool = True,
    seed: int = 0,
    progress: Tell | None = None,
) -> Attributions:
    """Several methods, by default all; one that cannot be used on the module is left out."""
    tell = teller(progress)
    opened = subject_of(subject)
    work = _Work(opened, opened.picture(image), target, layer)
    chosen = [_method(name) for name in (METHODS if methods is None else methods)]
    made: list[Attribution] = []
    left_out: dict[str, str] = {}
    for number, method in enumerate(chosen):
        tell(Progress("attribution", number, len(chosen), "methods"))
        try:
            made.append(work.attribution(method, check=check, seed=seed, progress=None))
        except UsageError as error:
            left_out[method.name] = str(error)
    return Attributions(tuple(made), left_out)


def _method(method: str | Compute) -> Method:
    if isinstance(method, str):
        if method not in METHODS:
            raise UsageError(
                f"there is no method {method!r}",
                remedy=did_you_mean(method, METHODS) or f"there are {', '.join(METHODS)}",
            )
        return METHODS[method]
    return _own_method(method)


def _own_method(function: Compute) -> Method:
    """A caller's function as a method; its map is judged as it is."""

    def compute(module: nn.Module, image: Tensor, target: int, _: Settings) -> Tensor:
        found = np.asarray(function(module, image, target), np.float64)
        if found.shape != image.shape[2:]:
            raise UsageError(
                f"the method gave an array of shape {found.shape}",
                remedy=f"give {image.shape[2]}×{image.shape[3]} numbers, one a pixel",
            )
        return torch.from_numpy(found)[None]

    name = getattr(function, "__name__", "own")
    return Method(name, name.replace("_", " "), True, "as the method has it", "own", compute)


class _Work:
    """What all methods share for one image: the copy, the tensor, the class, the settings."""

    def __init__(
        self, subject: Subject, picture: Picture, target: int | str | None, layer: str | None
    ) -> None:
        self.subject = subject
        self.picture = picture
        self.settings = settings_of(subject, _cam_layer(subject, layer))
        self.copy = working_copy(subject.module, subject.name)
        if subject.outputs == "probabilities":
            # Every method asks what the softmax is taken of, and of a softmax these are logarithms.
            self.copy.register_forward_hook(lambda _, __, made: logarithms(made))
        self.image = subject.tensor(picture.pixels)
        with torch.no_grad():
            scores = self.copy(self.image)
        subject.require_vector(scores)
        self.chances = torch.softmax(scores.float(), 1)[0].double().numpy()
        self.predicted = int(scores[0].argmax())
        self.target = (
            self.predicted if target is None else class_number(subject, target, scores.shape[1])
        )

    def attribution(
        self, method: Method, *, check: bool, seed: int, progress: Tell | None
    ) -> Attribution:
        subject = self.subject
        self._require(method)
        compute = method.bound(self.settings)
        with torch.random.fork_rng(devices=[]):
            values = compute(self.copy, self.image, self.target)
            state = state_of(values)
            explanation = ""
            if state != "shown":
                explanation = why_nothing(state, subject.module, self.image, self.settings.baseline)
            trust = None
            if check and state != "shown":
                trust = undecided(f"there is nothing to check: {explanation}")
            elif check:
                trust = self._checked(compute, values, seed, progress)
        return Attribution(
            subject=subject.name,
            method=method.name,
            title=method.title,
            image=self.picture,
            target=self.target,
            target_name=subject.class_name(self.target),
            probability=float(self.chances[self.target]),
            predicted=self.predicted,
            predicted_name=subject.class_name(self.predicted),
            values=values,
            signed=method.signed,
            unit=method.unit,
            settings=self._said(method, values),
            state=state,
            explanation=explanation,
            trust=trust,
            note=self._note(method),
        )

    def _require(self, method: Method) -> None:
        """UsageError where the module is not one that the method is right for."""
        if method.name == "grad-cam" and not self.settings.layer:
            raise UsageError(
                f"{self.subject.name} has no convolution, and Grad-CAM needs the maps of one",
                remedy="choose another method, or a layer that makes maps",
            )
        if method.name == "guided-backprop" and functional_relus(self.copy, self.image):
            raise UsageError(
                "guided backprop changes the gradient at every nn.ReLU, and this network calls a "
                "ReLU as a function, where it cannot be changed",
                place=self.subject.name,
                remedy="write nn.ReLU() modules in the place of F.relu, or choose another method",
            )

    def _checked(
        self, compute: Compute, values: NDArray[np.float64], seed: int, progress: Tell | None
    ) -> Trust:
        randomisation = randomise(
            self.subject,
            self.copy,
            compute,
            self.image,
            self.target,
            values,
            seed=seed,
            progress=progress,
        )
        deletion = delete(
            self.copy,
            self.image,
            self.target,
            values,
            baseline=self.settings.baseline,
            baseline_words=self.settings.baseline_words,
            seed=seed,
            progress=progress,
        )
        return trust_of(randomisation, deletion)

    def _said(self, method: Method, values: NDArray[np.float64]) -> dict[str, Any]:
        """The settings that matter to the method."""
        settings = self.settings
        if method.name == "integrated-gradients":
            with torch.no_grad():
                ends = self.copy(torch.cat([self.image, settings.baseline]))[:, self.target]
            return {
                "baseline": settings.baseline_words,
                "steps": STEPS,
                "sum": float(values.sum()),
                "score_difference": float(ends[0] - ends[1]),
            }
        if method.name == "grad-cam":
            return {"layer": settings.layer}
        if method.name == "occlusion":
            return {
                "baseline": settings.baseline_words,
                "window": settings.window,
                "stride": settings.stride,
            }
        return {}

    def _note(self, method: Method) -> str:
        notes = []
        relus = any(isinstance(each, nn.ReLU) for each in self.copy.modules())
        if method.name == "guided-backprop" and not relus:
            notes.append("there is no ReLU to guide: this is the plain gradient")
        if not self.subject.trained:
            notes.append("the network is untrained")
        return "; ".join(notes)


def _cam_layer(subject: Subject, layer: str | None) -> str | None:
    """A layer of Grad-CAM's that was named, once it is known to make maps and to be the last."""
    if layer is None:
        return None
    if not subject.layer(layer).spatial:
        maps = [each.name for each in subject.layers if each.spatial and each.leaf]
        raise UsageError(
            f"{layer} makes a vector, and Grad-CAM needs maps",
            remedy=f"those that make maps are {', '.join(maps[:12])}" if maps else "",
        )
    own = layer.partition(":")[0]
    calls = [each.name for each in subject.layers if each.name.partition(":")[0] == own]
    if layer != calls[-1]:
        raise UsageError(
            f"{own} is called {len(calls)} times, and Grad-CAM takes the last",
            remedy=f'name "{calls[-1]}"',
        )
    return layer
