"""Decodes all calls of a capture concurrently, each with one channel per direction."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from heapq import heappop, heappush
from math import inf
from typing import Final, get_args

from rtpcodec.audio.rates import require_rate
from rtpcodec.codecs import codec_names
from rtpcodec.errors import PacketError
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.kernels.rtp_header import is_rtcp
from rtpcodec.pickling import Live
from rtpcodec.rtp.capture.alignment import NANOSECONDS, AlignedCall, StreamKey, align, clock_of, key_of
from rtpcodec.rtp.capture.datagrams import Datagram
from rtpcodec.rtp.capture.ordering import START_PACKETS, START_WAIT_MS
from rtpcodec.rtp.capture.payload_audio import is_decodable
from rtpcodec.rtp.capture.place import MAX_LEAP_MS
from rtpcodec.rtp.capture.report import CapturedCall, CapturedStream, CaptureReport
from rtpcodec.rtp.capture.run import FIXED_HEADER
from rtpcodec.rtp.capture.series import level_dbov
from rtpcodec.rtp.capture.sound import CallSound, Gaps, TrackSound, discard_notes
from rtpcodec.rtp.capture.timeline import CallSink, CallTimeline, Track
from rtpcodec.rtp.capture.track import NANOSECONDS_IN_MS, StreamTrack
from rtpcodec.rtp.packet import RtpPacket
from rtpcodec.rtp.sequence import sequence_distance, timestamp_distance

SinkOf = Callable[[CapturedCall, int, int], AbstractContextManager[CallSink] | None]
"""Function of a call, its sample rate in Hz and its number of channels, which returns the sink of its sound, such as
`create_audio`; None: the sound is only measured."""
DEFAULT_RATE_HZ: Final = 8000
"""The rate of a call whose codecs are not decoded."""
DEFAULT_CLOCK_HZ: Final = 8000
"""The clock of a stream whose clock is unknown; it is not decoded."""
MAX_WAITING: Final = 64
"""Packets of a stream that wait while another one of its direction is still sending."""
IDLE_NS: Final = NANOSECONDS
"""A stream without packets for so long leaves its track to another one."""
OUT_OF_ORDER_NS: Final = NANOSECONDS
"""An ended call is kept for so long, because captures of several interfaces can be out of order. A call whose packets
have not all been read is kept until they have, whatever the time of other packets."""


def decode_datagrams(
    datagrams: Iterable[Datagram],
    report: CaptureReport,
    sink_of: SinkOf,
    *,
    pcm_hz: int | None = None,
    gaps: Gaps = "conceal",
) -> list[CallSound]:
    """Decode all calls of a capture.

    Each direction of a call is one channel, placed by the RTP timestamps of its streams. Memory grows with the number
    of simultaneous calls, not with the capture.

    Args:
        datagrams: datagrams of the capture, in its order.
        report: result of `find_streams` for the same capture.
        sink_of: returns the sink of a call. It is called when the call begins, if any stream of it is decoded; the sink
            is exited when the call ends, or with the error that ends the run.
        pcm_hz: sample rate of the sound in Hz; None: the highest rate of the call's codecs.
        gaps: "conceal" or "silence" for lost packets.

    Returns:
        One entry per call, in the order of the report.

    Raises:
        ValueError: an impossible rate or value of gaps.
        OSError: the capture cannot be read, or a sink cannot be written.
    """
    if gaps not in get_args(Gaps):
        raise ValueError(f"gaps is {gaps!r}, 'conceal' or 'silence' is needed")
    if pcm_hz is not None:
        require_rate("pcm_hz", pcm_hz)
    decoding = _Decoding(report, sink_of, pcm_hz, gaps)
    try:
        decoding.take(datagrams)
        return decoding.finish()
    except BaseException as error:
        decoding.close(error)
        raise


class _Decoding(Live):
    """All calls of a capture."""

    __slots__ = ("_call_of", "_ends", "_gaps", "_next_end_ns", "_open", "_pcm_hz", "_report", "_sink_of", "_sounds",
                 "_streams")  # fmt: skip

    def __init__(self, report: CaptureReport, sink_of: SinkOf, pcm_hz: int | None, gaps: Gaps) -> None:
        self._report = report
        self._sink_of = sink_of
        self._pcm_hz = pcm_hz
        self._gaps: Gaps = gaps
        self._call_of: dict[StreamKey, int] = {
            key_of(stream): number for number, call in enumerate(report.calls) for stream in call.streams
        }
        self._open: dict[int, _CallDecoding] = {}
        self._streams: dict[StreamKey, StreamTrack] = {}
        """The streams of the open calls, whose runs take their ordinary packets."""
        self._sounds: dict[int, CallSound] = {}
        self._ends: list[tuple[int, int]] = []
        """When the open calls end, and their numbers: a heap."""
        self._next_end_ns: float = inf

    def take(self, datagrams: Iterable[Datagram]) -> None:
        stream_of, header_of, fixed_octets = self._streams.get, FIXED_HEADER.unpack_from, FIXED_HEADER.size
        for time_ns, source, destination, payload, _ in datagrams:
            if time_ns > self._next_end_ns:
                self._finish_until(time_ns)
            octets = len(payload)
            if octets < fixed_octets:
                continue
            head, ssrc = header_of(payload)
            key = (source, destination, ssrc)
            stream = stream_of(key)
            if stream is not None:
                run = stream.run
                if head == run.head and octets == run.octets:
                    # The ordinary packet; the steps below have the same result.
                    run.head = head + run.stride
                    run.datagrams.append(payload)
                    run.times_ns.append(time_ns)
                    if len(run.times_ns) == run.room:
                        stream.play_run()
                    continue
            self._put(key, payload, time_ns)

    def _put(self, key: StreamKey, payload: bytes, time_ns: int) -> None:
        """Take a datagram that may belong to a call."""
        number = self._call_of.get(key)
        # RFC 3550 section 5.1: version 2.
        if number is None or payload[0] >> 6 != 2 or is_rtcp(payload):
            return
        try:
            packet = RtpPacket.parse(payload)
        except PacketError:
            return
        call = self._open.get(number) or self._begin(number)
        if call is not None:
            call.put(key, packet, time_ns)
            if call.is_overdue and call.to_come <= 0:
                self._finish(number)

    def finish(self) -> list[CallSound]:
        for number in list(self._open):
            self._finish(number)
        for number in range(len(self._report.calls)):
            if self._begin(number) is not None:
                self._finish(number)
        return [self._sounds[number] for number in range(len(self._report.calls))]

    def close(self, error: BaseException) -> None:
        """Exit the sinks of open calls with an error."""
        with ExitStack() as left:
            for call in self._open.values():
                left.callback(call.timeline.close, error)
        self._open.clear()

    def _begin(self, number: int) -> _CallDecoding | None:
        if number in self._sounds:
            return None
        call = self._report.calls[number]
        begun = self._open[number] = _CallDecoding(call, self._sink_of, self._pcm_hz, self._gaps, self._streams)
        last_ns = max(stream.last_ns for stream in call.streams)
        heappush(self._ends, (last_ns + OUT_OF_ORDER_NS, number))
        self._next_end_ns = self._ends[0][0]
        return begun

    def _finish_until(self, time_ns: float) -> None:
        while self._ends and self._ends[0][0] < time_ns:
            _, number = heappop(self._ends)
            call = self._open[number]
            if call.to_come > 0:
                call.is_overdue = True
                self._end_runs(number)
            else:
                self._finish(number)
        self._next_end_ns = self._ends[0][0] if self._ends else inf

    def _finish(self, number: int) -> None:
        self._sounds[number] = self._open[number].finish()
        del self._open[number]
        self._end_runs(number)

    def _end_runs(self, number: int) -> None:
        """Stop adding packets of a call to runs."""
        for stream in self._report.calls[number].streams:
            self._streams.pop(key_of(stream), None)


class _Direction(Live):
    """The streams of one direction, one after the other on its track."""

    __slots__ = ("_current", "_waiting", "streams", "track")

    def __init__(self, track: Track, streams: list[StreamTrack]) -> None:
        self.track = track
        self.streams = streams
        self._current: StreamTrack | None = None
        self._waiting: deque[tuple[StreamTrack, RtpPacket, int]] = deque()

    def put(self, stream: StreamTrack, packet: RtpPacket, time_ns: int) -> None:
        current = self._current
        if current is not None:
            current.settle()
        if current is not stream:
            if current is not None and not self._is_over(current, time_ns):
                self._wait(stream, packet, time_ns)
                return
            self._change_to(stream)
        stream.put(packet, time_ns)
        if not self._waiting:
            stream.open_run(packet)
        elif self._is_over(stream, time_ns):
            following = self._waiting[0][0]
            self._change_to(following)
            following.run.heard_ns = time_ns

    def finish(self) -> None:
        while self._waiting:
            self._change_to(self._waiting[0][0])
        if self._current is not None:
            self._current.leave()

    def _is_over(self, current: StreamTrack, time_ns: int) -> bool:
        return time_ns >= current.stream.last_ns or time_ns - current.run.heard_ns > IDLE_NS

    def _wait(self, stream: StreamTrack, packet: RtpPacket, time_ns: int) -> None:
        """Keep a packet until the current stream is over: two senders may overlap during a change."""
        self._waiting.append((stream, packet, time_ns))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()[0].tally.parallel += 1

    def _change_to(self, stream: StreamTrack) -> None:
        if self._current is not None:
            self._current.leave()
        self._current = stream
        waiting, self._waiting = self._waiting, deque()
        for one in waiting:
            if one[0] is stream:
                stream.put(*one[1:])
            else:
                self._waiting.append(one)


class _CallDecoding(Live):
    """One open call. Its sound begins when its first packets show which one was sent first."""

    __slots__ = (
        "_aligned",
        "_call",
        "_directions",
        "_first",
        "_gaps",
        "_place_of",
        "_put",
        "_rate_hz",
        "_streams",
        "is_overdue",
        "timeline",
    )

    def __init__(
        self,
        call: CapturedCall,
        sink_of: SinkOf,
        pcm_hz: int | None,
        gaps: Gaps,
        streams: dict[StreamKey, StreamTrack],
    ) -> None:
        self._call = call
        self._streams = streams
        self._put = 0
        self.is_overdue = False
        """Whether its end has passed before all its packets were read: a clock was set, or a time is damaged."""
        self._gaps = gaps
        self._rate_hz = pcm_hz or _rate_hz(call)
        directions = (call.forward, call.backward) if call.backward else (call.forward,)
        sink = (
            sink_of(call, self._rate_hz, len(directions))
            if any(_is_decoded(one, self._rate_hz) for one in call.streams)
            else None
        )
        lateness_ms = [_lateness_ms(one, self._rate_hz) for one in directions]
        self.timeline = CallTimeline(self._rate_hz, lateness_ms, sink)
        self._first: list[tuple[StreamKey, RtpPacket, int]] | None = []
        self._aligned: AlignedCall | None = None
        self._directions: list[_Direction] = []
        self._place_of: dict[StreamKey, tuple[_Direction, StreamTrack]] = {}

    @property
    def to_come(self) -> int:
        """Packets that the report counted and that have not been read."""
        in_runs = sum(stream.run.packets for direction in self._directions for stream in direction.streams)
        return sum(stream.packets for stream in self._call.streams) - self._put - in_runs

    def put(self, key: StreamKey, packet: RtpPacket, time_ns: int) -> None:
        self._put += 1
        if self._first is not None:
            self._first.append((key, packet, time_ns))
            if len(self._first) >= START_PACKETS or time_ns - self._first[0][2] >= START_WAIT_MS * NANOSECONDS_IN_MS:
                self._start(self._first)
            return
        direction, stream = self._place_of[key]
        direction.put(stream, packet, time_ns)

    def finish(self) -> CallSound:
        aligned = self._aligned or self._start(self._first or [])
        for direction in self._directions:
            direction.finish()
        self.timeline.finish()
        tracks = tuple([_track_sound(direction) for direction in self._directions])
        return CallSound(
            call=self._call,
            sample_rate_hz=self._rate_hz,
            samples=self.timeline.samples,
            begin_ns=aligned.origin_ns,
            alignment=aligned.alignment,
            tracks=tracks,
            notes=(*aligned.notes, *discard_notes(tracks)),
        )

    def _start(self, first: list[tuple[StreamKey, RtpPacket, int]]) -> AlignedCall:
        """Align the directions and take the packets that waited."""
        call = self._call
        aligned = self._aligned = align(call, _earlier_ticks(call, first))
        both = (call.forward, call.backward)
        for streams, track, shift_ns in zip(both, self.timeline.tracks, aligned.shift_ns, strict=False):
            made = [self._stream_track(stream, track, aligned, shift_ns) for stream in streams]
            direction = _Direction(track, made)
            self._directions.append(direction)
            for stream in made:
                key = key_of(stream.stream)
                self._place_of[key] = direction, stream
                if not self.is_overdue:
                    self._streams[key] = stream
        self._first = None
        self._put -= len(first)
        for key, packet, time_ns in first:
            self.put(key, packet, time_ns)
        return aligned

    def _stream_track(self, stream: CapturedStream, track: Track, aligned: AlignedCall, shift_ns: int) -> StreamTrack:
        begin = aligned.begins_ns[key_of(stream)] * self._rate_hz // NANOSECONDS
        clock_hz = clock_of(stream) or DEFAULT_CLOCK_HZ
        return StreamTrack(stream, track, begin, clock_hz, self._gaps, shift_ns=shift_ns - aligned.origin_ns)


def _earlier_ticks(call: CapturedCall, first: list[tuple[StreamKey, RtpPacket, int]]) -> dict[StreamKey, int]:
    """Return per stream how much earlier the first packet was sent than the one that arrived first, in ticks."""
    streams = {key_of(stream): stream for stream in call.streams}
    earlier: dict[StreamKey, int] = {}
    for key, packet, _ in first:
        stream = streams[key]
        is_near = -START_PACKETS <= sequence_distance(stream.first_sequence_number, packet.sequence_number) < 0
        of = stream.codecs.get(packet.payload_type)
        if is_near and of is not None and of.sample_rate_hz is not None:
            ticks = timestamp_distance(packet.timestamp, stream.first_timestamp)
            if 0 < ticks <= MAX_LEAP_MS * (of.clock_hz or 0) // 1000:
                earlier[key] = max(ticks, earlier.get(key, 0))
    return earlier


def _track_sound(direction: _Direction) -> TrackSound:
    track = direction.track
    return TrackSound(
        streams=tuple([stream.sound() for stream in direction.streams]),
        level_dbov=level_dbov(track.energy, track.end),
        series=track.counter.series(),
    )


def _lateness_ms(streams: Iterable[CapturedStream], pcm_hz: int) -> float:
    """Return the greatest lateness of a direction's packets, without streams that are not decoded."""
    latest = [
        inf if stream.max_delay_ms is None else stream.max_delay_ms
        for stream in streams
        if _is_decoded(stream, pcm_hz) and clock_of(stream) is not None
    ]
    return max(latest, default=0.0)


def _is_decoded(stream: CapturedStream, pcm_hz: int) -> bool:
    return not stream.encrypted and any(is_decodable(one, pcm_hz) for one in stream.codecs.values())


def _rate_hz(call: CapturedCall) -> int:
    """Return the highest rate of the codecs that are decoded."""
    codecs = [one for stream in call.streams for one in stream.codecs.values() if one.name in codec_names()]
    rates = [one.sample_rate_hz for one in codecs if one.sample_rate_hz in RATES_HZ]
    return max(rates, default=DEFAULT_RATE_HZ)
