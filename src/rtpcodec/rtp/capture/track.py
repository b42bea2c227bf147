"""Writes one RTP stream to its track: each packet at the place of its timestamp, and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from rtpcodec.errors import PayloadError
from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.ordering import InOrder, OrderedPackets
from rtpcodec.rtp.capture.payload_audio import PayloadAudio, payload_audio
from rtpcodec.rtp.capture.place import PacketPlacer, PlacedPacket
from rtpcodec.rtp.capture.report import CapturedStream
from rtpcodec.rtp.capture.run import CLOSED, FIXED_HEADER, Run
from rtpcodec.rtp.capture.series import level_dbov
from rtpcodec.rtp.capture.sound import Gaps, StreamSound
from rtpcodec.rtp.capture.timeline import PIECE_SAMPLES, Passage, Track
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.payloads.comfort_noise import ComfortNoise, NoiseGenerator

TOLERANCE_SAMPLES: Final = 1
"""Timestamps that a sender rounds are sometimes off by a sample; samples are not repeated or dropped because of it."""
MAX_COMFORT_S: Final = 1
"""After a longer pause the noise ends. Senders refresh it every 160 ms (AMR-WB) or 400 ms (OPUS)."""
NANOSECONDS_IN_MS: Final = 1_000_000
EVENT: Final = "telephone-event"
NOISE: Final = "CN"


@dataclass(slots=True)
class TrackCounts:
    """Counts of one stream."""

    decoded: int = 0
    damaged: int = 0
    undecoded: int = 0
    concealed_ms: float = 0.0
    paused_ms: float = 0.0
    energy: float = 0.0
    samples: int = 0
    parallel: int = 0
    discarded: int = 0
    empty: int = 0
    notes: list[str] = field(default_factory=list)


class StreamTrack(Live):
    """One stream on the track of its direction. Use from one thread at a time."""

    __slots__ = (
        "_audio",
        "_gaps",
        "_is_event",
        "_last",
        "_missing",
        "_noise",
        "_packet_samples",
        "_packets",
        "_passage",
        "_paused_samples",
        "_placer",
        "_track",
        "run",
        "stream",
        "tally",
    )

    def __init__(
        self, stream: CapturedStream, track: Track, begin: int, clock_hz: int, gaps: Gaps, *, shift_ns: int
    ) -> None:
        """Create the state of a stream.

        Args:
            stream: the stream in the report.
            track: the track of its direction.
            begin: position of its first packet on the track, in samples.
            clock_hz: RTP clock of most packets in Hz.
            gaps: "conceal" or "silence" for lost packets.
            shift_ns: time on the track minus time of capture.
        """
        self.stream = stream
        self.run = Run(shift_ns)
        """Takes ordinary packets instead of `put`, after `open_run` has opened it."""
        self.tally = TrackCounts()
        self._track = track
        self._gaps = gaps
        self._packets = OrderedPackets(clock_hz, stream.packet_ms)
        self._placer = PacketPlacer(stream.first_timestamp, begin, clock_hz, track.rate_hz)
        self._audio: dict[int, PayloadAudio | str] = {}
        self._last: PayloadAudio | None = None
        self._passage: Passage | None = None
        self._noise: NoiseGenerator | None = None
        self._missing = 0
        self._is_event = False
        self._packet_samples = 1
        self._paused_samples = 0

    def put(self, packet: RtpPacket, time_ns: int) -> None:
        """Take a packet with its time of capture."""
        run = self.run
        run.heard_ns = time_ns
        arrival_ms = (time_ns + run.shift_ns) / NANOSECONDS_IN_MS
        for one in self._packets.put(packet, arrival_ms):
            self._step(one)

    def open_run(self, packet: RtpPacket) -> None:
        """Open a run for the next ordinary packets, if they would be decoded one directly after the other."""
        # 1. The last packet was decoded, and payloads of its codec can be joined.
        audio, passage = self._last, self._passage
        if (
            audio is None
            or not audio.is_joinable
            or passage is None
            or self._audio.get(packet.payload_type) is not audio
        ):
            return
        # 2. A whole number of ticks per packet, and no packet is missing.
        samples = self._packet_samples
        samples_in_tick, rest = divmod(audio.native_hz, audio.clock_hz)
        if rest or samples % samples_in_tick or 2 * samples >= PIECE_SAMPLES or self._missing:
            return
        step = samples // samples_in_tick
        # 3. The passage ends at the timestamp of the next packet.
        has_clocks = passage.native_hz == audio.native_hz and passage.clock_hz == audio.clock_hz
        if not has_clocks or not self._placer.is_at(packet.timestamp, audio.clock_hz):
            return
        overlap = passage.native_end - passage.native_at(self._placer.ticks + step)
        is_heard = passage.native_end > passage.native_hidden
        if is_heard and 0 <= overlap <= TOLERANCE_SAMPLES and packet.payload and self._packets.is_at(packet):
            self.run.open(packet, step, passage.room)

    def play_run(self) -> None:
        """Decode the packets that wait in the run, as if each was put. The run stays open or closed."""
        run, audio, passage = self.run, self._last, self._passage
        datagrams, times_ns = run.take()
        if not datagrams or audio is None or passage is None:
            return
        run.heard_ns = times_ns[-1]
        arrivals_ms = [(time_ns + run.shift_ns) / NANOSECONDS_IN_MS for time_ns in times_ns]
        payloads = [datagram[FIXED_HEADER.size :] for datagram in datagrams]
        last = RtpPacket.parse(datagrams[-1])
        self._packets.take_run(last, payloads, run.step, arrivals_ms)
        self._track.counter.packets(*self._placer.take_run(run.step, arrivals_ms))
        self.tally.decoded += len(payloads)
        passage.write_run(audio.decode(b"".join(payloads)), len(payloads))
        if run.is_open:
            run.open(last, run.step, passage.room)

    def settle(self) -> None:
        """Close the run, and decode the packets that wait in it."""
        if self.run.is_open:
            self.run.head = CLOSED
            self.play_run()

    def leave(self) -> None:
        """Decode all packets that wait, and leave the track to another stream."""
        self.settle()
        for one in self._packets.flush():
            self._step(one)
        for placed in self._placer.settle():
            self._play(placed)
        self._end_passage()

    def sound(self) -> StreamSound:
        """Return the facts about the sound of the stream."""
        tally = self.tally
        return StreamSound(
            stream=self.stream,
            level_dbov=level_dbov(tally.energy, tally.samples),
            decoded_packets=tally.decoded,
            concealed_ms=tally.concealed_ms,
            paused_ms=tally.paused_ms,
            late_packets=self._packets.late,
            duplicate_packets=self._packets.duplicates,
            damaged_packets=tally.damaged,
            discarded_packets=tally.discarded + self._packets.beside,
            empty_packets=tally.empty,
            undecoded_packets=tally.undecoded,
            parallel_packets=tally.parallel,
            jumps=self._placer.jumps,
            drift_ppm=self._track.counter.drift_ppm(),
            notes=tuple(tally.notes),
        )

    def _step(self, one: InOrder) -> None:
        """Decode one packet, or two if it decides about an odd one before it."""
        audio = self._audio_of(one.packet.payload_type)
        if isinstance(audio, PayloadAudio):
            clock_hz = audio.clock_hz
        elif audio == NOISE:
            # RFC 3389 section 4: the clock of noise is that of the audio, although its static payload type has 8000.
            clock_hz = self._placer.clock_hz
        else:
            self._pass_over(one, is_event=audio == EVENT)
            return
        for placed in self._placer.place(one, clock_hz, self._end()):
            self._play(placed)

    def _pass_over(self, one: InOrder, *, is_event: bool) -> None:
        """Count a packet without audio."""
        self._track.counter.packet(self._track.end, one.missing, None)
        # Numbers missing between two packets of a key belong to the key.
        self._missing += 0 if is_event and self._is_event else one.missing
        self._is_event = is_event
        if not is_event:
            self.tally.undecoded += 1

    def _play(self, placed: PlacedPacket) -> None:
        packet = placed.one.packet
        audio = self._audio_of(packet.payload_type)
        missing, self._missing = self._missing + placed.one.missing, 0
        self._is_event = False
        position = self._end() if placed.ticks is None else self._placer.position_of(placed.ticks)
        self._track.counter.packet(position, placed.one.missing, placed.delay_ms)
        if not isinstance(audio, PayloadAudio):
            self._take_noise(placed, position)
            return
        passage = self._reach(placed, position, audio, missing)
        try:
            pcm = audio.decode(packet.payload)
        except PayloadError:
            self.tally.damaged += 1
            self._missing = 1
            return
        samples = len(pcm) // 2
        hidden = 0 if placed.ticks is None else passage.native_end - passage.native_at(placed.ticks)
        if hidden > TOLERANCE_SAMPLES:
            # Some Opus senders leave the pre-skip out of the timestamps, so the first packet has less time than audio.
            hidden -= passage.trim_opening(hidden) if hidden < samples else 0
            pcm = pcm[2 * hidden :]
        self._last, self._packet_samples = audio, max(samples, 1)
        self._noise, self._paused_samples = None, 0
        if passage.native_end:
            passage.write(pcm)
        else:
            passage.open_with(pcm)
        self._count(samples, is_heard=bool(pcm) and passage.native_end > passage.native_hidden)

    def _count(self, samples: int, *, is_heard: bool) -> None:
        """Count a packet whose payload is valid."""
        tally = self.tally
        if not samples:
            tally.empty += 1
        elif is_heard:
            tally.decoded += 1
        else:
            tally.discarded += 1

    def _reach(self, placed: PlacedPacket, position: int, audio: PayloadAudio, missing: int) -> Passage:
        """Fill the gap before a packet. Return the passage that it continues or begins."""
        passage, ticks = self._passage, placed.ticks
        if passage is not None and not placed.is_new_base:
            if ticks is not None:
                self._fill(passage, passage.native_at(ticks), missing, placed.one.packet.payload)
            if passage.native_hz == audio.native_hz:
                return passage
        elif passage is not None:
            self._fill(passage, passage.native_of(position), missing, None)
        self._end_passage()
        passage = Passage(self._track, audio.native_hz, position, ticks or 0, audio.clock_hz)
        return self._begin_passage(passage)

    def _fill(self, passage: Passage, native: int, missing: int, following: bytes | None) -> None:
        """Fill a passage up to a sample: lost packets first, then a pause."""
        # 1. The gap, and the part of it that lost packets take.
        gap = native - passage.native_end
        if gap <= TOLERANCE_SAMPLES:
            return
        lost = min(gap, missing * self._packet_samples)
        if lost and gap - lost < self._packet_samples // 2:
            lost = gap
        # 2. Conceal lost packets, a second at most; silence follows.
        if lost:
            last = self._last
            can_conceal = self._gaps == "conceal" and last is not None and last.native_hz == passage.native_hz
            self.tally.concealed_ms += lost * 1000 / passage.native_hz
            while lost > 0:
                count = min(lost, passage.native_hz)
                pcm = (
                    last.conceal(count, following if count == lost else None)
                    if can_conceal and last
                    else bytes(2 * count)
                )
                passage.write(pcm)
                lost, can_conceal = lost - count, False
        # 3. The rest is a pause of the sender.
        self._pause(passage, native - passage.native_end)

    def _pause(self, passage: Passage, samples: int) -> None:
        """Fill a pause of the sender."""
        self.tally.paused_ms += samples * 1000 / passage.native_hz
        while samples > 0:
            count = min(samples, PIECE_SAMPLES)
            passage.write(self._quiet(passage, count))
            self._paused_samples += count
            samples -= count

    def _quiet(self, passage: Passage, samples: int) -> bytes:
        if self._noise is not None:
            return self._noise.generate(samples)
        last, left = self._last, MAX_COMFORT_S * passage.native_hz - self._paused_samples
        if last is None or last.native_hz != passage.native_hz or left <= 0:
            return bytes(2 * samples)
        return last.comfort(min(samples, left)).ljust(2 * samples, b"\0")

    def _take_noise(self, placed: PlacedPacket, position: int) -> None:
        """Switch to the noise that a packet describes."""
        passage = self._passage
        if passage is None or placed.is_new_base:
            native_hz = self._track.rate_hz if self._last is None else self._last.native_hz
            self._end_passage()
            passage = Passage(self._track, native_hz, position, placed.ticks or 0, self._placer.clock_hz)
            self._begin_passage(passage)
        elif placed.ticks is not None:
            self._fill(passage, passage.native_at(placed.ticks), placed.one.missing, None)
        try:
            noise = ComfortNoise.parse(placed.one.packet.payload)
            if self._noise is None:
                self._noise = NoiseGenerator(self.stream.ssrc)
            self._noise.update(noise)
        except (PayloadError, ValueError):
            self.tally.damaged += 1

    def _fill_to(self, position: int) -> None:
        """Fill up to a position of the track, because no packet has arrived for it."""
        self.settle()
        passage = self._passage
        if passage is not None:
            self._pause(passage, passage.native_of(position) - passage.native_end)

    def _end(self) -> int:
        """Return the position of the end of the sound so far."""
        passage = self._passage
        return self._track.end if passage is None else passage.position_of(passage.native_end)

    def _begin_passage(self, passage: Passage) -> Passage:
        self._passage = passage
        self._track.fill_by(self._fill_to)
        return passage

    def _end_passage(self) -> None:
        passage, self._passage = self._passage, None
        if passage is None:
            return
        passage.close()
        energy, samples = passage.sounded()
        self.tally.energy += energy
        self.tally.samples += samples
        self._track.fill_by(None)

    def _audio_of(self, payload_type: int) -> PayloadAudio | str:
        """Return the decoder of a payload type, or EVENT, NOISE, or the reason why it is not decoded."""
        found = self._audio.get(payload_type)
        if found is None:
            of = self.stream.codecs.get(payload_type)
            if of is None or self.stream.encrypted:
                found = (
                    "the payloads are encrypted" if of else f"nothing names the codec of payload type {payload_type}"
                )
            elif of.name in (EVENT, NOISE):
                found = of.name
            else:
                found = payload_audio(of, self._track.rate_hz)
            if isinstance(found, str) and found not in (EVENT, NOISE):
                self.tally.notes.append(found)
            self._audio[payload_type] = found
        return found
