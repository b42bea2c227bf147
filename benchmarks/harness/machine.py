"""Machine, compiler and libraries of a race."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import rtpcodec.kernels.g711

LIBRARIES = (
    *("numpy", "Cython", "av", "soundfile", "g711", "audioop-lts", "G722", "msgspec", "soxr", "pybase64", "orjson"),
    *("picows", "uvloop", "aiohttp", "websockets", "fastapi", "uvicorn", "pipecat-ai"),
)


def cpu_model() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text(), re.MULTILINE) if info.exists() else None
    return found[1] if found else platform.processor() or platform.machine()


def cpu_family() -> str:
    """Return family, model and cache, which distinguish processors of one name."""
    info = Path("/proc/cpuinfo")
    if not info.exists():
        return ""
    facts = dict(re.findall(r"^(cpu family|model|cache size)\s*:\s*(.+)$", info.read_text(), re.MULTILINE))
    return ", ".join(f"{name} {value}" for name, value in facts.items())


def built_by(extension: Path) -> str:
    """Return the compiler of an extension, from its mark in the file: `gcc 12.2.0`, `clang 14.0.6`."""
    octets = extension.read_bytes()
    if found := re.search(rb"clang version ([\d.]+)", octets):
        return f"clang {found[1].decode()}"
    if found := re.search(rb"GCC: \([^)]*\) ([\d.]+)", octets):
        return f"gcc {found[1].decode()}"
    return "unknown compiler"


def simd_level() -> str:
    """Return the form of the kernels that this process uses."""
    level = getattr(rtpcodec, "simd_level", None)
    return str(level()) if level else "portable"


def commit() -> str:
    """Return the measured commit; `+` means that files differ from it."""
    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--abbrev=12", "--dirty=+"],  # noqa: S607 (the user's git)
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent,
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()


def library_versions() -> dict[str, str]:
    """Return the versions of the installed libraries in the race."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def facts() -> dict[str, Any]:
    """Return everything that a reader needs to judge the figures."""
    return {
        "cpu": cpu_model(),
        "cpu_details": cpu_family(),
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()}, {' '.join(platform.libc_ver())}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "compiler": built_by(Path(str(rtpcodec.kernels.g711.__file__))),
        "simd_level": simd_level(),
        "rtpcodec": rtpcodec.__version__,
        "commit": commit(),
        "libraries": library_versions(),
    }
