"""Guesses the codec of a dynamic payload type by its payloads, only if they leave no doubt.

Payloads of OPUS and AMR-WB show their duration: all must be valid, and last as long as the timestamps step. Sample
codecs have one or two octets per tick, and decoded sound is predictable, which noise is not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from rtpcodec.codecs import codec
from rtpcodec.codecs.amrwb_frame import FRAME_SAMPLES
from rtpcodec.codecs.opus_packet import duration_ticks
from rtpcodec.errors import PayloadError
from rtpcodec.kernels.prediction import prediction_gain_db
from rtpcodec.rtp.capture.codec_choice import TELEPHONE_EVENT, unknown_codec
from rtpcodec.rtp.capture.report import StreamCodec
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.amrwb_packing import unpack_bandwidth_efficient, unpack_octet_aligned
from rtpcodec.rtp.payloads.telephone_event import EVENT_OCTETS
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance

ENOUGH_PAYLOADS: Final = 64
"""The guess is final after this number of payloads, more than a second."""
MIN_FITTING: Final = 6
"""Payloads that must last exactly as long as their timestamps step; one of AMR-WB counts as often as it has frames."""
MIN_EVENTS: Final = 3
LAST_EVENT: Final = 16
"""Keys and the hook flash; other events of RFC 4733 section 3 are hardly ever sent."""
SAMPLE_OCTETS: Final = 16_384
"""Octets of a sample codec that are analysed: 2 s at one octet per sample."""
MIN_GAIN_DB: Final = 6.0
"""The least prediction gain of sound. It must be MIN_ADVANTAGE_DB above that of the other law or byte order."""
MIN_ADVANTAGE_DB: Final = 4.0
NOISE_GAIN_DB: Final = 1.0
"""The greatest prediction gain of noise; G722 decoded with a law has 0.1 to 0.4 dB."""
G722_GAIN_DB: Final = 8.0
"""Random octets decoded as G722 have 1.4 dB, sound in G722 has more than 11 dB."""
MIN_DISTINCT_OCTETS: Final = 32
"""Sound has more different octets; a repeated octet or a test pattern has fewer."""
BLOCK_SAMPLES: Final = 160
MIN_LOUD_BLOCKS: Final = 5
QUIET_RMS: Final = 100.0
"""About -50 dBov. Below, quantisation is much of the sound."""
MIN_MEASURED_NS: Final = 200_000_000
"""The least time over which a clock is measured."""
CLOCK_TOLERANCE: Final = 0.05
"""The two nearest clocks in use, 11025 and 12000 Hz, are 9 % apart."""
LINEAR_RATES_HZ: Final = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


class _Framed:
    """Checks whether the durations of all payloads, read as one frame codec, agree with the timestamps."""

    __slots__ = ("_frame_ticks", "_last_ticks", "_ticks_of", "fitting", "is_possible")

    def __init__(self, ticks_of: Callable[[bytes], int], frame_ticks: int | None = None) -> None:
        self._ticks_of = ticks_of
        self._frame_ticks = frame_ticks
        self._last_ticks = 0
        self.fitting = 0
        self.is_possible = True

    def take(self, payload: bytes, step_ticks: int | None) -> None:
        """Compare the last payload's duration with the step to this packet; None: they are not consecutive."""
        if not self.is_possible:
            return
        if step_ticks is not None and self._last_ticks:
            # A longer step is a pause without packets.
            self.is_possible = step_ticks >= self._last_ticks
            if step_ticks == self._last_ticks:
                self.fitting += step_ticks // (self._frame_ticks or step_ticks)
        try:
            self._last_ticks = self._ticks_of(payload)
        except PayloadError:
            self.is_possible = False

    @property
    def is_sure(self) -> bool:
        return self.is_possible and self.fitting >= MIN_FITTING


class PayloadGuess:
    """Collects payloads of one payload type of one stream, until their codec is clear."""

    __slots__ = (
        "_event_timestamps",
        "_events",
        "_first",
        "_framed",
        "_last",
        "_max_octets",
        "_min_octets",
        "_octets_per_tick",
        "_payloads",
        "_samples",
        "_steps",
    )

    def __init__(self) -> None:
        self._payloads = 0
        self._min_octets, self._max_octets = 1 << 16, 0
        self._first: tuple[int, int] | None = None
        self._last: tuple[int, int, int, int] | None = None
        self._framed = {
            "OPUS": _Framed(duration_ticks),
            "bandwidth-efficient": _Framed(_bandwidth_efficient_ticks, FRAME_SAMPLES),
            "octet-aligned": _Framed(_octet_aligned_ticks, FRAME_SAMPLES),
        }
        self._steps: dict[int, int] = {}
        self._octets_per_tick: dict[float, int] = {}
        self._samples = bytearray()
        self._events: list[RtpPacket] = []
        self._event_timestamps: set[int] = set()

    @property
    def is_complete(self) -> bool:
        """Whether the guess is final."""
        return self._payloads >= ENOUGH_PAYLOADS or self._is_events()

    @property
    def events(self) -> list[RtpPacket]:
        """The packets so far that may be telephone events."""
        return self._events

    def may_be_event(self, packet: RtpPacket) -> bool:
        """Return whether this packet and all before it look like telephone events."""
        return len(self._events) == self._payloads and _is_event(packet.payload)

    def take(self, packet: RtpPacket, time_ns: int) -> None:
        """Add a packet, in the order of arrival."""
        payload = packet.payload
        self._payloads += 1
        self._min_octets, self._max_octets = min(self._min_octets, len(payload)), max(self._max_octets, len(payload))
        step = self._step(packet, len(payload), time_ns)
        for framed in self._framed.values():
            framed.take(payload, step)
        if len(self._samples) < SAMPLE_OCTETS:
            self._samples += payload[:SAMPLE_OCTETS]
        if _is_event(payload):
            self._events.append(packet)
            self._event_timestamps.add(packet.timestamp)

    def _step(self, packet: RtpPacket, octets: int, time_ns: int) -> int | None:
        last = self._last
        self._last = packet.sequence_number, packet.timestamp, octets, time_ns
        if last is None:
            self._first = packet.timestamp, time_ns
            return None
        if sequence_distance(last[0], packet.sequence_number) != 1:
            return None
        step = timestamp_distance(last[1], packet.timestamp)
        if step > 0:
            self._steps[step] = self._steps.get(step, 0) + 1
            ratio = last[2] / step
            self._octets_per_tick[ratio] = self._octets_per_tick.get(ratio, 0) + 1
        return step

    def codec(self) -> StreamCodec:
        """Return the codec if the payloads leave no doubt, otherwise an unknown one with their description."""
        if self._is_events():
            return _guessed(TELEPHONE_EVENT, None, 8000, self._seen())
        sure = [name for name, framed in self._framed.items() if framed.is_sure]
        if sure == ["OPUS"]:
            return _guessed("OPUS", 48000, 48000, self._seen())
        if len(sure) == 1:
            options = {"octet-align": "1"} if sure[0] == "octet-aligned" else {}
            return _guessed("AMR-WB", 16000, 16000, f"{self._seen()}, {sure[0]}", options)
        return self._sample_codec() or unknown_codec(self._seen())

    def _is_events(self) -> bool:
        """Return whether all payloads have four octets, and one timestamp while a key is held."""
        return len(self._events) == self._payloads >= max(MIN_EVENTS, 2 * len(self._event_timestamps))

    def _sample_codec(self) -> StreamCodec | None:
        """Return PCMU, PCMA or G722 for one octet per tick, L16 for two; its rate is that of the clock."""
        ratio = max(self._octets_per_tick, key=lambda one: self._octets_per_tick[one], default=0.0)
        if self._octets_per_tick.get(ratio, 0) < max(MIN_FITTING, 0.9 * sum(self._octets_per_tick.values())):
            return None
        clock_hz = self._clock_hz()
        if ratio == 1 and clock_hz == 8000:
            name = _name_by_sound(bytes(self._samples))
            return _guessed(name, codec(name).sample_rate_hz(), 8000, self._seen()) if name else None
        if ratio == 2 and clock_hz is not None and _is_linear(bytes(self._samples)):
            return _guessed("L16", clock_hz, clock_hz, self._seen())
        return None

    def _clock_hz(self) -> int | None:
        """Return the usual clock nearest to the one measured by timestamps and arrival; None: none is near."""
        measured = self._measured_hz()
        if measured is None:
            return None
        nearest = min(LINEAR_RATES_HZ, key=lambda rate_hz: abs(rate_hz - measured))
        return nearest if abs(nearest - measured) <= CLOCK_TOLERANCE * nearest else None

    def _measured_hz(self) -> float | None:
        if self._first is None or self._last is None:
            return None
        elapsed_ns = self._last[3] - self._first[1]
        ticks = timestamp_distance(self._first[0], self._last[1])
        return ticks * 1e9 / elapsed_ns if elapsed_ns >= MIN_MEASURED_NS and ticks > 0 else None

    def _seen(self) -> str:
        sizes = (
            f"{self._min_octets}"
            if self._min_octets == self._max_octets
            else f"{self._min_octets} to {self._max_octets}"
        )
        seen = f"{self._payloads} payloads of {sizes} octets"
        if self._steps:
            seen += f", timestamps step by {max(self._steps, key=lambda one: self._steps[one])}"
        measured = self._measured_hz()
        return seen if measured is None else f"{seen}, a clock of about {measured:.0f} Hz"


def _is_event(payload: bytes) -> bool:
    return len(payload) == EVENT_OCTETS and payload[0] <= LAST_EVENT and not payload[1] & 0x40


def _guessed(
    name: str, sample_rate_hz: int | None, clock_hz: int, seen: str, options: dict[str, str] | None = None
) -> StreamCodec:
    return StreamCodec(
        name=name, sample_rate_hz=sample_rate_hz, clock_hz=clock_hz, options=options or {}, known_by="guess", seen=seen
    )


def _bandwidth_efficient_ticks(payload: bytes) -> int:
    return FRAME_SAMPLES * len(unpack_bandwidth_efficient(payload, True)[1])


def _octet_aligned_ticks(payload: bytes) -> int:
    return FRAME_SAMPLES * len(unpack_octet_aligned(payload, True)[1])


def _name_by_sound(octets: bytes) -> str | None:
    """Return PCMU, PCMA or G722, or None in doubt.

    One law decoded with the other keeps some of its shape; G722 decoded with a law is noise. Any octets decoded as G722
    are predictable, because the decoder is a filter, so that alone proves nothing.
    """
    if len(set(octets)) < MIN_DISTINCT_OCTETS:
        return None
    mu, a, g722 = (_gain_db(codec(name).decoder().decode(octets)) for name in ("PCMU", "PCMA", "G722"))
    if mu is None or a is None:
        return None
    if max(mu, a) >= MIN_GAIN_DB and abs(mu - a) >= MIN_ADVANTAGE_DB:
        return "PCMU" if mu > a else "PCMA"
    return "G722" if max(mu, a) <= NOISE_GAIN_DB and g722 is not None and g722 >= G722_GAIN_DB else None


def _is_linear(octets: bytes) -> bool:
    """Return whether samples are sound in network byte order, and not in the other order."""
    octets = octets[: len(octets) & ~1]
    network, other = (_gain_db(np.frombuffer(octets, order).astype(np.int16).tobytes()) for order in (">i2", "<i2"))
    return network is not None and network >= MIN_GAIN_DB and network - (other or 0.0) >= MIN_ADVANTAGE_DB


def _gain_db(pcm: bytes) -> float | None:
    """Return the median prediction gain over blocks that are not quiet; None: nearly all are quiet."""
    samples = np.frombuffer(pcm, np.int16)
    blocks = samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)
    loud = [block for block in blocks if np.sqrt(np.mean(np.square(block, dtype=np.float64))) >= QUIET_RMS]
    if len(loud) < MIN_LOUD_BLOCKS:
        return None
    return float(np.median([prediction_gain_db(block.tobytes()) for block in loud]))
