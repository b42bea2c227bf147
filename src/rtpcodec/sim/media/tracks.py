"""The two tracks of a stream: the caller's speech, the audio that the caller hears, and the numbers of their chunks."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator

from rtpcodec.audio.resample import Resampler
from rtpcodec.carriers.telnyx import commands, streaming
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.media.coding import ChunkEncoder
from rtpcodec.sim.media.echo_path import Echo
from rtpcodec.sim.media.facts import CallFacts
from rtpcodec.sim.media.formats import AudioFormat, restarted_format
from rtpcodec.sim.media.playout import Playout
from rtpcodec.sim.media.rtp_headers import RtpHeaders
from rtpcodec.sim.media.speech import Speech
from rtpcodec.sim.media.variations import Restart, Variations
from rtpcodec.stream import messages


class CallerSpeech:
    """Speech in chunks of one size, then silence for tail_ms; keeps all of it, or nothing."""

    __slots__ = ("_chunk_samples", "_keeps_audio", "_speech", "_tail_chunks", "said")

    def __init__(self, speech: Speech, media: AudioFormat, facts: CallFacts) -> None:
        speech.tune(media.sample_rate_hz)
        chunk_ms = facts.variations.chunk_ms
        self._speech = speech
        self._chunk_samples = media.samples_in_ms(chunk_ms)
        self._tail_chunks = int(-(-facts.tail_ms // chunk_ms))
        self._keeps_audio = facts.keeps_audio
        self.said = bytearray()

    def next_chunk(self) -> bytes | None:
        """Take the next chunk of PCM, padded with silence; None: the speech is over."""
        pcm = self._speech.take(self._chunk_samples)
        if not pcm and self._speech.ended:
            if not self._tail_chunks:
                return None
            self._tail_chunks -= 1
        pcm = pcm.ljust(2 * self._chunk_samples, b"\0")
        if self._keeps_audio:
            self.said += pcm
        return pcm


class OutboundAudio:
    """The audio that the caller hears, in chunks of one length at the rate of the stream's media.

    Args:
        delay_ms: delay after it was heard.
    """

    __slots__ = ("_chunk_ms", "_chunks", "_delay_ms", "_playout", "_resampler")

    def __init__(self, playout: Playout, media: AudioFormat, chunk_ms: int, delay_ms: float = 0.0) -> None:
        self._playout = playout
        self._delay_ms = delay_ms
        self._chunk_ms = chunk_ms
        self._chunks = 0
        from_hz, to_hz = playout.sample_rate_hz, media.sample_rate_hz
        self._resampler = None if from_hz == to_hz else Resampler(from_hz, to_hz)

    def next_chunk(self, due_ms: float) -> bytes:
        """Take the chunk of PCM that ends at that moment."""
        # A chunk has its length by the caller's clock and its end by the play-out's. If the two clocks differ, a
        # sample is skipped or repeated from time to time, as between the clocks of two networks.
        first, end = (
            n * self._chunk_ms * self._playout.sample_rate_hz // 1000 for n in (self._chunks, self._chunks + 1)
        )
        self._chunks += 1
        pcm = self._playout.window(self._playout.position(due_ms - self._delay_ms) - (end - first), end - first)
        return pcm if self._resampler is None else self._resampler.resample(pcm)


class Track:
    """Encodes the chunks of one track, numbers them, and gives them timestamps from 0."""

    __slots__ = (
        "_encoder",
        "_numbers",
        "_resampler",
        "_rtp_headers",
        "_source_hz",
        "_stream_id",
        "_ticks_per_chunk",
        "_timestamp",
        "_variations",
        "name",
    )

    def __init__(self, name: str, media: AudioFormat, variations: Variations, stream_id: str) -> None:
        self.name = name
        self._variations = variations
        self._stream_id = stream_id
        self._source_hz = media.sample_rate_hz
        self._timestamp = 0
        source = f"{stream_id}/{name}"
        self._rtp_headers = RtpHeaders(media, variations.chunk_ms, source) if variations.rtp_headers else None
        self._numbers: Iterator[int] = itertools.count(1)
        self.change(media)

    def change(self, media: AudioFormat) -> None:
        """Continue with a new encoder of this format; chunks of PCM keep the rate of the first one."""
        chunk_ms = self._variations.chunk_ms
        self._encoder = ChunkEncoder(media, chunk_ms)
        to_hz = media.sample_rate_hz
        self._resampler = None if to_hz == self._source_hz else Resampler(self._source_hz, to_hz)
        clock_hz = 1000 if self._variations.timestamp_unit == "ms" else media.info.rtp_clock_hz(to_hz)
        self._ticks_per_chunk = clock_hz * chunk_ms // 1000
        if self._rtp_headers is not None:
            self._rtp_headers.change(media, chunk_ms)

    def number_from(self, numbers: Iterator[int]) -> None:
        """Use the chunk numbers of this counter; timestamps begin again at 0."""
        self._numbers = numbers
        self._timestamp = 0

    def skip(self) -> None:
        """Advance the timestamp by one chunk that is not sent."""
        self._timestamp += self._ticks_per_chunk
        if self._rtp_headers is not None:
            self._rtp_headers.skip()

    def media(self, pcm: bytes) -> messages.Media:
        """Make the message of the next chunk; its timestamp is the begin of the chunk since that of the stream."""
        payload = self._encoder.payload(pcm if self._resampler is None else self._resampler.resample(pcm))
        if self._rtp_headers is not None:
            payload = self._rtp_headers.packet(payload)
        timestamp = self._timestamp
        self._timestamp += self._ticks_per_chunk
        return messages.Media(payload, self.name, next(self._numbers), timestamp, stream_id=self._stream_id)


class Tracks:
    """The tracks of one stream that the command requests, on the caller's clock."""

    __slots__ = (
        "_caller",
        "_echo",
        "_echo_audio",
        "_facts",
        "_heard_audio",
        "_holds",
        "_inbound",
        "_media",
        "_outbound",
        "_period_ms",
        "_restarts",
        "_start_ms",
        "_ticks",
    )

    def __init__(
        self,
        facts: CallFacts,
        speech: Speech,
        settings: StreamSettings,
        media: AudioFormat,
        playout: Playout,
        *,
        stream_id: str,
        start_ms: float,
    ) -> None:
        variations = facts.variations
        self._facts = facts
        self._media = media
        self._start_ms = start_ms
        self._period_ms = variations.chunk_ms / (1 + facts.timing.caller_clock_ppm * 1e-6)
        self._ticks = 0
        self._holds = facts.timing.holds
        self._restarts = deque(sorted(variations.restarts, key=lambda restart: restart.at_ms))
        self._caller = CallerSpeech(speech, media, facts)
        speaks, listens = settings.tracks != commands.OUTBOUND_TRACK, settings.tracks != commands.INBOUND_TRACK
        self._heard_audio = OutboundAudio(playout, media, variations.chunk_ms) if listens else None
        path = facts.faults.echo_path
        self._echo = None if path is None else Echo(path)
        self._echo_audio = None if path is None else OutboundAudio(playout, media, variations.chunk_ms, path.delay_ms)
        self._inbound = Track(streaming.INBOUND, media, variations, stream_id) if speaks else None
        self._outbound = Track(streaming.OUTBOUND, media, variations, stream_id) if listens else None
        self._renumber()

    @property
    def said(self) -> bytes:
        """Everything that the caller has said."""
        return bytes(self._caller.said)

    @property
    def next_tick_ms(self) -> float:
        """When the next chunk is over."""
        # Absolute: a late tick does not delay the next one.
        return self._start_ms + (self._ticks + 1) * self._period_ms

    def tick(self, due_ms: float) -> list[messages.Media] | None:
        """Make the chunks that are over at that moment, none during a hold; None: the caller hangs up.

        Raises: whatever the generator of the speech raises.
        """
        begin_ms = self._ticks * self._period_ms  # of the chunk
        hold = next((hold for hold in self._holds if hold.from_ms <= begin_ms < hold.to_ms), None)
        if hold is not None:
            self._ticks += 1
            if hold.timestamps == "jump":
                for track in self._tracks():
                    track.skip()
            return []
        said = self._caller.next_chunk()
        if said is None:
            return None
        self._ticks += 1
        if self._echo is not None and self._echo_audio is not None:
            said = self._echo.added(said, self._echo_audio.next_chunk(due_ms))
        chunks = [] if self._inbound is None else [self._inbound.media(said)]
        if self._heard_audio is not None and self._outbound is not None:
            heard = self._heard_audio.next_chunk(due_ms)
            chunks.append(
                self._outbound.media(heard if self._facts.variations.own_speech_in_outbound else bytes(len(heard)))
            )
        return chunks

    @property
    def next_restart_ms(self) -> float | None:
        """When the audio changes next; None: it does not."""
        return self._start_ms + self._restarts[0].at_ms if self._restarts else None

    def restart(self) -> tuple[Restart, AudioFormat]:
        """Change the audio, which is due; how, and the new format."""
        restart = self._restarts.popleft()
        self._media = restarted_format(restart, self._media, self._facts.variations)
        for track in self._tracks():
            track.change(self._media)
        if restart.renumbers:
            self._renumber()
        return restart, self._media

    def _tracks(self) -> list[Track]:
        return [track for track in (self._inbound, self._outbound) if track is not None]

    def _renumber(self) -> None:
        shared = itertools.count(1) if self._facts.variations.chunk_numbers == "shared" else None
        for track in self._tracks():
            track.number_from(shared or itertools.count(1))
