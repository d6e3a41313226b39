"""Captioners on scenes and clips: the table and the figures of docs/captioning.md.

    python benchmarks/captioning.py [--seeds N] [--quick] [--folder FOLDER]

Trains every method with each seed and measures it once on the test part, on pairs of classes
that no training scene shows, and beside captions that cost nothing.  Cut off, it goes on where
it was.  Writes benchmarks/results/captioning.json, the table of the page, and its figures; what
is quick is printed only.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from convscope.applications.captioning.captioner import Captioner
from convscope.applications.captioning.comparing import CaptionComparison, compare_captioners
from convscope.applications.captioning.network import CLIP_METHODS, METHODS
from convscope.applications.planning import Options
from convscope.report.captioning_chart import comparison_figure
from convscope.report.captioning_figure import attention_figure, captions_figure
from convscope.report.captioning_view import FACTS, WORDS, CaptionComparisonView
from convscope.report.numbers import count_of
from convscope.report.plotting import save_figure
from convscope.report.view import shown_text

HERE = Path(__file__).parent
RESULT = HERE / "results" / "captioning.json"
PAGE = HERE.parent / "docs" / "captioning.md"
IMAGES = HERE.parent / "docs" / "images"
BEGIN = "<!-- begin: benchmarks/results/captioning.json -->"
END = "<!-- end: benchmarks/results/captioning.json -->"
PICTURES = 8
"""Scenes of the figure: the first ones of seed 1, whatever is said of them."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--folder", type=Path, default=Path("captioning-comparison"))
    arguments = parser.parse_args()
    found = compare_captioners(
        METHODS,
        folder=arguments.folder,
        seeds=range(arguments.seeds),
        options=Options(quick=arguments.quick),
        progress=lambda said: print(said.text, file=sys.stderr, flush=True),
    )
    print(shown_text(CaptionComparisonView(found), width=140))
    figures = arguments.folder.absolute()
    if not arguments.quick:
        write(found)
        figures = IMAGES
    draw(found, arguments.folder.absolute() / "runs", figures)


def draw(found: CaptionComparison, runs: Path, figures: Path) -> None:
    """The comparison, and what the runs of seed 0 say of fresh scenes."""
    save_figure(comparison_figure(found), figures, "captioning")
    for method, name in (("attention", "captions"), ("clip-lstm", "clip-captions")):
        path = next(iter(sorted(runs.glob(f"{method}-0-*"))), None)
        if path is None:
            continue
        said = Captioner.load(path).predict_scenes(seed=1, count=PICTURES)
        save_figure(captions_figure(said), figures, name)
        if method not in CLIP_METHODS:
            save_figure(attention_figure(said[0]), figures, "attention-of-words")


def write(found: CaptionComparison) -> None:
    """The result as JSON, and the page's table."""
    result = found.as_dict()
    text = json.dumps(result, indent=1, ensure_ascii=False, allow_nan=False)
    RESULT.write_text(f"{text}\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{tables(result)}\n\n{END}{after}", encoding="utf-8")


def tables(result: Mapping[str, Any]) -> str:
    """Images, clips, and the conditions, as Markdown."""
    parts = []
    for reads in ("images", "clips"):
        rows = [row for row in result["rows"] if row["reads"] == reads]
        heads = {**WORDS, **FACTS}
        columns = [name for name in heads if any(name in row["measures"] for row in rows)]
        if not rows:
            continue
        titles = " | ".join([heads[name] for name in columns] + ["trained in s", "ms an image"])
        lines = [
            f"| captions of {reads} | {titles} |",
            f"|---|{'---:|' * (len(columns) + 2)}",
            *(_row(row, columns) for row in rows),
        ]
        parts.append("\n".join(lines))
    conditions = result["conditions"]
    versions = conditions["versions"]
    threads = count_of(conditions["threads"], "thread")
    parts.append(
        f"Mean ± standard deviation over {result['seeds']} seeds, {result['count']:,} test "
        f"{result['data']}, beam 3, float32 when measured; {threads}, Python "
        f"{versions['python']}, torch {versions['torch']}."
    )
    return "\n\n".join(parts)


def _row(row: Mapping[str, Any], columns: list[str]) -> str:
    name = f"{row['name']}, pairs never shown" if row["kind"] == "held_out" else row["name"]
    cells = [_cell(name, row["measures"].get(name)) for name in columns]
    seconds = [
        f"{row['training']['mean']:.0f}" if row["training"] else "",
        f"{1000 * row['each']['mean']:.1f}" if row["each"] else "",
    ]
    return f"| {' | '.join([name, *cells, *seconds])} |"


def _cell(name: str, value: Mapping[str, float] | None) -> str:
    if value is None:
        return ""
    scale, digits = (100, 1) if name in FACTS else (1, 3)
    mean = f"{scale * value['mean']:.{digits}f}"
    return f"{mean} ± {scale * value['deviation']:.{digits}f}" if value["deviation"] else mean


if __name__ == "__main__":
    main()
