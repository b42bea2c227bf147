"""The signal that the caller heard, on the inbound media timeline."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf, isfinite
from typing import Final

from rtpcodec.audio.rates import resampler_between
from rtpcodec.pickling import Live
from rtpcodec.stream.events import Audio, Event, Stopped
from rtpcodec.stream.incoming import Incoming
from rtpcodec.stream.listening.echo_order import PlacedRun
from rtpcodec.stream.listening.heard_levels import HeardLevels
from rtpcodec.stream.listening.heard_times import HeardTimes, MediaClock, RunPart
from rtpcodec.stream.listening.privacy import Privacy
from rtpcodec.stream.listening.sent_decoder import SentDecoder
from rtpcodec.stream.listening.sent_log import SentLog
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.parts import Parts

REFERENCE_MS: Final = 3000.0
"""Heard audio to keep for `reference` and `level_dbov`: no echo of a phone is later."""
MAX_BEHIND_MS: Final = 60_000.0
"""Heard audio to keep for a reader that does not take it, such as an abandoned one."""
TRIM_MS: Final = 1000.0
"""How often unneeded audio is dropped."""
LEVELS_MS: Final = 100.0
"""How often `level_dbov` follows the estimates."""
SHIFT_MS: Final = 5.0
"""`reference` follows a smaller change of the estimate only at a new run: cancellers adapt badly to jumps."""
AROUND_MS: Final = 5.0
"""Context for the resampler, whose filter spans less than 2 ms on each side."""
_ROUNDING: Final = 1e-6


@dataclass(frozen=True, slots=True)
class HeardSpan:
    """A piece of the audio that the caller heard, without a gap."""

    media_ms: float
    """The inbound media time at which its first sample was heard; negative before the first inbound audio."""
    samples: int
    pcm: bytes = field(repr=False)
    """Native int16 samples, decoded from the payloads that were sent."""
    of_reply: bool
    """False: background sound or keep-alive alone."""
    run: int
    """Spans of one run follow each other without a gap, even if `media_ms` differs by some ms: clocks drift."""
    uncertainty_ms: float
    """How far `media_ms` may be off; for a span that ends at a cut, also how far the position of the cut may be off."""


class HeardReader(Live):
    """Reads the audio that the caller heard: each sample once, in order. Use from the session's thread.

    Audio that was sent in a private section is silence, even if it is heard after the section.
    """

    __slots__ = ("__weakref__", "_expected_ms", "_run", "_run_number", "_signal", "dropped_ms", "position")

    def __init__(self, signal: HeardSignal) -> None:
        self._signal = signal
        self.position = signal.times.end
        """The sent position of the next audio."""
        self.dropped_ms = 0.0
        """Audio that was dropped because it was not taken within MAX_BEHIND_MS."""
        self._run: PlacedRun | None = None
        self._run_number = 0
        self._expected_ms = -inf  # the media time behind the last span

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM in Hz: that of the send codec."""
        return self._signal.sample_rate_hz

    @property
    def final_until_ms(self) -> float:
        """Everything heard before this media time is final; minus infinity before the first inbound audio."""
        times = self._signal.times
        return times.settled_ms - times.clock.delay_ms

    def take(self, until_media_ms: float) -> list[HeardSpan]:
        """Remove and return the audio that was heard before min(until_media_ms, final_until_ms).

        Audio that a clear cut is left out.
        """
        times = self._signal.times
        delay_ms = times.clock.delay_ms
        return [] if delay_ms == inf else self._take(min(until_media_ms + delay_ms, times.settled_ms))

    def take_rest(self) -> list[HeardSpan]:
        """Remove and return the audio heard until the end of the stream; if it still runs, until now, as estimated."""
        times = self._signal.times
        return self._take(times.now_ms if times.ended_ms == inf else times.ended_ms, settled=True)

    def _take(self, until_ms: float, *, settled: bool = False) -> list[HeardSpan]:
        """Take the audio heard before an echo time; settled: also audio behind cuts that are not settled."""
        signal, spans = self._signal, list[HeardSpan]()
        times, rate_hz = signal.times, signal.sample_rate_hz
        self._catch_up()
        for stretch in times.stretches(self.position):
            begin_ms = times.echo_ms(stretch.run, stretch.start)
            length = stretch.end - stretch.start
            samples = max(0, min(length, int((until_ms - begin_ms) * rate_hz / 1000 + _ROUNDING)))
            if samples:
                self._add(stretch, stretch.start + samples, spans)
            self.position = stretch.start + samples
            if samples < length or not (stretch.cut is None or stretch.cut.settled or settled):
                break
            self.position = stretch.next
        return spans

    def _catch_up(self) -> None:
        first = self._signal.log.first_position
        if first is not None and first > self.position:
            self.dropped_ms += (first - self.position) * 1000 / self.sample_rate_hz
            self.position = first

    def _add(self, stretch: RunPart, end: int, spans: list[HeardSpan]) -> None:
        """Add the spans of a stretch up to a sent position: one per kind of audio, and per `start` of the stream."""
        times = self._signal.times
        uncertainty_ms = times.uncertainty_ms(stretch)
        restart = times.position_in(stretch, times.clock.restart_ms)
        bounds = (stretch.start, restart, end) if stretch.start < restart < end else (stretch.start, end)
        for start, stop in pairwise(bounds):
            first, of_reply, parts = start, True, list[bytes]()
            for position, message, pcm in self._signal.log.pieces(start, stop):
                if parts and message.of_reply is not of_reply:
                    spans.append(self._span(stretch, first, parts, uncertainty_ms, of_reply=of_reply))
                    parts = []
                if not parts:
                    first, of_reply = position, message.of_reply
                parts.append(bytes(len(pcm)) if message.private else pcm)
            if parts:
                spans.append(self._span(stretch, first, parts, uncertainty_ms, of_reply=of_reply))

    def _span(
        self, stretch: RunPart, position: int, parts: list[bytes], uncertainty_ms: float, *, of_reply: bool
    ) -> HeardSpan:
        times = self._signal.times
        echo_ms = times.echo_ms(stretch.run, position)
        media_ms = self._signal.media_ms(echo_ms)
        if stretch.run is not self._run or abs(media_ms - self._expected_ms) > times.seam_ms:
            # A run cannot begin before the end of the one before it, on one timeline.
            if 0 < self._expected_ms - media_ms <= times.seam_ms:
                media_ms = self._expected_ms
            self._run = stretch.run
            self._run_number += 1
        pcm = b"".join(parts)
        self._expected_ms = media_ms + len(pcm) * 500 / self.sample_rate_hz
        return HeardSpan(media_ms, len(pcm) // 2, pcm, of_reply, self._run_number, uncertainty_ms)


class HeardSignal(Live):
    """The signal that the caller heard, made by `MediaSession.heard_signal`. Use from the session's thread.

    It is a sink of the session.
    """

    __slots__ = (
        "_first_ms",
        "_levels",
        "_levels_ms",
        "_readers",
        "_shift",
        "_trim_ms",
        "log",
        "sample_rate_hz",
        "times",
    )

    deadline_ms = inf

    def __init__(self, plan: StreamPlan, parts: Parts, incoming: Incoming, privacy: Privacy) -> None:
        """Follow a stream from now on.

        Args:
            plan: of the session.
            parts: of its speaking side.
            incoming: its receiving half.
            privacy: its private sections.

        Raises:
            MissingLibrary: the send codec cannot be decoded here.
        """
        self.sample_rate_hz = parts.sample_rate_hz
        self.log = SentLog(SentDecoder(plan), parts.sample_rate_hz, parts.far_end.sent_position, privacy)
        self.times = HeardTimes(parts, MediaClock(incoming))
        self._levels = HeardLevels(self.log, self.times)
        self._readers: list[weakref.ref[HeardReader]] = []
        self._trim_ms = self._levels_ms = -inf
        self._first_ms = inf  # echo time of our first audio, in case no inbound audio defines the media time
        self._shift: tuple[PlacedRun | None, float] = None, 0.0
        parts.sent_sinks = (*parts.sent_sinks, self.log)

    def reader(self) -> HeardReader:
        """Return a new reader of the audio that is sent from now on."""
        reader = HeardReader(self)
        self._readers = [*(known for known in self._readers if known() is not None), weakref.ref(reader)]
        return reader

    def media_ms(self, echo_ms: float) -> float:
        """Return the media time that belongs to an echo time; without inbound audio, counted from our first audio."""
        delay_ms = self.times.clock.delay_at_ms(echo_ms)
        if delay_ms != inf:
            return echo_ms - delay_ms
        self._first_ms = min(self._first_ms, echo_ms)
        return echo_ms - self._first_ms

    # The current estimate

    def reference(self, media_ms: float, duration_ms: float, pcm_hz: int | None = None) -> bytes:
        """Return what the caller heard at a time within the last 3 s, as estimated now. Silence elsewhere.

        Args:
            media_ms: the inbound media time at which the result begins, such as `Audio.media_ms`.
            duration_ms: its duration, 0 to REFERENCE_MS.
            pcm_hz: its rate; None: that of the send codec.

        Returns:
            Native int16 PCM.

        Raises:
            ValueError: an argument is out of range, or the rate cannot be resampled.
        """
        if not 0 <= duration_ms <= REFERENCE_MS:
            raise ValueError(f"duration_ms is {duration_ms:g}, 0 to {REFERENCE_MS:g} is needed")
        if not isfinite(media_ms):
            raise ValueError(f"media_ms is {media_ms:g}, a media time in ms is needed")
        resampler = None if pcm_hz is None else resampler_between("send rate", self.sample_rate_hz, "pcm_hz", pcm_hz)
        if resampler is None:
            return self._estimate(media_ms, duration_ms)
        # The filter needs context on both sides. Each call resamples a stream of its own, and adjacent results fit.
        pcm = resampler.resample(self._estimate(media_ms - AROUND_MS, duration_ms + 2 * AROUND_MS))
        first = 2 * (round(AROUND_MS * resampler.to_hz / 1000) + resampler.delay_samples)
        return pcm[first : first + 2 * round(duration_ms * resampler.to_hz / 1000)]

    def _estimate(self, media_ms: float, duration_ms: float) -> bytes:
        times, rate_hz = self.times, self.sample_rate_hz
        samples = round(duration_ms * rate_hz / 1000)
        delay_ms = times.clock.delay_ms
        if delay_ms == inf or not len(self.log):
            return bytes(2 * samples)
        found = bytearray(2 * samples)
        from_ms, first = media_ms + delay_ms, self.log.first_position or 0
        for stretch in times.stretches(first):
            ahead_ms = from_ms - self._reference_ms(stretch.run, delay_ms) - delay_ms
            # The start of the wanted time as a sent position of this run. It may lie before or behind the run.
            origin = stretch.run.start + round(ahead_ms * rate_hz / 1000)
            start, end = max(stretch.start, origin), min(stretch.end, origin + samples)
            if start < end:
                for position, _, pcm in self.log.pieces(start, end):
                    at = 2 * (position - origin)
                    found[at : at + len(pcm)] = pcm
        return bytes(found)

    def _reference_ms(self, run: PlacedRun, delay_ms: float) -> float:
        """Return the media time of a run's start for references. Small corrections do not move the newest run."""
        begin_ms = self.times.echo_ms(run, run.start) - delay_ms
        known, known_ms = self._shift
        if run is known and abs(begin_ms - known_ms) < SHIFT_MS:
            return known_ms
        if run is self.times.run:
            self._shift = run, begin_ms
        return begin_ms

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        """Return the level of the loudest 20 ms heard between two media times of the last 3 s; -127: nothing."""
        return self._levels.level_dbov(from_media_ms, to_media_ms)

    # A sink of the session

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Process an event: inbound audio and the end of the stream."""
        if type(event) is Audio:
            if not event.concealed:
                self.times.take_chunk(event)
        elif type(event) is Stopped:
            self.times.end_at(now_ms, by_us=event.reason == "closed_here")
        return ()

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Process the time, and drop unneeded audio."""
        times = self.times
        times.look(now_ms)
        if now_ms >= self._levels_ms or times.changed:
            self._levels_ms = now_ms + LEVELS_MS
            self._levels.stale = True
            times.changed = False
        if now_ms >= self._trim_ms:
            self._trim_ms = now_ms + TRIM_MS
            self._trim(now_ms)
        return ()

    def _trim(self, now_ms: float) -> None:
        position = self.times.position_heard_at(now_ms - REFERENCE_MS)
        readers = [reader for known in self._readers if (reader := known()) is not None]
        if readers:
            behind = min(reader.position for reader in readers)
            if behind < position:
                position = max(behind, min(position, self.times.position_heard_at(now_ms - MAX_BEHIND_MS)))
        self.log.drop(position)
        self._levels.stale = True
        self.times.drop(self.log.first_position if self.log.first_position is not None else position)
