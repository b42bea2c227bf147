"""compat.audioop equals the removed module in results and errors, where the interpreter still has it."""

import array
import hashlib
import sys
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from rtpcodec.compat import audioop as compat_audioop

FUNCTIONS = ("ulaw2lin", "lin2ulaw", "alaw2lin", "lin2alaw")
EVERY_SAMPLE = array.array("h", range(-32768, 32768)).tobytes()
EVERY_CODE = bytes(range(256))

# SHA-256 of the removed module's results over every input, computed by Python 3.11's own; compat.audioop must match
# them where the module is gone.
DIGESTS = {
    "ulaw2lin": "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827",
    "lin2ulaw": "81d633c9e6972a18c74a58720b96cb8ca0bdd096d4060b646dd708c3b846019a",
    "alaw2lin": "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174",
    "lin2alaw": "38488f6fd710f4686360edc4d38639f96c491595ef93f8eb8d62d5e07ca6ce7b",
}


def every_input(name: str) -> bytes:
    return EVERY_SAMPLE if name.startswith("lin2") else EVERY_CODE


@pytest.fixture(scope="module")
def real() -> ModuleType:
    if sys.version_info >= (3, 13):
        pytest.skip("this Python has no audioop module; the digests of its results are compared instead")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import audioop
    return audioop


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_input_has_the_recorded_result(name: str) -> None:
    assert hashlib.sha256(getattr(compat_audioop, name)(every_input(name), 2)).hexdigest() == DIGESTS[name]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_input_equals_the_removed_module(name: str, real: ModuleType) -> None:
    assert getattr(compat_audioop, name)(every_input(name), 2) == getattr(real, name)(every_input(name), 2)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("units", [*range(70), 160, 20_000])
def test_every_length_equals_the_removed_module(name: str, units: int, real: ModuleType) -> None:
    fragment = (every_input(name) * 2)[1000 if name.startswith("lin2") else 0 :][
        : units * (2 if name.startswith("lin2") else 1)
    ]
    assert getattr(compat_audioop, name)(fragment, 2) == getattr(real, name)(fragment, 2)


class Index:
    """An object with `__index__`."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"Index({self.value})"


class Subclass(bytes):
    """A bytes object whose length in Python differs from that of its memory."""

    def __len__(self) -> int:
        return 1000


ARGUMENTS: list[tuple[object, ...]] = [
    (b"abc", 2),
    (b"ab", 5),
    (b"ab", 0),
    (b"ab", -1),
    (b"abc", 9),
    ("x", 2),
    (None, 2),
    (b"ab", 2.0),
    (b"ab", "2"),
    ("x", "2"),
    (b"ab", 2**31 - 1),
    (b"ab", 2**31),
    (b"ab", -(2**31) - 1),
    (b"ab", 2**40),
    (b"ab", 2**100),
    (b"ab", None),
    (b"ab", Index(2)),
    (b"abc", Index(2)),
    (b"ab", Index(5)),
    (b"ab", Index(2**64)),
    (b"abc", np.int64(2)),
    (5, 2),
    ([1, 2], 2),
    (Subclass(b"abcd"), 2),
    (bytearray(b"abcd"), 2),
    (array.array("h", [1, -2]), 2),
    (np.arange(4, dtype=np.int16).reshape(2, 2), 2),
    (np.asfortranarray(np.arange(4, dtype=np.int16).reshape(2, 2)), 2),
    (np.zeros((), np.int16), 2),
    (np.zeros(8, np.int16)[::2], 2),
    (b"", 2),
    (array.array("d", [1.0, -2.5]), 2),
    (memoryview(bytes(8))[::2], 2),
    (memoryview(bytearray(b"abcde"))[1:], 2),
]


def label(arguments: tuple[object, ...]) -> str:
    """Return the id of a test: equal in every process, unlike the repr of a memoryview."""
    return ", ".join(f"memoryview({bytes(a)!r})" if isinstance(a, memoryview) else repr(a) for a in arguments)


def outcome(function: Callable[..., bytes], arguments: tuple[object, ...]) -> tuple[str, Any]:
    try:
        return "result", function(*arguments)
    except Exception as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("arguments", ARGUMENTS, ids=label)
def test_results_and_errors_of_odd_arguments_equal_the_removed_module(
    name: str, arguments: tuple[object, ...], real: ModuleType
) -> None:
    assert outcome(getattr(compat_audioop, name), arguments) == outcome(getattr(real, name), arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("arguments", [(), (b"ab",), (b"ab", 2, 3)], ids=repr)
def test_a_wrong_number_of_arguments_is_a_type_error(name: str, arguments: tuple[object, ...]) -> None:
    with pytest.raises(TypeError):
        getattr(compat_audioop, name)(*arguments)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("width", [1, 3, 4])
def test_errors_of_other_widths_name_the_package_for_them(name: str, width: int) -> None:
    with pytest.raises(
        compat_audioop.error,
        match=f"width {width} is not supported here, only 2; the package audioop-lts has the others",
    ):
        getattr(compat_audioop, name)(b"abcd", width)


def test_the_mu_law_encoder_differs_from_the_reference_as_documented() -> None:
    from rtpcodec.kernels.g711 import pcmu_encode

    ours, reference = compat_audioop.lin2ulaw(EVERY_SAMPLE, 2), pcmu_encode(EVERY_SAMPLE)
    assert sum(a != b for a, b in zip(ours, reference, strict=True)) == 508
