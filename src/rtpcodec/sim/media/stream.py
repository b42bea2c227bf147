"""One stream of a call from the carrier's side: the texts to the app and their times, and the effect of its messages.

No I/O and no clock: `now_ms` is a float of any monotonic clock. Its caller requests the texts whenever its next
deadline has come or something was received; it acts in the order of time, however late they are requested.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import Final

from typing_extensions import Buffer

from rtpcodec.carriers.telnyx.streaming import INBOUND
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.chunk_faults import CLOCK_SLACK_MS, Network
from rtpcodec.sim.media.closing import CLOSE_OK, MESSAGE_TOO_BIG, CloseTimer, Ending
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat, StreamFormats
from rtpcodec.sim.media.keys import KeyPresses
from rtpcodec.sim.media.link import Uplink
from rtpcodec.sim.media.receiver import AppReceiver
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.stream_errors import RefusedMessage
from rtpcodec.sim.media.tracks import Tracks
from rtpcodec.sim.media.writer import MessageWriter
from rtpcodec.sim.report import TIME_LIMIT, CallReport, EndReason, StreamCounts
from rtpcodec.sim.wires.opening import open_wire
from rtpcodec.stream import messages
from rtpcodec.stream.events import Event
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

MAX_UNSENT_OCTETS: Final = 8 * MAX_MESSAGE_OCTETS
"""Limit of queued texts for an app that does not read: minutes of chunks, or several of the longest."""

_Apply = Callable[[float], None]
"""Applies a message of the app at a moment. Raises RefusedMessage."""


class CarrierStream:
    """A stream from the moment when its WebSocket is open; a machine for `pump`.

    Args:
        utc_ms: the same moment as now_ms, for `occurred_at`.
    """

    def __init__(
        self,
        facts: CallFacts,
        speech: Speech,
        settings: StreamSettings,
        formats: StreamFormats,
        stream_id: str,
        *,
        now_ms: float,
        utc_ms: float,
    ) -> None:
        self._facts = facts
        self._formats = formats
        self._limit_ms = now_ms + facts.max_call_ms
        self._tally = StreamCounts()
        timing = facts.timing
        self._network = Network(facts.faults, facts.seed, now_ms, timing.to_app, timing.standstills_ms)
        stream_id = stream_id.upper() if facts.variations.uppercase_stream_id else stream_id
        wire = open_wire(facts, settings, stream_id)
        self._writer = MessageWriter(facts, settings, self._network, wire, stream_id)
        self._receiver = AppReceiver(facts, settings, formats.returned, wire=wire, tally=self._tally, start_ms=now_ms)
        self._uplink: Uplink[_Apply] = Uplink(timing, facts.seed, now_ms)
        self._tracks = Tracks(
            facts, speech, settings, formats.media, self._receiver.playout, stream_id=self.stream_id, start_ms=now_ms
        )
        self._keys = KeyPresses(facts.dtmf, now_ms=now_ms, utc_ms=utc_ms, faults=facts.faults, seed=facts.seed)
        self._close_timer = CloseTimer()
        self.ending = Ending()
        """Why and when the stream ended."""
        self.hangup: int | None = None
        """Code of a close frame that is due; None: none is."""
        self.cut = False
        """Whether the connection must be cut: the app does not read, or did not answer the close frame in time."""
        self.paused = False
        """Whether the socket accepts no texts now, because the app reads slowly."""
        self._writer.greet(facts.variations.announced_format or _announced(formats.media), now_ms)

    @property
    def stream_id(self) -> str:
        """The id of the stream, as all messages write it."""
        return self._writer.stream_id

    @property
    def end_reason(self) -> EndReason | None:
        """Why it ended; None while it runs."""
        return self.ending.reason

    # Texts, and when they are sent

    def outgoing(self, now_ms: float) -> list[str]:
        """Take the texts that are due now."""
        self._advance(now_ms)
        packets = [] if self.paused else self._network.due(now_ms)
        if self.paused and self._facts.variations.unread == "discarded":
            self._network.drop_due(now_ms)
        self._network.pass_pongs(now_ms)  # a socket that accepts nothing drops them
        for packet in packets:
            self._tally.sent(packet)
            if packet.track == INBOUND and not packet.repeated:
                late_ms = max(0.0, now_ms - packet.due_ms)
                self._receiver.echo.sent(self._facts.variations.chunk_ms, packet.sent_ms + late_ms)
        self._uplink.reading_paused(now_ms)  # deadlines depend on the last state of the socket
        self._look_at_end(now_ms)
        return [packet.text for packet in packets]

    def _look_at_end(self, now_ms: float) -> None:
        """Request a close frame once all texts were sent, and the cut if the app does not read or answer."""
        if self.finished:
            if self._close_timer.ask_frame(now_ms):
                self.hangup = CLOSE_OK
        elif self.paused:
            if self.end_reason is not None:
                self._close_timer.wait(now_ms)
            elif self._facts.variations.unread == "closed" or self._network.has_due(MAX_UNSENT_OCTETS, now_ms):
                self._end_at_once("app_stalled", now_ms)
                self._close_timer.stop()
                self.cut = True
        self.cut = self.cut or self._close_timer.expired(now_ms)

    def events(self, _now_ms: float) -> Sequence[Event]:
        """Return no events: `ending` and `report` have the results."""
        return ()

    @property
    def next_deadline_ms(self) -> float | None:
        """When `outgoing` has something new; None: not by time alone."""
        deadlines = [None if self.paused else self._network.next_deadline_ms, self._close_timer.deadline_ms]
        if self.end_reason is None:
            deadlines += [due_ms for due_ms, _ in self._agenda()]
            deadlines.append(self._uplink.next_change_ms)
        return min((deadline for deadline in deadlines if deadline is not None), default=None)

    @property
    def finished(self) -> bool:
        """Whether it has ended, and everything was sent."""
        return self.end_reason is not None and not len(self._network)

    def _advance(self, now_ms: float) -> None:
        """Run everything that is due, in the order of time."""
        while self.end_reason is None:
            due_ms, act = min(self._agenda(), key=lambda entry: entry[0])
            if due_ms > now_ms + CLOCK_SLACK_MS:
                return
            act(due_ms, now_ms)

    def _agenda(self) -> Iterator[tuple[float, Callable[[float, float], None]]]:
        """Return the next deadline of each kind with its action; at one moment, the first in this order runs first."""
        moments = (
            (self._receiver.marks.next_ms, self._return_mark),
            (self._uplink.next_ms, self._apply),
            (self._keys.next_ms, self._press),
            (self._tracks.next_tick_ms, self._tick),
            (self._tracks.next_restart_ms, self._restart),
            (self._limit_ms, self._reach_limit),
        )
        for due_ms, act in moments:
            if due_ms is not None:
                yield due_ms, act

    def _tick(self, due_ms: float, now_ms: float) -> None:
        """Send the chunks whose time is over, one per requested track."""
        try:
            chunks = self._tracks.tick(due_ms)
        except Exception as error:  # any error of the user's generator; `finished` raises it
            self.ending.speech_error = error
            self._end("speech_failed", due_ms)
            return
        if chunks is None:
            self._end("speech_ended", due_ms)
            return
        if not chunks:
            return  # the call is on hold
        self._tally.tick(now_ms - due_ms)
        for chunk in chunks:
            self._writer.media(chunk, due_ms)

    def _restart(self, due_ms: float, _now_ms: float) -> None:
        restart, media = self._tracks.restart()
        if restart.renumbers:
            self._writer.renumber()
        if restart.announced:
            self._writer.start(_announced(media), due_ms)

    def press(self, digit: str, now_ms: float) -> None:
        """Let the caller press a key now."""
        self._keys.press(digit, now_ms)

    def _press(self, due_ms: float, _now_ms: float) -> None:
        self._writer.number(self._keys.pop(self.stream_id), due_ms)

    def _return_mark(self, due_ms: float, _now_ms: float) -> None:
        self._tally.marks_returned += 1
        self._writer.number(messages.Mark(self._receiver.marks.pop(), stream_id=self.stream_id), due_ms)

    def _reach_limit(self, due_ms: float, _now_ms: float) -> None:
        self._end(TIME_LIMIT, due_ms)

    # Messages of the app

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed a message of the app. It never raises; a wrong message is answered with an error."""
        if not isinstance(text, str):
            text = bytes(text)  # copied: it may wait, and the buffer belongs to the caller
        self._queue(partial(self._receiver.receive, text), len(text), now_ms)

    def reject(self, _rule: str, detail: str, now_ms: float) -> None:
        """Answer a frame that is not a message with an error, which says the broken rule in words."""
        self._queue(partial(_reject, self._receiver, detail), len(detail), now_ms)

    def touch(self, now_ms: float) -> None:
        """Ignore a control frame: a carrier has no time-out for silence."""

    ping: bytes | None = None
    """The carrier sends no pings."""
    backlog: Callable[[], int | None] | None = None
    """The carrier paces nothing by what the app has acknowledged."""

    def pinged(self, sent: bool, now_ms: float) -> None:
        """Do nothing: the carrier sends no pings."""

    def ponged(self, payload: bytes, now_ms: float) -> None:
        """Do nothing: the carrier sends no pings."""

    def answer_ping(self, payload: bytes, now_ms: float) -> None:
        """Queue the pong for a ping of the app: it is due after both links, behind all earlier messages."""
        if self.end_reason is not None:
            self._network.pong(payload, now_ms)
        self._queue(partial(self._network.pong, payload), len(payload), now_ms)

    def _queue(self, apply: _Apply, octets: int, now_ms: float) -> None:
        if self.end_reason is not None:
            return
        self._uplink.put(apply, octets, now_ms)
        while (read_ms := self._uplink.next_ms) is not None and read_ms <= now_ms:
            self._apply(read_ms, now_ms)

    def _apply(self, due_ms: float, _now_ms: float) -> None:
        try:
            self._uplink.pop()(due_ms)
        except RefusedMessage as refusal:
            self._tally.errors_sent += self._writer.refuse(refusal, due_ms)

    def reading_paused(self, now_ms: float) -> bool:
        """Return whether the socket must not be read now, so that the app feels a slow carrier."""
        return self.end_reason is None and self._uplink.reading_paused(now_ms)

    @property
    def pongs(self) -> list[bytes]:
        """Payloads of pongs that are due now, after the texts."""
        return self._network.arrived_pongs

    def take_pongs(self) -> list[bytes]:
        """Remove and return those payloads."""
        payloads, self._network.arrived_pongs = self._network.arrived_pongs, []
        return payloads

    def acknowledges(self, now_ms: float) -> bool:
        """Return whether what the app sends now is acknowledged: not in an outage."""
        return self.end_reason is not None or self._uplink.acknowledges(now_ms)

    def bridge(self) -> None:
        """Let the second leg hear the app, from now on."""
        self._receiver.bridge()

    # The end

    def end(self, reason: EndReason, now_ms: float) -> None:
        """End the stream. A second end has no effect, but a closing carrier does not wait for stalls and delays."""
        if reason == "carrier_closed":
            self._network.end_stalls(now_ms)
        self._advance(now_ms)
        if self.end_reason is None:
            self._end(reason, now_ms)

    def _end(self, reason: EndReason, at_ms: float) -> None:
        self._network.flush(at_ms)
        self._keys.end(at_ms)
        while self._keys.next_ms is not None:
            self._press(at_ms, at_ms)
        self._writer.stop(at_ms)
        self.ending.set(reason, at_ms)

    def _end_at_once(self, reason: EndReason, now_ms: float) -> None:
        """End without a further text."""
        self.ending.set(reason, now_ms)
        self._network.discard()

    def abandon(self, reason: EndReason, now_ms: float) -> None:
        """End a stream whose WebSocket was never open, or is gone."""
        self._end_at_once(reason, now_ms)
        self._close_timer.stop()
        self.hangup = None

    def close(self, code: int, now_ms: float) -> None:
        """End the stream because the app broke a rule of WebSocket: a close frame with this code is due."""
        self._end_at_once("message_too_big" if code == MESSAGE_TOO_BIG else "protocol_error", now_ms)
        if self._close_timer.ask_frame(now_ms):
            self.hangup = code

    def hung_up(self) -> None:
        """Record that the close frame was sent."""
        self.hangup = None

    def peer_closed(self, code: int | None, now_ms: float) -> None:
        """Record the app's close frame; None: it has no code."""
        self.ending.close_code = code
        self.abandon("app_closed", now_ms)

    def lost(self, now_ms: float) -> None:
        """Record that the connection has ended."""
        self.abandon("connection_lost", now_ms)

    # Results

    def heard(self, now_ms: float) -> bytes:
        """Return the audio that the caller has heard by now, at the rate of the app's audio."""
        return self._receiver.playout.heard(now_ms if self.end_reason is None else self.ending.at_ms)

    @property
    def heard_hz(self) -> int:
        """The rate of the audio that the caller heard."""
        return self._receiver.playout.sample_rate_hz

    def report(self) -> CallReport:
        """All figures. RuntimeError while the stream runs."""
        ending, network, receiver = self.ending, self._network, self._receiver
        if ending.reason is None:
            raise RuntimeError("the stream still runs, there is no report yet")
        return CallReport(
            call_control_id=self._facts.call_control_id,
            stream_id=self.stream_id,
            end_reason=ending.reason,
            close_code=ending.close_code,
            codec=self._formats.media.info.name,
            sample_rate_hz=self._formats.media.sample_rate_hz,
            return_codec=self._formats.returned.name,
            heard_hz=self.heard_hz,
            chunks_dropped=network.dropped,
            chunks_duplicated=network.duplicated,
            chunks_reordered=network.reordered,
            keys_duplicated=self._keys.duplicated,
            keys_reordered=self._keys.reordered,
            marks_lost=receiver.marks.lost,
            dry_count=receiver.playout.dry_count,
            dry_ms=receiver.playout.dry_ms,
            latencies_ms=tuple(receiver.echo.latencies_ms),
            source_pcm=self._tracks.said,
            heard_pcm=self.heard(ending.at_ms),
            peer_heard_pcm=receiver.peer_heard(ending.at_ms),
            playout_log=receiver.playout_log(),
            warnings=tuple(self._writer.warnings.values()),
            **asdict(self._tally),
        )


def _reject(receiver: AppReceiver, detail: str, _now_ms: float) -> None:
    receiver.reject(detail)


def _announced(media: AudioFormat) -> messages.MediaFormat:
    return messages.MediaFormat(media.info.name, media.announced_hz, 1)
