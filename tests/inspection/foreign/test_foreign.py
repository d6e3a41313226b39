"""Modules found by FILE.py:NAME, and every way in which that goes wrong, told in one sentence."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from convscope.architecture.layers import Volume
from convscope.errors import UsageError
from convscope.inspection.foreign.foreign import load_module, own_copy, require_usable, words_of
from convscope.inspection.subject import Subject
from tests.inspection.networks import ConvNet1, Functional, Wrong

FILE = """\
import torch
from torch import nn
from beside import WIDTH


class Net(nn.Module):
    def __init__(self, width=WIDTH):
        super().__init__()
        self.conv = nn.Conv2d(1, width, 3)
        self.fc = nn.Linear(width * 36, 3)

    def forward(self, x):
        print("shape", x.shape)
        return self.fc(self.conv(x).flatten(1))


class Sized(Net):
    def __init__(self, width, *, depth):
        super().__init__(width)


def made():
    print("made")
    return Net(2)


def wrong():
    raise ValueError("too wide")


def nothing():
    return [Net()]


def gone():
    raise SystemExit(3)


one = Net(5)
number = 7


class Holder:
    inside = Net
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """net.py, with a module that it imports from beside it; the working directory is elsewhere."""
    folder = tmp_path / "with it"
    folder.mkdir()
    (folder / "beside.py").write_text("WIDTH = 4\n", encoding="utf-8")
    path = folder / "net.py"
    path.write_text(FILE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize(
    ("name", "width"), [("Net", 4), ("made", 2), ("one", 5), ("Holder.inside", 4)]
)
def test_a_class_a_function_and_a_module_are_found(file: Path, name: str, width: int) -> None:
    module = load_module(f"{file}:{name}")
    assert isinstance(module, nn.Module)
    assert module.get_submodule("conv").weight.shape == (width, 1, 3, 3)


def test_the_path_and_the_modules_are_as_before(file: Path) -> None:
    path, known = list(sys.path), set(sys.modules)
    load_module(f"{file}:Net")
    assert sys.path == path
    assert "beside" not in sys.modules
    assert {name for name in set(sys.modules) - known if "beside" in name} == set()


def test_two_files_have_each_their_own_neighbour(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "beside.py").write_text("WIDTH = 9\n", encoding="utf-8")
    (other / "net.py").write_text(FILE, encoding="utf-8")
    widths = [
        load_module(f"{place}:Net").conv.out_channels for place in (file, other / "net.py", file)
    ]
    assert widths == [4, 9, 4]


def test_a_file_that_changed_is_read_anew(file: Path) -> None:
    load_module(f"{file}:Net")
    file.write_text(FILE.replace("width * 36, 3", "width * 36, 8"), encoding="utf-8")
    assert load_module(f"{file}:Net").fc.out_features == 8


def test_what_it_prints_does_not_go_to_stdout(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module = load_module(f"{file}:made")
    module(torch.zeros(1, 1, 8, 8))
    written = capsys.readouterr()
    assert written.out == ""
    assert "made" in written.err
    assert "shape torch.Size([1, 1, 8, 8])" in written.err


def test_random_weights_are_drawn_with_the_seed_and_nothing_else_moves(file: Path) -> None:
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()
    one, same, other = (load_module(f"{file}:Net", seed=seed) for seed in (1, 1, 2))
    assert isinstance(one, nn.Module) and isinstance(same, nn.Module)
    assert isinstance(other, nn.Module)
    assert torch.equal(one.fc.weight, same.fc.weight)
    assert not torch.equal(one.fc.weight, other.fc.weight)
    assert torch.equal(states[0], torch.get_rng_state())
    assert states[1] == random.getstate()
    assert states[2] == np.random.get_state()[1].tolist()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Nett", "{file}: it has no 'Nett': did you mean \"Net\"?"),
        (
            "zzz",
            "{file}: it has no 'zzz': it has Net, Sized, made, wrong, nothing, gone, one",
        ),
        ("Holder.insid", "{file}: it has no 'insid': did you mean \"inside\"?"),
        (
            "Sized",
            "{file}:Sized: it needs width and depth, and is called without arguments: name a "
            "function that fills them in: def network(): return Sized(…)",
        ),
        ("wrong", "{file}:wrong: making it raises ValueError: too wide (net.py, line 28)"),
        ("gone", "{file}:gone: making it raises SystemExit: 3 (net.py, line 36)"),
        ("nothing", "{file}:nothing: it makes a list of 1, not an nn.Module"),
        (
            "number",
            "{file}:number: it is an int, and neither an nn.Module nor something that makes one",
        ),
    ],
)
def test_names_that_are_no_module(file: Path, name: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        load_module(f"{file}:{name}")
    assert str(error.value) == message.format(file=file)


def test_a_file_without_a_name(file: Path) -> None:
    with pytest.raises(UsageError) as error:
        load_module(str(file))
    assert str(error.value) == (
        f'{file}: which name of this file is meant?: write "{file}:Net"; it has Net, Sized, made, '
        "wrong, nothing, gone, one"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = (\n", "it raises SyntaxError: '(' was never closed (net.py, line 1)"),
        ("import no_such_thing\n", "it raises ModuleNotFoundError: No module named"),
        ("\n\n1 / 0\n", "it raises ZeroDivisionError: division by zero (net.py, line 3)"),
        ("import sys\nsys.exit('no')\n", "it raises SystemExit: no (net.py, line 2)"),
        ("raise RuntimeError\n", "it raises RuntimeError (net.py, line 1)"),
        ("\0", "it raises"),
    ],
)
def test_files_that_do_not_run(file: Path, text: str, message: str) -> None:
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_module(f"{file}:Net")
    assert str(error.value).startswith(f"{file}: {message}")
    assert "Traceback" not in str(error.value)


def test_a_file_that_is_not_there(file: Path) -> None:
    with pytest.raises(UsageError) as error:
        load_module(f"{file.parent / 'nett.py'}:Net")
    assert str(error.value) == (
        f'{file.parent / "nett.py"}: there is no such file: did you mean "net.py"?'
    )
    with pytest.raises(UsageError, match=r"there is no such file$"):
        load_module("no folder/net.py:Net")


def test_importable_modules(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = list(sys.path)
    assert isinstance(load_module("torch.nn:ReLU"), nn.ReLU)
    with pytest.raises(UsageError, match="there is no Python module 'convscop_x'"):
        load_module("convscop_x.nets:Net")
    with pytest.raises(UsageError, match=r"there is no Python module .torch.nothing'"):
        load_module("torch.nothing:Net")
    # The working directory is on the path meanwhile, as python -m has it.
    monkeypatch.chdir(file.parent)
    (file.parent / "cs_package_of_tests.py").write_text("import no_such_thing", encoding="utf-8")
    with pytest.raises(UsageError, match=r"it raises ModuleNotFoundError: .*no_such_thing'"):
        load_module("cs_package_of_tests:Net")
    (file.parent / "cs_other_of_tests.py").write_text("from torch import nn\n", encoding="utf-8")
    assert isinstance(load_module("cs_other_of_tests:nn.Flatten"), nn.Flatten)
    assert sys.path == path
    sys.modules.pop("cs_other_of_tests")


def test_a_subject_may_be_what_is_named(file: Path) -> None:
    text = (
        "import convscope.inspection.subject as s\nfrom torch import nn\n"
        "def subject():\n"
        "    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2))\n"
        "    return s.subject_of(net, classes=['cat', 'dog'])\n"
    )
    file.write_text(text, encoding="utf-8")
    subject = load_module(f"{file}:subject")
    assert isinstance(subject, Subject)
    assert subject.classes == ("cat", "dog")


@pytest.mark.parametrize("change", ["half", "double", "train"])
def test_a_copy_is_in_float32_and_eval_mode_and_the_module_stays(change: str) -> None:
    module = getattr(ConvNet1(), change)()
    dtype = module.conv1.weight.dtype
    copied = own_copy(module, "net")
    assert copied.get_parameter("conv1.weight").dtype == torch.float32
    assert not any(each.training for each in copied.modules())
    assert all(each.training for each in module.modules())
    assert module.conv1.weight.dtype == dtype
    assert copied.get_buffer("batch1.num_batches_tracked").dtype == torch.int64
    with torch.no_grad():
        copied.get_parameter("conv1.weight").zero_()
    assert bool(module.conv1.weight.any())


def test_a_module_without_storage_and_a_lazy_one_cannot_be_copied() -> None:
    with torch.device("meta"):
        ghost = ConvNet1()
    with pytest.raises(UsageError, match=r"^net: it cannot be copied to the processor"):
        own_copy(ghost, "net")
    with pytest.raises(UsageError, match=r"^net: some of its layers are lazy"):
        own_copy(nn.Sequential(nn.LazyConv2d(2, 3)), "net")


def test_usable_modules_tell_how_many_classes() -> None:
    assert require_usable(ConvNet1(), Volume(28, 28, 1), "net") == 10
    assert require_usable(Functional().train(), Volume(18, 18, 3), "net") == 4


class NeedsTwo(nn.Module):
    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        return image * mask


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (
            NeedsTwo(),
            r"it does not take an image of 6×6×1: TypeError: .*'mask'.*"
            "its forward needs image and mask: wrap it",
        ),
        (
            Wrong(lambda self, x: {"out": self.end(self.conv(x)), "aux": x}),
            "it gives a dict with out and aux, and a classifier gives one tensor, N×classes: wrap",
        ),
        (Wrong(lambda self, x: (x, x)), "it gives a tuple of 2, and"),
        (Wrong(lambda self, x: None), "it gives None, and"),
        (Wrong(lambda self, x: x), "of 1 image it makes 1×1×6×6 float32, and a classifier"),
        (Wrong(lambda self, x: x.sum()), "of 1 image it makes one float32, and"),
        (Wrong(lambda self, x: self.end(self.conv(x)).argmax(1)), "of 1 image it makes 1 int64"),
        (Wrong(lambda self, x: self.end(self.conv(x)) > 0), "of 1 image it makes 1×4 bool, and"),
        (
            Wrong(lambda self, x: self.end(self.conv(x)).view(1, -1)),
            "of 2 images it makes 1×8 float32, and a classifier makes 2×classes",
        ),
        (
            Wrong(lambda self, x: self.fc(x)),
            r"it does not take an image of 6×6×1: RuntimeError: .*mat1 .* \(test_foreign.py, "
            r'line \d+\): say what it takes with "--shape HxWxC"',
        ),
    ],
)
def test_modules_that_cannot_be_used(module: nn.Module, message: str) -> None:
    with pytest.raises(UsageError, match=f"^net: {message}"):
        require_usable(module, Volume(6, 6, 1), "net")


def test_trying_a_module_leaves_it_as_it_was() -> None:
    module = Wrong(lambda self, x: self.end(self.norm(self.conv(x)))).train()
    state = {name: value.clone() for name, value in module.state_dict().items()}
    require_usable(module, Volume(6, 6, 1), "net")
    assert module.training
    assert all(torch.equal(value, state[name]) for name, value in module.state_dict().items())


def test_long_messages_are_cut() -> None:
    error = RuntimeError("first\nsecond\n" + "x" * 1000 + "\nfourth")
    assert words_of(error).startswith("RuntimeError: first second xxx")
    assert len(words_of(error)) < 400


def raising(make: Callable[[], object]) -> BaseException:
    try:
        make()
    except Exception as error:
        return error
    raise AssertionError


def test_the_line_is_that_of_whoever_called_torch() -> None:
    error = raising(lambda: torch.zeros(2, 3) @ torch.zeros(2, 3))
    assert "(test_foreign.py, line " in words_of(error)
