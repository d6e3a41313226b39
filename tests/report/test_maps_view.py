"""Maps, kernels and exciting images as text: complete, aligned, within the width."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from convscope.architecture.pixels import Box
from convscope.inspection.maps.exciting import ChannelExcitement, Excitement, Exciting
from convscope.inspection.maps.kernels import Kernels
from convscope.inspection.maps.maps import ActivationMaps
from convscope.inspection.maps.visualisation import MadeImage, Visualisation
from convscope.inspection.subject import Picture
from convscope.report.channel_words import page_words, ranges, signed, volume_words
from convscope.report.exciting_view import ExcitingView, VisualisationView
from convscope.report.maps_view import KernelsView, MapsView
from convscope.report.view import View, shown_text

PIXELS = np.zeros((1, 8, 8), np.uint8)


def maps() -> ActivationMaps:
    values = np.zeros((3, 2, 2), np.float32)
    values[1] = [[-1.5, 0.0], [0.25, 12.0]]
    values[2] = -0.5
    return ActivationMaps(
        "some-run", "conv1", "Conv2d", Picture("image 0", PIXELS, 1), "boot", values
    )


def exciting() -> Exciting:
    best = (
        Excitement(1204, 1, 3.25, 0, 5, Box(0, 2, 4, 7)),
        Excitement(7, 1, 2.5, 1, 1, None),
        Excitement(8, 0, 2.0, 1, 1, None),
    )
    return Exciting(
        "some-run",
        "conv1",
        "Conv2d",
        "data (test)",
        2000,
        5,
        (ChannelExcitement(0, "", best, 0.25, 0.5), ChannelExcitement(3, "", (), 0.0, 0.0)),
        {1204: PIXELS, 7: PIXELS, 8: PIXELS},
        ("shirt", "boot"),
        "worked out",
    )


def visualisation() -> Visualisation:
    images = (
        MadeImage(0, "", PIXELS, 6.5, 0.1, 0, 0, None, 3.25),
        MadeImage(3, "", PIXELS, -0.5, -1.0, 0, 0, None, 0.0),
    )
    return Visualisation("some-run", "conv1", "Conv2d", 5, images, exciting(), 4, {"steps": 20})


def kernels() -> Kernels:
    weights = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2) - 4
    biases = np.array([0.5, -0.25], np.float32)
    return Kernels("some-run", "fc", "Linear", weights, biases, 2, ("shirt", "boot"))


def test_words() -> None:
    assert ranges([0, 1, 2, 3, 7, 9, 10]) == "0–3, 7, 9, 10"
    assert page_words(range(64), 512) == "channels 0–63 of 512"
    assert page_words([3], 512) == "channel 3 of 512"
    assert page_words(range(16), 16, "kernels") == "all 16 kernels"
    assert page_words([0], 1) == "its one channel"
    assert volume_words((32, 14, 7)) == "14×7×32"
    assert volume_words((1000, 1, 1)) == volume_words((1000,)) == "1,000"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, -12.3456], ["1.00", "−12.35"]),
        ([0.0, -0.0], ["0.000", "0.000"]),
        ([0.001234, -1e-9], ["0.001234", "0.000000"]),
        ([123456.0], ["123456"]),
        ([], []),
    ],
)
def test_numbers_share_a_precision(values: list[float], expected: list[str]) -> None:
    assert signed(values) == expected


def test_maps_as_text() -> None:
    assert shown_text(MapsView(maps()), width=90) == (
        "conv1 of some-run  Conv2d  2×2×3\n"
        "image        image 0 (boot)\n"
        "shown        all 3 channels\n"
        "most active  1 (3.438), 2 (0.500), 0 (0.000): channel (mean size of its values)\n"
        "\n"
        "channel    min   mean    max  zeros %  mean size\n"
        "      0   0.00   0.00   0.00    100.0       0.00\n"
        "      1  −1.50   2.69  12.00     25.0       3.44  ████████████████\n"
        "      2  −0.50  −0.50  −0.50      0.0       0.50  ██▍\n"
    )


def test_a_vector_as_text() -> None:
    vector = replace(
        maps(), values=np.array([[[2.0]], [[-1.0]], [[0.0]]], np.float32), names=("a", "bb", "c")
    )
    text = shown_text(MapsView(vector, "0-1"), width=90)
    assert text.endswith(
        "channel   value\n      0   2.000  a   ████████████████\n      1  −1.000  bb  ████████\n"
    )
    assert "shown        channels 0, 1 of 3\n" in text


def test_kernels_as_text() -> None:
    text = shown_text(KernelsView(kernels()), width=90)
    assert text == (
        "fc of some-run  Linear  2 kernels of 2×2×1\n"
        "shown        all 2 kernels\n"
        "groups       2: each kernel sees 1 input channels\n"
        "\n"
        "kernel     min    mean     max   norm     bias\n"
        "     0  −4.000  −2.500  −1.000  5.477   0.5000  shirt  ████████████████\n"
        "     1   0.000   1.500   3.000  3.742  −0.2500  boot   ██████████▉\n"
    )
    bare = replace(kernels(), biases=None, groups=1, names=())
    assert "bias" not in shown_text(KernelsView(bare))


def test_exciting_as_text() -> None:
    assert shown_text(ExcitingView(exciting()), width=100) == (
        "conv1 of some-run  Conv2d  channels 0, 3 of 5\n"
        "images       2,000 of data (test)\n"
        "seen         worked out; rows and columns with their ends\n"
        "\n"
        "channel  above 0 %  greatest  image  unit  rows  columns\n"
        "      0       25.0     3.250  1,204   0,5   0–3      2–6  2 × boot, 1 × shirt\n"
        "      3        0.0         ·      ·     ·     ·        ·  no image stands out\n"
    )


def test_a_visualisation_as_text() -> None:
    text = shown_text(VisualisationView(visualisation()), width=100)
    assert text == (
        "conv1 of some-run  Conv2d  channels 0, 3 of 5\n"
        "made         2 images in 20 steps, seed 4; 1 of them excite their channel "
        "more than every real image\n"
        "real         2,000 images of data (test)\n"
        "\n"
        "channel  grey noise  made image  best real image  times\n"
        "      0       0.100       6.500            3.250   2.00  2 × boot, 1 × shirt\n"
        "      3      −1.000      −0.500            0.000   ·\n"
    )


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(
    "view",
    [
        MapsView(maps()),
        KernelsView(kernels()),
        ExcitingView(exciting()),
        VisualisationView(visualisation()),
    ],
)
def test_text_fits_and_can_be_said_in_ascii(view: View, width: int) -> None:
    text = shown_text(view, width=width)
    assert max(map(len, text.splitlines())) <= width
    shown_text(view, encoding="ascii").encode("ascii")
    assert not re.search(r"nan|None|inf", text)
