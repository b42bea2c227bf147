"""RecordingSink: turns events and heard audio of a session into pieces on one timeline. It runs in the event loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Final, Protocol

from rtpcodec.carriers.telnyx.streaming import INBOUND, OUTBOUND
from rtpcodec.server.recorder.pieces import Mask, Piece, PieceQueue, Source
from rtpcodec.server.recorder.sidecar_facts import SidecarFacts
from rtpcodec.server.recorder.timeline import Timeline
from rtpcodec.stream.events import Audio, Event, Gap, Started, Stopped
from rtpcodec.stream.session import MediaSession

FLUSH_MS: Final = 500.0
"""Pieces are handed to the writer this often: a killed process loses less than a second of received audio."""
MAX_SETTLING_MS: Final = 5000.0
"""Longest wait after `stop` until the audio before it is known on both sides."""
PAUSE_AT_END_MS: Final = 200.0
"""If a stream ends later than this after its last audio, the recording ends with silence."""

TRACKS: Final[dict[str, Source]] = {INBOUND: "caller", OUTBOUND: "to_caller"}
"""The side of each track."""
NO_EVENTS: Final[tuple[Event, ...]] = ()


class HeardSpan(Protocol):
    """A span of heard audio."""

    @property
    def media_ms(self) -> float:
        """The inbound media time at which it was heard."""

    @property
    def samples(self) -> int:
        """The number of its samples."""

    @property
    def pcm(self) -> bytes:
        """Native int16 PCM."""

    @property
    def of_reply(self) -> bool:
        """Whether it belongs to a reply. False: the sound between replies."""

    @property
    def run(self) -> int:
        """Spans of one run have no seam."""


class HeardReader(Protocol):
    """Reads the heard audio, each sample once."""

    @property
    def sample_rate_hz(self) -> int:
        """The rate of the PCM."""

    @property
    def final_until_ms(self) -> float:
        """The media time up to which everything is known."""

    def take(self, until_media_ms: float) -> Iterable[HeardSpan]:
        """Return the audio that was heard before a media time."""

    def take_rest(self) -> Iterable[HeardSpan]:
        """Return the rest, at the end of the stream."""


class RecordingSink:
    """The sink of one recording. `flush` is called after each batch of pieces, `ended` once after the last one."""

    __slots__ = (
        "_end_ms",
        "_ended",
        "_facts",
        "_flush",
        "_heard",
        "_mask",
        "_pieces",
        "_session",
        "_settle_until_ms",
        "_timeline",
        "deadline_ms",
    )

    def __init__(
        self,
        session: MediaSession,
        heard: HeardReader | None,
        pieces: PieceQueue,
        facts: SidecarFacts,
        timeline: Timeline,
        *,
        flush: Callable[[float], object],
        ended: Callable[[float], object],
    ) -> None:
        """Prepare the sink; `begin` attaches it.

        Args:
            session: the recorded session.
            heard: reads what the caller heard; None: unknown.
            pieces: the queue for audio.
            facts: the content of the sidecar.
            timeline: the timeline of the recording.
            flush: called with the time on the timeline up to which the pieces are complete.
            ended: called with the length of the recording.
        """
        self._session = session
        self._heard = heard
        self._pieces = pieces
        self._facts = facts
        self._timeline = timeline
        self._flush = flush
        self._ended = ended
        self._end_ms = inf
        self._settle_until_ms = inf
        self._mask: Mask | None = None
        """The current private section."""
        self.deadline_ms = inf

    def begin(self, now_ms: float) -> None:
        """Take events from now on."""
        privacy = self._session.privacy
        privacy.subscribe(self._privacy_changed)
        if privacy.active:
            self._privacy_changed(True, privacy.label, now_ms)
        elif privacy.hides(now_ms, None):
            self._pieces.mask(Mask(self._timeline.now(now_ms), self._timeline.now(privacy.hidden_until_ms)))
        self._session.listen(self)
        self.deadline_ms = now_ms + FLUSH_MS

    def stop(self, now_ms: float) -> None:
        """End the recording now; it is complete once the audio before is known on both sides."""
        if self._end_ms == inf:
            self._end_ms = max(0.0, self._timeline.now(now_ms))
            self._settle_until_ms = now_ms + MAX_SETTLING_MS
            self._facts.end_reason = "stopped_here"
            self.deadline_ms = now_ms

    def abandon(self) -> None:
        """End the recording now, because it cannot be written."""
        self._facts.end_reason = "failed"
        self._end_ms = min(self._end_ms, self._timeline.end_ms)
        self._end()

    # As a sink

    def take(self, event: Event, now_ms: float) -> Iterable[Event]:
        """Take an event."""
        kind = type(event)
        if kind is Audio:
            self._take_audio(event, now_ms)  # type: ignore[arg-type]  # mypy does not narrow by `kind`
        elif isinstance(event, Gap):
            self._take_gap(event)
        elif isinstance(event, Started):
            self._timeline.restart()
            self._facts.restarted(self._timeline.end_ms)
        elif isinstance(event, Stopped):
            self._stream_ended(event.reason, now_ms)
        return NO_EVENTS

    def expired(self, now_ms: float) -> Iterable[Event]:
        """Hand over the audio since the last time."""
        if now_ms >= self.deadline_ms:
            self._hand_over(now_ms)
        return NO_EVENTS

    def _take_audio(self, audio: Audio, now_ms: float) -> None:
        source = TRACKS.get(audio.track)
        if source is None:
            return
        at_ms = self._timeline.place(audio.media_ms, audio.duration_ms, now_ms)
        if audio.concealed:
            self._facts.concealed(audio, at_ms)
        # Audio that arrives in a private section is dropped here; audio that was spoken in one is masked by the writer.
        if audio.pcm and self._mask is None and at_ms < self._end_ms:
            pcm, rate_hz = audio.pcm, audio.sample_rate_hz
            if at_ms + audio.duration_ms > self._end_ms:
                pcm = pcm[: 2 * round((self._end_ms - at_ms) * rate_hz / 1000)]
            self._pieces.put(Piece(source, at_ms, pcm, len(pcm) // 2, rate_hz))

    def _take_gap(self, gap: Gap) -> None:
        at_ms = self._timeline.at(gap.media_ms)
        if gap.duration_ms and at_ms + gap.duration_ms >= 0 and at_ms < self._end_ms:
            self._facts.gap(gap, at_ms)

    def _stream_ended(self, reason: str, now_ms: float) -> None:
        self._timeline.follow(self._session.media_delay_ms)
        if self._end_ms == inf:
            self._facts.end_reason = reason
            by_time_ms = self._timeline.now(now_ms)
            late = by_time_ms > self._timeline.end_ms + PAUSE_AT_END_MS
            self._end_ms = max(0.0, by_time_ms if late else self._timeline.end_ms)
        if self._heard is not None:
            self._put_heard(self._heard.take_rest(), now_ms)
        self._end()

    # Heard audio

    def _hand_over(self, now_ms: float) -> None:
        self._timeline.follow(self._session.media_delay_ms)
        known_ms = inf
        if self._heard is not None:
            self._put_heard(self._heard.take(inf), now_ms)
            known_ms = self._timeline.at(self._heard.final_until_ms)
        if self._end_ms < inf and self._settled(min(known_ms, self._timeline.end_ms), now_ms):
            self._end()
            return
        self.deadline_ms = now_ms + FLUSH_MS
        self._flush(min(known_ms, self._timeline.now(now_ms)))

    def _settled(self, known_ms: float, now_ms: float) -> bool:
        """Return whether a stopped recording is complete. known_ms: up to where both sides are known."""
        return known_ms >= self._end_ms or now_ms >= self._settle_until_ms

    def _put_heard(self, spans: Iterable[HeardSpan], now_ms: float) -> None:
        reader, near_ms = self._heard, self._timeline.now(now_ms)
        for span in spans:
            at_ms = self._timeline.at_heard(span.media_ms, near_ms)
            samples, pcm = span.samples, span.pcm
            if reader is None or at_ms >= self._end_ms:
                continue
            left = round((self._end_ms - at_ms) * reader.sample_rate_hz / 1000) if self._end_ms < inf else samples
            if left < samples:
                samples, pcm = left, pcm[: 2 * left]
            self._pieces.put(
                Piece("heard", at_ms, pcm, samples, reader.sample_rate_hz, span.run, of_reply=span.of_reply)
            )

    def _end(self) -> None:
        self.deadline_ms = inf
        self._session.stop_listening(self)
        self._session.privacy.unsubscribe(self._privacy_changed)
        if self._mask is not None:
            self._facts.private(self._session.privacy.label, self._mask.from_ms, self._end_ms)
        self._ended(self._end_ms)

    def _privacy_changed(self, active: bool, label: str, now_ms: float) -> None:
        self._timeline.follow(self._session.media_delay_ms)
        at_ms = self._timeline.now(now_ms)
        if active:
            self._mask = Mask(at_ms, inf)
            self._pieces.mask(self._mask)
        elif self._mask is not None:
            self._mask.to_ms = max(at_ms, self._timeline.now(self._session.privacy.hidden_until_ms))
            self._facts.private(label, self._mask.from_ms, min(self._mask.to_ms, self._end_ms))
            self._mask = None
