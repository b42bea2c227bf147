"""The receive direction of a session: it handles each message of the carrier, and fills the queue of events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, Literal

from typing_extensions import Buffer

from rtpcodec.audio.file_headers import FILE_STARTS
from rtpcodec.audio.rates import require_rate
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream import messages
from rtpcodec.stream._receive_states import IncomingState
from rtpcodec.stream.connection import Connection
from rtpcodec.stream.counts import Counts
from rtpcodec.stream.event_queue import EventQueue
from rtpcodec.stream.events import (
    Audio,
    CarrierError,
    Disconnected,
    Dtmf,
    Event,
    FormatChanged,
    Gap,
    MediaSilent,
    Reconnected,
    Started,
    Stopped,
    Unknown,
)
from rtpcodec.stream.key_order import KeyOrder
from rtpcodec.stream.malformed_reports import MalformedReports
from rtpcodec.stream.plan import INBOUND_TRACK, StreamPlan
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.receiving import Delivered, ReceiveChain
from rtpcodec.stream.send_chain import SendChain
from rtpcodec.stream.session_options import SessionOptions
from rtpcodec.stream.stalling import StallWatch
from rtpcodec.stream.wire import BrokenMessage, Dialect, OddMessage

MEDIA_FLOWS_MS: Final = 200.0
"""If the last media is older than the last frame by more than this, it does not show when the connection was lost."""


class Incoming(IncomingState):
    """Parses messages, and handles their audio, keys, marks, start and end. Use from one thread at a time."""

    __slots__ = (
        "_conceal",
        "_events",
        "_plan",
        "_sending",
        "_utc_offset_ms",
        "dialect",
        "malformed_reports",
        "pcm_hz",
        "start",
    )

    def __init__(
        self,
        plan: StreamPlan,
        options: SessionOptions,
        *,
        dialect: Dialect,
        connection: Connection,
        sending: SendChain,
        events: EventQueue,
        counts: Counts,
    ) -> None:
        """Make the receive direction of one session, with the options of MediaSession and the shared parts."""
        self._plan = plan
        self.pcm_hz: PcmRate = options.receive_pcm_hz
        self._conceal = options.conceal
        self.stalling = StallWatch(options.stall_ms)
        """The stall detector, and the stalls so far."""
        self._utc_offset_ms = options.utc_offset_ms
        self.dialect = dialect
        self._connection = connection
        self._sending = sending
        sending.hear(self.stalling)
        self._events = events
        self._counts = counts
        self._keys = KeyOrder()
        self.malformed_reports = MalformedReports()
        self.chain: ReceiveChain | None
        """The chain of the last `start`; None: no `start` yet."""
        self.start: tuple[messages.Start, float] | None = None
        """The last `start`, and when it was received, for captures that begin later."""
        self.changed: bool
        """Whether to search for faults, because format, numbering or audio restarted, or the carrier reported an error.
        The session resets it."""

    def caller_track(self) -> str:
        """Return the name of the inbound track, for listeners to the caller's PCM.

        Raises: LocalProtocolError if the plan does not have it, or nothing is decoded.
        """
        (name,) = self.dialect.tracks[INBOUND_TRACK]
        if name not in self.dialect.tracks[self._plan.tracks]:
            raise LocalProtocolError(f"the plan's tracks are {self._plan.tracks!r}, the inbound track is needed")
        if self.pcm_hz is None:
            raise LocalProtocolError("receive_pcm_hz is None, so nothing is decoded; 'native' or a rate is needed")
        return name

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Handle one WebSocket message of a stream that has not ended, as str or UTF-8 octets. It never raises."""
        # 1. Broken? Count it; too many in a row end the stream.
        silence_ms = self.stalling.silence_ms(now_ms)
        self._counts.messages_received += 1
        odd: Sequence[BrokenMessage] = ()
        try:
            message = self.dialect.parse(text)
        except OddMessage as found:
            message, odd = found.message, found.oddities  # do not keep the error: its traceback holds this frame
        except BrokenMessage as broken:
            if silence_ms:
                self._events.put(self.stalling.stalled(silence_ms))
            self._count_malformed(broken.rule, broken.detail, now_ms)
            return
        # 2. The next message of the stream? 3. Handle it by its kind.
        follows_directly = self._connection.accept(message, now_ms)
        malformed_reports: Iterable[Event] = self.malformed_reports.odd(odd) if odd else ()
        if isinstance(message, messages.Media):
            self._take_media(message, follows_directly, silence_ms, now_ms)
        elif isinstance(message, messages.Stop):
            # Stopped is the last event.
            self._put(malformed_reports)
            malformed_reports = ()
            self._take(message, silence_ms, now_ms)
        else:
            self._take(message, silence_ms, now_ms)
        if malformed_reports:
            self._put(malformed_reports)

    def receive_media(self, media: messages.Media, now_ms: float) -> None:
        """Handle a `media` message that was already parsed: see receive."""
        silence_ms = self.stalling.silence_ms(now_ms)
        self._counts.messages_received += 1
        self._take_media(media, self._connection.accept(media, now_ms), silence_ms, now_ms)

    def reject(self, rule: str, detail: str, now_ms: float) -> None:
        """Count a frame that is not a text message: see MediaSession.reject."""
        silence_ms = self.stalling.silence_ms(now_ms)
        if silence_ms:
            self._events.put(self.stalling.stalled(silence_ms))
        self._counts.messages_received += 1
        self._count_malformed(rule, detail, now_ms)

    @property
    def last_media_ms(self) -> float:
        """When the last media in order was received; before the first media, when `start` was received; 0 before it."""
        start_ms = 0.0 if self.start is None else self.start[1]
        return start_ms if self.chain is None else max(start_ms, self.chain.timeline.received_ms)

    def media_silent(self, silent_ms: float) -> None:
        """Report that no media has arrived for this time."""
        self._events.put(MediaSilent(silent_ms))

    @property
    def waiting_keys(self) -> int:
        """Number of received keys that wait for earlier ones, and were not reported yet."""
        return len(self._keys)

    def expire(self, now_ms: float) -> None:
        """Report the chunks and keys that have waited long enough."""
        if self.chain is not None and self.chain.deadline_ms <= now_ms:
            self._deliver(self.chain.expire(now_ms))
        if self._keys.deadline_ms <= now_ms:
            self._put(self._keys.due(now_ms))

    def end(self, reason: Literal["stop", "closed", "closed_here", "malformed", "refused"], now_ms: float) -> None:
        """End the stream: report waiting chunks and keys, the marks and the end."""
        self._connection.stop()
        self._put(self.malformed_reports.early_media())
        if self.chain is not None:
            self._deliver(self.chain.drain())
        self._put(self._keys.drain())
        # A mark whose deadline passed before the end has timed out, even if `events` was not called since.
        self._put(self._sending.expired(now_ms))
        self._put(self._sending.end(now_ms))
        self._counts.span.end(reason, now_ms)
        self._counts.losses.end(now_ms)
        self._events.put(Stopped(reason))

    def disconnect(self, cause: Literal["socket_closed", "socket_lost"], last_frame_ms: float, now_ms: float) -> None:
        """Record that the connection is lost: report waiting chunks and keys, and wait for another `start`."""
        self._connection.disconnect(now_ms)
        self._counts.losses.lose(now_ms)
        self.stalling.suspend()
        if self.chain is not None:
            self._deliver(self.chain.drain())
        self._put(self._keys.drain())
        self._put(self._sending.expired(now_ms))
        flows = self.chain is not None and last_frame_ms - self.last_media_ms <= MEDIA_FLOWS_MS
        media_until_ms = self.chain.received_until_ms if flows and self.chain is not None else None
        left = self._sending.loss.lost(now_ms, last_frame_ms, media_until_ms)
        self._events.put(Disconnected(cause, left.unheard_ms, left.uncertainty_ms))
        self._put(left.events)

    def _take_media(self, media: messages.Media, follows_directly: bool, silence_ms: float, now_ms: float) -> None:
        # 1. Before `start`? 2. A file in place of audio? 3. Not valid? Then it is dropped and reported.
        receiving = self.chain
        if receiving is None:
            self.malformed_reports.media_before_start += 1
            return
        media.received_ms = now_ms
        if media.payload[:2] in FILE_STARTS or receiving.files.alert:
            self._put(receiving.files.look(media.track, media.payload))
        try:
            delivered = receiving.put(media, follows_directly=follows_directly)
        except BrokenMessage as broken:
            if silence_ms:
                self._events.put(self.stalling.stalled(silence_ms))
            self._connection.malformed += 1
            self._put(self.malformed_reports.dropped(broken.rule, broken.detail))
            return
        # 4. Another codec than before? 5. A stall before it? 6. Deliver the chunks that are in order now.
        if receiving.codec_detector.events:
            found = receiving.codec_detector.take_events()
            self._put(found)
            if any(isinstance(event, FormatChanged) for event in found):
                self._put(self._sending.transferred(now_ms))
                self.changed = True
        self._counts.take_media(len(media.payload))
        if silence_ms and self.stalling.is_stall(silence_ms, media.duration_ms, receiving.pause_ms(media)):
            self._events.put(self.stalling.stalled(silence_ms))
        self._deliver(delivered)

    def _take(self, message: messages.Message, silence_ms: float, now_ms: float) -> None:
        # 1. A stall before it? 2. Its number may complete the order of chunks. 3. Handle it by its kind.
        if silence_ms:
            self._events.put(self.stalling.stalled(silence_ms))
        receiving = self.chain
        if receiving is not None and receiving.counts_messages:
            self._deliver(receiving.pass_over(getattr(message, "sequence_number", None), now_ms))
        match message:
            case messages.Mark():
                self._put(self._sending.mark_echoed(message.name, now_ms))
            case messages.Start():
                self._start(message, now_ms)
            case messages.Dtmf():
                self._take_key(message, now_ms)
            case messages.Stop():
                self.end("stop", now_ms)
            case messages.Error():
                self._take_error(message, now_ms)
            case messages.Other():
                self._events.put(Unknown(message.event, message.text))
            case messages.Clear():
                self._events.put(Unknown("clear", ""))

    def _take_key(self, key: messages.Dtmf, now_ms: float) -> None:
        if not self._keys.put(Dtmf(key.digit, key.occurred_at), now_ms, key.sequence_number):
            self._counts.duplicate_keys += 1
        self._put(self._keys.due(now_ms))

    def _take_error(self, error: messages.Error, now_ms: float) -> None:
        self._events.put(CarrierError(error.code, error.title, error.detail, error.raw))
        self.changed = True
        if error.code is not None and error.code == self.dialect.too_many_messages:
            self._put(self._sending.refused(now_ms))

    def _start(self, start: messages.Start, now_ms: float) -> None:
        self._put(self.malformed_reports.early_media())
        # 1. Not the first `start`? Finish the previous receive chain, report a changed format, and end a pause.
        before = self.chain
        if before is not None:
            self._deliver(before.drain())
            self._counts.keep(before)
            if before.media_format != start.media_format:
                self._events.put(FormatChanged(before.media_format, start.media_format))
            if self._connection.lost_ms is None:
                self._put(self._sending.transferred(now_ms))
        # 2. A new receive chain.
        self.chain = self._new_chain(start)
        self._sending.stream_id = start.stream_id
        self.stalling.begin(now_ms)
        self._counts.span.begin(now_ms)
        # 3. Report it, after a reconnection and before facts about its format.
        self.start = start, now_ms
        self.changed = True
        lost_ms, self._connection.lost_ms = self._connection.lost_ms, None
        if lost_ms is not None:
            self._events.put(Reconnected(now_ms - lost_ms, start.stream_id))
            self._counts.losses.mend(now_ms)
            self._sending.loss.mended()
        utc_ms = None if self._utc_offset_ms is None else now_ms + self._utc_offset_ms
        self._events.put(Started.of(start, now_ms, utc_ms))
        if self.chain.unsupported is not None:
            self._events.put(self.chain.unsupported)
        self._put(self.malformed_reports.ignored(self.chain.ignored))

    def _new_chain(self, start: messages.Start) -> ReceiveChain:
        """Return the chain for a `start`. The send chain follows its payload format."""
        chain = ReceiveChain(
            self._plan,
            start.media_format,
            self.pcm_hz,
            track=self.dialect.tracks[self._plan.tracks][0],
            conceal=self._conceal,
            start_sequence=start.sequence_number,
            account=self._events.account,
            level=self._counts.received_level,
        )
        self._sending.follow(chain.payloads)
        return chain

    def receive_at(self, pcm_hz: PcmRate) -> None:
        """Change the rate of the PCM: see MediaSession.receive_at."""
        if pcm_hz == self.pcm_hz:
            return
        if pcm_hz is not None and pcm_hz != "native":
            require_rate("receive_pcm_hz", pcm_hz)
        if self._counts.media_received:
            raise LocalProtocolError("receive_pcm_hz cannot be changed, because audio was received")
        self.pcm_hz = pcm_hz
        if self.start is not None and self.chain is not None:
            unsupported = self.chain.unsupported
            self.chain = self._new_chain(self.start[0])
            if self.chain.unsupported is not None and self.chain.unsupported != unsupported:
                self._events.put(self.chain.unsupported)

    def _deliver(self, delivered: Iterable[Delivered]) -> None:
        for event in delivered:
            self._events.put(event)
            if type(event) is Audio:
                self.stalling.take_chunk(event.duration_ms)
                continue
            if type(event) is Gap:
                self._counts.gaps.take(event)
            if type(event) is not Gap or event.reason != "lost":
                self.changed = True

    def _put(self, events: Iterable[Event]) -> None:
        for event in events:
            self._events.put(event)

    def _count_malformed(self, rule: str, detail: str, now_ms: float) -> None:
        self._put(self.malformed_reports.dropped(rule, detail))
        if self._connection.count_malformed(rule, now_ms):
            self.end("malformed", now_ms)
