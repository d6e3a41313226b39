"""``scenes make``: scenes of garments, or clips, as files that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from convscope.cli.console import show_json, show_text
from convscope.cli.layout import columns
from convscope.cli.options import Json, Quiet
from convscope.cli.progress import following

if TYPE_CHECKING:
    from convscope.data.scenes.writing import WrittenScenes

__all__ = ["scenes"]

_SHOWN = 6

FolderOption = Annotated[
    str, typer.Option("--out", "-o", metavar="DIR", help="A folder that is new or empty.")
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", min=0, help="Equal seeds, equal pixels.")
]
CountOption = Annotated[
    int, typer.Option("--count", metavar="N", min=1, help="How many scenes in all.")
]
FormOption = Annotated[
    Literal["voc", "coco", "masks", "captions"] | None,
    typer.Option(
        "--as",
        help="Boxes (Pascal VOC), boxes and silhouettes (COCO), palette masks, or captions.",
        show_default="voc; clips: captions",
    ),
]
ClipsOption = Annotated[
    bool,
    typer.Option("--clips", help="Eight frames each: something moves, appears or leaves."),
]
PartOption = Annotated[
    Literal["train", "validation", "test"] | None,
    typer.Option(
        "--part",
        help="All of one part. The parts use different garments.",
        show_default="70 % train, 10 % validation, 20 % test",
    ),
]
SideOption = Annotated[
    int, typer.Option("--size", metavar="PIXELS", min=96, max=512, help="Height and width.")
]
DifficultyOption = Annotated[
    Literal["easy", "default", "hard"],
    typer.Option("--difficulty", help="Contrast, textures, fragments, how much is hidden."),
]
PairsOption = Annotated[
    Literal["seen", "held-out", "any"],
    typer.Option(
        "--pairs", help="Which classes meet: those that training shows, the others, or any."
    ),
]
GarmentsOption = Annotated[
    Literal["fashion-mnist", "fashion-mini"] | None,
    typer.Option(
        "--source",
        help="Whose garments.",
        show_default="fashion-mnist where it is on this machine, else fashion-mini",
    ),
]

scenes = typer.Typer(
    help="Pictures of garments on textured grounds, whose boxes, masks and captions are known.",
    no_args_is_help=True,
)


@scenes.callback()
def about() -> None:
    """Pictures of garments on textured grounds, whose boxes, masks and captions are known."""


@scenes.command("make")
def make(
    out: FolderOption,
    seed: SeedOption = 0,
    count: CountOption = 100,
    form: FormOption = None,
    clips: ClipsOption = False,
    part: PartOption = None,
    size: SideOption = 128,
    difficulty: DifficultyOption = "default",
    pairs: PairsOption = "seen",
    source: GarmentsOption = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Write scenes, or clips, as files, with a README and a preview.

    The same seed gives the same pixels on any machine.
    """
    from convscope.data.scenes.writing import write_scenes

    with following(quiet=quiet) as follower:
        written = write_scenes(
            out,
            form=form or ("captions" if clips else "voc"),
            count=count,
            seed=seed,
            part=part,
            clips=clips,
            size=size,
            difficulty=difficulty,
            pairs=pairs,
            source=source,
            progress=follower.tell,
        )
    preview = _preview(written)
    if json:
        show_json({**written.as_dict(), "preview": str(preview)})
        return
    rows = [
        ("folder", str(written.folder)),
        (written.what, ", ".join(f"{number:,} {name}" for name, number in written.counts)),
        ("format", written.form),
        ("garments", written.source),
        ("preview", str(preview)),
    ]
    for line in columns(rows):
        show_text(line)


def _preview(written: WrittenScenes) -> Path:
    """Draws the first scenes of the first part into the folder, as PNG and SVG."""
    from convscope.data.scenes.garments import CLASSES
    from convscope.report.plotting import save_figure
    from convscope.report.scenes_figure import clips_figure, scenes_figure

    split = written.first(_SHOWN)
    figure = clips_figure(split) if written.clips else scenes_figure(split, CLASSES)
    return save_figure(figure, written.folder, "preview")[0]
