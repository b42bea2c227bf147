"""The streams of one call, one after the other: opens, runs and reports each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Final, Literal

from rtpcodec.carriers.telnyx import errors, webhooks
from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.sim.calls.dialling import CallServices, NewStream
from rtpcodec.sim.calls.stream_pump import DialFailed, SocketLoss, StreamPump
from rtpcodec.sim.commands.bodies import StreamSettings
from rtpcodec.sim.commands.error_answers import refused
from rtpcodec.sim.media.formats import AudioFormat
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.report import TIME_LIMIT, CallReport, EndReason

CAUSES: Final[Mapping[EndReason | None, str]] = {
    "speech_ended": webhooks.NORMAL_CLEARING,
    "hang_up": webhooks.NORMAL_CLEARING,
    "carrier_closed": webhooks.NORMAL_CLEARING,
    "speech_failed": webhooks.UNSPECIFIED,
    TIME_LIMIT: webhooks.TIME_LIMIT,
}
"""Ends of a stream that are the end of the call, with the cause; after any other the call can be streamed again."""

Opened = Callable[[StreamSettings], None]
"""Called when the WebSocket of a stream is open."""
Over = Callable[[StreamSettings, CarrierStream], None]
"""Called when a stream is over, also if its WebSocket was never open."""


class CallStreaming:
    """At most one stream at a time; `done` is the report of the running or next one, or of the last one."""

    def __init__(self, services: CallServices) -> None:
        self._services = services
        self._task: asyncio.Task[None] | None = None
        self._pump: StreamPump | None = None
        self._stream: CarrierStream | None = None  # while it runs
        self._abandoned: EndReason | None = None  # why opening was cancelled
        self.was_open = False
        """Whether the WebSocket of the last stream was open."""
        self.last: CallReport | None = None
        """The report of the last ended stream."""
        self.done: Future[CallReport] = Future()
        self.reports: list[CallReport] = []
        """Reports of the ended streams whose WebSocket was open."""
        self.was_lost = False
        """Whether the WebSocket of the last stream ended without a close frame, or passed nothing any longer."""
        self.failure: Literal["connection_failed"] | None = None
        """Why the last stream could not begin."""
        self._refused_with: int | None = None  # the HTTP status of the app's answer to the last request

    @property
    def active(self) -> bool:
        """Whether a stream runs, or its socket is being opened."""
        return self._task is not None

    @property
    def described(self) -> CarrierStream | CallReport | None:
        """The stream that runs, or the report of the last one: both have stream_id and heard_hz."""
        return self._stream or self.last

    def require_idle(self) -> None:
        """Raise Refused (90045) if there is a stream."""
        if self._task is not None:
            raise refused(errors.MEDIA_STREAMING_USED, "the call is already streaming")

    def begin(
        self, settings: StreamSettings, new_stream: NewStream, *, opened: Opened, over: Over
    ) -> Callable[[], None]:
        """Reserve the call for a stream; the function that is returned makes it dial.

        Args:
            opened, over: methods of the call, which owns this object. Only the task holds them, so that they refer back
                no longer than the stream runs.
        """
        if self.done.done():
            self.done = Future()
        self.failure = self._abandoned = self._refused_with = None
        self.was_lost = False
        answered = asyncio.Event()
        self._task = self._services.loop_thread.loop.create_task(self._carry(settings, new_stream, answered, opened))
        # Not at the end of that coroutine: a task that is cancelled at once never begins.
        self._task.add_done_callback(lambda _task: self._finish(settings, new_stream, over))
        return answered.set

    def end(self, reason: EndReason) -> None:
        """End the running stream, or stop opening it."""
        if self._pump is not None and self._stream is not None:
            self._stream.end(reason, self._services.loop_thread.now_ms())
            self._pump.run()
            self.was_lost |= self._pump.silent
            self._pump.end_silence()
        elif self._task is not None:
            self._abandoned = reason
            self._task.cancel()

    def lose_socket(self, how: SocketLoss) -> None:
        """Lose the WebSocket of the stream that runs.

        Raises:
            RuntimeError: nothing is streamed.
        """
        if self._pump is None or self._stream is None or self._stream.end_reason is not None:
            raise RuntimeError("a socket can be lost while the call is streaming, not before and not after")
        self._pump.lose(how)

    async def wait_over(self) -> None:
        """Wait until the WebSocket is closed."""
        if self._task is not None:
            await asyncio.wait([self._task])

    def heard(self) -> bytes:
        """Return the audio that the caller has heard of the running stream, or of the last one."""
        if self._stream is not None:
            return self._stream.heard(self._services.loop_thread.now_ms())
        return b"" if self.last is None else self.last.heard_pcm

    def press(self, digits: str) -> None:
        """Press keys now.

        Raises:
            RuntimeError: nothing is streamed.
        """
        if self._stream is None or self._stream.end_reason is not None:
            raise RuntimeError("keys can be pressed while the call is streaming, not before and not after")
        for digit in digits:
            self._stream.press(digit, self._services.loop_thread.now_ms())
        if self._pump is not None:
            self._pump.run()

    def bridge(self) -> None:
        """Let the second leg hear the running stream."""
        if self._stream is not None:
            self._stream.bridge()

    async def _carry(
        self, settings: StreamSettings, new_stream: NewStream, answered: asyncio.Event, opened: Opened
    ) -> None:
        """Open the socket once the command was answered, and wait for the end of the stream."""

        def open_stream(pump: StreamPump) -> CarrierStream:
            self._pump = pump
            self._stream = new_stream(now_ms=self._services.loop_thread.now_ms(), utc_ms=time.time() * 1000)
            opened(settings)
            return self._stream

        try:
            await answered.wait()
            headers = {} if settings.auth_token is None else {TOKEN_HEADER: settings.auth_token}
            pump = await self._services.dialer.dial(settings.stream_url, headers, open_stream)
            await pump.wait_closed()
        except ConnectionError as error:
            self.failure = webhooks.CONNECTION_FAILED
            self._refused_with = error.status if isinstance(error, DialFailed) else None
        except asyncio.CancelledError:
            # Opening was cancelled; the socket may have opened at that moment.
            if self._pump is not None:
                self.end(self._abandoned or "carrier_closed")
                await self._pump.wait_closed()

    def _finish(self, settings: StreamSettings, new_stream: NewStream, over: Over) -> None:
        now_ms = self._services.loop_thread.now_ms()
        self.was_open = self._stream is not None
        stream = self._stream or new_stream(now_ms=now_ms, utc_ms=0.0)
        stream.abandon(self._abandoned or webhooks.CONNECTION_FAILED, now_ms)
        self.last = replace(stream.report(), refused_with=self._refused_with)
        self.was_lost |= stream.end_reason == "connection_lost"
        if self.was_open:
            self.reports.append(self.last)
        self._task = self._pump = self._stream = None
        over(settings, stream)
        error, stream.ending.speech_error = stream.ending.speech_error, None  # its traceback holds the stream
        if error is not None:
            self.done.set_exception(error)
        else:
            self.done.set_result(self.last)


def without_stream(call_control_id: str, media: AudioFormat, reason: EndReason) -> CallReport:
    """Return the report of a call that ended before any stream."""
    name, rate_hz = media.info.name, media.sample_rate_hz
    return CallReport(
        call_control_id=call_control_id,
        stream_id="",
        end_reason=reason,
        codec=name,
        sample_rate_hz=rate_hz,
        return_codec=name,
        heard_hz=rate_hz,
    )
