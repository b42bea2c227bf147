"""One live call of the simulator: what commands and tests do to it, and when its stream is over."""

from __future__ import annotations

import asyncio
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, Final, Literal

from rtpcodec.sim.calls.dialling import Dialer, NewStream, Socket
from rtpcodec.sim.calls.leg import Leg, State
from rtpcodec.sim.calls.phones import require_digits
from rtpcodec.sim.commands.refusals import refused
from rtpcodec.sim.commands.requests import AnswerRequest, StreamRequest
from rtpcodec.sim.loop_thread import LoopThread, clock_ms
from rtpcodec.sim.media.formats import AudioFormat, StreamFormats, agree, preferred
from rtpcodec.sim.media.stream import CallFacts, CarrierStream
from rtpcodec.sim.report import CallReport, EndReason
from rtpcodec.sim.webhooks import payloads

_CALL_ENDS_TOO: Final = ("speech_ended", "hang_up", "time_limit", "speech_failed", "carrier_closed")
"""Ends of a stream that are the end of the call; after any other the call can be streamed again."""
_CAUSES: Final = {"time_limit": "time_limit", "speech_failed": "unspecified"}
"""What `call.hangup` says of them, if it is not normal_clearing."""


Notify = Callable[[str, dict[str, Any]], None]
"""Takes a webhook's event type and payload."""


class SimulatedCall:
    """A call of one leg, which commands can have streamed to the app. A `Carrier` makes it.

    The phone's side speaks from the beginning of the stream on, and hangs up when everything was said. Everything here
    may be used from any thread; `finished` and `wait` are the same for async and for blocking code.
    """

    def __init__(
        self,
        loop_thread: LoopThread,
        dialer: Dialer,
        facts: CallFacts,
        media: AudioFormat,
        *,
        leg: Leg,
        rng: random.Random,
        notify: Notify,
    ) -> None:
        self._loop_thread = loop_thread
        self._dialer = dialer
        self._facts = facts
        self._format = media
        self._rng = rng
        self._notify = notify
        self._ringing: asyncio.TimerHandle | None = None
        self._once_dialled: Callable[[], None] | None = None
        self._end_told = False
        self._peer: SimulatedCall | None = None
        self.leg = leg
        """What commands and webhooks see of it."""
        self.commands: list[tuple[str, dict[str, Any]]] = []
        """Action and body of each command that was carried out, the dial command included."""
        self._done: Future[CallReport] = Future()
        self._task: asyncio.Task[None] | None = None
        self._socket: Socket | None = None
        self._stream: CarrierStream | None = None  # while it runs
        self._last: CallReport | None = None
        self._given_up: EndReason | None = None  # why an app is dialled no longer
        self.failure: Literal["connection_failed"] | None = None
        """Why the last stream could not begin."""

    @property
    def call_control_id(self) -> str:
        """What commands name the call by."""
        return self._facts.call_control_id

    @property
    def state(self) -> State:
        """Parked (an incoming call before its answer), ringing (a dialled one), answered, bridged or ended."""
        return self.leg.state

    @property
    def ended(self) -> bool:
        """One side has hung up: commands are refused."""
        return self.leg.ended

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
        return self._loop_thread.run(self._heard)

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
        if self._loop_thread.here and not self._done.done():
            raise RuntimeError("wait() would block the carrier's own event loop, use: await call.finished()")
        try:
            return self._done.result(timeout_s)
        except TimeoutError:
            if self._done.done():
                raise  # of the speech's generator
            raise TimeoutError(f"the call is not over after {timeout_s} s") from None

    def hang_up(self) -> None:
        """The phone's side hangs up: `stop` is sent and the socket closed."""
        self._loop_thread.run(lambda: self.leave("hang_up"))

    def press(self, digits: str) -> None:
        """The caller presses keys now. ValueError: no such key. RuntimeError: nothing is streamed."""
        require_digits(digits)
        self._loop_thread.run(lambda: self._press(digits))

    def __repr__(self) -> str:
        state = "streaming" if self.streaming and not self.ended else self.state
        return f"<SimulatedCall {self.call_control_id} {self._format.info.name} {state}>"

    # What commands do, in the loop's thread

    def answer(self, request: AnswerRequest) -> Callable[[], None]:
        """Answer an incoming call; what comes back tells of it and makes it dial, if streaming was asked for."""
        media = self._preferred(request.preferred_codecs)
        dial = None if request.stream is None else self.begin(request.stream, media)
        self._format, self.leg.state = media, "answered"

        def then() -> None:
            self._tell_answered(request.stream)
            if dial is not None:
                dial()

        return then

    def announce(self) -> None:
        """Tell of a call that came in, or of a phone that begins to ring."""
        self._notify("call.initiated", payloads.initiated(self._facts, self.leg, self._format))

    def description(self) -> dict[str, Any]:
        """What the answer to a dial command says of it (media streaming, section 2.5)."""
        said = payloads.of_call(self._facts, self.leg)
        names = ("call_control_id", "call_leg_id", "call_session_id", "client_state")
        return {name: said[name] for name in names if said[name] is not None} | {
            "is_alive": False,
            "record_type": "call",
        }

    def prepare(self, stream: StreamRequest | None, preferred_codecs: tuple[str, ...]) -> None:
        """Choose the codec of a call that is about to ring. Refused (90046): its stream could not begin."""
        self._format = self._preferred(preferred_codecs)
        if stream is not None:
            self._agree(stream, self._format)

    def ring(
        self, answers_after_s: float | None, timeout_s: float, stream: StreamRequest | None, *, first: bool
    ) -> None:
        """Let the phone ring until it is answered or the time is over; `first` opens the WebSocket before that."""

        def begin() -> None:
            if self.ended:
                return
            self.announce()
            answers = answers_after_s is not None and answers_after_s < timeout_s
            if answers_after_s is not None and answers:
                self._ringing = self._loop_thread.loop.call_later(answers_after_s, self._picked_up, stream)
            else:
                self._ringing = self._loop_thread.loop.call_later(timeout_s, self.leave, "hang_up", "timeout")

        if stream is not None and first and not self.ended:
            self._facts.speech.held = True
            self._once_dialled = begin
            self.begin(stream)()
        else:
            begin()

    def _picked_up(self, stream: StreamRequest | None) -> None:
        if self.ended:  # by the end of a stream that was opened first
            return
        self.leg.state = "answered"
        self._tell_answered(stream)
        if self._facts.speech.held:
            self._facts.speech.held = False
        elif stream is not None:
            self.begin(stream)()

    def _tell_answered(self, stream: StreamRequest | None) -> None:
        self._notify("call.answered", payloads.answered(self._facts, self.leg, self._format, stream))

    def bridge(self, other: SimulatedCall) -> None:
        """Join it with another answered call."""
        for one, peer in ((self, other), (other, self)):
            one.leg.state, one._peer, one._facts.bridged = "bridged", peer, True  # noqa: SLF001 -- of the same class
        for one in (self, other):
            one._notify("call.bridged", payloads.of_phone(one._facts, one.leg))  # noqa: SLF001 -- as above

    def begin(self, request: StreamRequest, media: AudioFormat | None = None) -> Callable[[], None]:
        """Take the line for a stream; what comes back makes it dial. Refused: 90045, 90046."""
        if self._task is not None:
            raise refused("90045", "the call is streaming already")
        formats = self._agree(request, media or self._format)
        if self._done.done():
            self._done = Future()
        self.failure = self._given_up = None
        stream_id = str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
        # What a call was given once comes back in all that is said of it.
        told = replace(request, client_state=request.client_state or self.leg.client_state)
        new_stream = partial(CarrierStream, self._facts, told, formats, stream_id)
        answered = asyncio.Event()
        self._task = self._loop_thread.loop.create_task(self._carry(request, new_stream, answered))
        # Not the end of that coroutine: a task that is cancelled at once never begins.
        self._task.add_done_callback(lambda _task: self._finish(new_stream, request))
        return answered.set

    def _preferred(self, codecs: tuple[str, ...]) -> AudioFormat:
        return preferred(codecs, self._format, self._facts.speech, self._facts.variations.chunk_ms)

    def _agree(self, request: StreamRequest, media: AudioFormat) -> StreamFormats:
        habits = self._facts.variations
        return agree(request, media, self._facts.speech, transcodes=habits.transcodes, chunk_ms=habits.chunk_ms)

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
        self.leave("carrier_closed")
        if task is not None:
            await asyncio.wait([task])

    # Life

    def leave(
        self, reason: Literal["hang_up", "carrier_closed"], cause: str = "normal_clearing", *, by_us: bool = False
    ) -> None:
        """End the call; `by_us`: by a command, not by the phone's side."""
        self.leg.end(cause, self.leg.ours if by_us else self.leg.theirs)
        if self._ringing is not None:
            self._ringing.cancel()
        if self._task is not None:
            self._end_stream(reason)
        elif not self._done.done():
            self._done.set_result(self._report_without_stream(reason))
        if self._task is None:
            self._tell_end()

    def _tell_end(self) -> None:
        if self._end_told:
            return
        self._end_told = True
        self._notify("call.hangup", payloads.hung_up(self._facts, self.leg))
        if self._peer is not None and not self._peer.ended:
            self._peer.leave("hang_up")

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
            self._notify("streaming.started", payloads.streaming(self._facts, self.leg, request))
            self._tell_dialled()
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

    def _tell_dialled(self) -> None:
        once_dialled, self._once_dialled = self._once_dialled, None
        if once_dialled is not None:
            once_dialled()

    def _finish(self, new_stream: NewStream, request: StreamRequest) -> None:
        now_ms = clock_ms()
        began = self._stream is not None
        stream = self._stream or new_stream(now_ms=now_ms, utc_ms=0.0)
        stream.closed(self._given_up or "connection_failed", now_ms)
        self._last = stream.report()
        self._task = self._socket = self._stream = None
        if began:
            self._notify("streaming.stopped", payloads.streaming(self._facts, self.leg, request))
        elif self.failure is not None:
            payload = payloads.streaming_failed(self._facts, self.leg, request, stream.stream_id)
            self._notify("streaming.failed", payload)
        self._tell_dialled()
        if self._last.end_reason in _CALL_ENDS_TOO:
            self.leg.end(_CAUSES.get(self._last.end_reason, "normal_clearing"), self.leg.theirs)
        if self.ended:
            self._tell_end()
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
