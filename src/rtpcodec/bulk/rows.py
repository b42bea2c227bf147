"""What a row holds: an audio file before, an audio file or an error after."""

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
    """Where it came from: it names the row, and its suffix the kind of a raw file."""
    bytes: bytes
    """The whole file."""
    kind: NotRequired[str | None]
    """As in `open_audio`: None lets the octets decide, for raw files the name."""
    sample_rate_hz: NotRequired[int | None]
    """Of a raw file; None: that of its kind."""
    byte_order: NotRequired[str | None]
    """Of a raw file of 16-bit samples; None: that of its kind."""
    error: NotRequired[str | None]
    """The reason why the octets are missing, such as a file that could not be read; the row is not transcoded."""


class OutputRow(TypedDict):
    """The file that became of a row, or why there is not one."""

    path: str
    """That of the input row."""
    bytes: bytes | None
    """The whole file; None: `error` says why."""
    facts: dict[str, Any] | None
    """About the input file: the fields of `AudioFacts` and `duration_ms`. None: it could not be opened."""
    error: str | None
    """One line; None: the row was transcoded."""


def path_of(row: Mapping[str, Any]) -> str:
    """Return the name of a row; it may be missing or of another type."""
    found = row.get("path")
    return "" if found is None else str(found)


def octets_of(row: Mapping[str, Any]) -> bytes:
    """Return the file of a row. TypeError: there is not one."""
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
    """Return a number as an int: where others are missing, a column holds floats. TypeError: it is not whole."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    try:
        return int(index(value))
    except TypeError:
        raise TypeError(f"{name} is {value!r}, an integer is needed") from None


def _optional(value: Any) -> Any:
    """Return None for the NaN that stands in columns for a missing member."""
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124 -- NaN differs from itself


def facts_of(facts: AudioFacts, samples: int | None) -> dict[str, Any]:
    """Return facts as plain values, for tables and JSON; samples: per channel, None: not known."""
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
    """Return the row of a file that was transcoded; samples: per channel, as many as were read."""
    return {"path": path, "bytes": octets, "facts": facts_of(facts, samples), "error": None}


def failed(path: str, error: Exception, facts: AudioFacts | None = None) -> OutputRow:
    """Return the row of a file that could not be transcoded. Errors of ours name the file and the rule."""
    said = " ".join(str(error).split())
    if not isinstance(error, RtpcodecError):
        said = f"{type(error).__name__}: {said}"
    return {
        "path": path,
        "bytes": None,
        "facts": None if facts is None else facts_of(facts, facts.samples),
        "error": said,
    }
