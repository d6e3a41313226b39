"""convscope: a workbench for convolutional networks.

>>> import convscope as cs
>>> network = cs.Architecture.parse("input 28x28x1 -> conv 16 5x5 pad 2 -> relu -> fc 10")
>>> cs.explain(network).parameters.value
125866

Names are loaded when they are first used: ``import convscope`` loads neither torch nor
numpy, and neither do ``Architecture``, ``explain`` and ``find_architecture``.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope import errors as errors
    from convscope.applications.captioning.captioner import Captioner as Captioner
    from convscope.applications.captioning.comparing import compare_captioners as compare_captioners
    from convscope.applications.detection.comparing import compare_detectors as compare_detectors
    from convscope.applications.detection.detector import Detector as Detector
    from convscope.applications.planning import Options as Options
    from convscope.applications.segmentation.comparing import (
        compare_segmenters as compare_segmenters,
    )
    from convscope.applications.segmentation.segmenter import Segmenter as Segmenter
    from convscope.architecture.architecture import Architecture as Architecture
    from convscope.architecture.arithmetic import Explanation as Explanation
    from convscope.architecture.arithmetic import explain as explain
    from convscope.architecture.layers import Volume as Volume
    from convscope.architecture.zoo import ZOO as ZOO
    from convscope.architecture.zoo import find_architecture as find_architecture
    from convscope.claims.table import measure_claims as measure_claims
    from convscope.data.annotated import Annotated as Annotated
    from convscope.data.annotated_sources import load_annotated as load_annotated
    from convscope.data.annotations.checking import check_annotated as check_annotated
    from convscope.data.images import Data as Data
    from convscope.data.images import ImageSet as ImageSet
    from convscope.data.preprocessing import Preprocessing as Preprocessing
    from convscope.data.scenes.loading import load_scenes as load_scenes
    from convscope.data.scenes.loading import make_clips as make_clips
    from convscope.data.scenes.loading import make_scenes as make_scenes
    from convscope.data.scenes.reading import read_facts as read_facts
    from convscope.data.scenes.writing import write_scenes as write_scenes
    from convscope.data.sources import load_data as load_data
    from convscope.errors import ConvscopeError as ConvscopeError
    from convscope.exercises.marking import check_exercises as check_exercises
    from convscope.exercises.sheet import make_exercises as make_exercises
    from convscope.experiments.comparing import compare_architectures as compare_architectures
    from convscope.experiments.comparing import compare_runs as compare_runs
    from convscope.experiments.grid import grid as grid
    from convscope.experiments.grid import run_trials as run_trials
    from convscope.export.python_code import python_code as python_code
    from convscope.export.python_code import write_code as write_code
    from convscope.inspection.attribution.attribution import Attribution as Attribution
    from convscope.inspection.attribution.attribution import Attributions as Attributions
    from convscope.inspection.attribution.attribution import attribute as attribute
    from convscope.inspection.attribution.attribution import attribute_all as attribute_all
    from convscope.inspection.changes.ablation import Ablation as Ablation
    from convscope.inspection.changes.ablation import ablate as ablate
    from convscope.inspection.changes.ablation import measure_edit as measure_edit
    from convscope.inspection.changes.editing import edit_kernel as edit_kernel
    from convscope.inspection.changes.editing import swap_pooling as swap_pooling
    from convscope.inspection.fields.receptive import ReceptiveField as ReceptiveField
    from convscope.inspection.fields.receptive import ReceptiveFields as ReceptiveFields
    from convscope.inspection.fields.receptive import receptive_field as receptive_field
    from convscope.inspection.fields.receptive import receptive_fields as receptive_fields
    from convscope.inspection.foreign.extraction import Extraction as Extraction
    from convscope.inspection.foreign.extraction import architecture_of as architecture_of
    from convscope.inspection.foreign.listing import Listing as Listing
    from convscope.inspection.foreign.listing import list_layers as list_layers
    from convscope.inspection.health.afterwards import examine as examine
    from convscope.inspection.health.watch import Health as Health
    from convscope.inspection.health.watch import Watch as Watch
    from convscope.inspection.maps.exciting import Exciting as Exciting
    from convscope.inspection.maps.exciting import exciting as exciting
    from convscope.inspection.maps.kernels import Kernels as Kernels
    from convscope.inspection.maps.kernels import kernels as kernels
    from convscope.inspection.maps.maps import ActivationMaps as ActivationMaps
    from convscope.inspection.maps.maps import activation_maps as activation_maps
    from convscope.inspection.maps.visualisation import Visualisation as Visualisation
    from convscope.inspection.maps.visualisation import visualise as visualise
    from convscope.inspection.subject import Subject as Subject
    from convscope.inspection.subject import subject_of as subject_of
    from convscope.inspection.symmetry.equivariance import Equivariance as Equivariance
    from convscope.inspection.symmetry.equivariance import equivariance as equivariance
    from convscope.inspection.symmetry.invariance import Invariance as Invariance
    from convscope.inspection.symmetry.invariance import invariance as invariance
    from convscope.inspection.symmetry.transforms import Flip as Flip
    from convscope.inspection.symmetry.transforms import Rotation as Rotation
    from convscope.inspection.symmetry.transforms import Shift as Shift
    from convscope.inspection.walking.gradient import weight_gradient as weight_gradient
    from convscope.inspection.walking.places import WeightGradient as WeightGradient
    from convscope.inspection.walking.walk import Walk as Walk
    from convscope.inspection.walking.walk import walk as walk
    from convscope.network.build import build as build
    from convscope.report.lesson.page import write_lesson as write_lesson
    from convscope.report.page import write_report as write_report
    from convscope.studio.notebook import studio as studio
    from convscope.training.evaluate import Evaluation as Evaluation
    from convscope.training.evaluate import evaluate as evaluate
    from convscope.training.loop import Step as Step
    from convscope.training.predict import Prediction as Prediction
    from convscope.training.predict import predict as predict
    from convscope.training.recipe import RECIPES as RECIPES
    from convscope.training.recipe import Recipe as Recipe
    from convscope.training.recipe import read_recipe as read_recipe
    from convscope.training.runs import Run as Run
    from convscope.training.runs import list_runs as list_runs
    from convscope.training.runs import open_run as open_run
    from convscope.training.train import train as train
    from convscope.training.train import training_steps as training_steps

    __version__: str

_HOMES = {
    "convscope.applications.captioning.captioner": ("Captioner",),
    "convscope.applications.captioning.comparing": ("compare_captioners",),
    "convscope.applications.detection.comparing": ("compare_detectors",),
    "convscope.applications.detection.detector": ("Detector",),
    "convscope.applications.planning": ("Options",),
    "convscope.applications.segmentation.comparing": ("compare_segmenters",),
    "convscope.applications.segmentation.segmenter": ("Segmenter",),
    "convscope.architecture.architecture": ("Architecture",),
    "convscope.architecture.arithmetic": ("Explanation", "explain"),
    "convscope.architecture.layers": ("Volume",),
    "convscope.architecture.zoo": ("ZOO", "find_architecture"),
    "convscope.claims.table": ("measure_claims",),
    "convscope.data.annotated": ("Annotated",),
    "convscope.data.annotated_sources": ("load_annotated",),
    "convscope.data.annotations.checking": ("check_annotated",),
    "convscope.data.images": ("Data", "ImageSet"),
    "convscope.data.preprocessing": ("Preprocessing",),
    "convscope.data.scenes.loading": ("load_scenes", "make_clips", "make_scenes"),
    "convscope.data.scenes.reading": ("read_facts",),
    "convscope.data.scenes.writing": ("write_scenes",),
    "convscope.data.sources": ("load_data",),
    "convscope.errors": ("ConvscopeError",),
    "convscope.exercises.marking": ("check_exercises",),
    "convscope.exercises.sheet": ("make_exercises",),
    "convscope.experiments.comparing": ("compare_architectures", "compare_runs"),
    "convscope.experiments.grid": ("grid", "run_trials"),
    "convscope.export.python_code": ("python_code", "write_code"),
    "convscope.inspection.attribution.attribution": (
        "Attribution",
        "Attributions",
        "attribute",
        "attribute_all",
    ),
    "convscope.inspection.changes.ablation": ("Ablation", "ablate", "measure_edit"),
    "convscope.inspection.changes.editing": ("edit_kernel", "swap_pooling"),
    "convscope.inspection.fields.receptive": (
        "ReceptiveField",
        "ReceptiveFields",
        "receptive_field",
        "receptive_fields",
    ),
    "convscope.inspection.foreign.extraction": ("Extraction", "architecture_of"),
    "convscope.inspection.foreign.listing": ("Listing", "list_layers"),
    "convscope.inspection.health.afterwards": ("examine",),
    "convscope.inspection.health.watch": ("Health", "Watch"),
    "convscope.inspection.maps.exciting": ("Exciting", "exciting"),
    "convscope.inspection.maps.kernels": ("Kernels", "kernels"),
    "convscope.inspection.maps.maps": ("ActivationMaps", "activation_maps"),
    "convscope.inspection.maps.visualisation": ("Visualisation", "visualise"),
    "convscope.inspection.subject": ("Subject", "subject_of"),
    "convscope.inspection.symmetry.equivariance": ("Equivariance", "equivariance"),
    "convscope.inspection.symmetry.invariance": ("Invariance", "invariance"),
    "convscope.inspection.symmetry.transforms": ("Flip", "Rotation", "Shift"),
    "convscope.inspection.walking.gradient": ("weight_gradient",),
    "convscope.inspection.walking.places": ("WeightGradient",),
    "convscope.inspection.walking.walk": ("Walk", "walk"),
    "convscope.network.build": ("build",),
    "convscope.report.lesson.page": ("write_lesson",),
    "convscope.report.page": ("write_report",),
    "convscope.training.evaluate": ("Evaluation", "evaluate"),
    "convscope.training.loop": ("Step",),
    "convscope.training.predict": ("Prediction", "predict"),
    "convscope.training.recipe": ("RECIPES", "Recipe", "read_recipe"),
    "convscope.training.runs": ("Run", "list_runs", "open_run"),
    "convscope.training.train": ("train", "training_steps"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "RECIPES",
    "ZOO",
    "Ablation",
    "ActivationMaps",
    "Annotated",
    "Architecture",
    "Attribution",
    "Attributions",
    "Captioner",
    "ConvscopeError",
    "Data",
    "Detector",
    "Equivariance",
    "Evaluation",
    "Exciting",
    "Explanation",
    "Extraction",
    "Flip",
    "Health",
    "ImageSet",
    "Invariance",
    "Kernels",
    "Listing",
    "Options",
    "Prediction",
    "Preprocessing",
    "ReceptiveField",
    "ReceptiveFields",
    "Recipe",
    "Rotation",
    "Run",
    "Segmenter",
    "Shift",
    "Step",
    "Subject",
    "Visualisation",
    "Volume",
    "Walk",
    "Watch",
    "WeightGradient",
    "__version__",
    "ablate",
    "activation_maps",
    "architecture_of",
    "attribute",
    "attribute_all",
    "build",
    "check_annotated",
    "check_exercises",
    "compare_architectures",
    "compare_captioners",
    "compare_detectors",
    "compare_runs",
    "compare_segmenters",
    "edit_kernel",
    "equivariance",
    "errors",
    "evaluate",
    "examine",
    "exciting",
    "explain",
    "find_architecture",
    "grid",
    "invariance",
    "kernels",
    "list_layers",
    "list_runs",
    "load_annotated",
    "load_data",
    "load_scenes",
    "make_clips",
    "make_exercises",
    "make_scenes",
    "measure_claims",
    "measure_edit",
    "open_run",
    "predict",
    "python_code",
    "read_facts",
    "read_recipe",
    "receptive_field",
    "receptive_fields",
    "run_trials",
    "studio",
    "subject_of",
    "swap_pooling",
    "train",
    "training_steps",
    "visualise",
    "walk",
    "weight_gradient",
    "write_code",
    "write_lesson",
    "write_report",
    "write_scenes",
]


def __getattr__(name: str) -> Any:
    """The public name, loaded from its room and kept."""
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("convscope")
    elif name in ("errors", "studio"):
        value = import_module(f"convscope.{name}")
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    else:
        raise AttributeError(f"module 'convscope' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


if "IPython" in sys.modules:  # in a notebook results show themselves; this loads no result yet
    from convscope.report.notebook import register_if_notebook as _register

    _register()
