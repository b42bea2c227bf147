"""Taps of received audio: a sink of the session that writes one track."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from math import inf
from typing import Final

from rtpcodec.codecs import Decoder
from rtpcodec.errors import MissingLibrary, PayloadError
from rtpcodec.pickling import Live
from rtpcodec.rtp.payloads import PayloadFormat
from rtpcodec.stream.events import Audio, Event, FormatChanged, Started, Stopped
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receive_codec import ReceiveCodec
from rtpcodec.stream.tapping.tap_file import TapFile

NOTHING: Final[tuple[Event, ...]] = ()


class PayloadDecoder(Live):
    """A separate decoder of the payloads of one track, so that faults of the session's chain do not appear in it."""

    __slots__ = ("_decoder", "_payloads", "_plan", "rate_hz")

    def __init__(self, plan: StreamPlan, media_format: MediaFormat | None) -> None:
        """Make a decoder. media_format: the format of the last `start`; None: no `start` yet."""
        self._plan = plan
        self._decoder: Decoder | None = None
        self._payloads: PayloadFormat | None = None
        self.rate_hz = 0
        """The rate of its PCM; 0: nothing is decoded."""
        if media_format is not None:
            self.change(media_format)

    def change(self, media_format: MediaFormat, *, plan_decides: bool = True) -> None:
        """Decode another format from now on. A format that cannot be decoded here gives no PCM."""
        codec = ReceiveCodec(self._plan, media_format, "native", plan_decides=plan_decides)
        self._payloads = codec.new_payloads()
        self._decoder, self.rate_hz = None, 0
        with suppress(MissingLibrary):
            self._decoder = codec.new_decoder()
        if self._decoder is not None:
            self.rate_hz = self._decoder.sample_rate_hz

    def decode(self, payload: bytes) -> bytes:
        """Return the PCM of a payload; empty if it is not valid."""
        if self._decoder is None or self._payloads is None:
            return b""
        try:
            return b"".join(map(self._decoder.decode, self._payloads.frames(payload)))
        except PayloadError:
            return b""


class ReceivedTap(Live):
    """Writes one received track, as a sink of the session. Use from the session's thread."""

    __slots__ = ("_decoder", "_delay_ms", "_end", "_file", "_privacy", "_track")

    deadline_ms = inf

    def __init__(
        self,
        file: TapFile,
        track: str,
        privacy: Privacy,
        decoder: PayloadDecoder | None,
        *,
        delay_ms: Callable[[], float | None],
        end: Callable[[], object],
    ) -> None:
        """Make a tap.

        Args:
            file: Written by the tap.
            track: Name of the track to write.
            privacy: The private sections of the session.
            decoder: The decoder of stage "received"; None: stage "pcm".
            delay_ms: Returns the session's clock minus the media time; None: unknown.
            end: Called after the last event.
        """
        self._file = file
        self._track = track
        self._privacy = privacy
        self._decoder = decoder
        self._delay_ms = delay_ms
        self._end = end

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Write a chunk."""
        if type(event) is Audio:
            if event.track == self._track:
                self._put(event, now_ms)
        elif isinstance(event, Started):
            self._file.restart_at(0.0)
            if self._decoder is not None:
                self._decoder.change(event.media_format)
        elif isinstance(event, FormatChanged):
            if self._decoder is not None and not event.announced and event.track in (None, self._track):
                self._decoder.change(event.after, plan_decides=False)
        elif isinstance(event, Stopped):
            self._end()
        return NOTHING

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Do nothing."""
        del now_ms
        return NOTHING

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _put(self, audio: Audio, now_ms: float) -> None:
        delay_ms = self._delay_ms()
        private = self._privacy.hides(now_ms, None if delay_ms is None else audio.media_ms + delay_ms)
        if self._decoder is None:
            if audio.pcm:
                self._file.put(audio.pcm, audio.sample_rate_hz, audio.media_ms, now_ms, private=private)
            return
        pcm = b"" if audio.concealed else self._decoder.decode(audio.payload)
        if pcm:
            self._file.put(pcm, self._decoder.rate_hz, audio.media_ms, now_ms, private=private)
