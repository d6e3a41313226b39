"""What excites channels, in the terminal: the strongest real images, and those made for them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from convscope.report.channel_words import page_words, signed
from convscope.report.lines import Line
from convscope.report.maps_view import head_lines, table_lines
from convscope.report.numbers import aligned, plain_percent, thousands
from convscope.report.view import Say, View, labelled

if TYPE_CHECKING:
    from convscope.inspection.maps.exciting import ChannelExcitement, Exciting
    from convscope.inspection.maps.visualisation import Visualisation

__all__ = ["ExcitingView", "VisualisationView", "classes_told"]

_WIDEST = 100


@dataclass(frozen=True)
class ExcitingView(View):
    """What ``rich.print`` shows of Exciting: a line for each channel."""

    exciting: Exciting

    def lines(self, width: int, say: Say) -> list[Line]:
        exciting, narrow = self.exciting, min(width, _WIDEST)
        channels = [each.channel for each in exciting.channels]
        lines = head_lines(
            exciting.subject,
            exciting.layer,
            exciting.kind,
            page_words(channels, exciting.total),
        )
        rows = [
            ("images", f"{thousands(exciting.count)} of {exciting.images_from}"),
            ("seen", f"{exciting.boxes}; rows and columns with their ends"),
        ]
        for label, text in rows:
            lines += labelled(label, text, narrow)
        lines = [[(say(text), style) for text, style in line] for line in lines]
        return [*lines, [], *self._table(say)]

    def _table(self, say: Say) -> list[Line]:
        found = self.exciting.channels
        best = [each.best[0] if each.best else None for each in found]
        values = signed([one.value for one in best if one is not None])
        remaining = iter(values)
        boxes = [one.box if one is not None else None for one in best]
        columns = [
            [str(each.channel) for each in found],
            aligned([plain_percent(each.active) for each in found]),
            [next(remaining) if one is not None else "·" for one in best],
            [thousands(one.image) if one is not None else "·" for one in best],
            [f"{one.row},{one.column}" if one is not None else "·" for one in best],
            [f"{box.top}–{box.bottom - 1}" if box is not None else "·" for box in boxes],
            [f"{box.left}–{box.right - 1}" if box is not None else "·" for box in boxes],
        ]
        titles = ["channel", "above 0 %", "greatest", "image", "unit", "rows", "columns"]
        names = [say(self._told(each)) for each in found]
        return table_lines(titles, columns, say, names)

    def _told(self, each: ChannelExcitement) -> str:
        """The channel's name, and the classes of its images, most frequent first."""
        told = classes_told(self.exciting, each) if each.best else "no image stands out"
        return f"{each.name}: {told}" if each.name else told


def classes_told(exciting: Exciting, each: ChannelExcitement, most: int = 2) -> str:
    """``7 × Trouser, 2 × Dress``; empty where classes are not known."""
    counted = Counter(name for name in map(exciting.class_of, each.best) if name)
    told = [f"{number} × {name}" for name, number in counted.most_common(most)]
    return ", ".join([*told, "…"] if len(counted) > most else told)


@dataclass(frozen=True)
class VisualisationView(View):
    """What ``rich.print`` shows of a Visualisation: each made image beside the best real one."""

    visualisation: Visualisation

    def lines(self, width: int, say: Say) -> list[Line]:
        made, narrow = self.visualisation, min(width, _WIDEST)
        channels = [image.channel for image in made.images]
        lines = head_lines(made.subject, made.layer, made.kind, page_words(channels, made.total))
        real = made.exciting
        rows = [
            (
                "made",
                f"{len(made.images)} images in {made.settings['steps']:g} steps, seed {made.seed}; "
                f"{made.exceeding} of them excite their channel more than every real image",
            ),
            ("real", f"{thousands(real.count)} images of {real.images_from}"),
        ]
        for label, text in rows:
            lines += labelled(label, text, narrow)
        lines = [[(say(text), style) for text, style in line] for line in lines]
        return [*lines, [], *self._table(say)]

    def _table(self, say: Say) -> list[Line]:
        images = self.visualisation.images
        numbers = [n for each in images for n in (each.value, each.start, each.real)]
        limit = max(map(abs, numbers), default=0.0)
        columns = [
            [str(image.channel) for image in images],
            signed([image.start for image in images], limit),
            signed([image.value for image in images], limit),
            signed([image.real for image in images], limit),
            aligned([_times(image.value, image.real) for image in images]),
        ]
        titles = ["channel", "grey noise", "made image", "best real image", "times"]
        found = {each.channel: each for each in self.visualisation.exciting.channels}
        names = [
            say(f"{image.name}: " if image.name else "")
            + say(classes_told(self.visualisation.exciting, found[image.channel]))
            for image in images
        ]
        return table_lines(titles, columns, say, names)


def _times(value: float, real: float) -> str:
    """How many times as strong; only numbers above zero have a ratio that says anything."""
    return f"{value / real:.2f}" if real > 0 and value > 0 else "·"
