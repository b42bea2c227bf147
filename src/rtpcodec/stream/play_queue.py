"""Audio that waits for space in the session's queue, first in, first out per reply. No tasks, no futures."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Final, Protocol

from typing_extensions import Buffer

from rtpcodec.audio.pcm_check import refuse_file
from rtpcodec.errors import QueueFull
from rtpcodec.stream.empty_collections import NO_ITEMS
from rtpcodec.stream.events import Audio
from rtpcodec.stream.file_check import refuse_file_as_payload
from rtpcodec.stream.rate_conversion import pcm_and_rate
from rtpcodec.stream.session import MediaSession

PIECE_MS: Final = 100.0
"""Smallest piece of a long play: a smaller one is not worth a wake-up. Half of the smallest allowed queue."""
MARGIN_MS: Final = 1.0
"""Left free in the queue, so that rounding to ms cannot exceed its limit."""
MAX_WAITING: Final = 1000
"""Limit on waiting plays: a caller with more has a loop without `await`. Their audio has a limit as well."""


class _Remainder(Protocol):
    """The part of one play that is not queued yet."""

    def fits(self, room_ms: float) -> bool:
        """Return whether `move` would queue audio, or nothing is left."""

    def move(self, room_ms: float) -> None:
        """Queue as much as fits into room_ms."""

    @property
    def rest_ms(self) -> float:
        """Duration of the rest; 0: everything is queued."""


class WaitingPlay:
    """One play that waits for space. It ends once: when all is queued, when it is dropped, or by an error."""

    __slots__ = ("dropped", "ended", "error", "on_end", "rest")

    def __init__(self, rest: _Remainder) -> None:
        self.rest = rest
        self.ended = False
        self.dropped = False
        """Whether an interruption or the end of the stream dropped its rest."""
        self.error: Exception | None = None
        """The error because of which its rest could not be queued."""
        self.on_end: Callable[[WaitingPlay], object] | None = None
        """Called at the end. It must not call the queue."""

    def end(self, error: Exception | None = None) -> None:
        """End the play, unless it has already ended. Its rest is not queued."""
        if self.ended:
            return
        self.ended = True
        self.error = error
        self.rest = _NO_AUDIO  # frees its audio, even while it waits behind others
        on_end, self.on_end = self.on_end, None  # the callback usually refers to the owner of this object
        if on_end is not None:
            on_end(self)


class Target(Protocol):
    """A session or one of its replies: it accepts audio, and has the space that is left."""

    @property
    def send_pcm_hz(self) -> int:
        """The rate of PCM that is played without a rate."""

    @property
    def queued_ms(self) -> float:
        """Audio that waits to be sent."""

    @property
    def room_ms(self) -> float:
        """Audio that fits now."""

    @property
    def max_queue_ms(self) -> float:
        """Audio that fits into an empty queue."""

    def play(self, pcm: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue PCM. Raises QueueFull."""

    def play_octets(self, octets: bytes, pcm_hz: int | None = None, note: object = None) -> None:
        """Queue the octets of `octets_of`, or a part of them."""

    def octets_of(self, pcm: Buffer) -> bytes:
        """Return PCM as int16 octets; a single octet waits for the next call."""

    def play_payload(self, payload: Buffer, note: object = None) -> None:
        """Queue octets in the send codec. Raises QueueFull."""

    def payload_ms(self, payload: Buffer) -> float:
        """Return the duration of octets in the send codec."""


class _DivisibleAudio:
    """Audio that can be split: PCM, and payloads of sample codecs."""

    __slots__ = ("_last", "_put", "_rest", "_unit_ms", "_unit_octets")

    def __init__(
        self,
        put: Callable[[bytes], None],
        octets: bytes,
        unit_octets: int,
        unit_ms: float,
        last: Callable[[bytes], None] | None = None,
    ) -> None:
        """Make the rest of a play.

        Args:
            put: Queues a piece.
            octets: The whole rest.
            unit_octets, unit_ms: Size and duration of the smallest piece.
            last: Queues the last piece; None: `put`.
        """
        self._put = put
        self._last = last or put
        self._rest = memoryview(octets)
        self._unit_octets = unit_octets
        self._unit_ms = unit_ms

    def fits(self, room_ms: float) -> bool:
        """Return whether the rest fits, or a piece of it that is worth a wake-up."""
        return room_ms >= PIECE_MS or len(self._rest) <= self._octets_in(room_ms)

    def move(self, room_ms: float) -> None:
        """Queue as many units as fit."""
        octets = self._octets_in(room_ms)
        piece = bytes(self._rest[:octets])
        (self._put if len(piece) < len(self._rest) else self._last)(piece)
        self._rest = self._rest[octets:]

    def _octets_in(self, room_ms: float) -> int:
        return max(0, int((room_ms - MARGIN_MS) / self._unit_ms)) * self._unit_octets

    @property
    def rest_ms(self) -> float:
        """Duration of the rest."""
        return len(self._rest) / self._unit_octets * self._unit_ms


class _NoAudio:
    """The rest of a play that has ended."""

    __slots__ = ()
    rest_ms = 0.0

    def fits(self, room_ms: float) -> bool:
        """Return True: nothing is left."""
        return True

    def move(self, room_ms: float) -> None:
        """Do nothing."""


_NO_AUDIO: Final = _NoAudio()


class _IndivisibleAudio:
    """Audio that cannot be split: a payload of a frame codec, or an MP3 file."""

    __slots__ = ("_octets", "_put", "_target", "rest_ms")

    def __init__(self, put: Callable[[Buffer], None], octets: bytes, target: Target, duration_ms: float) -> None:
        self._put = put
        self._octets = octets
        self._target = target
        self.rest_ms = duration_ms

    def fits(self, room_ms: float) -> bool:
        """Return whether it fits, or the queue is empty: a file may be longer than the queue."""
        return self.rest_ms <= room_ms or not self._target.queued_ms

    def move(self, room_ms: float) -> None:
        """Queue the whole audio."""
        self._put(self._octets)
        self.rest_ms = 0.0


class PlayQueue:
    """Queues audio in one target: at once if it fits, otherwise after the waiting plays.

    The methods that play return None if all was queued at once, otherwise a WaitingPlay. Use from one thread at a time.
    """

    __slots__ = ("_info", "_may_wait", "_rate_hz", "_target", "_waiting", "drop_count")

    def __init__(self, session: MediaSession, target: Target | None = None, *, may_wait: bool) -> None:
        """Make the queue.

        Args:
            session: The call's session.
            target: The reply of the audio; None: the session, for audio outside replies.
            may_wait: Whether audio that does not fit waits; otherwise QueueFull is raised.
        """
        self._target: Target = session if target is None else target
        self._info = session.plan.send_info
        self._rate_hz = session.plan.send_sample_rate_hz
        self._may_wait = may_wait
        self._waiting: deque[WaitingPlay] = NO_ITEMS
        self.drop_count = 0
        """Number of calls of `drop`, by which a caller sees whether its audio was dropped."""

    def play(self, source: Buffer | Audio, pcm_hz: int | None = None, note: object = None) -> WaitingPlay | None:
        """Queue mono PCM or an Audio, as Reply.play does. If it raises, nothing is queued."""
        target = self._target
        pcm, pcm_hz = pcm_and_rate(source, pcm_hz)
        put = target.play if note is None else partial(target.play, note=note)
        if self._queue_now(put if pcm_hz is None else partial(put, pcm_hz=pcm_hz), pcm):
            return None
        # An empty play queues nothing, but raises errors now that the rest would raise later.
        target.play(memoryview(pcm)[:0], pcm_hz)
        refuse_file("pcm", memoryview(pcm))
        put_octets = partial(target.play_octets, pcm_hz=pcm_hz)
        last = put_octets if note is None else partial(put_octets, note=note)
        unit_ms = 1000 / (pcm_hz or target.send_pcm_hz)
        return self._queue_later(_DivisibleAudio(put_octets, target.octets_of(pcm), 2, unit_ms, last))

    def play_payload(self, payload: Buffer, note: object = None) -> WaitingPlay | None:
        """Queue octets in the send codec. If it raises PayloadError, StreamEnded or QueueFull, nothing is queued."""
        target = self._target
        put = target.play_payload
        last: Callable[[Buffer], None] = put if note is None else partial(put, note=note)
        if self._queue_now(last, payload):
            return None
        duration_ms = target.payload_ms(payload)
        refuse_file_as_payload(payload)
        info = self._info
        if info.kind == "frame":
            return self._queue_later(_IndivisibleAudio(last, _octets_of(payload), target, duration_ms))
        unit_ms = info.samples_per_unit * 1000 / self._rate_hz
        return self._queue_later(_DivisibleAudio(put, _octets_of(payload), info.octets_per_unit, unit_ms, last))

    def turn(self) -> WaitingPlay | None:
        """Return a WaitingPlay that ends after all current plays; None: no play waits."""
        return self._queue_later(_DivisibleAudio(self._target.play_octets, b"", 2, 1.0)) if self._waiting else None

    @property
    def waits(self) -> bool:
        """Whether a play waits."""
        return bool(self._waiting)

    @property
    def waiting_ms(self) -> float:
        """Audio that waits for space."""
        return sum(waiting.rest.rest_ms for waiting in self._waiting) if self._waiting else 0.0

    @property
    def can_feed(self) -> bool:
        """Whether `feed` would queue audio or end a play."""
        return bool(self._waiting) and self._waiting[0].rest.fits(self._target.room_ms)

    def feed(self) -> bool:
        """Queue as much waiting audio as fits, in order. Returns whether any was queued."""
        moved = False
        while self.can_feed:
            first = self._waiting[0]
            if not first.ended:
                before_ms = first.rest.rest_ms
                try:
                    first.rest.move(self._target.room_ms)
                except Exception as error:  # any error of the session; the caller of that play gets it
                    first.end(error)
                    del first  # the error's traceback refers to this frame, and the WaitingPlay to the error
                else:
                    moved = moved or before_ms > 0
                    if first.rest.rest_ms:
                        continue
                    first.end()
            self._waiting.popleft()
        return moved

    def drop(self, error: Exception | None = None) -> None:
        """Drop all waiting audio, and end the waiting plays, with an error if one is given."""
        self.drop_count += 1
        while self._waiting:
            dropped = self._waiting.popleft()
            dropped.dropped = True
            dropped.end(error)

    def _queue_now(self, put: Callable[[Buffer], None], source: Buffer) -> bool:
        if self._waiting:
            return False
        try:
            put(source)
        except QueueFull:
            if not self._may_wait:
                raise
            return False
        return True

    def _queue_later(self, rest: _Remainder) -> WaitingPlay:
        """Add a waiting play. The first one may have any duration; the limit for those behind it is max_queue_ms."""
        # 1. Too many plays? 2. Too much audio behind the first one?
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFull(f"{len(self._waiting)} plays already wait for space, at most {MAX_WAITING} are allowed")
        lengths_ms = [waiting.rest.rest_ms for waiting in self._waiting if not waiting.ended]
        behind_ms = sum(lengths_ms[1:])
        max_ms = self._target.max_queue_ms
        if lengths_ms and rest.rest_ms and behind_ms + rest.rest_ms > max_ms:
            raise QueueFull(
                f"a play waits for space, {behind_ms:.0f} ms wait behind it and {rest.rest_ms:.0f} ms would follow, "
                f"at most {max_ms:.0f} ms are allowed"
            )
        waiting = WaitingPlay(rest)
        if self._waiting is NO_ITEMS:
            self._waiting = deque()
        self._waiting.append(waiting)
        return waiting


def _octets_of(source: Buffer) -> bytes:
    return source if isinstance(source, bytes) else memoryview(source).tobytes()


class FileQueue(PlayQueue):
    """A PlayQueue for mode mp3, which queues files as well."""

    __slots__ = ("_session",)

    def __init__(self, session: MediaSession, *, may_wait: bool) -> None:
        super().__init__(session, may_wait=may_wait)
        self._session = session

    def play_mp3(self, data: Buffer) -> WaitingPlay | None:
        """Queue an MP3 file. If it raises ValueError, StreamEnded or QueueFull, nothing is queued."""
        session = self._session
        if self._queue_now(session.play_mp3, data):
            return None
        return self._queue_later(_IndivisibleAudio(session.play_mp3, _octets_of(data), session, session.mp3_ms(data)))
