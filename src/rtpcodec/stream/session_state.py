"""The readable state of a MediaSession: deadlines, state and figures."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf
from typing import Final

from rtpcodec.errors import StreamEnded
from rtpcodec.pickling import Live
from rtpcodec.stream import messages
from rtpcodec.stream._session import SessionFastPath
from rtpcodec.stream.connection import Connection, State
from rtpcodec.stream.counter_sums import StreamSums, sums_of
from rtpcodec.stream.counts import Counts
from rtpcodec.stream.diagnosis.bandwidth import Bandwidth
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.listening.parts import ListeningParts
from rtpcodec.stream.listening.sinks import Sinks
from rtpcodec.stream.listening.turn_times import TurnTimes
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.send_chain import SendChain
from rtpcodec.stream.session_options import SessionOptions
from rtpcodec.stream.statistics import Statistics, snapshot

NARROW_BAND_HZ: Final = 8000
"""Codecs of this rate carry only a narrow band, so their speech is not described."""


class SessionState(SessionFastPath, Live):
    """The base of MediaSession: its parts, and the methods that change nothing."""

    _connection: Connection
    _sending: SendChain
    _incoming: Incoming
    _counts: Counts
    _options: SessionOptions
    _sinks: Sinks | None
    _listening: ListeningParts

    def _find_deadline(self) -> float | None:
        """Return the next deadline in any state: see next_deadline_ms."""
        if self._connection.state is not State.STREAMING:
            return self.event_deadline_ms
        return _first(self._sending.next_deadline_ms, self._listening_ms)

    @property
    def event_deadline_ms(self) -> float | None:
        """When to call `events` next while nothing can be sent; None: not before another method is called."""
        return None if self.ended else _first(self._sending.event_deadline_ms, self._listening_ms)

    @property
    def _listening_ms(self) -> float:
        waiting_ms = self._incoming.deadline_ms
        return waiting_ms if self._sinks is None else min(waiting_ms, self._sinks.deadline_ms)

    @property
    def ended(self) -> bool:
        """Whether the stream has ended: messages are ignored, and methods that send raise StreamEnded."""
        return self._connection.state is State.STOPPED

    @property
    def streaming(self) -> bool:
        """Whether `start` was received and the stream has not ended."""
        return self._connection.state is State.STREAMING

    @property
    def lost(self) -> bool:
        """Whether the connection is lost, and the stream may continue with the `start` of another socket."""
        return self._connection.lost_ms is not None and not self.ended

    @property
    def connected_ms(self) -> float | None:
        """When `connected` of this socket was received; None: not yet."""
        return self._connection.connected_ms

    @property
    def last_media_ms(self) -> float:
        """When the last media in order was received; before the first media, when the last `start` was received."""
        return self._incoming.last_media_ms

    @property
    def waiting_keys(self) -> int:
        """Number of received keys that wait for earlier ones; `events` reports them within 150 ms."""
        return self._incoming.waiting_keys

    @property
    def media_format(self) -> messages.MediaFormat | None:
        """The format of the carrier's audio; None before `start`."""
        return None if self._incoming.chain is None else self._incoming.chain.media_format

    @property
    def received_pcm_hz(self) -> int | None:
        """The rate of received PCM in Hz; None before `start`, and where nothing is decoded."""
        return None if self._incoming.chain is None else self._incoming.chain.pcm_hz

    @property
    def media_delay_ms(self) -> float | None:
        """The session's clock minus the inbound media time since the last `start`; None: no audio received yet."""
        delay_ms = inf if self._incoming.chain is None else self._incoming.chain.delay_ms
        return None if delay_ms == inf else delay_ms

    @property
    def received_until_ms(self) -> float | None:
        """End of the audio received in order, on the session's clock without jitter; None: no audio yet."""
        return None if self._incoming.chain is None else self._incoming.chain.received_until_ms

    @property
    def send_pcm_hz(self) -> int:
        """The rate of the PCM that `play` accepts."""
        return self._sending.pcm_hz

    @property
    def max_queue_ms(self) -> float:
        """Audio that `play` queues before it raises QueueFull."""
        return self._sending.max_queue_ms

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""
        return self._sending.queued_ms

    @property
    def room_ms(self) -> float:
        """Audio that `play` would accept now."""
        return self._sending.room_ms

    @property
    def position_ms(self) -> float:
        """Position at which the next `play` begins: all audio queued so far, except dropped audio."""
        return self._sending.position_ms

    def heard_ms(self, now_ms: float) -> float:
        """Estimate the position up to which audio was heard, on the scale of position_ms."""
        return self._sending.heard_ms(now_ms)

    @property
    def receive_pcm_hz(self) -> PcmRate:
        """The rate of `Audio.pcm`; "native": the codec's rate; None: payloads only, nothing is decoded."""
        return self._incoming.pcm_hz

    def utc(self, media_ms: float) -> datetime | None:
        """Return the UTC time of a media time; None: no `utc_offset_ms`, or no audio yet."""
        moment_ms = None if self._incoming.chain is None else self._incoming.chain.moment_ms(media_ms)
        utc_offset_ms = self._options.utc_offset_ms
        if moment_ms is None or utc_offset_ms is None:
            return None
        return datetime.fromtimestamp((moment_ms + utc_offset_ms) / 1000, UTC)

    def statistics(self, now_ms: float) -> Statistics:
        """Return all counters at this time."""
        return snapshot(
            self._counts, self._incoming, self._sending, self.sums(now_ms), turns=self.turn_times, now_ms=now_ms
        )

    def sums(self, now_ms: float) -> StreamSums:
        """Return the counters at this time that add up over sessions."""
        return sums_of(self._counts, self._incoming, self._sending, self._connection.malformed, now_ms)

    @property
    def turn_times(self) -> TurnTimes | None:
        """Times from the end of the caller's speech to our first audio; None: not measured."""
        return None if self._listening.turns is None else self._listening.turns.times

    @property
    def jitter_ms(self) -> float | None:
        """Jitter of the requested track; None: unknown."""
        return None if self._incoming.chain is None else self._incoming.chain.jitter_ms

    @property
    def round_trip_ms(self) -> float | None:
        """The least measured time to the carrier and back; None: not measured."""
        return self._sending.round_trip_ms

    def describe(self) -> str:
        """Describe both directions in one line: codec, rate and each conversion."""
        receiving = "not started" if self._incoming.chain is None else self._incoming.chain.describe()
        shows = self._incoming.chain is not None and self._incoming.chain.sample_rate_hz > NARROW_BAND_HZ
        found = self.bandwidth.items() if shows else ()
        bands = "".join(f", {track} speech is {band} band" for track, band in found if band)
        return f"receive {receiving}{bands}; send {self._sending.describe()}"

    @property
    def bandwidth(self) -> dict[str, Bandwidth | None]:
        """Whether the speech of each track so far is "narrow" or "wide": without or with a band above 4 kHz.

        None: unknown yet. It is measured during the search for faults (`diagnosis_s`), from PCM of 16 kHz or more; for
        codecs of 8 kHz it is known at once.
        """
        return {} if self._listening.watch is None else self._listening.watch.bandwidth

    def _require_running(self) -> None:
        if self.ended:
            raise StreamEnded(self._connection.refusal or "the stream has stopped, nothing can be sent any more")


def _first(sending_ms: float | None, waiting_ms: float) -> float | None:
    """Return the earlier deadline; None if there is none."""
    if sending_ms is not None and sending_ms <= waiting_ms:
        return sending_ms
    return None if waiting_ms == inf else waiting_ms
