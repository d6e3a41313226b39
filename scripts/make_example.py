"""Makes the run ``example`` of the package: python scripts/make_example.py [FOLDER]

Trains the article's network on Fashion-MNIST by the recipe ``fast``, seed 0, and copies
the result, and in half precision the weights of a few moments on the way to it.
Fashion-MNIST must be on the machine.  FOLDER is where the files go, by default the
package's own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from convscope.training.checkpoint import save_weights, snapshot_name
from convscope.training.files import write_json
from convscope.training.runs import METRICS, MODEL, RUN, SNAPSHOTS, Run, example_folder
from convscope.training.train import train

MOMENTS = (0, 10, 32, 100, 600)
"""Steps after which the weights are kept beside the result: accuracies of the training images
about 15, 42, 73, 86 and 91 %."""


def copied(run: Run, folder: Path) -> None:
    """Copies what the result is read from, without where on this machine it was made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (MODEL, METRICS):
        shutil.copyfile(run.path / name, folder / name)
    for step, _ in run.snapshots():
        if step in MOMENTS:
            save_weights(folder / SNAPSHOTS / snapshot_name(step), run.network(step).half())
    data = replace(run.data, source=run.data.name, place="where the package was made")
    write_json(folder / RUN, replace(run, data=data).as_dict())


def main(folder: Path) -> None:
    """Trains, and writes the files into ``folder``."""
    with tempfile.TemporaryDirectory() as place:
        run = train("article", data="fashion-mnist", seed=0, offline=True, out=Path(place) / "run")
        copied(run, folder)
    print(f"{run.accuracy:.4f} on the {run.results['count']} test images; written to {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else example_folder())
