"""What results look like in a notebook: their figure, where they have one, and their text.

Named, not imported: nothing is loaded before a result is shown.  A new kind of result is
one line of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from convscope.inspection.subject import Subject
    from convscope.report.html import Html

__all__ = ["LOOKS", "Look", "figure_html", "subject_html", "view_text"]

_NUMBERS = count(1)
"""Names inside one figure's SVG must not meet those of another in the same notebook."""


@dataclass(frozen=True, slots=True)
class Look:
    """``module:function`` that draws a result, and ``module:class`` that writes it.

    Of a result that is a table, ``figure`` is empty.
    """

    figure: str
    view: str


LOOKS: dict[tuple[str, str], Look] = {
    ("inspection.walking.walk", "Walk"): Look("walk_figure:walk_figure", "walk_view:WalkView"),
    ("inspection.walking.gradient", "WeightGradient"): Look(
        "gradient_figure:gradient_figure", "gradient_view:GradientView"
    ),
    ("inspection.maps.maps", "ActivationMaps"): Look(
        "maps_figure:maps_figure", "maps_view:MapsView"
    ),
    ("inspection.maps.kernels", "Kernels"): Look(
        "maps_figure:kernel_figure", "maps_view:KernelsView"
    ),
    ("inspection.maps.exciting", "Exciting"): Look(
        "exciting_figure:exciting_figure", "exciting_view:ExcitingView"
    ),
    ("inspection.maps.made_images", "Visualisation"): Look(
        "exciting_figure:visualisation_figure", "exciting_view:VisualisationView"
    ),
    ("inspection.fields.field_results", "ReceptiveField"): Look(
        "fields_figure:field_figure", "fields_view:FieldView"
    ),
    ("inspection.fields.field_results", "ReceptiveFields"): Look(
        "fields_figure:fields_figure", "fields_view:FieldsView"
    ),
    ("inspection.attribution.results", "Attribution"): Look(
        "attribution_figure:attribution_figure", "attribution_view:AttributionView"
    ),
    ("inspection.attribution.results", "Attributions"): Look(
        "looks:_attributions", "attribution_view:AttributionsView"
    ),
    ("inspection.symmetry.equivariance", "Equivariance"): Look(
        "symmetry_figure:equivariance_figure", "symmetry_view:EquivarianceView"
    ),
    ("inspection.symmetry.shift_results", "Invariance"): Look(
        "invariance_figure:invariance_figure", "symmetry_view:InvarianceView"
    ),
    ("inspection.changes.ablation", "Ablation"): Look(
        "ablation_figure:ablation_figure", "ablation_view:AblationView"
    ),
    ("inspection.foreign.listing", "Listing"): Look("", "listing_view:ListingView"),
    ("inspection.foreign.extraction", "Extraction"): Look("", "listing_view:ExtractionView"),
    ("inspection.health.watch", "Health"): Look("", "health_view:HealthView"),
    ("experiments.comparing", "ArchitectureComparison"): Look(
        "", "comparison_view:ArchitectureComparisonView"
    ),
    ("experiments.comparing", "RunComparison"): Look("", "comparison_view:RunComparisonView"),
    ("applications.detection.evaluation", "DetectionEvaluation"): Look(
        "", "detections_view:DetectionEvaluationView"
    ),
    ("applications.detection.prediction", "DetectionPrediction"): Look(
        "looks:_boxes", "looks:_found_objects"
    ),
    ("applications.detection.relations", "DetectionComparison"): Look(
        "detection_figure:comparison_figure", "detection_view:DetectionComparisonView"
    ),
    ("applications.segmentation.answers", "Segmentation"): Look(
        "segmentation_figure:mask_figure", "segmentation_view:SegmentationView"
    ),
    ("applications.segmentation.evaluation", "SegmentationEvaluation"): Look(
        "", "segmentation_view:SegmentationEvaluationView"
    ),
    ("applications.segmentation.ladder", "SegmentationComparison"): Look(
        "segmentation_figure:comparison_figure", "segmentation_view:SegmentationComparisonView"
    ),
    ("applications.captioning.sentences", "Caption"): Look(
        "captioning_figure:caption_figure", "captioning_view:CaptionView"
    ),
    ("applications.captioning.evaluation", "CaptionEvaluation"): Look(
        "", "captioning_view:CaptionEvaluationView"
    ),
    ("applications.captioning.comparing", "CaptionComparison"): Look(
        "captioning_chart:comparison_figure", "captioning_view:CaptionComparisonView"
    ),
    ("exercises.sheet", "Sheet"): Look("", "exercises_text:SheetView"),
    ("exercises.marking", "Marked"): Look("", "exercises_text:MarkedView"),
    ("claims.claim", "Outcome"): Look("looks:_claim", "claims_view:OutcomeView"),
}
"""By the module of ``convscope`` and the type's name."""


def _found(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(import_module(f"convscope.report.{module}"), name)


def _attributions(found: Any) -> Any:
    """All maps in one figure."""
    from convscope.report.attribution_figure import attribution_figure

    return attribution_figure(found.attributions)


def _boxes(prediction: Any) -> Any:
    """The picture with its boxes."""
    from convscope.report.boxes_figure import boxes_figure

    return boxes_figure([prediction])


def _found_objects(prediction: Any) -> Any:
    """The objects of one picture."""
    from convscope.report.detections_view import DetectionsView

    return DetectionsView([prediction])


def _claim(outcome: Any) -> Any:
    """The first of its charts, which shows what the verdict looks at."""
    from convscope.report.chart_figure import chart_figure

    return chart_figure(outcome.charts[0])


def figure_html(look: Look, result: Any) -> Html:
    """The figure as an element of the page, its text behind a fold; a table is its text."""
    from convscope.report.html import fragment, tag
    from convscope.report.training_section import chart

    if not look.figure:
        return tag("pre", view_text(look, result))
    drawn = chart(_found(look.figure)(result), f"look{next(_NUMBERS)}")
    text = tag("pre", view_text(look, result))
    return fragment(drawn, tag("details", tag("summary", "in words"), text))


def view_text(look: Look, result: Any) -> str:
    """What a terminal shows of it."""
    from convscope.report.view import shown_text

    return shown_text(_found(look.view)(result), width=100)


def subject_html(subject: Subject) -> Html:
    """The network, drawn where its architecture is known, and what it is looked into with."""
    from convscope.architecture.arithmetic import explain
    from convscope.report.html import fragment
    from convscope.report.layer_section import network_drawing
    from convscope.report.training_section import terms

    # Of a module of somebody else's it is not known.
    ours = subject.names is None
    state = (" trained," if ours else "") if subject.trained else " untrained,"
    rows = [
        ("network", f"{subject.name},{state} {len(subject.layers)} layers"),
        ("takes", f"{subject.volume}; {subject.preprocessing.words()}"),
        ("classes", ", ".join(subject.classes)),
        ("images", f"{len(subject.images):,} of {subject.images_from}"),
    ]
    if subject.note:
        rows.append(("note", subject.note))
    drawn = None if subject.architecture is None else network_drawing(explain(subject.architecture))
    return fragment(terms(rows), drawn)
