"""One stream while its packets are read: counts, payload types, digits; at the end a CapturedStream."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from rtpcodec.errors import PacketError, PayloadError
from rtpcodec.rtp.capture._counters import StreamKey
from rtpcodec.rtp.capture._counting import CLOCKS_HZ, StreamCounter
from rtpcodec.rtp.capture.candidates import MUXED_WITH_RTCP
from rtpcodec.rtp.capture.codec_choice import COMFORT_NOISE, TELEPHONE_EVENT, static_codec, unknown_codec
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.payload_guess import PayloadGuess
from rtpcodec.rtp.capture.report import CapturedStream, StreamCodec, TimedTimestamp
from rtpcodec.rtp.capture.rtcp_log import RtcpFacts
from rtpcodec.rtp.capture.signalling import Announcement
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.telephone_event import Digit, DigitReceiver
from rtpcodec.rtp.statistics import G711, estimate_quality

MAX_DIGITS: Final = 1000
"""Limit of keys per stream, more than anyone presses in a call."""
MAX_GUESSES: Final = 2048
"""Payload types whose codec is being guessed, over all streams, at up to 17 KB each. Beyond the limit, the oldest guess
is concluded with the payloads that it has."""
DEFAULT_EVENT_CLOCK_HZ: Final = 8000
BUFFER_JITTERS: Final = 4
"""The delay of an adaptive jitter buffer, in multiples of the mean jitter."""


CodecSource = Callable[[StreamKey, int], "StreamCodec | None"]
"""Returns the codec of a stream's payload type, if anything but the payloads names it."""


@dataclass(slots=True)
class PayloadTypeUse:
    """One payload type of a stream."""

    packets: int = 0
    codec: StreamCodec | None = None
    guess: PayloadGuess | None = None
    """The open guess, if nothing names the codec."""

    def conclude(self) -> None:
        """Adopt the codec that the payloads show."""
        if self.guess is not None:
            self.codec, self.guess = self.guess.codec(), None


class Guesses:
    """The open guesses of all streams, in bounded memory."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: deque[PayloadTypeUse] = deque()

    def begin(self, use: PayloadTypeUse) -> None:
        """Begin to guess the codec of a payload type."""
        use.guess = PayloadGuess()
        self._open.append(use)
        if len(self._open) > MAX_GUESSES:
            self._open.popleft().conclude()


class StreamTrack:
    """A known stream. Ordinary packets of its payload type are counted without it."""

    __slots__ = ("_digit_receiver", "_guesses", "_source", "_uses", "announced", "counter", "digits", "key", "notes")

    def __init__(self, key: StreamKey, payload_type: int, source: CodecSource, guesses: Guesses) -> None:
        self.key = key
        self._guesses = guesses
        self.counter = StreamCounter(payload_type)
        self._source = source
        self._uses: dict[int, PayloadTypeUse] = {}
        self._digit_receiver: DigitReceiver | None = None
        self.digits: list[str] = []
        self.notes: list[str] = []
        self.announced: tuple[Announcement | None, Announcement | None] | None = None
        """The announcements of its destination and its source at its begin; None: signalling had announced neither."""

    def take(self, datagram: Datagram) -> bool:
        """Count a packet of any payload type. False: it is not RTP."""
        try:
            packet = RtpPacket.parse(datagram.payload)
        except PacketError:
            return False
        payload_type = packet.payload_type
        if payload_type in MUXED_WITH_RTCP:
            return False
        if payload_type != self.counter.payload_type or not self._uses:
            self._change_payload_type(payload_type)
        use = self._uses[payload_type]
        if use.guess is not None:
            self.counter.is_event = use.guess.may_be_event(packet)
        self.counter.count(datagram.payload, datagram.time_ns)
        if use.guess is not None:
            self._guess(use, use.guess, packet, datagram.time_ns)
        elif self.counter.is_event:
            self._take_event(packet)
        elif self.counter.is_watched:
            # The guess was concluded because of MAX_GUESSES.
            self._set_codec(use)
        return True

    def _change_payload_type(self, payload_type: int) -> None:
        counter = self.counter
        self._settle()
        use = self._uses.get(payload_type)
        if use is None:
            use = self._uses.setdefault(payload_type, PayloadTypeUse())
            use.codec = self._source(self.key, payload_type) or static_codec(payload_type)
            if use.codec is None:
                self._guesses.begin(use)
        if use.codec is not None and use.codec.name == TELEPHONE_EVENT:
            self._show_time(counter)
        self._set_codec(use)

    def _guess(self, use: PayloadTypeUse, guess: PayloadGuess, packet: RtpPacket, time_ns: int) -> None:
        guess.take(packet, time_ns)
        if guess.is_complete:
            use.conclude()
            self._set_codec(use)
            for event in guess.events if self.counter.is_event else ():
                self._take_event(event)

    def _set_codec(self, use: PayloadTypeUse) -> None:
        """Set how the counter counts packets of this payload type."""
        counter, known = self.counter, use.codec
        counter.is_event = known is not None and known.name == TELEPHONE_EVENT
        counter.is_watched = counter.is_event or use.guess is not None
        if known is not None and known.clock_hz is not None and known.clock_hz not in CLOCKS_HZ:
            counter.other_clock_hz = known.clock_hz

    def _settle(self) -> None:
        """Add the counted packets to their payload type."""
        use = self._uses.get(self.counter.payload_type)
        if use is not None:
            use.packets += self.counter.take_payload_type_packets()

    def _take_event(self, packet: RtpPacket) -> None:
        receiver = self._digit_receiver
        if receiver is None:
            use = self._uses[packet.payload_type]
            clock_hz = (use.codec.clock_hz if use.codec else None) or DEFAULT_EVENT_CLOCK_HZ
            receiver = DigitReceiver(payload_type=packet.payload_type, rtp_clock_hz=clock_hz)
            self._digit_receiver = receiver
        try:
            digits = receiver.put(packet)
        except PayloadError:
            return
        self._keep_digits(digits)

    def _show_time(self, counter: StreamCounter) -> None:
        """Pass the digit receiver the time of the newest audio."""
        if self._digit_receiver is None or counter.packets == 0:
            return
        audio = RtpPacket(
            payload_type=counter.payload_type,
            sequence_number=counter.last_sequence_number,
            timestamp=counter.last_timestamp,
            ssrc=self.key[2],
        )
        self._keep_digits(self._digit_receiver.put(audio))

    def _keep_digits(self, digits: list[Digit]) -> None:
        self.digits += [digit.key for digit in digits]
        del self.digits[MAX_DIGITS:]

    def captured(self, reports: RtcpFacts, *, is_encrypted: bool) -> CapturedStream:
        """Return the stream with its final figures."""
        self._settle()
        if self._digit_receiver is not None:
            self._keep_digits(self._digit_receiver.flush())
        counter = self.counter
        codecs = {payload_type: self._codec_of(payload_type, use) for payload_type, use in self._uses.items()}
        main = codecs[max(self._uses, key=lambda payload_type: self._weight(payload_type, codecs))]
        jitter = counter.jitter_ms(main.clock_hz) if main.clock_hz else None
        source, destination, ssrc = self.key
        return CapturedStream(
            source=source,
            destination=destination,
            ssrc=ssrc,
            codecs=codecs,
            payload_type_packets={payload_type: use.packets for payload_type, use in self._uses.items()},
            packets=counter.packets,
            expected=counter.expected,
            lost=counter.lost,
            duplicates=counter.duplicates,
            late=counter.late,
            restarts=counter.restarts,
            loss_bursts=counter.loss_bursts,
            first_ns=counter.first_ns,
            last_ns=counter.last_ns,
            first_sequence_number=counter.first_sequence_number,
            first_timestamp=counter.first_timestamp,
            least_transit=TimedTimestamp(*counter.least_transit(main.clock_hz)),
            max_delay_ms=counter.max_delay_ms(main.clock_hz),
            jitter_ms=jitter[0] if jitter else None,
            max_jitter_ms=jitter[1] if jitter else None,
            mean_jitter_ms=jitter[2] if jitter else None,
            packet_ms=counter.step_ticks * 1000 / main.clock_hz if main.clock_hz and counter.step_ticks else None,
            payload_octets=counter.payload_octets,
            min_payload_octets=counter.min_payload_octets,
            max_payload_octets=counter.max_payload_octets,
            mos=self._mos(main, jitter),
            digits="".join(self.digits),
            sender_reports=tuple(reports.reports),
            said_bye=reports.said_bye,
            cname=reports.cname,
            encrypted=is_encrypted,
            notes=tuple(self.notes),
        )

    def _weight(self, payload_type: int, codecs: Mapping[int, StreamCodec]) -> tuple[bool, int]:
        is_audio = codecs[payload_type].name not in (TELEPHONE_EVENT, COMFORT_NOISE)
        return is_audio, self._uses[payload_type].packets

    def _codec_of(self, payload_type: int, use: PayloadTypeUse) -> StreamCodec:
        """Return the codec of a payload type. Signalling after the packets is more reliable than a guess."""
        if use.codec is not None and use.codec.known_by not in ("guess", "nothing"):
            return use.codec
        named = self._source(self.key, payload_type) or use.codec
        return named or (use.guess.codec() if use.guess else unknown_codec(""))

    def _mos(self, main: StreamCodec, jitter: tuple[float, float, float] | None) -> float | None:
        """Return the E-model's estimate, with the delay of an adaptive jitter buffer."""
        counter = self.counter
        if main.name not in ("PCMU", "PCMA") or jitter is None or not counter.expected:
            return None
        loss = counter.lost / counter.expected
        ratio = max(1.0, counter.lost / counter.loss_bursts * (1 - loss)) if counter.loss_bursts else 1.0
        delay_ms = BUFFER_JITTERS * jitter[2]
        return estimate_quality(G711, delay_ms=delay_ms, loss=loss, burst_ratio=ratio).mos
