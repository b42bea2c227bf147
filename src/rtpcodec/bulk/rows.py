"""Input rows with an audio file, and result rows with an audio file or an error."""

from __future__ import annotations

from collections.abc import Mapping
from operator import index
from typing import Any, Final, NotRequired, TypedDict, cast

from rtpcodec.codecs.info import ByteOrder
from rtpcodec.errors import RtpcodecError
from rtpcodec.files.facts import AudioFacts

BYTE_ORDERS: Final = ("little", "big")
_REQUIRED: Final = ("path", "bytes")


class InputRow(TypedDict):
    """An audio file to transcode. Columnar engines may leave None or NaN where a member is optional."""

    path: str
    """The path of the file: it identifies the row, and its suffix is the kind of a raw file."""
    bytes: bytes
    """The whole file."""
    kind: NotRequired[str | None]
    """As in `open_audio`; None: by the octets, for raw files by the name."""
    sample_rate_hz: NotRequired[int | None]
    """Sample rate of a raw file in Hz; None: that of its kind."""
    byte_order: NotRequired[str | None]
    """Byte order of a raw file of 16-bit samples; None: that of its kind."""
    error: NotRequired[str | None]
    """Why the octets are missing, for example because the file could not be read; the row is not transcoded."""


class OutputRow(TypedDict):
    """The transcoded file of a row, or the error."""

    path: str
    """The path of the input row."""
    bytes: bytes | None
    """The whole file; None: `error` says why."""
    facts: dict[str, Any] | None
    """Facts about the input file: the fields of `AudioFacts` and `duration_ms`. None: it could not be opened."""
    error: str | None
    """The error in one line; None: the row was transcoded."""


def path_of(row: Mapping[str, Any]) -> str:
    """Return the path of a row as text; it may be missing or of another type."""
    found = row.get("path")
    return "" if found is None else str(found)


def octets_of(row: Mapping[str, Any]) -> bytes:
    """Return the file of a row. TypeError: it is missing or of another type."""
    found = row.get("bytes")
    if isinstance(found, bytes):
        return found
    if isinstance(found, bytearray | memoryview):
        return bytes(found)
    raise TypeError(f"'bytes' is {type(found).__name__}, the octets of a file are needed")


def raw_settings_of(row: Mapping[str, Any]) -> tuple[str | None, int | None, ByteOrder | None]:
    """Return kind, sample rate and byte order of a row. TypeError, ValueError: one of them is not possible."""
    if len(row) == len(_REQUIRED):
        return None, None, None
    kind, rate_hz, order = (_optional(row.get(name)) for name in ("kind", "sample_rate_hz", "byte_order"))
    if kind is not None and not isinstance(kind, str):
        raise TypeError(f"'kind' is {type(kind).__name__}, a string is needed")
    if order is not None and order not in BYTE_ORDERS:
        raise ValueError(f"'byte_order' is {order!r}, 'little' or 'big' is needed")
    return kind, None if rate_hz is None else whole("'sample_rate_hz'", rate_hz), cast("ByteOrder | None", order)


def whole(name: str, value: Any) -> int:
    """Return a number as an int: a column with missing values has floats. TypeError: it is not whole."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return int(index(value))
    except TypeError:
        raise TypeError(f"{name} is {value!r}, an integer is needed") from None


def _optional(value: Any) -> Any:
    """Return None for NaN, which represents a missing value in columns."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 -- NaN differs from itself


def facts_of(facts: AudioFacts, samples: int | None) -> dict[str, Any]:
    """Return facts as plain values, for tables and JSON, with the samples per channel; None: not known."""
    rate_hz = facts.sample_rate_hz
    return {
        "container": facts.container,
        "codec": facts.codec,
        "sample_rate_hz": rate_hz,
        "channels": facts.channels,
        "samples": samples,
        "duration_ms": None if samples is None else samples * 1000 / rate_hz,
        "notes": list(facts.notes),
    }


def finished(path: str, octets: bytes, facts: AudioFacts, samples: int | None) -> OutputRow:
    """Return the result row of a transcoded file, with the samples per channel that were read."""
    return {"path": path, "bytes": octets, "facts": facts_of(facts, samples), "error": None}


def failed(path: str, error: Exception, facts: AudioFacts | None = None) -> OutputRow:
    """Return the result row of a file that could not be transcoded. Errors of this package name file and rule."""
    said = " ".join(str(error).split())
    if not isinstance(error, RtpcodecError):
        said = f"{type(error).__name__}: {said}"
    return {
        "path": path,
        "bytes": None,
        "facts": None if facts is None else facts_of(facts, facts.samples),
        "error": said,
    }
