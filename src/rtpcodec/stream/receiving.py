"""The receive chain: chunks of all tracks in, audio in order out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from math import ceil, inf
from typing import Final

from rtpcodec.errors import MissingLibrary, PayloadError
from rtpcodec.rtp.payloads import AdaptivePayloadFormat, PayloadFormat
from rtpcodec.rtp.reorder import Lost
from rtpcodec.stream import messages
from rtpcodec.stream._receive_states import ChainState
from rtpcodec.stream.codec_detection import CodecDetector
from rtpcodec.stream.events import Audio, CounterChanged, Gap, UnsupportedCodec
from rtpcodec.stream.file_check import MAX_TRACK_CHARACTERS, ReceivedFiles
from rtpcodec.stream.level_meter import EVERY_MS, LevelMeter
from rtpcodec.stream.media_time import Timeline
from rtpcodec.stream.memory_budget import Account
from rtpcodec.stream.numbering import MAX_TRACKS, ChunkOrder, Ordered, PossibleLoss
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receive_codec import PcmRate, ReceiveCodec
from rtpcodec.stream.received_track import ReceivedTrack
from rtpcodec.stream.wire import BrokenMessage

MAX_CONCEALED_MS: Final = 1000.0
"""Limit per gap: the rest would be silence, and wild numbers of a carrier must not fill the memory."""
PIECE_MS: Final = 20.0
"""A gap is concealed in pieces of whole chunks, of about this duration if chunks are shorter."""
MAX_PIECES: Final = 50
"""Limit per gap: MAX_CONCEALED_MS in pieces of PIECE_MS, whatever numbers the carrier sends."""
ROUNDING: Final = 1e-6
"""Durations that differ by less are equal: they are quotients and sums of floats."""
MAX_CREDIT_MS: Final = 5000.0
"""Limit on audio that is concealed at once per track. Beyond it, only as much as time has passed is concealed: lost
audio
was sent in real time, so more would be the result of wrong numbers, and cost more than decoding."""


Delivered = Audio | Gap | CounterChanged


class ReceiveChain(ChainState):
    """Reorders chunks, takes frames from payloads, decodes and resamples. Each `start` makes a new chain."""

    __slots__ = ("_codec", "_conceal", "_credit_from_ms", "codec_detector", "concealed_ms", "lost_chunks")

    _order: ChunkOrder
    _timeline: Timeline
    _default: ReceivedTrack
    _level: LevelMeter

    def __init__(
        self,
        plan: StreamPlan,
        media_format: messages.MediaFormat,
        pcm_hz: PcmRate,
        *,
        track: str,
        conceal: bool = False,
        start_sequence: int | None = None,
        account: Account | None = None,
        level: LevelMeter | None = None,
    ) -> None:
        """Make a chain.

        Args:
            plan: Options of decoders and payload formats.
            media_format: The format that `start` declares.
            pcm_hz: Rate of the PCM to deliver.
            track: The requested track; chunks without a track name belong to it.
            conceal: Whether generated audio follows each gap.
            start_sequence: The sequence number of `start`.
            account: The call's account for waiting chunks; None: without a budget.
            level: The level meter of the requested track; None: a new one.
        """
        self._conceal = conceal
        self._order = ChunkOrder(start_sequence=start_sequence, account=account)
        self._timeline = Timeline()
        self._credit_from_ms: dict[str, float] = {}
        """By track: audio may be concealed for the time since this time."""
        self._tracks: dict[str, ReceivedTrack] = {}
        self._default_track = track
        self.files = ReceivedFiles()
        self.lost_chunks = 0
        self.concealed_ms = 0.0
        """Duration of audio that was generated for gaps."""
        self._level = LevelMeter() if level is None else level
        self._codec = ReceiveCodec(plan, media_format, pcm_hz)
        self.codec_detector = CodecDetector(plan, self._codec, pcm_hz)
        """Detects payloads that are not valid in the codec, and the codec that they have."""
        self._default = self._first_track()

    @property
    def media_format(self) -> messages.MediaFormat:
        """The format of the requested track: as in `start`, or as its payloads have shown since."""
        return self._default.codec.media_format

    @property
    def unsupported(self) -> UnsupportedCodec | None:
        """The reason why the format of `start` cannot be decoded; None: it can."""
        return self._codec.unsupported

    @property
    def ignored(self) -> str:
        """Values of `start` without effect, as a sentence; empty: none."""
        return self._codec.ignored

    @property
    def payloads(self) -> PayloadFormat | None:
        """The payload format of the requested track; None: the codec is unknown.

        An adaptive format continues to learn the packing and the requests of the far end. The send chain follows it
        (Packing.follow), so that sent payloads suit the far end.
        """
        return self._default.payloads

    @property
    def late_chunks(self) -> int:
        """Chunks that arrived after they were counted as lost."""
        return self._order.late

    @property
    def duplicate_chunks(self) -> int:
        """Chunks that arrived twice."""
        return self._order.duplicates

    @property
    def jitter_ms(self) -> float | None:
        """Jitter of the requested track; None: the unit of its timestamps is not known."""
        clock = self._default.clock
        return clock.jitter_ms if clock.knows_unit else None

    def describe(self) -> str:
        """Return codec, rate and conversions in one line."""
        payloads = self.payloads
        return self._default.codec.describe(payloads.packing if isinstance(payloads, AdaptivePayloadFormat) else "")

    def put(self, media: messages.Media, *, follows_directly: bool) -> Iterator[Delivered]:
        """Take a chunk, and yield the items that are in order now. Raises BrokenMessage if its track is not valid."""
        # 1. New track? Make it.
        name = media.track or self._default_track
        track = self._tracks.get(name)
        if track is None:
            track = self._tracks[name] = self._new_track(name)
        # 2. Not valid in the codec of its track? The detector may then find another codec. Carriers also send messages
        #    without audio, which are valid.
        if media.payload:
            try:
                media.duration_ms = track.last_ms = track.duration_ms(media.payload)
                if track.watched:
                    self._retune(track, self.codec_detector.fit(name, media.payload, track.codec), media)
            except PayloadError as error:
                track.watched = True
                media.duration_ms = track.last_ms
                self._retune(track, self.codec_detector.misfit(name, media.payload, track.codec, str(error)), media)
        # 3. Put it in order, and decode the chunks that are in order now.
        return self._deliver(self._order.put(track.name, media, follows_directly=follows_directly), measured=media)

    @staticmethod
    def _retune(track: ReceivedTrack, found: ReceiveCodec | None, media: messages.Media) -> None:
        """Switch a track to the codec that its payloads have shown, if any, from this chunk on."""
        if found is not None:
            track.retune(found)
            media.duration_ms = track.last_ms = track.duration_ms(media.payload)

    def pass_over(self, sequence_number: int | None, now_ms: float) -> Iterator[Delivered]:
        """Count a message without audio if chunks have no numbers; yield the items that are in order now."""
        return self._deliver(self._order.pass_over(sequence_number, now_ms))

    def expire(self, now_ms: float) -> Iterator[Delivered]:
        """Yield the chunks that have waited for an earlier one long enough."""
        return self._deliver(self._order.expire(now_ms))

    def drain(self) -> Iterator[Delivered]:
        """Yield the chunks that still wait for an earlier one, because no more will arrive."""
        return self._deliver(self._order.drain())

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the codec on the requested track."""
        return self._default.codec.rate_hz

    @property
    def pcm_hz(self) -> int | None:
        """The rate of the PCM of the requested track; None: its payloads are not decoded."""
        return self._default.rate_hz if self._default.decodes else None

    @property
    def deadline_ms(self) -> float:
        """The time of the next `expire`; infinite: none is needed."""
        return self._order.deadline_ms

    @property
    def counts_messages(self) -> bool:
        """Whether `pass_over` must count messages without audio."""
        return self._order.counts_messages

    def pause_ms(self, media: messages.Media) -> float:
        """Return the pause of the carrier before a chunk, by the chunk's timestamp."""
        track = self._tracks.get(media.track or self._default_track)
        return 0.0 if track is None else track.clock.pause_ms(media.timestamp, media.received_ms)

    @property
    def delay_ms(self) -> float:
        """Our clock minus the media time of audio that arrives without jitter; infinite before the first chunk."""
        return self._timeline.delay_ms

    @property
    def timeline(self) -> Timeline:
        """The media time of all tracks, related to the clock of arrival."""
        return self._timeline

    def moment_ms(self, media_ms: float) -> float | None:
        """Return the time of a media time on the session's clock; None: nothing was received yet."""
        return self._timeline.moment_ms(media_ms)

    @property
    def received_until_ms(self) -> float | None:
        """End of the audio in order of the track furthest ahead, without jitter; None: none was received."""
        ended_ms = max((track.clock.media_ms for track in self._tracks.values()), default=0.0) + self.delay_ms
        return None if ended_ms == inf else ended_ms

    def _deliver(self, items: Iterable[Ordered], measured: messages.Media | None = None) -> Iterator[Delivered]:
        """Decode chunks in order. measured: the chunk whose duration was computed after the last payload was read."""
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
                    # While it waited, other payloads may have shown another packing, so compute its duration again.
                    with suppress(PayloadError):
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

    def _count_missing(self, track: ReceivedTrack, item: Lost | PossibleLoss) -> None:
        if isinstance(item, Lost):
            self.lost_chunks += item.count
            track.lost_chunks += item.count
        else:
            track.doubtful_chunks += item.count

    def _place(self, name: str, track: ReceivedTrack, item: messages.Media) -> Iterator[Delivered]:
        """Find the media time of a chunk, and yield the gaps before it."""
        clock, chunk_ms = track.clock, item.duration_ms
        # 1. The first chunk of its track? Its track may begin later than the stream.
        if not clock.media_ms:
            other = next((one.clock for one in self._tracks.values() if one is not track and one.clock.media_ms), None)
            clock.begin(item.timestamp, item.received_ms, chunk_ms, other)
        # 2. Possibly lost numbers before it? Timestamps or the end of the learning show whether it is loss.
        doubtful = track.doubtful_chunks
        is_proved = doubtful > 0 and clock.ahead_ms(item.timestamp) > doubtful * chunk_ms / 2
        if is_proved:
            self._count_missing(track, Lost(doubtful))
        if is_proved or clock.knows_unit:
            track.doubtful_chunks = 0
        elif doubtful and self._order.facts.doubtful_is_loss:
            # The place of this loss is unknown, so it is not concealed here.
            track.doubtful_chunks = 0
            self.lost_chunks += doubtful
            yield Gap(name, doubtful, clock.media_ms, doubtful * chunk_ms)
            clock.media_ms += doubtful * chunk_ms
        # 3. Loss and pauses between the previous chunk and this one.
        lost = track.lost_chunks
        track.lost_chunks = 0
        for duration_ms, reason in clock.place(item.timestamp, item.received_ms, chunk_ms, lost * chunk_ms):
            gap = Gap(name, lost if reason == "lost" else 0, clock.media_ms, duration_ms, reason)
            clock.media_ms += duration_ms
            yield gap
            if gap.lost_chunks and self._conceal and track.decodes:
                yield from self._concealed(gap, track, item)
        # 4. Have the timestamps restarted, or are they ignored from now on?
        if clock.change is not None:
            yield CounterChanged(name, "timestamp", clock.change)

    def _concealed(self, gap: Gap, track: ReceivedTrack, following: messages.Media) -> Iterator[Audio]:
        """Yield audio for a gap, or for its begin, in pieces of whole chunks. Their number is bounded."""
        if not gap.duration_ms:
            return
        # 1. At most the time that has passed, minus the audio that was concealed in it.
        now_ms = following.received_ms
        from_ms = max(self._credit_from_ms.get(track.name, -inf), now_ms - MAX_CREDIT_MS)
        end_ms = min(gap.duration_ms, MAX_CONCEALED_MS, now_ms - from_ms)
        self._credit_from_ms[track.name] = from_ms + end_ms
        # 2. Pieces, of which the last one may be shorter.
        chunk_ms = gap.duration_ms / gap.lost_chunks
        piece_ms = chunk_ms * max(1, round(PIECE_MS / chunk_ms))
        for number in range(min(MAX_PIECES, ceil(end_ms / piece_ms - ROUNDING))):
            begin_ms = number * piece_ms
            length_ms = min(piece_ms, end_ms - begin_ms)
            is_last = begin_ms + length_ms > gap.duration_ms - ROUNDING
            pcm = track.concealed(length_ms, following.payload if is_last else None)
            self.concealed_ms += length_ms
            yield Audio(gap.track, b"", pcm, track.rate_hz, gap.media_ms + begin_ms, length_ms, concealed=True)

    def _audio(self, name: str, track: ReceivedTrack, media: messages.Media) -> Audio:
        duration_ms, clock = media.duration_ms, track.clock
        pcm = track.pcm_of(media.payload, duration_ms)
        if clock.media_ms >= self._level.due and track is self._default:
            self._level.take(pcm, clock.media_ms + EVERY_MS)
        audio = Audio(
            name, media.payload, pcm, track.rate_hz, clock.media_ms, duration_ms, media.chunk, media.timestamp
        )
        clock.advance(media.timestamp, media.received_ms, duration_ms)
        return audio

    def _first_track(self) -> ReceivedTrack:
        """Make the requested track. Without the codec's library, its payloads are still read."""
        try:
            return ReceivedTrack(self._default_track, self._codec, self._timeline)
        except MissingLibrary as error:
            self._codec.refuse(str(error))
            return ReceivedTrack(self._default_track, self._codec, self._timeline)

    def _new_track(self, name: str) -> ReceivedTrack:
        """Return a new track. Raises BrokenMessage if its name is not allowed."""
        if len(self._tracks) >= MAX_TRACKS:
            raise BrokenMessage("value", f"media.track is a new name, and at most {MAX_TRACKS} track names are allowed")
        if len(name) > MAX_TRACK_CHARACTERS:
            detail = f"media.track has {len(name)} characters, at most {MAX_TRACK_CHARACTERS} are allowed"
            raise BrokenMessage("value", detail)
        return self._default if name == self._default_track else ReceivedTrack(name, self._codec, self._timeline)
