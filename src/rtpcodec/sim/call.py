"""One live call of the simulator: what commands and tests do to it, and when its stream is over."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Final, Literal, Protocol

from rtpcodec.sim.carrier import CarrierStream, Line
from rtpcodec.sim.commands import StreamRequest
from rtpcodec.sim.formats import AudioFormat, agree
from rtpcodec.sim.home import Home, clock_ms
from rtpcodec.sim.refusals import refused
from rtpcodec.sim.report import CallReport, EndReason

MAX_COMMAND_IDS: Final = 1000
"""Commands whose repetition is noticed; beyond, the oldest are forgotten."""
DIGITS: Final = "0123456789*#ABCD"
"""The keys of RFC 4733 section 3.2 that a phone can have."""

_CALL_ENDS_TOO: Final = ("speech_ended", "hang_up", "time_limit", "speech_failed", "carrier_closed")
"""Ends of a stream that are the end of the call; after any other the call can be streamed again."""


class Socket(Protocol):
    """What a call needs of an open WebSocket."""

    def pump(self) -> None:
        """Send what is due."""

    async def wait_closed(self) -> None:
        """Return once it is gone."""


class Dialer(Protocol):
    """What a call needs to open one."""

    async def dial(self, url: str, auth_token: str | None, open_stream: Callable[[Socket], CarrierStream]) -> Socket:
        """Connect, and begin the stream. ConnectionError: that is not possible."""


class NewStream(Protocol):
    """Makes the stream that was agreed on, at the moment when it begins."""

    def __call__(self, *, now_ms: float, utc_ms: float) -> CarrierStream:
        """The stream."""


class SimulatedCall:
    """An answered call of one leg, which `streaming_start` makes dial the app. `Carrier.new_call` makes it.

    The caller speaks from the beginning of the stream on, and hangs up when everything was said. Everything here may be
    used from any thread; `finished` and `wait` are the same for async and for blocking code.
    """

    def __init__(self, home: Home, dialer: Dialer, line: Line, media: AudioFormat, rng: random.Random) -> None:
        self._home = home
        self._dialer = dialer
        self._line = line
        self._format = media
        self._rng = rng
        self._command_ids: OrderedDict[str, None] = OrderedDict()
        self._done: Future[CallReport] = Future()
        self._task: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._stream: CarrierStream | None = None  # while it runs
        self._last: CallReport | None = None
        self._given_up: EndReason | None = None  # why an app is dialled no longer
        self.ended = False
        """The caller has hung up: commands are refused."""
        self.failure: Literal["connection_failed"] | None = None
        """Why the last stream could not begin."""

    @property
    def call_control_id(self) -> str:
        """What commands name the call by."""
        return self._line.call_control_id

    @property
    def streaming(self) -> bool:
        """A stream runs, or the app is being dialled for one."""
        return self._task is not None

    @property
    def stream_id(self) -> str | None:
        """Of the stream that runs or was the last to run."""
        stream = self._stream or self._last
        return None if stream is None else stream.stream_id

    @property
    def heard(self) -> bytes:
        """PCM that the caller has heard since `start`, with silence while nothing was played."""
        return self._home.run(self._heard)

    @property
    def heard_hz(self) -> int:
        """The rate of `heard`: that of the return audio; before the first stream, the call's own."""
        stream = self._stream or self._last
        return self._format.sample_rate_hz if stream is None else stream.heard_hz

    async def finished(self) -> CallReport:
        """The report of the stream that runs or comes next, once it is over; or of the last one.

        An error of the generator that makes the speech is raised here.
        """
        done, loop = self._done, asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not waiter.done():
                waiter.set_result(None)

        def wake_from_any_thread(_done: object) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(wake)

        done.add_done_callback(wake_from_any_thread)
        await waiter
        return done.result()

    def wait(self, timeout_s: float | None = None) -> CallReport:
        """Like `finished`, for blocking code. TimeoutError: it is not over. RuntimeError: in the loop's own thread."""
        if self._home.here and not self._done.done():
            raise RuntimeError("wait() would block the carrier's own event loop, use: await call.finished()")
        try:
            return self._done.result(timeout_s)
        except TimeoutError:
            if self._done.done():
                raise  # of the speech's generator
            raise TimeoutError(f"the call is not over after {timeout_s} s") from None

    def hang_up(self) -> None:
        """The caller hangs up: `stop` is sent and the socket closed."""
        self._home.run(lambda: self._leave("hang_up"))

    def press(self, digits: str) -> None:
        """The caller presses keys now. ValueError: no such key. RuntimeError: nothing is streamed."""
        require_digits(digits)
        self._home.run(lambda: self._press(digits))

    def __repr__(self) -> str:
        state = "ended" if self.ended else "streaming" if self.streaming else "live"
        return f"<SimulatedCall {self.call_control_id} {self._format.info.name} {state}>"

    # What commands do, in the loop's thread

    def seen(self, command_id: str) -> bool:
        """Whether a command of that id was carried out."""
        return command_id in self._command_ids

    def remember(self, command_id: str) -> None:
        """A command of that id was carried out."""
        self._command_ids[command_id] = None
        if len(self._command_ids) > MAX_COMMAND_IDS:
            self._command_ids.popitem(last=False)

    def begin(self, request: StreamRequest) -> Callable[[], None]:
        """Take the line for a stream; what comes back makes it dial."""
        if self._task is not None:
            raise refused("90045", "the call is streaming already")
        line = self._line
        habits = line.variations
        formats = agree(request, self._format, line.speech, transcodes=habits.transcodes, chunk_ms=habits.chunk_ms)
        if self._done.done():
            self._done = Future()
        self.failure = self._given_up = None
        stream_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        new_stream = partial(CarrierStream, line, request, formats, stream_id)
        answered = asyncio.Event()
        self._task = self._home.loop.create_task(self._carry(request, new_stream, answered))
        # Not the end of that coroutine: a task that is cancelled at once never begins.
        self._task.add_done_callback(lambda _task: self._finish(new_stream))
        return answered.set

    def cease(self, stream_id: str | None) -> None:
        """Stop the stream."""
        if self._task is None:
            raise refused("90048", "the call is not streaming")
        # The id is a uuid, whose case means nothing (RFC 9562 section 4).
        if stream_id is not None and stream_id.lower() != (self.stream_id or "").lower():
            raise refused("90048", "no stream of the call has this stream_id")
        self._end_stream("streaming_stop")

    async def close(self) -> None:
        """The carrier goes: hang up, and wait for the socket to be gone."""
        task = self._task
        self._leave("carrier_closed")
        if task is not None:
            await asyncio.wait([task])

    # Life

    def _leave(self, reason: Literal["hang_up", "carrier_closed"]) -> None:
        self.ended = True
        if self._task is not None:
            self._end_stream(reason)
        elif not self._done.done():
            self._done.set_result(self._report_without_stream(reason))

    def _end_stream(self, reason: EndReason) -> None:
        if self._socket is not None and self._stream is not None:
            self._stream.end(reason, clock_ms())
            self._socket.pump()
        elif self._task is not None:
            self._given_up = reason
            self._task.cancel()

    def _heard(self) -> bytes:
        if self._stream is not None:
            return self._stream.heard(clock_ms())
        return b"" if self._last is None else self._last.heard_pcm

    def _press(self, digits: str) -> None:
        if self._stream is None or self._stream.end_reason is not None:
            raise RuntimeError("keys can be pressed while the call is streaming, not before and not after")
        for digit in digits:
            self._stream.press(digit, clock_ms())
        if self._socket is not None:
            self._socket.pump()

    async def _carry(self, request: StreamRequest, new_stream: NewStream, answered: asyncio.Event) -> None:
        """Dial once the command was answered, and stay until the stream is over."""

        def open_stream(opened: Socket) -> CarrierStream:
            self._socket = opened
            self._stream = new_stream(now_ms=clock_ms(), utc_ms=time.time() * 1000)
            return self._stream

        try:
            await answered.wait()
            socket = await self._dialer.dial(request.stream_url, request.auth_token, open_stream)
            await socket.wait_closed()
        except ConnectionError:
            self.failure = "connection_failed"
        except asyncio.CancelledError:
            # Dialling is given up; the socket may have opened in that very moment.
            if self._socket is not None:
                self._end_stream(self._given_up or "carrier_closed")
                await self._socket.wait_closed()

    def _finish(self, new_stream: NewStream) -> None:
        now_ms = clock_ms()
        stream = self._stream or new_stream(now_ms=now_ms, utc_ms=0.0)
        stream.closed(self._given_up or "connection_failed", now_ms)
        self._last = stream.report()
        self._task = self._socket = self._stream = None
        self.ended = self.ended or self._last.end_reason in _CALL_ENDS_TOO
        if stream.speech_error is not None:
            self._done.set_exception(stream.speech_error)
        else:
            self._done.set_result(self._last)

    def _report_without_stream(self, reason: EndReason) -> CallReport:
        name, rate_hz = self._format.info.name, self._format.sample_rate_hz
        return CallReport(
            call_control_id=self.call_control_id,
            stream_id="",
            end_reason=reason,
            codec=name,
            sample_rate_hz=rate_hz,
            return_codec=name,
            heard_hz=rate_hz,
        )


def require_digits(digits: str) -> None:
    """ValueError: a character that no key has. It is not shown, digits are secret."""
    for position, digit in enumerate(digits):
        if digit not in DIGITS:
            raise ValueError(f"character {position} is no key, allowed are {DIGITS}")
