"""Five ways to say which pixels a score depends on, each by captum.

Each maps (module, image 1×C×H×W, class) to H×W numbers.  The module is a working copy
(``copying``), so that captum's hooks meet nothing in place.  captum is imported when a
map is made, not before.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from convscope.data.preprocessing import DARK, border_brightness
from convscope.errors import ConvscopeError, UsageError
from convscope.inspection.subject import Subject

__all__ = ["METHODS", "Compute", "Method", "Settings", "last_convolution", "settings_of"]

STEPS = 32
"""Points of the path over which integrated gradients take the mean."""
_PIXELS_AT_ONCE = 32 * 64 * 64

Map = NDArray[np.float64]
Compute = Callable[[nn.Module, Tensor, int], Map]
"""(module, image 1×C×H×W, class) → H×W"""


@dataclass(frozen=True, slots=True, eq=False)
class Settings:
    """What the methods share: what stands for an absent pixel, window, layer."""

    baseline: Tensor
    """1×C×H×W, normalised as the image is"""
    baseline_words: str
    window: int
    stride: int
    layer: str
    """the layer of Grad-CAM, empty where the module has no convolution"""


@dataclass(frozen=True, slots=True)
class Method:
    """A way to attribute: ``signed`` maps say for and against, ``unit`` is what a value means."""

    name: str
    title: str
    signed: bool
    unit: str
    source: str
    compute: Callable[[nn.Module, Tensor, int, Settings], Tensor]

    def bound(self, settings: Settings) -> Compute:
        """The method with its settings put in."""

        def compute(module: nn.Module, image: Tensor, target: int) -> Map:
            with _quiet():
                return _numbers(_or_zero(self.compute, module, image, target, settings))

        return compute


def settings_of(subject: Subject, layer: str | None = None) -> Settings:
    """What suits the subject's images.

    An absent pixel is black where the samples show things on black, and else has their
    mean colour.  The window of occlusion is about a sixth of the image, at least 3.
    """
    height, width = subject.preprocessing.size
    if border_brightness(subject.images[:2000]) < DARK:
        colour, words = np.zeros(subject.images.shape[1], np.uint8), "black"
    else:
        mean = subject.images[:500].mean((0, 2, 3))
        colour, words = mean.round().astype(np.uint8), "the samples' mean colour"
    absent = np.broadcast_to(colour[:, None, None], subject.images.shape[1:])
    window = min(max(3, round(min(height, width) / 6)), height, width)
    return Settings(
        baseline=subject.tensor(np.ascontiguousarray(absent)).contiguous(),
        baseline_words=words,
        window=window,
        stride=max(1, window // 2),
        layer=last_convolution(subject) if layer is None else layer,
    )


def last_convolution(subject: Subject) -> str:
    """The name of the last convolution that makes maps, empty where there is none."""
    names = [each.name for each in subject.layers if each.spatial and "Conv" in each.kind]
    leaves = [each.name for each in subject.layers if each.leaf]
    return next((name for name in reversed(names) if name in leaves), "")


def _saliency(module: nn.Module, image: Tensor, target: int, _: Settings) -> Tensor:
    from captum.attr import Saliency

    found: Tensor = Saliency(module).attribute(image.requires_grad_(), target=target, abs=True)
    return found.amax(1)


def _integrated(module: nn.Module, image: Tensor, target: int, settings: Settings) -> Tensor:
    from captum.attr import IntegratedGradients

    found: Tensor = IntegratedGradients(module).attribute(
        image,
        baselines=settings.baseline,
        target=target,
        n_steps=STEPS,
        internal_batch_size=_at_once(image),
    )
    return found.sum(1)


def _grad_cam(module: nn.Module, image: Tensor, target: int, settings: Settings) -> Tensor:
    from captum.attr import LayerAttribution, LayerGradCam

    layer = module.get_submodule(settings.layer.partition(":")[0])
    found: Tensor = LayerGradCam(module, layer).attribute(image, target=target)
    enlarged: Tensor = LayerAttribution.interpolate(found, tuple(image.shape[2:]), "bilinear")
    return enlarged[:, 0]


def _occlusion(module: nn.Module, image: Tensor, target: int, settings: Settings) -> Tensor:
    from captum.attr import Occlusion

    channels = image.shape[1]
    found: Tensor = Occlusion(module).attribute(
        image,
        sliding_window_shapes=(channels, settings.window, settings.window),
        strides=(channels, settings.stride, settings.stride),
        baselines=settings.baseline,
        target=target,
        perturbations_per_eval=_at_once(image),
    )
    return found.mean(1)


def _guided(module: nn.Module, image: Tensor, target: int, _: Settings) -> Tensor:
    from captum.attr import GuidedBackprop

    found: Tensor = GuidedBackprop(module).attribute(image.requires_grad_(), target=target)
    return found.abs().amax(1)


_SLOPE = "change of the score for one unit of a normalised pixel"

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "saliency",
            "saliency",
            False,
            f"|gradient|: {_SLOPE}",
            "Simonyan, Vedaldi, Zisserman, Deep inside convolutional networks, 2013",
            _saliency,
        ),
        Method(
            "integrated-gradients",
            "integrated gradients",
            True,
            "part of the score's difference from that of the baseline",
            "Sundararajan, Taly, Yan, Axiomatic attribution for deep networks, 2017",
            _integrated,
        ),
        Method(
            "grad-cam",
            "Grad-CAM",
            True,
            "sum of the layer's maps, each times its mean gradient",
            "Selvaraju et al., Grad-CAM, 2017; without its last ReLU, so that what speaks "
            "against the class is shown too",
            _grad_cam,
        ),
        Method(
            "occlusion",
            "occlusion",
            True,
            "fall of the score when the window around is covered",
            "Zeiler, Fergus, Visualizing and understanding convolutional networks, 2014",
            _occlusion,
        ),
        Method(
            "guided-backprop",
            "guided backprop",
            False,
            f"|guided gradient|, as: {_SLOPE}",
            "Springenberg et al., Striving for simplicity, 2014",
            _guided,
        ),
    )
}


def _or_zero(
    compute: Callable[[nn.Module, Tensor, int, Settings], Tensor],
    module: nn.Module,
    image: Tensor,
    target: int,
    settings: Settings,
) -> Tensor:
    """The map; zeros where the score has no gradient at all with respect to the image."""
    try:
        return compute(module, image.clone(), target, settings)
    except ConvscopeError:
        raise
    except (RuntimeError, AssertionError) as error:
        text = str(error)
        if "does not require grad" in text or "not have been used in the graph" in text:
            return torch.zeros(1, *image.shape[2:])
        raise UsageError(
            f"captum cannot attribute through this module ({text.splitlines()[0]})",
            remedy="choose another method or, for Grad-CAM, another layer",
        ) from error


def _numbers(found: Tensor) -> Map:
    values: Map = found.detach()[0].double().numpy()
    return values


def _at_once(image: Tensor) -> int:
    return max(1, _PIXELS_AT_ONCE // (image.shape[2] * image.shape[3]))


@contextmanager
def _quiet() -> Iterator[None]:
    """captum says on every call that it sets hooks and takes them away again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
