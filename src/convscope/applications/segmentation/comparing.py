"""The methods side by side: three fully convolutional networks, and the ladder of the DPN.

The three networks are the stages of one training, since each begins where the coarser one
ended; and so are the rungs of the ladder: unary, + local, + context, joint.  What a rung
gains is measured seed by seed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from convscope.applications.backbone import backbone_of
from convscope.applications.planning import Options, data_for, stored_backbone
from convscope.applications.runs import ApplicationRun
from convscope.applications.segmentation.ladder import (
    MEASURES,
    RUNGS_SHOWN,
    Rung,
    SegmentationComparison,
    rungs_of,
)
from convscope.applications.segmentation.learning import with_scenes
from convscope.applications.segmentation.methods import network_of, prepare
from convscope.applications.segmentation.segmenter import Segmenter
from convscope.applications.segmentation.task import answered, scored
from convscope.data.annotated import Annotated
from convscope.data.progress import Progress, Tell, teller
from convscope.errors import UsageError
from convscope.experiments.table import Cell, Filled, Table, fill, read_table
from convscope.training.checkpoint import load_weights
from convscope.training.conditions import resolve
from convscope.training.loop import Step
from convscope.training.runs import MODEL, RUN
from convscope.training.task import Normalise

__all__ = ["compare_segmenters", "stage_network"]

TABLE = "segmentation.jsonl"


def compare_segmenters(
    data: Annotated | str | Path = "scenes",
    *,
    folder: str | Path = "segmentation-comparison",
    methods: Sequence[str] = tuple(RUNGS_SHOWN),
    seeds: Sequence[int] = (0, 1, 2),
    split: str = "test",
    backbone: str | Path = "example",
    options: Options | None = None,
    progress: Tell | None = None,
    observe: Callable[[Step], None] | None = None,
) -> SegmentationComparison:
    """Trains what is missing, measures every stage, and puts it together.

    ``folder`` keeps the table, ``segmentation.jsonl``, and the runs; what stands there is not
    made again, and a training that was cut off goes on.  The part of the data is read when a
    training has been finished, once.
    """
    unknown = [name for name in methods if name not in RUNGS_SHOWN]
    if unknown or not methods or not seeds:
        raise UsageError(
            f"{unknown[0] if unknown else 'nothing'} cannot be compared",
            remedy=f"give methods among {', '.join(RUNGS_SHOWN)}, and seeds",
        )
    place = Path(folder).expanduser().absolute()
    how, tell = with_scenes(data, options), teller(progress)
    known = data_for(data, Segmenter.kind, backbone_of(backbone), how, progress)
    cells = _cells(methods, seeds, known, split, how)
    conditions = resolve("cpu", "float32")
    make = partial(_measured, place, known, backbone, how, progress, observe)
    table = _filled(place / TABLE, cells, make, conditions.as_dict(), tell)
    return _comparison(table, cells, known, split, tuple(seeds), how.quick)


def stage_network(run: ApplicationRun, stage: str) -> nn.Module:
    """A run's network as it was after a stage, in eval mode, on the processor.

    Stages behind it are left out: a network of the stage ``local`` has no learnt contexts.
    """
    network = network_of(run.method, run.settings, stored_backbone(run), len(run.regions), run.seed)
    load_weights(run.stage_folder(stage) / MODEL, network)
    prepare(network, stage)
    return network.requires_grad_(False).eval()


def _cells(
    methods: Sequence[str], seeds: Sequence[int], data: Annotated, split: str, how: Options
) -> list[Cell]:
    """Seed by seed, so that a table that was cut off has pairs to compare already."""
    recipe = " ".join(f"{key}={value}" for key, value in sorted(how.recipe.items()))
    return [
        {
            "method": method,
            "data": data.name,
            "fingerprint": data.fingerprint[:16],
            "split": split,
            "seed": seed,
            "quick": how.quick,
            "control": how.control,
            "recipe": recipe,
        }
        for seed in seeds
        for method in methods
    ]


def _filled(
    path: Path,
    cells: Sequence[Cell],
    make: Callable[[Cell], Mapping[str, Any]],
    conditions: Mapping[str, Any],
    tell: Tell,
) -> Table:
    for filled in fill(path, "segmentation", cells, make, conditions=conditions):
        tell(Progress(_told(filled), important=filled.fresh))
    found = read_table(path)
    wanted = tuple(row for row in found.rows if any(dict(row.cell) == dict(cell) for cell in cells))
    return Table(found.name, wanted, found.conditions)


def _told(filled: Filled) -> str:
    cell = filled.row.cell
    state = "measured" if filled.fresh else "was there already"
    return f"{filled.done} of {filled.cells}: {cell['method']}, seed {cell['seed']}, {state}"


def _measured(
    place: Path,
    data: Annotated,
    backbone: str | Path,
    how: Options,
    progress: Tell | None,
    observe: Callable[[Step], None] | None,
    cell: Cell,
) -> dict[str, Any]:
    """Trains one method with one seed, or finds it trained, and measures each of its stages."""
    method, seed = str(cell["method"]), int(cell["seed"] or 0)
    folder = place / "runs" / f"{method}-{seed}{'-quick' if how.quick else ''}"
    if (folder / RUN).is_file():
        made = Segmenter.go_on(folder, data=data, progress=progress, observe=observe)
    else:
        made = Segmenter(method, backbone).fit(
            data, seed=seed, device="cpu", out=folder, options=how,
            progress=progress, observe=observe,
        )  # fmt: skip
    run, seconds = made.trained_run, 0.0
    stages = {}
    for record in run.results["stages"]:
        seconds += record["seconds"]
        stages[record["name"]] = {
            **_stage_values(run, record["name"], data, str(cell["split"])),
            "training_seconds": round(seconds, 3),
        }
    return {"stages": stages, "precision": run.conditions.precision}


def _stage_values(run: ApplicationRun, stage: str, data: Annotated, split: str) -> dict[str, Any]:
    network, part = stage_network(run, stage), data.split(split)
    normalise = Normalise(run)
    found = scored(network, part, normalise, run.regions)
    start = time.perf_counter()
    for _ in answered(network, part.images, normalise):
        pass
    return {
        **{key: getattr(found, key) for key in MEASURES},
        "ious": [region.iou for region in found.regions],
        "seconds_an_image": (time.perf_counter() - start) / len(part),
        "parameters": _parameters(network, stage),
    }


def _parameters(network: nn.Module, stage: str) -> int:
    """Of what the stage uses: skips that are finer than it, and layers behind it, left out."""
    unused = {"unary": ("local", "contexts"), "local": ("contexts",)}.get(stage, ())
    finest = int(stage.removeprefix("stride")) if stage.startswith("stride") else 2
    finer = tuple(f"skips.score{stride}" for stride in (4, 2) if stride < finest)
    return sum(
        weight.numel()
        for name, weight in network.named_parameters()
        if not name.startswith((*unused, *finer))
    )


def _comparison(
    table: Table,
    cells: Sequence[Cell],
    data: Annotated,
    split: str,
    seeds: tuple[int, ...],
    quick: bool,
) -> SegmentationComparison:
    rungs: list[Rung] = []
    for method in dict.fromkeys(str(cell["method"]) for cell in cells):
        rungs += rungs_of(table.where(method=method), method)
    return SegmentationComparison(
        data=data.name,
        split=split,
        train=len(data.train),
        images=len(data.split(split)),
        regions=data.regions,
        seeds=seeds,
        rungs=tuple(rungs),
        quick=quick,
        conditions=table.conditions,
    )
