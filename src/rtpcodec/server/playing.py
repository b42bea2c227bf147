"""Audio that waits for room in the session's queue, in the order in which it was given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final

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


class _Waiting:
    """The rest of one play."""

    __slots__ = ("_put", "_unit_ms", "_unit_octets", "done", "rest")

    def __init__(self, put: Callable[[Buffer], None], octets: bytes, unit_octets: int, unit_ms: float) -> None:
        self._put = put
        self.rest = memoryview(octets)
        self._unit_octets = unit_octets
        self._unit_ms = unit_ms
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def move(self, room_ms: float) -> int:
        """Queue what there is room for; how many octets."""
        room_units = max(0, int((room_ms - MARGIN_MS) / self._unit_ms))
        octets = min(len(self.rest), room_units * self._unit_octets)
        if octets < len(self.rest) and room_ms < PIECE_MS:
            return 0
        self._put(self.rest[:octets])
        self.rest = self.rest[octets:]
        return octets

    @property
    def rest_ms(self) -> float:
        """How long what is left takes."""
        return len(self.rest) / self._unit_octets * self._unit_ms


class Plays:
    """The way of all audio into the session: at once where there is room, else in turn."""

    __slots__ = ("_changed", "_may_wait", "_session", "_waiting", "drops")

    def __init__(self, session: MediaSession, changed: Callable[[], None], *, may_wait: bool) -> None:
        """Make the way in; `changed` is called after audio was queued. Without `may_wait` a full queue is an error."""
        self._session = session
        self._changed = changed
        self._may_wait = may_wait
        self._waiting: deque[_Waiting] = deque()
        self.drops = 0
        """How often what waited was dropped."""

    def play(self, pcm: Buffer) -> Ongoing:
        """Queue PCM; see Call.play."""
        if self._queue_now(self._session.play, pcm):
            return DONE
        octets = memoryview(pcm).nbytes
        if octets % 2:
            raise ValueError(f"pcm has {octets} octets, 16-bit samples need an even number")
        return self._queue_later(self._session.play, pcm, 2, 1000 / self._session.send_pcm_hz)

    def play_payload(self, payload: Buffer) -> Ongoing:
        """Queue octets that are encoded already; see Call.play_payload."""
        if self._queue_now(self._session.play_payload, payload):
            return DONE
        plan = self._session.plan
        info = plan.send_info
        info.samples_in(payload)
        unit_ms = info.samples_per_unit * 1000 / plan.send_sample_rate_hz
        return self._queue_later(self._session.play_payload, payload, info.octets_per_unit, unit_ms)

    def turn(self) -> Ongoing:
        """Ends when all that waits now was queued or dropped."""
        return self._queue_later(self._session.play, b"", 2, 1.0) if self._waiting else DONE

    @property
    def waiting_ms(self) -> float:
        """Audio that waits for room."""
        return sum(waiting.rest_ms for waiting in self._waiting)

    def feed(self) -> bool:
        """Queue what there is room for now; whether anything was queued."""
        moved = 0
        while self._waiting:
            first = self._waiting[0]
            try:
                if not first.done.done():
                    moved += first.move(self._session.room_ms)
            except Exception as error:  # of any kind that `put` raises: it belongs to who waits for this play
                first.done.set_exception(error)
            if not first.done.done():
                if first.rest:
                    break
                first.done.set_result(None)
            self._waiting.popleft()
        return moved > 0

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

    def _queue_later(self, put: Callable[[Buffer], None], source: Buffer, unit_octets: int, unit_ms: float) -> Ongoing:
        # Nothing of it is queued by this, but what cannot be played at all is refused now and not in the middle.
        put(memoryview(source)[:0])
        if len(self._waiting) >= MAX_WAITING:
            raise QueueFull(f"{len(self._waiting)} plays wait for room already, at most {MAX_WAITING} are allowed")
        octets = source if isinstance(source, bytes) else memoryview(source).tobytes()
        rest = _Waiting(put, octets, unit_octets, unit_ms)
        self._waiting.append(rest)
        self._changed()
        return Ongoing(rest.done)
