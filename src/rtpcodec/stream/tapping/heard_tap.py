"""The tap of what the caller heard: a sink of the session that takes what is settled."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import inf
from typing import Final, Protocol

from rtpcodec.pickling import Live
from rtpcodec.stream.events import Event, Stopped
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.tapping.tap_file import TapFile

EVERY_MS: Final = 500.0
"""How often what was heard is written."""


class Span(Protocol):
    """A stretch of what the caller heard."""

    @property
    def media_ms(self) -> float:
        """The inbound media time of its first sample."""

    @property
    def pcm(self) -> bytes:
        """Its samples."""


class HeardSource(Protocol):
    """What the caller heard, each sample once, in order: a HeardReader."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the samples."""

    def take(self, until_media_ms: float) -> Sequence[Span]:
        """Remove and return what is known for good, before a media time."""

    def take_rest(self) -> Sequence[Span]:
        """Remove and return what is left at the end."""


class HeardTap(Live):
    """Writes what the caller heard. Use from the session's thread.

    At the begin and the end of a private section, what was heard until then is written by the best estimate: what is
    settled seconds later must not be kept because the section has ended.
    """

    __slots__ = ("_end", "_file", "_next_ms", "_now_ms", "_privacy", "_source", "_was_private")

    deadline_ms = inf

    def __init__(self, file: TapFile, source: HeardSource, privacy: Privacy, end: Callable[[], object]) -> None:
        """Make it; end: called behind the last event."""
        self._file = file
        self._source = source
        self._privacy = privacy
        self._end = end
        self._now_ms = self._next_ms = -inf
        self._was_private = False
        privacy.subscribe(self._change)

    def _change(self, active: bool, label: str, now_ms: float) -> None:
        """Write what was heard before a section, and mark what was heard in it."""
        del label
        self._now_ms = max(self._now_ms, now_ms)
        self._write(self._source.take_rest())
        self._was_private = active

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Take the end."""
        self._now_ms = now_ms
        if isinstance(event, Stopped):
            self._end()
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Write what is settled."""
        self._now_ms = now_ms
        if now_ms >= self._next_ms:
            self._next_ms = now_ms + EVERY_MS
            self._write(self._source.take(inf))
        return ()

    def finish(self) -> None:
        """Write what is left."""
        self._privacy.unsubscribe(self._change)
        self._write(self._source.take_rest())

    def _write(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self._file.put(
                span.pcm, self._source.sample_rate_hz, span.media_ms, self._now_ms, private=self._was_private
            )
