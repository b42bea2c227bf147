"""The receiving chain: chunks of all tracks in, audio in order out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Final, Literal

from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs import CodecInfo, Decoder, FecDecoder, codec
from rtpcodec.errors import MissingLibrary, PayloadError, UnknownCodec
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat, payload_format
from rtpcodec.rtp.reorder import Lost
from rtpcodec.stream import messages
from rtpcodec.stream.events import Audio, CounterChanged, Gap, UnsupportedCodec
from rtpcodec.stream.media_time import Timeline, TrackClock
from rtpcodec.stream.numbering import MAX_TRACKS, ChunkOrder, Doubtful, Ordered
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.wire import BrokenMessage

ASSUMED_CHUNK_MS: Final = 20.0
"""Length of a chunk whose codec is unknown: its payload does not say it, and nearly all have this one."""
MAX_CONCEALED_MS: Final = 1000.0
"""Of one gap: the rest would be silence, and a carrier that counts wildly must not fill the memory."""


PcmRate = int | Literal["native"] | None
"""Rate of the PCM to deliver: a number of Hz, the codec's own, or None for payloads alone."""


Delivered = Audio | Gap | CounterChanged


class _Track:
    """One track: its payload format, decoder, resampler and media time."""

    __slots__ = ("_clock_hz", "adapts", "clock", "decoder", "doubtful_chunks", "lost_chunks", "payloads", "resampler")

    def __init__(
        self,
        payloads: PayloadFormat | None,
        clock_hz: int,
        decoder: Decoder | None,
        pcm_hz: int | None,
        timeline: Timeline,
    ) -> None:
        self.payloads = payloads
        self.adapts = isinstance(payloads, AdaptivePayloadFormat)
        self.decoder = decoder
        self.resampler: Resampler | None = None
        if decoder is not None and pcm_hz not in (None, decoder.sample_rate_hz):
            self.resampler = Resampler(decoder.sample_rate_hz, pcm_hz)
        self.clock = TrackClock(timeline)
        self.doubtful_chunks = 0
        """Missing while the numbering was learnt: reported when it has proved to be loss."""
        self.lost_chunks = 0
        """Lost since the last audio: reported as soon as audio follows."""
        self._clock_hz = clock_hz

    def duration_ms(self, payload: bytes) -> float:
        """Return how long a payload plays. PayloadError: not a valid payload of the codec."""
        return ASSUMED_CHUNK_MS if self.payloads is None else self.payloads.ticks(payload) * 1000 / self._clock_hz

    def pcm_of(self, payload: bytes, duration_ms: float) -> bytes:
        """Return the audio of a payload that is known to be valid."""
        if self.payloads is None:
            return b""
        # Also where nothing is decoded: an adaptive payload format learns from what it reads.
        frames = self.payloads.frames(payload)
        decoder = self.decoder
        if decoder is None:
            return b""
        try:
            pcm = decoder.decode(frames[0]) if len(frames) == 1 else b"".join(map(decoder.decode, frames))
        except PayloadError:
            # The framing is good, but the library cannot decode its content: conceal it like a lost chunk.
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    def concealed(self, duration_ms: float, following: bytes | None) -> bytes:
        """Return audio for a lost chunk; following: the payload right after it, which may hold a copy."""
        decoder = self.decoder
        if decoder is None:
            return b""
        pcm = None
        if following is not None and self.payloads is not None and isinstance(decoder, FecDecoder):
            samples = round(duration_ms * decoder.sample_rate_hz / 1000)
            with suppress(PayloadError):
                pcm = decoder.decode_fec(self.payloads.frames(following)[0], samples)
        if pcm is None:
            pcm = self._concealed(decoder, duration_ms)
        return pcm if self.resampler is None else self.resampler.resample(pcm)

    @staticmethod
    def _concealed(decoder: Decoder, duration_ms: float) -> bytes:
        """The decoder is asked for a second at most, which is what frame codecs give; by then all have faded."""
        samples = round(duration_ms * decoder.sample_rate_hz / 1000)
        concealed = min(samples, decoder.sample_rate_hz)
        return decoder.conceal(concealed) + bytes(2 * (samples - concealed))


class ReceiveChain:
    """Reorder, take frames out of payloads, decode, resample. Each `start` makes a new one."""

    __slots__ = (
        "_conceal",
        "_decoder_rate_hz",
        "_default",
        "_default_track",
        "_info",
        "_order",
        "_pcm_hz",
        "_plan",
        "_timeline",
        "_tracks",
        "lost_chunks",
        "media_format",
        "unsupported",
    )

    def __init__(
        self,
        plan: StreamPlan,
        media_format: messages.MediaFormat,
        pcm_hz: PcmRate,
        *,
        track: str,
        conceal: bool = False,
        start_sequence: int | None = None,
    ) -> None:
        """Make a chain.

        track: the one that was asked for; chunks that name none belong to it.
        start_sequence: the sequence number of `start`.
        """
        self._plan = plan
        self._conceal = conceal
        self._pcm_hz = None if pcm_hz == "native" else pcm_hz
        self._order = ChunkOrder(start_sequence=start_sequence)
        self._timeline = Timeline()
        self._tracks: dict[str, _Track] = {}
        self._default_track = track
        self.media_format = media_format
        self.lost_chunks = 0
        self.unsupported: UnsupportedCodec | None = None
        self._info, self._decoder_rate_hz = self._choose_codec()
        if pcm_hz == "native":
            self._pcm_hz = self._decoder_rate_hz
        self._default = self._first_track()

    @property
    def payloads(self) -> PayloadFormat | None:
        """The payload format that reads the track that was asked for; None: the codec is unknown.

        It is live: an adaptive one continues to learn how the far end packs its payloads and what it asks for. The
        sending chain follows it (Packing.follow), so that what is sent suits the far end.
        """
        return self._default.payloads

    @property
    def late_chunks(self) -> int:
        """Chunks that came after they were counted as lost."""
        return self._order.late

    @property
    def duplicate_chunks(self) -> int:
        """Chunks that came twice."""
        return self._order.duplicates

    def describe(self) -> str:
        """Return codec, rate and what is done to the audio, for people."""
        if self._info is None or self.unsupported is not None:
            return f"{self.media_format.encoding} (not decoded)"
        chain = self._info.describe(self._decoder_rate_hz, self._plan)
        if isinstance(self.payloads, AdaptivePayloadFormat):
            chain += f" {self.payloads.packing}"
        if self._pcm_hz is None:
            return f"{chain}, payloads only"
        return chain if self._pcm_hz == self._decoder_rate_hz else f"{chain} -> {self._pcm_hz} Hz"

    def put(self, media: messages.Media, *, follows_directly: bool) -> Iterator[Delivered]:
        """Take a chunk; yield what is in order now. BrokenMessage: the chunk cannot be taken."""
        name = media.track or self._default_track
        track = self._tracks.get(name)
        if track is None:
            if len(self._tracks) >= MAX_TRACKS:
                raise BrokenMessage("value", f"media.track is a new name after {MAX_TRACKS}, more are not allowed")
            track = self._tracks[name] = self._default if name == self._default_track else self._new_track()
        # A message without audio is not an error: carriers send them.
        if media.payload:
            try:
                media.duration_ms = track.duration_ms(media.payload)
            except PayloadError as error:
                raise BrokenMessage("payload", str(error)) from None
        return self._deliver(self._order.put(name, media, follows_directly=follows_directly), measured=media)

    def pass_over(self, sequence_number: int | None, now_ms: float) -> Iterator[Delivered]:
        """Count a message without audio, where chunks have no numbers of their own; yield what is in order now."""
        return self._deliver(self._order.pass_over(sequence_number, now_ms))

    def expire(self, now_ms: float) -> Iterator[Delivered]:
        """Yield what has waited for an earlier chunk long enough."""
        return self._deliver(self._order.expire(now_ms))

    def drain(self) -> Iterator[Delivered]:
        """Yield what still waits for an earlier chunk, because no more will come."""
        return self._deliver(self._order.drain())

    @property
    def deadline_ms(self) -> float:
        """When `expire` has something to yield; infinite: never."""
        return self._order.deadline_ms

    @property
    def counts_messages(self) -> bool:
        """Whether messages without audio have to be counted by `pass_over`."""
        return self._order.counts_messages

    def pause_ms(self, media: messages.Media) -> float:
        """Return how long a chunk's timestamp says that the carrier sent nothing before it."""
        track = self._tracks.get(media.track or self._default_track)
        return 0.0 if track is None else track.clock.ahead_ms(media.timestamp)

    def moment_ms(self, media_ms: float) -> float | None:
        """Return when a media time was, on the session's clock; None: nothing was received yet."""
        return self._timeline.moment_ms(media_ms)

    def _deliver(self, items: Iterable[Ordered], measured: messages.Media | None = None) -> Iterator[Delivered]:
        """Decode in order. measured: the chunk whose duration was worked out since a payload was last read."""
        for name, item in items:
            track = self._tracks[name]
            if not isinstance(item, messages.Media):
                if isinstance(item, CounterChanged):
                    track.doubtful_chunks = 0
                    yield item
                else:
                    self._count_missing(track, item)
            elif item.payload:
                if track.adapts and item is not measured:
                    # It was measured when it came. While it waited, others may have shown another packing.
                    item.duration_ms = track.duration_ms(item.payload)
                measured = None
                clock = track.clock
                if (
                    track.lost_chunks
                    or track.doubtful_chunks
                    or (item.timestamp != clock.next_timestamp and item.timestamp is not None and not clock.is_ignored)
                    or not clock.media_ms
                ):
                    yield from self._place(name, track, item)
                yield self._audio(name, track, item)

    def _count_missing(self, track: _Track, item: Lost | Doubtful) -> None:
        if isinstance(item, Lost):
            self.lost_chunks += item.count
            track.lost_chunks += item.count
        else:
            track.doubtful_chunks += item.count

    def _place(self, name: str, track: _Track, item: messages.Media) -> Iterator[Delivered]:
        """Find the place of a chunk in media time, and yield what is missing before it."""
        clock, chunk_ms = track.clock, item.duration_ms
        if not clock.media_ms:
            other = next((one.clock for one in self._tracks.values() if one is not track and one.clock.media_ms), None)
            clock.begin(item.timestamp, item.received_ms, chunk_ms, other)
        # 1. Doubtful loss is proved by the timestamps of the same chunk, or by the end of the learning.
        doubtful = track.doubtful_chunks
        is_proved = doubtful > 0 and clock.ahead_ms(item.timestamp) > doubtful * chunk_ms / 2
        if is_proved:
            self._count_missing(track, Lost(doubtful))
        if is_proved or clock.knows_unit:
            track.doubtful_chunks = 0
        elif doubtful and self._order.facts.believes_doubtful:
            # It was lost at any time since the begin, so it is not concealed here.
            track.doubtful_chunks = 0
            self.lost_chunks += doubtful
            yield Gap(name, doubtful, clock.media_ms, doubtful * chunk_ms)
            clock.media_ms += doubtful * chunk_ms
        # 2. Loss and pauses.
        lost = track.lost_chunks
        track.lost_chunks = 0
        for duration_ms, reason in clock.place(item.timestamp, item.received_ms, chunk_ms, lost * chunk_ms):
            gap = Gap(name, lost if reason == "lost" else 0, clock.media_ms, duration_ms, reason)
            clock.media_ms += duration_ms
            yield gap
            if gap.lost_chunks and self._conceal and track.decoder is not None:
                yield from self._concealed(gap, track, item.payload)
        if clock.change is not None:
            yield CounterChanged(name, "timestamp", clock.change)

    def _concealed(self, gap: Gap, track: _Track, following: bytes) -> Iterator[Audio]:
        """Yield audio for each lost chunk that begins within the first second."""
        chunk_ms = gap.duration_ms / gap.lost_chunks
        rate_hz = self._pcm_hz or self._decoder_rate_hz
        for number in range(gap.lost_chunks if chunk_ms else 0):
            if number * chunk_ms >= MAX_CONCEALED_MS:
                break
            is_last = number == gap.lost_chunks - 1
            pcm = track.concealed(chunk_ms, following if is_last else None)
            yield Audio(gap.track, b"", pcm, rate_hz, gap.media_ms + number * chunk_ms, chunk_ms, concealed=True)

    def _audio(self, name: str, track: _Track, media: messages.Media) -> Audio:
        duration_ms, clock = media.duration_ms, track.clock
        pcm = track.pcm_of(media.payload, duration_ms)
        rate_hz = self._pcm_hz or self._decoder_rate_hz
        audio = Audio(name, media.payload, pcm, rate_hz, clock.media_ms, duration_ms, media.chunk, media.timestamp)
        clock.advance(media.timestamp, media.received_ms, duration_ms)
        return audio

    def _choose_codec(self) -> tuple[CodecInfo | None, int]:
        """Choose codec and rate by `start`. `encoding` is decisive: a codec of one rate has that rate."""
        encoding, rate_hz = self.media_format.encoding, self.media_format.sample_rate_hz
        try:
            info = codec(encoding)
        except UnknownCodec:
            self._refuse(
                "ask for another codec by stream_codec in the command, or by preferred_codecs of dial and answer"
            )
            return None, rate_hz or 0
        if info.kind == "frame":
            # A decoder of frames has any of its codec's rates, whatever the encoder had: `start` only hints at one.
            wanted = [rate for rate in (self._pcm_hz, rate_hz) if rate in info.sample_rates_hz]
            return info, info.sample_rate_hz(wanted[0] if wanted else None)
        if len(info.sample_rates_hz) == 1:
            return info, info.sample_rates_hz[0]
        try:
            decoder_rate_hz = info.sample_rate_hz(rate_hz)
            if self._pcm_hz not in (None, decoder_rate_hz):
                Resampler(decoder_rate_hz, self._pcm_hz)
        except ValueError as error:
            self._refuse(f"{error}; ask for another rate, or receive payloads only (receive_pcm_hz=None)")
            return None, rate_hz or 0
        return info, decoder_rate_hz

    def _refuse(self, remedy: str) -> None:
        self.unsupported = UnsupportedCodec(self.media_format.encoding, self.media_format.sample_rate_hz, remedy)

    def _first_track(self) -> _Track:
        """Make the track that was asked for. Without the codec's library, its payloads are still understood."""
        try:
            return self._new_track()
        except MissingLibrary as error:
            self._refuse(str(error))
            return self._new_track()

    def _new_track(self) -> _Track:
        info = self._info
        if info is None:
            return _Track(None, 1, None, None, self._timeline)
        payloads = payload_format(info, self._decoder_rate_hz, **self._plan.payload_options(info.name))
        clock_hz = info.rtp_clock_hz(self._decoder_rate_hz)
        if self._pcm_hz is None or self.unsupported is not None:
            return _Track(payloads, clock_hz, None, None, self._timeline)
        decoder = info.decoder(self._decoder_rate_hz, **self._plan.codec_options(info.name))
        return _Track(payloads, clock_hz, decoder, self._pcm_hz, self._timeline)
