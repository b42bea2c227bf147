"""What is fuzzed, one file each: a kernel joins with a file here and some inputs in tests/fuzz/corpus/NAME.

A target has run(data), which makes calls out of an input and tells how many. It lets no error pass but those that the
function documents: whatever else it raises is a finding, as is the end of the process. FORMS names the forms of the
kernels to run (RTPCODEC_SIMD), where they matter. NEEDS names a codec whose shared libraries it cannot do without. A
target that compares results counts them in COMPARED, which the run tells at its end.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

HERE = Path(__file__).parent
CORPUS = HERE.parent / "corpus"


class Target(Protocol):
    """The face of a file of this folder."""

    def run(self, data: bytes) -> int:
        """Make calls out of an input; how many."""


def names() -> list[str]:
    """Every target that has a file."""
    return sorted(path.stem for path in HERE.glob("*.py") if not path.stem.startswith("_"))


def load(name: str) -> Target:
    """A target by name, or by module if the name has a dot."""
    return cast("Target", import_module(name if "." in name else f"tests.fuzz.targets.{name}"))


def forms(name: str) -> tuple[str, ...]:
    """The forms of the kernels that a target wants; "" is the one that suits the processor."""
    return cast("tuple[str, ...]", getattr(load(name), "FORMS", ("",)))


def corpus_of(name: str) -> list[bytes]:
    """The kept inputs of a target, in the order of their file names."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))] or [bytes(64)]
