"""One stream of a call from the carrier's side: what is sent when, and what the app's messages do. No I/O, no clock.

`now_ms` is a float of any monotonic clock. The stream is asked for its texts whenever its next deadline has come or
something was received; it acts in the order of time however late it is asked.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from typing import Final

from typing_extensions import Buffer

from rtpcodec.sim.commands.requests import StreamRequest
from rtpcodec.sim.media.coding import INVALID_MEDIA, MALFORMED_FRAME, RefusedMedia
from rtpcodec.sim.media.formats import StreamFormats, legs_that_hear
from rtpcodec.sim.media.network import Faults, Network, Packet
from rtpcodec.sim.media.playout import Playout
from rtpcodec.sim.media.returned import returned_reader
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.tracks import Caller, Ear, Track
from rtpcodec.sim.media.variations import Variations
from rtpcodec.sim.report import CallReport, EchoMeter, EndReason, Tally
from rtpcodec.stream import messages
from rtpcodec.stream.wire import BrokenMessage, parse

CLOCK_SLACK_MS: Final = 1e-3
"""Sums of floats miss a deadline by less than this."""

_UNKNOWN_ERROR: Final = (100002, "unknown_error")

_moment = itemgetter(0)
_Numbered = messages.Start | messages.Media | messages.Dtmf | messages.Mark | messages.Stop | messages.Other


@dataclass(slots=True, kw_only=True)
class CallFacts:
    """A live call, as its streams see it."""

    call_control_id: str
    call_session_id: str
    user_id: str
    from_number: str = field(repr=False)
    to_number: str = field(repr=False)
    speech: Speech = field(repr=False)
    dtmf: tuple[tuple[float, str], ...] = field(repr=False)
    """When, in ms of a stream, and which digit."""
    tail_ms: float
    playout_delay_ms: float
    max_call_ms: float
    variations: Variations
    faults: Faults
    seed: str
    bridged: bool = False
    """There is a second leg, which can hear return audio as well."""


class CarrierStream:
    """A stream from the moment when its WebSocket is open. `utc_ms` is the same moment as now_ms, for `occurred_at`."""

    def __init__(
        self,
        facts: CallFacts,
        request: StreamRequest,
        formats: StreamFormats,
        stream_id: str,
        *,
        now_ms: float,
        utc_ms: float,
    ) -> None:
        variations = facts.variations
        self._facts = facts
        self._request = request
        self._formats = formats
        self.stream_id = stream_id.upper() if variations.uppercase_stream_id else stream_id
        self._start_ms = now_ms
        self._utc_offset_ms = utc_ms - now_ms
        self._playout = Playout(formats.returned.sample_rate_hz, now_ms, facts.playout_delay_ms)
        self._peer: Playout | None = None
        self._network = Network(facts.faults, facts.seed, now_ms)
        self._returned = returned_reader(formats.returned)
        self._caller = Caller(facts.speech, formats.media, variations.chunk_ms, facts.tail_ms)
        listens = request.tracks != "inbound_track"
        self._ear = Ear(self._playout, formats.media, variations.chunk_ms) if listens else None
        self._inbound, self._outbound = (
            Track(name, formats.media, variations, self.stream_id) for name in ("inbound", "outbound")
        )
        self._dtmf = sorted(((now_ms + at_ms, digit) for at_ms, digit in facts.dtmf), key=_moment)
        self._echo = EchoMeter()
        self._tally = Tally()
        self._sequence_number = 0
        self._end_ms: float | None = None
        self.end_reason: EndReason | None = None
        self.close_code: int | None = None
        """With which the app closed, or answered the close."""
        self.speech_error: Exception | None = None
        """What the generator of the speech raised."""
        self._greet()

    def _greet(self) -> None:
        facts, request, media = self._facts, self._request, self._formats.media
        truth = messages.MediaFormat(media.info.name, media.announced_hz, 1)
        start = messages.Start(
            media_format=facts.variations.announced_format or truth,
            stream_id=self.stream_id,
            call_control_id=facts.call_control_id,
            call_session_id=facts.call_session_id,
            user_id=facts.user_id,
            from_number=facts.from_number,
            to_number=facts.to_number,
            client_state=request.client_state,
            custom_parameters=dict(request.custom_parameters),
        )
        self._post(messages.Connected("1.0.0", request.auth_token))
        self._number(start)
        if facts.variations.unknown_event is not None:
            self._number(messages.Other(facts.variations.unknown_event, ""))

    # What is sent when

    def outgoing(self, now_ms: float) -> list[str]:
        """The texts that go out now."""
        self._advance(now_ms)
        packets = self._network.due(now_ms)
        for packet in packets:
            self._tally.sent(packet)
            if packet.track == "inbound" and not packet.repeated:
                self._echo.sent(self._facts.variations.chunk_ms, now_ms)
        return [packet.text for packet in packets]

    def next_deadline_ms(self, now_ms: float) -> float | None:
        """When `outgoing` gives something new; None: never of itself."""
        deadlines = [due_ms for due_ms, _ in self._agenda()] if self.end_reason is None else []
        queued_ms = self._network.next_deadline_ms(now_ms)
        if queued_ms is not None:
            deadlines.append(queued_ms)
        return min(deadlines, default=None)

    @property
    def finished(self) -> bool:
        """It has ended, and everything went out."""
        return self.end_reason is not None and not len(self._network)

    def _advance(self, now_ms: float) -> None:
        """Do what is due, in the order of its time."""
        while self.end_reason is None:
            due_ms, act = min(self._agenda(), key=lambda entry: entry[0])
            if due_ms > now_ms + CLOCK_SLACK_MS:
                return
            act(due_ms, now_ms)

    def _agenda(self) -> Iterator[tuple[float, Callable[[float, float], None]]]:
        mark_ms = self._playout.next_mark_ms
        if mark_ms is not None:
            yield mark_ms, self._return_mark
        if self._dtmf:
            yield self._dtmf[0][0], self._press
        # Absolute: however late a tick is, the next one is not.
        yield self._start_ms + (self._tally.ticks + 1) * self._facts.variations.chunk_ms, self._tick
        yield self._start_ms + self._facts.max_call_ms, self._reach_limit

    def _tick(self, due_ms: float, now_ms: float) -> None:
        """A chunk's time is over: send it, on each track that is wanted."""
        try:
            said = self._caller.next_chunk()
        except Exception as error:  # whatever the user's generator raises; `finished` raises it there
            self.speech_error = error
            self._end("speech_failed", due_ms)
            return
        if said is None:
            self._end("speech_ended", due_ms)
            return
        self._tally.tick(now_ms - due_ms)
        if self._request.tracks != "outbound_track":
            self._send_chunk(self._inbound, said)
        if self._ear is not None:
            self._send_chunk(self._outbound, self._ear.next_chunk())

    def _send_chunk(self, track: Track, pcm: bytes) -> None:
        message = track.media(pcm)
        octets = len(message.payload)
        self._number(message, track.name, octets)

    def press(self, digit: str, now_ms: float) -> None:
        """The caller presses a key now."""
        bisect.insort(self._dtmf, (now_ms, digit), key=_moment)

    def _press(self, due_ms: float, _now_ms: float) -> None:
        _, digit = self._dtmf.pop(0)
        moment = datetime.fromtimestamp((due_ms + self._utc_offset_ms) / 1000, UTC)
        occurred_at = moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
        self._number(messages.Dtmf(digit, occurred_at, stream_id=self.stream_id))

    def _return_mark(self, _due_ms: float, _now_ms: float) -> None:
        self._tally.marks_returned += 1
        self._number(messages.Mark(self._playout.pop_mark(), stream_id=self.stream_id))

    def _reach_limit(self, due_ms: float, _now_ms: float) -> None:
        self._end("time_limit", due_ms)

    def _number(self, message: _Numbered, track: str | None = None, octets: int = 0) -> None:
        """Send a message that carries a number of the stream."""
        self._sequence_number += 1
        message.sequence_number = self._sequence_number
        self._post(message, track, octets)

    def _post(self, message: messages.Message, track: str | None = None, octets: int = 0) -> None:
        self._network.put(Packet(self._facts.variations.spell(message), track, octets))

    # What the app says

    def receive(self, text: str | Buffer, now_ms: float) -> None:
        """Feed a message of the app. Whatever it is, it never raises; what is wrong is answered with an error."""
        if self.end_reason is not None:
            return
        self._tally.messages_received += 1
        try:
            message = parse(text)
        except BrokenMessage as broken:
            self._complain(INVALID_MEDIA if broken.rule == "base64" else MALFORMED_FRAME, broken.detail)
            return
        if isinstance(message, messages.Media):
            self._take_media(message.payload, now_ms)
        elif isinstance(message, messages.Mark):
            self._tally.marks_received += 1
            if not self._playout.mark(message.name, now_ms):
                self._complain(_UNKNOWN_ERROR, "too many marks wait")
        elif isinstance(message, messages.Clear):
            self._tally.clears_received += 1
            self._tally.marks_cleared += self._playout.clear(now_ms)
            if self._peer is not None:
                self._peer.clear(now_ms)
        else:
            self._complain(MALFORMED_FRAME, "event is none of media, mark and clear")

    def receive_binary(self) -> None:
        """The app sent a binary frame, which no document allows."""
        if self.end_reason is None:
            self._tally.messages_received += 1
            self._complain(MALFORMED_FRAME, "message is a binary frame")

    def _take_media(self, payload: bytes, now_ms: float) -> None:
        self._tally.media_received += 1
        self._tally.octets_received += len(payload)
        try:
            pcm = self._returned.pcm_of(payload, now_ms)
        except RefusedMedia as refusal:
            self._complain(refusal.error, str(refusal))
            return
        self._echo.returned(len(pcm) // 2 * 1000 / self.heard_hz, now_ms)
        legs = legs_that_hear(self._request.target_legs, bridged=self._facts.bridged)
        self._tally.media_unheard += not legs
        if "opposite" in legs:
            self._peer = self._peer or Playout(self.heard_hz, self._start_ms, self._facts.playout_delay_ms)
            self._peer.play(pcm, now_ms)
        # Marks come back by this play-out, whoever hears.
        if not self._playout.play(pcm if "self" in legs else bytes(len(pcm)), now_ms):
            self._tally.media_refused += 1
            self._complain(_UNKNOWN_ERROR, "more audio waits to be played than the limit allows")

    def _complain(self, error: tuple[int, str], detail: str) -> None:
        self._tally.errors_sent += 1
        self._post(messages.Error(*error, detail, self.stream_id))

    # The end

    def end(self, reason: EndReason, now_ms: float) -> None:
        """The carrier ends the stream. A second end changes nothing, but a carrier that closes waits for no stall."""
        if reason == "carrier_closed":
            self._network.end_stalls()
        self._advance(now_ms)
        if self.end_reason is None:
            self._end(reason, now_ms)

    def _end(self, reason: EndReason, now_ms: float) -> None:
        self._network.flush()
        if self._facts.variations.sends_stop:
            facts = self._facts
            self._number(messages.Stop(None, self.stream_id, facts.user_id, facts.call_control_id))
        self.end_reason = reason
        self._end_ms = now_ms

    def closed(self, reason: EndReason, now_ms: float) -> None:
        """The socket is gone or must go: nothing can be said any more."""
        if self.end_reason is None:
            self.end_reason = reason
            self._end_ms = now_ms
        self._network.discard()

    def heard(self, now_ms: float) -> bytes:
        """What the caller has heard by now, at the rate of the return audio."""
        return self._playout.heard(now_ms if self._end_ms is None else self._end_ms)

    @property
    def heard_hz(self) -> int:
        """The rate of what the caller heard."""
        return self._playout.sample_rate_hz

    def report(self) -> CallReport:
        """All figures. RuntimeError while the stream runs."""
        if self.end_reason is None or self._end_ms is None:
            raise RuntimeError("the stream still runs, there is no report yet")
        return CallReport(
            call_control_id=self._facts.call_control_id,
            stream_id=self.stream_id,
            end_reason=self.end_reason,
            close_code=self.close_code,
            codec=self._formats.media.info.name,
            sample_rate_hz=self._formats.media.sample_rate_hz,
            return_codec=self._formats.returned.name,
            heard_hz=self.heard_hz,
            chunks_dropped=self._network.dropped,
            chunks_duplicated=self._network.duplicated,
            chunks_reordered=self._network.reordered,
            dry_count=self._playout.dry_count,
            dry_ms=self._playout.dry_ms,
            latencies_ms=tuple(self._echo.latencies_ms),
            source_pcm=bytes(self._caller.said),
            heard_pcm=self.heard(self._end_ms),
            peer_heard_pcm=b"" if self._peer is None else self._peer.heard(self._end_ms),
            **asdict(self._tally),
        )
