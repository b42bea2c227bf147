"""Fuzz targets, one file each. To add a target, add a file here and some inputs in tests/fuzz/corpus/NAME.

A target has a function run(data), which makes calls from an input and returns their number. It catches only the errors
that the called function documents: any other exception is a finding, as is the end of the process. FORMS lists the
kernel forms to run (RTPCODEC_SIMD), where they matter. NEEDS names a codec whose shared libraries it requires. A target
that compares results counts them in COMPARED, which the run prints at its end.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"


class Target(Protocol):
    """The interface of a target's module."""

    def run(self, data: bytes) -> int:
        """Make calls from an input; return their number."""


def names() -> list[str]:
    """Return the names of all targets."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def load(name: str) -> Target:
    """Import a target by name, or by module if the name has a dot."""
    return cast("Target", import_module(name if "." in name else f"tests.fuzz.targets.{name}"))


def forms(name: str) -> tuple[str, ...]:
    """Return the kernel forms to run for a target; "" is the default of the processor."""
    return cast("tuple[str, ...]", getattr(load(name), "FORMS", ("",)))


def corpus_of(name: str) -> list[bytes]:
    """Return the corpus of a target, in the order of the file names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))] or [bytes(64)]
