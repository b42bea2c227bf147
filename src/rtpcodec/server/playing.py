"""Audio that waits for room in the session's queue, in the order in which it was given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, Protocol

from typing_extensions import Buffer

from rtpcodec.errors import QueueFull
from rtpcodec.stream.session import MediaSession

PIECE_MS: Final = 100.0
"""Less of a long play is not worth a wake-up; it is half of the smallest queue."""
MARGIN_MS: Final = 1.0
"""Keeps the rounding of milliseconds off the queue's limit."""
MAX_WAITING: Final = 1000
"""Plays that wait for room; more is a loop that forgets to await."""


class Ongoing(Coroutine[Any, Any, None]):
    """Something that has begun and goes on by itself: await it for its end, or leave it.

    A coroutine to asyncio, so that `create_task`, `gather` and `timeout` take it; a wait that is cancelled gives up
    what has not been done yet.
    """

    __slots__ = ("_end", "_steps")

    def __init__(self, end: asyncio.Future[None] | None = None) -> None:
        self._end = end
        self._steps: Generator[Any, Any, None] | None = None

    def __await__(self) -> Generator[Any, Any, None]:
        if self._end is not None:
            yield from self._end.__await__()

    def send(self, value: Any) -> Any:
        """Go on, as a task does."""
        if self._steps is None:
            self._steps = self.__await__()
        return self._steps.send(value)

    def throw(self, *error: Any) -> Any:
        """Be told of an error, as a task does when it is cancelled."""
        if self._steps is None:
            if self._end is not None:
                self._end.cancel()  # nobody has waited for it yet, so nobody else gives it up
            self._steps = self.__await__()
        return self._steps.throw(*error)

    def close(self) -> None:
        """Stop waiting."""
        if self._steps is not None:
            self._steps.close()


DONE: Final = Ongoing()
"""What has ended already; without state, so one is enough for all."""


class _Rest(Protocol):
    """What is left of one play."""

    done: asyncio.Future[None]

    def move(self, room_ms: float) -> bool:
        """Queue what there is room for; whether there was any."""

    @property
    def rest_ms(self) -> float:
        """How long what is left takes; 0: nothing is."""


class _Pieces:
    """Audio that can be cut."""

    __slots__ = ("_put", "_rest", "_unit_ms", "_unit_octets", "done")

    def __init__(self, put: Callable[[Buffer], None], octets: bytes, unit_octets: int, unit_ms: float) -> None:
        self._put = put
        self._rest = memoryview(octets)
        self._unit_octets = unit_octets
        self._unit_ms = unit_ms
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def move(self, room_ms: float) -> bool:
        """Queue as many units as there is room for."""
        room_units = max(0, int((room_ms - MARGIN_MS) / self._unit_ms))
        octets = min(len(self._rest), room_units * self._unit_octets)
        if octets < len(self._rest) and room_ms < PIECE_MS:
            return False
        self._put(self._rest[:octets])
        self._rest = self._rest[octets:]
        return octets > 0

    @property
    def rest_ms(self) -> float:
        """Its units, as time."""
        return len(self._rest) / self._unit_octets * self._unit_ms


class _Whole:
    """Audio that goes as one: a payload of a frame codec, a file."""

    __slots__ = ("_octets", "_put", "_session", "done", "rest_ms")

    def __init__(self, put: Callable[[Buffer], None], octets: bytes, session: MediaSession, duration_ms: float) -> None:
        self._put = put
        self._octets = octets
        self._session = session
        self.rest_ms = duration_ms
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def move(self, room_ms: float) -> bool:
        """Queue it if there is room; a file longer than the queue has some when nothing else waits."""
        if self.rest_ms > room_ms and self._session.queued_ms:
            return False
        self._put(self._octets)
        self.rest_ms = 0.0
        return True


class Plays:
    """The way of all audio into the session: at once where there is room, else in turn."""

    __slots__ = ("_changed", "_may_wait", "_session", "_waiting", "drops")

    def __init__(self, session: MediaSession, changed: Callable[[], None], *, may_wait: bool) -> None:
        """Make the way in; `changed` is called after audio was queued. Without `may_wait` a full queue is an error."""
        self._session = session
        self._changed = changed
        self._may_wait = may_wait
        self._waiting: deque[_Rest] = deque()
        self.drops = 0
        """How often what waited was dropped."""

    def play(self, pcm: Buffer) -> Ongoing:
        """Queue PCM; see Call.play."""
        session = self._session
        if self._queue_now(session.play, pcm):
            return DONE
        octets = memoryview(pcm).nbytes
        if octets % 2:
            raise ValueError(f"pcm has {octets} octets, 16-bit samples need an even number")
        # Nothing of it is queued by this, but what cannot be played at all is refused now and not in the middle.
        session.play(memoryview(pcm)[:0])
        return self._queue_later(_Pieces(session.play, _octets_of(pcm), 2, 1000 / session.send_pcm_hz))

    def play_payload(self, payload: Buffer) -> Ongoing:
        """Queue octets that are encoded already; see Call.play_payload."""
        session = self._session
        if self._queue_now(session.play_payload, payload):
            return DONE
        duration_ms = session.payload_ms(payload)
        info = session.plan.send_info
        if info.kind == "frame":
            return self._queue_later(_Whole(session.play_payload, _octets_of(payload), session, duration_ms))
        unit_ms = info.samples_per_unit * 1000 / session.plan.send_sample_rate_hz
        return self._queue_later(_Pieces(session.play_payload, _octets_of(payload), info.octets_per_unit, unit_ms))

    def play_mp3(self, data: Buffer) -> Ongoing:
        """Queue an MP3 file; see Call.play_mp3."""
        session = self._session
        if self._queue_now(session.play_mp3, data):
            return DONE
        return self._queue_later(_Whole(session.play_mp3, _octets_of(data), session, session.mp3_ms(data)))

    def turn(self) -> Ongoing:
        """Ends when all that waits now was queued or dropped."""
        return self._queue_later(_Pieces(self._session.play, b"", 2, 1.0)) if self._waiting else DONE

    @property
    def waiting_ms(self) -> float:
        """Audio that waits for room."""
        return sum(waiting.rest_ms for waiting in self._waiting)

    def feed(self) -> bool:
        """Queue what there is room for now; whether anything was queued."""
        moved = False
        while self._waiting:
            first = self._waiting[0]
            try:
                if not first.done.done():
                    moved |= first.move(self._session.room_ms)
            except Exception as error:  # of any kind that `put` raises: it belongs to who waits for this play
                first.done.set_exception(error)
            if not first.done.done():
                if first.rest_ms:
                    break
                first.done.set_result(None)
            self._waiting.popleft()
        return moved

    def drop(self) -> None:
        """Forget all that waits; who waits for it goes on."""
        self.drops += 1
        while self._waiting:
            done = self._waiting.popleft().done
            if not done.done():
                done.set_result(None)

    def _queue_now(self, put: Callable[[Buffer], None], source: Buffer) -> bool:
        if self._waiting:
            return False
        try:
            put(source)
        except QueueFull:
            if not self._may_wait:
                raise
            return False
        self._changed()
        return True

    def _queue_later(self, rest: _Rest) -> Ongoing:
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFull(f"{len(self._waiting)} plays wait for room already, at most {MAX_WAITING} are allowed")
        self._waiting.append(rest)
        self._changed()
        return Ongoing(rest.done)


def _octets_of(source: Buffer) -> bytes:
    return source if isinstance(source, bytes) else memoryview(source).tobytes()
