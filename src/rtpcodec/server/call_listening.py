"""The listening side of a Call: what the caller says and does."""

from __future__ import annotations

from typing import Final

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.readers.even_reading import EvenReader, Fill, Shape
from rtpcodec.server.readers.reading import AudioReader, DtmfReader, EventReader

CALLER: Final = "inbound"
"""The track that a handler listens to unless it asks for another."""


class ListeningSide(CallBase):
    """Readers of one call: any number at the same time, each with a queue of its own.

    They end with the stream; `end_reason` is known when the last event, Stopped, is read.

    A reader begins with what comes after it was made. The first one of its kind that is made within 5 s after the first
    `start` begins with `start`, so that nothing is lost before a handler reads.
    """

    __slots__ = ()

    def audio(
        self,
        track: str | None = CALLER,
        *,
        pcm_hz: int | None = None,
        fill: Fill | None = None,
        max_burst_ms: float | None = None,
    ) -> AudioReader:
        """Read the audio of one track, as an async iterator that ends with the stream.

        track: "inbound" the caller; "outbound" the other leg, if the plan has it; None: all.
        pcm_hz: the rate of `Audio.pcm`, resampled without a seam; None: as it is received.
        fill: "silence": frames of 20 ms, 50 in each second, also while nothing comes. They have no payload.
        max_burst_ms: how much more than 1000 ms of audio a second may have while late audio is caught up, spaced
            evenly: 200 is 1.2 times real time, 0 catches up in pauses only. None: late audio comes at once.
        Returns: a reader. It holds 5 s; what is dropped beyond is `Audio.dropped_before_ms` of the next chunk. With one
        of the three options, `Audio.late_ms` is how much later than in real time each chunk comes.
        Raises: LocalProtocolError in `on_audio` or `on_event`, outside the event loop's thread, or with pcm_hz if
        nothing is decoded (receive_pcm_hz=None); ValueError if streams cannot be resampled to pcm_hz, fill has no
        pcm_hz or no track, or max_burst_ms is negative.
        """
        self._access.require_coroutine("audio")
        if pcm_hz is None and fill is None and max_burst_ms is None:
            return AudioReader(self._parts.readers, track, self._access)
        return EvenReader(self._parts.readers, track, self._access, Shape(pcm_hz, fill, max_burst_ms))

    def events(self) -> EventReader:
        """Read all events, audio among them, as an async iterator that ends with the stream.

        Returns: a reader. It holds 5 s of audio and 1000 other events; beyond, an event Overrun counts what is dropped.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("events")
        return EventReader(self._parts.readers, self._access)

    def dtmf(self) -> DtmfReader:
        """Read the keys that the caller presses, as an async iterator that ends with the stream.

        Returns: a reader. It holds 1000 keys.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("dtmf")
        return DtmfReader(self._parts.readers, self._access)
