"""The tap of the audio that the caller heard: a sink of the session that writes final audio."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Final, Protocol

from rtpcodec.pickling import Live
from rtpcodec.stream.events import Event, Stopped
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.tapping.tap_file import TapFile

EVERY_MS: Final = 500.0
"""Interval between two writes."""


class Span(Protocol):
    """A part of the audio that the caller heard."""

    @property
    def media_ms(self) -> float:
        """The inbound media time of its first sample."""

    @property
    def pcm(self) -> bytes:
        """Its samples."""


class HeardSource(Protocol):
    """A HeardReader: the audio that the caller heard, each sample once, in order."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the samples."""

    def take(self, until_media_ms: float) -> Sequence[Span]:
        """Remove and return the final audio before a media time."""

    def take_rest(self) -> Sequence[Span]:
        """Remove and return the rest at the end."""


class HeardTap(Live):
    """Writes the audio that the caller heard. Use from the session's thread.

    At the start and the end of a private section, the audio up to then is written by the best estimate: audio of the
    section that becomes final seconds later must not be kept because the section has ended.
    """

    __slots__ = ("_end", "_file", "_next_ms", "_now_ms", "_privacy", "_source", "_was_private")

    deadline_ms = inf

    def __init__(self, file: TapFile, source: HeardSource, privacy: Privacy, end: Callable[[], object]) -> None:
        """Make a tap. end: called after the last event."""
        self._file = file
        self._source = source
        self._privacy = privacy
        self._end = end
        self._now_ms = self._next_ms = -inf
        self._was_private = False
        privacy.subscribe(self._change)

    def _change(self, active: bool, label: str, now_ms: float) -> None:
        """Write the audio up to the start or end of a private section."""
        del label
        self._now_ms = max(self._now_ms, now_ms)
        self._write(self._source.take_rest())
        self._was_private = active

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """End the tap with the stream."""
        self._now_ms = now_ms
        if isinstance(event, Stopped):
            self._end()
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Write the final audio."""
        self._now_ms = now_ms
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + EVERY_MS
            self._write(self._source.take(inf))
        return ()

    def finish(self) -> None:
        """Write the rest."""
        self._privacy.unsubscribe(self._change)
        self._write(self._source.take_rest())

    def _write(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self._file.put(
                span.pcm, self._source.sample_rate_hz, span.media_ms, self._now_ms, private=self._was_private
            )
