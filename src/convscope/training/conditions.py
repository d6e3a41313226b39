"""Under what a training runs: device, precision, threads, versions. Resolved once, and stored."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from convscope.architecture.architecture import Architecture
from convscope.architecture.layers import Conv
from convscope.architecture.shapes import walk
from convscope.errors import UsageError, did_you_mean

__all__ = ["Conditions", "available", "has_fast_bfloat16", "processor_name", "resolve"]

DEVICES = ("auto", "cpu", "cuda", "mps")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a training's numbers depend on beside its recipe, data and seed.

    ``device`` is cpu, cuda or mps, ``precision`` that of the multiplications (float32 or
    bfloat16; weights and sums are float32 always), ``threads`` torch's.
    """

    device: str
    precision: str
    threads: int
    processor: str
    system: str
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)

    def as_dict(self) -> dict[str, Any]:
        """For run.json."""
        return asdict(self)


def resolve(device: str, precision: str, architecture: Architecture | None = None) -> Conditions:
    """The conditions of a training that starts now, ``"auto"`` decided.

    Device: cuda, mps, cpu, the first that is there.  Precision: bfloat16 on a processor
    that multiplies it natively (``has_fast_bfloat16``) if the architecture gains by it
    (``gains_by_bfloat16``), and on CUDA cards that multiply it natively; else float32.
    """
    import numpy
    import torch

    chosen = _device(device)
    if precision == "auto":
        precision = "bfloat16" if _prefers_bfloat16(chosen, architecture) else "float32"
    return Conditions(
        device=chosen,
        precision=precision,
        threads=torch.get_num_threads(),
        processor=processor_name(),
        system=f"{platform.system()} {platform.machine()}",
        versions={
            "python": platform.python_version(),
            "torch": torch.__version__,
            "numpy": numpy.__version__,
        },
    )


def available(device: str) -> bool:
    """Whether torch can use ``device`` here."""
    import torch

    if device == "cuda":
        return torch.cuda.is_available()
    if device == "mps":
        return torch.backends.mps.is_available()
    return device == "cpu"


def _device(name: str) -> str:
    if name not in DEVICES:
        raise UsageError(
            f'there is no device "{name}"',
            remedy=f"{did_you_mean(name, DEVICES)} known are {', '.join(DEVICES)}".strip(),
        )
    if name == "auto":
        return next(known for known in ("cuda", "mps", "cpu") if available(known))
    if not available(name):
        raise UsageError(
            f"torch finds no {name} device on this machine",
            remedy='give "--device cpu", or install a torch that supports it',
        )
    return name


def _prefers_bfloat16(device: str, architecture: Architecture | None) -> bool:
    import torch

    if device == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    gains = architecture is None or gains_by_bfloat16(architecture)
    return device == "cpu" and gains and has_fast_bfloat16()


def gains_by_bfloat16(architecture: Architecture) -> bool:
    """Whether a processor with bfloat16 is likely to train this faster in it.

    Measured on a processor with AMX: ordinary convolutions took half the time, those in
    groups half as long again, and without convolutions there was nothing to gain.
    """
    groups = [
        node.layer.groups for node in walk(architecture.nodes) if isinstance(node.layer, Conv)
    ]
    return bool(groups) and max(groups) == 1


def has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 natively: AVX-512 BF16, or AMX tiles.

    Elsewhere torch computes bfloat16 by conversion, which is slower than float32.
    """
    import torch

    # Younger torch than ours may rename what is private; /proc/cpuinfo then knows.
    known = [
        getattr(torch.cpu, name, None)
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    ]
    if any(check is not None for check in known):
        return any(bool(check()) for check in known if check is not None)
    return not _instructions().isdisjoint({"avx512_bf16", "amx_bf16"})


@cache
def _cpuinfo() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _instructions() -> frozenset[str]:
    """The processor's instruction sets, where the system lists them."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def processor_name() -> str:
    """What the processor calls itself, or the machine's kind where it does not."""
    for line in _cpuinfo().splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine() or sys.platform
