"""Results as others score them: with the numbers and in the pixels of the users' own COCO file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convscope.applications.detection.detections import Detections
from convscope.applications.detection.evaluation import DetectionEvaluation
from convscope.applications.detection.precision import average_precision
from convscope.data.annotated_sources import load_annotated
from tests.data.annotations.making import coco_folder, coco_record

coco = pytest.importorskip("pycocotools.coco")
cocoeval = pytest.importorskip("pycocotools.cocoeval")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_what_is_all_right_is_all_right_to_pycocotools(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = coco_record(8)
    for image in record["images"]:  # ids that are neither names nor places
        image["id"] += 1000
    for annotation in record["annotations"]:
        annotation["image_id"] += 1000
        annotation["id"] += 1  # pycocotools takes the number 0 for "not matched"
        annotation["area"] = annotation["bbox"][2] * annotation["bbox"][3]
    root = coco_folder(tmp_path / "data", record, 8)
    data = load_annotated(root, "objects", longest=12)
    assert data.train.objects is not None and data.train.full_sizes is not None
    found = tuple(
        Detections(own.boxes, own.labels, np.ones(len(own), np.float32))
        for own in data.train.objects
    )
    evaluation = DetectionEvaluation(
        run="run",
        method="faster",
        data=data.name,
        split="train",
        precision=average_precision(found, data.train.objects, data.classes),
        seconds={},
        threads=1,
        processor="",
        found=found,
        names=data.train.names,
        ids=data.train.ids,
        category_ids=data.category_ids,
        scales=data.train.full_sizes / data.train.sizes,
    )
    theirs = coco.COCO(str(root / "annotations" / "instances.json"))
    judged = cocoeval.COCOeval(theirs, theirs.loadRes(evaluation.results()), "bbox")
    judged.params.imgIds = list(data.train.ids or ())
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1)
    assert evaluation.precision.at(0.5) == 1
