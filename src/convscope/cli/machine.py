"""What this machine is: processor, memory, packages, folders.  Measured, never guessed."""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = [
    "INSTRUCTIONS",
    "folder_state",
    "instruction_sets",
    "memory",
    "package_versions",
    "torch_state",
    "usable_processors",
]

INSTRUCTIONS = {
    "AVX2": "avx2",
    "AVX-512": "avx512f",
    "AVX-512 BF16": "avx512_bf16",
    "AMX": "amx_tile",
    "AMX BF16": "amx_bf16",
    "NEON": "asimd",
    "Arm BF16": "bf16",
}
"""What matters to torch, and what Linux calls it in /proc/cpuinfo."""

_PACKAGES = (
    "torch",
    "torchvision",
    "numpy",
    "pillow",
    "matplotlib",
    "rich",
    "typer",
    "safetensors",
    "filelock",
    "platformdirs",
    "tensorboard",
)


def instruction_sets(flags: frozenset[str], capability: str) -> list[str]:
    """Those of ``INSTRUCTIONS`` that are there, from the system's flags or torch's word."""
    found = [name for name, flag in INSTRUCTIONS.items() if flag in flags]
    if found:
        return found
    # Windows and macOS list no flags; torch then knows which kernels it would choose.
    return {"AVX2": ["AVX2"], "AVX512": ["AVX2", "AVX-512"]}.get(capability, [])


def processor_flags() -> frozenset[str]:
    """The processor's flags as Linux and macOS list them; empty elsewhere."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _macos_flags()
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):
            return frozenset(value.split())
    return frozenset()


def _macos_flags() -> frozenset[str]:
    if platform.system() != "Darwin":
        return frozenset()
    if platform.machine() == "arm64":
        return frozenset({"asimd"})
    command = ["sysctl", "-n", "machdep.cpu.features", "machdep.cpu.leaf7_features"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return frozenset(found.stdout.lower().split())


def usable_processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Bytes of memory, where the system tells."""
    if sys.platform == "win32":
        kilobytes = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetPhysicallyInstalledSystemMemory(ctypes.byref(kilobytes))
        return kilobytes.value * 1024 or None
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (OSError, ValueError):
        return None


def package_versions() -> dict[str, str | None]:
    """The versions of what convscope stands on; None for what is not installed."""
    versions: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            versions[name] = None
    return versions


def torch_state() -> dict[str, object]:
    """Whether torch loads, in how many seconds, and what it can use; or why it does not."""
    start = time.perf_counter()
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a broken library on Windows
        return {"loads": False, "problem": str(error)}
    from convscope.training.conditions import available, has_fast_bfloat16

    return {
        "loads": True,
        "seconds": round(time.perf_counter() - start, 2),
        "version": torch.__version__,
        "threads": torch.get_num_threads(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "fast_bfloat16": has_fast_bfloat16(),
        "cuda": available("cuda"),
        "mps": available("mps"),
    }


def folder_state(folder: Path) -> dict[str, object]:
    """Whether a file can be written there, or what stops it; and how much room there is.

    A folder that does not exist is tried where it would be made, and is not made.
    """
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    state: dict[str, object] = {"path": str(folder), "exists": folder.is_dir()}
    try:
        with tempfile.NamedTemporaryFile(dir=existing, prefix=".convscope-"):
            pass
        state |= {"writable": True, "free": shutil.disk_usage(existing).free}
    except OSError as error:
        state |= {"writable": False, "problem": f"{existing}: {error.strerror or error}"}
    return state
