"""All commands that look inside, on what nobody would wish to look into: an answer, or why not.

And whatever happens in between, the network is given back as it was.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from convscope.architecture.layers import Volume
from convscope.cli.app import main
from convscope.errors import ConvscopeError
from convscope.inspection.attribution.attribution import attribute, attribute_all
from convscope.inspection.changes.ablation import ablate
from convscope.inspection.fields.receptive import receptive_fields
from convscope.inspection.foreign.listing import list_layers
from convscope.inspection.maps.exciting import exciting
from convscope.inspection.maps.kernels import kernels
from convscope.inspection.maps.maps import activation_maps
from convscope.inspection.maps.visualisation import visualise
from convscope.inspection.subject import Picture, Subject, subject_of
from convscope.inspection.symmetry.equivariance import equivariance
from convscope.inspection.symmetry.invariance import invariance
from convscope.inspection.walking.gradient import weight_gradient
from convscope.inspection.walking.walk import walk
from convscope.report.lesson import material as lesson_material
from tests.inspection import odd_networks
from tests.inspection.networks import SmallResNet
from tests.inspection.test_recording import state_of

FILE = Path(odd_networks.__file__)
COMMANDS: dict[str, tuple[str, ...]] = {
    "layers": (),
    "walk": (),
    "gradient": (),
    "maps": (),
    "kernels": (),
    "exciting": ("--channels", "0"),
    "visualise": ("--channels", "0", "--steps", "2"),
    "fields": ("--images", "1"),
    "attribute": ("--no-check",),
    "symmetry": ("--count", "2"),
    "symmetry --pooling": ("--count", "2"),
    "ablate": ("--count", "4", "--agreement"),
    "lesson": ("--image", "0", "--out", "lesson.html"),
}
QUICK = ("no_convolution", "SharedWeights", "Raising")


@pytest.fixture(autouse=True)
def quick_lessons(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Lessons go into a folder of the test; their maps of attribution are not checked."""

    def unchecked(subject: Subject, pictures: Sequence[Picture]) -> Any:
        return tuple(attribute_all(subject, each, ["saliency"], check=False) for each in pictures)

    monkeypatch.setattr(lesson_material, "_attributions", unchecked)
    monkeypatch.chdir(tmp_path)


def marked(names: Any) -> list[Any]:
    return [pytest.param(each, marks=[] if each in QUICK else pytest.mark.slow) for each in names]


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(words)
    written = capsys.readouterr()
    return code, written.out, written.err


def check_refusal(code: int, out: str, err: str) -> None:
    """A question asked wrongly: one sentence on stderr, nothing else."""
    assert code in (1, 2), err
    assert out == ""
    assert err.strip()
    assert "fault in convscope" not in err
    assert "Traceback" not in err


@pytest.mark.parametrize("name", marked(odd_networks.USABLE))
def test_odd_networks_get_an_answer_or_a_reason(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    answered = set()
    for command, options in COMMANDS.items():
        words = [*command.split(), f"{FILE}:{name}", "--shape", "12x12x1", *options]
        code, out, err = run(capsys, *words, "--json")
        if code:
            check_refusal(code, out, err)
            continue
        answered.add(command)
        assert json.loads(out)["schema"].startswith("convscope."), command
        code, out, err = run(capsys, *words)
        assert code == 0, err
        assert "nan" not in out.lower().split(), command
    assert "layers" in answered
    if name in ("reusing", "SharedWeights", "half", "in_training", "Counting", "Rounding"):
        assert answered == set(COMMANDS)


@pytest.mark.parametrize("name", marked(odd_networks.REFUSED))
def test_networks_that_are_none_are_refused_by_every_command(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    for command, options in COMMANDS.items():
        words = [*command.split(), f"{FILE}:{name}", "--shape", "12x12x1", *options]
        code, out, err = run(capsys, *words)
        check_refusal(code, out, err)
        assert odd_networks.REFUSED[name] in err


LAYERED = (
    "walk",
    "gradient",
    "maps",
    "kernels",
    "exciting",
    "visualise",
    "fields",
    "symmetry",
    "ablate",
)


@pytest.mark.parametrize("command", LAYERED)
def test_a_layer_that_is_not_there(capsys: pytest.CaptureFixture[str], command: str) -> None:
    code, out, err = run(capsys, command, "lenet5", "--layer", "conv9")
    check_refusal(code, out, err)
    assert "conv9" in err
    assert "conv1" in err or "conv2" in err or "conv3" in err  # what there is


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("walk", ("--layer", "conv1", "--at", "99,0,0")),
        ("walk", ("--layer", "conv1", "--at", "0,0,28")),
        ("walk", ("--layer", "conv1", "--at", "0,0")),
        ("walk", ("--layer", "conv1", "--at", "a,b,c")),
        ("gradient", ("--layer", "conv1", "--weight", "0,0,0,5")),
        ("gradient", ("--layer", "tanh1")),
        ("gradient", ("--class", "10")),
        ("maps", ("--layer", "conv1", "--channels", "6")),
        ("maps", ("--layer", "conv1", "--channels", "x")),
        ("kernels", ("--layer", "tanh1")),
        ("exciting", ("--layer", "conv1", "--channels", "6-9")),
        ("visualise", ("--layer", "conv1", "--channels", "77")),
        ("fields", ("--layer", "conv1", "--at", "28,0")),
        ("attribute", ("--target", "10")),
        ("attribute", ("--method", "gradcam")),
        ("attribute", ("--method", "grad-cam", "--layer", "fc1")),
        ("symmetry", ("--shifts", "28")),
        ("symmetry", ("--layer", "fc1")),
        ("ablate", ("--layer", "conv1", "--channels", "6")),
        ("ablate", ("--pool", "pool1=median")),
        ("layers", ("--shape", "0x1x1")),
    ],
)
def test_units_and_choices_that_are_not_there(
    capsys: pytest.CaptureFixture[str], command: str, options: tuple[str, ...]
) -> None:
    check_refusal(*run(capsys, command, "lenet5", *options))


@pytest.mark.parametrize("command", ["walk", "gradient", "maps", "fields", "attribute"])
def test_images_that_are_not_there(
    capsys: pytest.CaptureFixture[str], command: str, tmp_path: Path
) -> None:
    (tmp_path / "text.png").write_text("no picture", encoding="utf-8")
    for image in ("100000", "-1", str(tmp_path / "absent.png"), str(tmp_path / "text.png"), ""):
        check_refusal(*run(capsys, command, "lenet5", f"--image={image}"))


@pytest.mark.parametrize("command", COMMANDS)
def test_subjects_that_are_not_there(capsys: pytest.CaptureFixture[str], command: str) -> None:
    for subject in (
        "exampel",
        "absent.py:Net",
        "no.such.module:Net",
        "input 3x3x1 -> conv 2 5x5",
        "",
    ):
        check_refusal(*run(capsys, *command.split(), subject))


class Stop(BaseException):
    """Ctrl-C in the middle: nobody may catch it."""


class Fuse:
    """A hook that throws at the n-th call of the layer that it hangs on."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __deepcopy__(self, _: object) -> Fuse:
        return self  # copies of the network burn the same fuse

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left <= 0:
            raise Stop


FUNCTIONS: dict[str, Callable[[Subject], object]] = {
    "list": list_layers,
    "walk": lambda subject: walk(subject, "blocks.1.conv2", (0, 1, 1)),
    "gradient": lambda subject: weight_gradient(subject, "blocks.0.conv1"),
    "maps": lambda subject: activation_maps(subject, "blocks.0"),
    "kernels": lambda subject: kernels(subject, "stem"),
    "exciting": lambda subject: exciting(subject, "blocks.0.relu:2", [0]),
    "visualise": lambda subject: visualise(subject, "blocks.0.conv2", [0], steps=4),
    "fields": lambda subject: receptive_fields(subject, images=2),
    "saliency": lambda subject: attribute(subject, 0, "saliency"),
    "attribute": lambda subject: attribute_all(subject, 0, ["grad-cam", "occlusion"]),
    "equivariance": lambda subject: equivariance(subject, images=2),
    "invariance": lambda subject: invariance(subject, (0, 1), images=2),
    "ablate": lambda subject: ablate(subject, "stem", [0], images=2, agreement=True),
}


@pytest.fixture
def subject() -> Subject:
    """Its module as nobody should leave one: in training mode in part, with gradients, frozen."""
    subject = subject_of(SmallResNet(), shape=Volume(10, 10, 1))
    module = subject.module
    module.get_submodule("blocks.1").train()
    module(torch.rand(3, 1, 10, 10)).sum().backward()
    module.get_parameter("stem.weight").requires_grad_(False)
    module.get_parameter("head.bias").grad = None
    return subject


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_network_is_as_it_was_before(subject: Subject, name: str) -> None:
    before = state_of(subject.module)
    FUNCTIONS[name](subject)
    assert state_of(subject.module) == before


@pytest.mark.parametrize("at", [1, 2, 4, 9])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_network_is_as_it_was_where_something_is_thrown_in_between(
    subject: Subject, name: str, at: int
) -> None:
    handle = subject.module.get_submodule("blocks.0.conv2").register_forward_hook(Fuse(at))
    before = state_of(subject.module)
    try:
        FUNCTIONS[name](subject)
    except Stop:
        thrown = True
    else:
        thrown = False
    assert state_of(subject.module) == before
    handle.remove()
    if at == 1:
        assert thrown or name == "kernels"


def test_answers_are_the_same_when_asked_again(subject: Subject) -> None:
    for name in ("walk", "maps", "fields", "saliency", "ablate", "equivariance"):
        one, two = (_record(FUNCTIONS[name](subject)) for _ in range(2))
        assert one == two, name


def _record(found: Any) -> str:
    return json.dumps(found.as_dict(), default=str)


def test_a_network_that_ends_in_a_softmax_is_asked_for_its_scores() -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(1, 4, 5, 2), nn.ReLU(), nn.Flatten(), nn.Linear(64, 6))
    bare = subject_of(layers, shape=Volume(12, 12, 1))
    ended = subject_of(nn.Sequential(*layers, nn.Softmax(1)), shape=Volume(12, 12, 1))
    one, two = (attribute(each, 0, "saliency", target=1) for each in (bare, ended))
    assert one.probability == pytest.approx(two.probability, rel=1e-5)
    assert one.label == two.label
    one_way, other_way = (weight_gradient(each, "0", (0, 0, 1, 1)) for each in (bare, ended))
    assert one_way.loss == pytest.approx(other_way.loss, rel=1e-5)
    assert one_way.value == pytest.approx(other_way.value, rel=1e-3)
    first, second = (ablate(each, "0", [0, 1], images=20, agreement=True) for each in (bare, ended))
    for effect, other in zip(first.effects, second.effects, strict=True):
        assert effect.accuracy == other.accuracy
        assert effect.probability.value == pytest.approx(other.probability.value, abs=1e-6)


def test_scores_that_are_cut_off_from_the_weights_have_no_gradient() -> None:
    subject = subject_of(odd_networks.WithoutGradient(), shape=Volume(12, 12, 1))
    with pytest.raises(ConvscopeError, match="no gradient leads from its result"):
        weight_gradient(subject)
    found = attribute(subject, 0, "saliency", check=False)
    assert found.state == "zero"
    assert found.explanation
    assert all(math.isfinite(value) for value in found.values.ravel())
