"""Reads the lines of a capture as mappings, each with its number, within limits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import isfinite
from os import PathLike
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from rtpcodec.errors import CaptureError
from rtpcodec.pickling import Live
from rtpcodec.stream.capture.header import FORMAT, NAME, Header
from rtpcodec.stream.wire.rules import MAX_CONTROL_OCTETS, MAX_MESSAGE_OCTETS

MAX_LINE_OCTETS: Final = MAX_MESSAGE_OCTETS + MAX_CONTROL_OCTETS
"""The longest message, and the members that a line adds to it."""
KINDS: Final = ("in", "out", "do")

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Line:
    """One line after the first."""

    __slots__ = ("members", "now_ms", "number", "octets")

    def __init__(self, number: int, now_ms: float, members: dict[str, Any], octets: bytes) -> None:
        self.number = number
        self.now_ms = now_ms
        """The time on the clock of the captured session."""
        self.members = members
        self.octets = octets
        """The line as read."""

    def kind(self) -> str:
        """Return the kind of the line: "in", "out" or "do"."""
        return next(kind for kind in KINDS if kind in self.members)


class CaptureReader(Live):
    """Reads one capture, line by line. Iterate it once. Use from one thread at a time.

    An incomplete last line ends the capture, because its process was killed. Any other broken line raises CaptureError.
    """

    __slots__ = ("_lines", "_number", "header", "truncated")

    def __init__(self, lines: Iterable[bytes]) -> None:
        """Read the first line. Raises CaptureError if it is not from a capture, or has another version."""
        self._lines = iter(lines)
        self._number = 1
        self.truncated = False
        """Whether the last line was incomplete."""
        first = next(self._lines, b"")
        try:
            members = _decode(first)
            version = members[NAME]
        except (msgspec.DecodeError, KeyError, ValueError):
            raise CaptureError(1, f"it is not the first line of a capture, its member {NAME!r} is needed") from None
        if version != FORMAT:
            raise CaptureError(1, f"the capture has version {version!r}, {FORMAT} can be read")
        try:
            self.header = Header.read(members)
        except (KeyError, TypeError, ValueError) as error:
            raise CaptureError(1, f"the header is not valid: {error}") from None

    def __iter__(self) -> Iterator[Line]:
        """Yield the lines. Raises CaptureError if one is not valid."""
        broken: CaptureError | None = None
        for octets in self._lines:
            self._number += 1
            if broken is not None:  # another line follows, so it was not cut off
                raise broken
            try:
                yield self._line(octets)
            except CaptureError as error:
                if octets.endswith(b"\n"):
                    raise
                broken = error
        self.truncated = broken is not None

    def _line(self, octets: bytes) -> Line:
        number = self._number
        if len(octets) > MAX_LINE_OCTETS:
            raise CaptureError(number, f"it has {len(octets)} octets or more, at most {MAX_LINE_OCTETS} are allowed")
        try:
            members = _decode(octets)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise CaptureError(number, f"it is not a JSON object: {error}") from None
        t_ms = members.get("t_ms")
        if isinstance(t_ms, bool) or not isinstance(t_ms, int | float) or not isfinite(t_ms):
            raise CaptureError(number, "its member 't_ms' is not a number")
        kinds = [kind for kind in KINDS if isinstance(members.get(kind), str)]
        if len(kinds) != 1:
            raise CaptureError(number, f"it has {len(kinds)} of the members in, out and do as a string, 1 is needed")
        return Line(number, self.header.origin_ms + t_ms, members, octets)


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file. A line that is too long is cut after the limit."""
    while line := file.readline(MAX_LINE_OCTETS + 1):
        yield line


def opened(path: str | PathLike[str]) -> BinaryIO:
    """Open a capture. Raises OSError."""
    return Path(path).open("rb")
