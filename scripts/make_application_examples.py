"""Puts trained applications into the package: python scripts/make_application_examples.py RUN…

Each run becomes ``example-METHOD``: run.json, and the weights in half precision, at most 300 KB.
The scores in run.json are those of the run itself; what half precision changes is printed.
"""

from __future__ import annotations

import sys
from dataclasses import replace

from convscope.applications.application import Application
from convscope.applications.captioning.captioner import Captioner
from convscope.applications.detection.detector import Detector
from convscope.applications.runs import examples_folder, read_application
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.training.checkpoint import save_weights
from convscope.training.files import write_json
from convscope.training.runs import MODEL, RUN

LARGEST = 300_000
"""Bytes of the weights."""
KINDS: tuple[type[Application], ...] = (Detector, Segmenter, Captioner)


def put(source: str) -> None:
    """One run into the package."""
    run = read_application(source)
    kind = next(kind for kind in KINDS if kind.task == run.task)
    folder = examples_folder() / f"example-{run.method}"
    folder.mkdir(parents=True, exist_ok=True)
    save_weights(folder / MODEL, kind.load(run).network.half())
    write_json(folder / RUN, replace(run, path=folder).as_dict())
    size = (folder / MODEL).stat().st_size
    if size > LARGEST:
        sys.exit(f"{folder / MODEL} has {size:,} bytes, more than {LARGEST:,}")
    again = kind.load(folder).evaluate(split="validation")
    print(f"{folder.name}: {size:,} bytes; {again!r}, of itself {run.results}")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        put(each)
