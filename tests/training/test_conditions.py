"""What "auto" comes to, on machines that this one may not be."""

from __future__ import annotations

import platform

import pytest
import torch

from convscope.architecture.architecture import Architecture
from convscope.errors import UsageError
from convscope.training import conditions
from convscope.training.conditions import has_fast_bfloat16, processor_name, resolve


@pytest.fixture
def only_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.usefixtures("only_a_processor")
@pytest.mark.parametrize(("native", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_bfloat16_only_where_the_processor_has_it(
    monkeypatch: pytest.MonkeyPatch, native: bool, precision: str
) -> None:
    monkeypatch.setattr(conditions, "has_fast_bfloat16", lambda: native)
    found = resolve("auto", "auto")
    assert (found.device, found.precision) == ("cpu", precision)
    assert found.threads == torch.get_num_threads()
    assert found.versions == {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": found.versions["numpy"],
    }


@pytest.mark.usefixtures("only_a_processor")
@pytest.mark.parametrize(
    ("line", "precision"),
    [
        ("input 8x8x1 -> conv 4 3x3 -> fc 2", "bfloat16"),
        ("input 8x8x1 -> residual { conv 4 3x3 pad 1 } -> fc 2", "bfloat16"),
        ("input 8x8x1 -> fc 2", "float32"),
        ("input 8x8x4 -> conv 4 3x3 -> residual { conv 4 3x3 pad 1 groups 4 } -> fc 2", "float32"),
    ],
)
def test_bfloat16_only_for_networks_that_gain_by_it(
    monkeypatch: pytest.MonkeyPatch, line: str, precision: str
) -> None:
    monkeypatch.setattr(conditions, "has_fast_bfloat16", lambda: True)
    assert resolve("cpu", "auto", Architecture.parse(line)).precision == precision
    assert resolve("cpu", "bfloat16", Architecture.parse(line)).precision == "bfloat16"


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_that_is_given_stays(precision: str) -> None:
    assert resolve("cpu", precision).precision == precision


def test_an_accelerator_goes_before_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (7, 5))
    assert (resolve("auto", "auto").device, resolve("auto", "auto").precision) == (
        "cuda",
        "float32",
    )
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: (8, 0))
    assert resolve("cuda", "auto").precision == "bfloat16"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert (resolve("auto", "auto").device, resolve("auto", "auto").precision) == ("mps", "float32")


@pytest.mark.usefixtures("only_a_processor")
@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("cpi", 'there is no device "cpi": did you mean "cpu"? known are auto, cpu, cuda, mps'),
        (
            "cuda",
            'torch finds no cuda device on this machine: give "--device cpu", '
            "or install a torch that supports it",
        ),
    ],
)
def test_devices_that_are_not_there(device: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        resolve(device, "auto")
    assert str(error.value) == message


def test_torch_is_asked_for_the_instruction_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    for native, tiles in [(True, False), (False, True), (False, False)]:
        monkeypatch.setattr(
            torch.cpu, "_is_avx512_bf16_supported", lambda native=native: native, raising=False
        )
        monkeypatch.setattr(
            torch.cpu, "_is_amx_tile_supported", lambda tiles=tiles: tiles, raising=False
        )
        assert has_fast_bfloat16() == (native or tiles)


@pytest.mark.parametrize(
    ("flags", "native"), [("fpu avx2", False), ("fpu avx512_bf16", True), ("amx_bf16", True)]
)
def test_without_torchs_word_the_system_is_asked(
    monkeypatch: pytest.MonkeyPatch, flags: str, native: bool
) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    text = f"processor\t: 0\nmodel name\t: Some Processor\nflags\t\t: {flags}\n"
    monkeypatch.setattr(conditions, "_cpuinfo", lambda: text)
    assert has_fast_bfloat16() == native
    assert processor_name() == "Some Processor"


def test_a_system_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name, raising=False)
    monkeypatch.setattr(conditions, "_cpuinfo", lambda: "")
    assert not has_fast_bfloat16()
    assert processor_name()
