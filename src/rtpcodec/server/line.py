"""One call from its socket's opening to its end: moves texts, keeps the time, runs the handler. No protocol rules."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

from typing_extensions import Buffer

from rtpcodec.errors import StreamEnded
from rtpcodec.server.alarm import Alarm
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import CallLog
from rtpcodec.server.inbox import Inbox
from rtpcodec.server.invitations import Invitation
from rtpcodec.server.playing import Plays
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream import events
from rtpcodec.stream.events import Audio, Event, Interrupted, Started

CLOSE_TIMEOUT_MS: Final = 2000.0
"""For the other side's close frame; then the connection is cut."""
ECHO_MS: Final = 1000.0
"""Beyond the estimate of when all was heard: a round trip and the carrier's own buffer, or an echo that never comes."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008
INTERNAL_ERROR: Final = 1011


class Socket(Protocol):
    """What a line needs of a WebSocket."""

    def send(self, text: str) -> None:
        """Send a text frame."""

    def close(self, code: int) -> None:
        """Send a close frame."""

    def abort(self) -> None:
        """Cut the connection, whatever is unsent."""


class Line:
    """One call: its socket, its session, its clock and its handler."""

    def __init__(
        self,
        settings: EndpointSettings,
        socket: Socket,
        path: str,
        headers: Mapping[str, str],
        on_end: Callable[[Line], None],
        *,
        invitation: Invitation | None = None,
    ) -> None:
        """Take over an open socket; `on_end` is called once, when socket and handler have ended."""
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._time = loop.time
        self._socket = socket
        self._on_end = on_end
        self._invitation = invitation
        self.settings = settings
        self.id = secrets.token_hex(4)
        self.path = path
        self.headers = headers
        self.session = settings.new_session(utc_offset_ms=time.time() * 1000 - self.now_ms())
        self.plays = Plays(self.session, self.changed, may_wait=settings.on_audio is None)
        self.inbox = Inbox()
        self.call: Call | None = None
        self.disconnected: asyncio.Future[None] = loop.create_future()
        self.failed = False
        """Whether it ended by an error of either side instead of by its end."""
        self.log = CallLog(self.id)
        self._take_audio: Callable[[Audio], object] = self.inbox.put
        self._task: asyncio.Task[None] | None = None
        self._heard: dict[str, asyncio.Future[bool]] = {}
        self._opened_ms = self._last_frame_ms = self.now_ms()
        self._paused = self._closing = self._delivering = self._more_events = self._unsent = self._settled = False
        self._due = Alarm(loop, self._on_due)
        self._watch = Alarm(loop, self._on_watch)
        self._cut = Alarm(loop, socket.abort)
        self._cancel: asyncio.TimerHandle | None = None
        self._watch.by(self._watch_ms())

    def now_ms(self) -> float:
        """The session's clock."""
        return self._time() * 1000.0

    # From the socket

    def receive(self, text: str | Buffer) -> None:
        """Take a message."""
        now_ms = self._time() * 1000.0
        self._last_frame_ms = now_ms
        self.session.receive(text, now_ms)
        self._deliver(now_ms)

    def reject(self, rule: str, detail: str) -> None:
        """Take a frame that is no message."""
        now_ms = self.now_ms()
        self.session.reject(rule, detail, now_ms)
        self._deliver(now_ms)

    def touch(self) -> None:
        """Note that a frame came, of whatever kind."""
        self._last_frame_ms = self.now_ms()

    def pause(self) -> None:
        """The socket takes no more for now: what is due waits in the session, which is bounded."""
        self._paused = True

    def resume(self) -> None:
        """The socket takes more."""
        self._paused = False
        self._on_due()

    def closed_by_peer(self) -> None:
        """The other side sent its close frame."""
        self._closing = True
        self._cut.by(self.now_ms() + CLOSE_TIMEOUT_MS)
        self._end_stream()

    def lost(self) -> None:
        """The socket is gone."""
        self._closing = True
        self._cut.cancel()
        self.disconnected.set_result(None)
        self._end_stream()
        self._settle()

    # From the call

    def changed(self) -> None:
        """Something was queued: send what is due of it."""
        if self._delivering:
            self._unsent = True
        else:
            self._send_due(self.now_ms())

    def interrupt(self) -> Interrupted:
        """See Call.interrupt."""
        now_ms = self.now_ms()
        found = self.session.interrupt(now_ms)
        self.plays.drop()
        self._deliver(now_ms)
        self.changed()
        return found

    async def heard(self) -> bool:
        """Whether all that is queued was heard to its end; waits for that."""
        name = self.session.mark()
        heard: asyncio.Future[bool] = self._loop.create_future()
        self._heard[name] = heard
        self.changed()
        try:
            return await heard
        finally:
            self._heard.pop(name, None)

    def close(self, code: int) -> None:
        """End the call from our side; the socket follows when the other side agrees or is cut."""
        if self._closing:
            return
        self._closing = True
        self._socket.close(code)
        self._cut.by(self.now_ms() + CLOSE_TIMEOUT_MS)
        self._end_stream(by_us=True)

    def cancel(self) -> None:
        """End everything of this call now."""
        if self._task is not None:
            self._task.cancel()
        self._socket.abort()

    # Events

    def _deliver(self, now_ms: float) -> None:
        """Give the session's events away. One at a time also when a callback causes more of them."""
        if self._delivering:
            self._more_events = True
            return
        self._delivering = True
        for event in self.session.events(now_ms):
            try:
                if type(event) is Audio:
                    self._take_audio(event)
                else:
                    self._take(event)
            except Exception as error:
                self._fail(error)
        self._delivering = False
        if self._more_events:
            self._more_events = False
            self._deliver(now_ms)
        if self._unsent:
            self._unsent = False
            self._send_due(now_ms)

    def _take(self, event: Event) -> None:
        match event:
            case Started() if self.call is None:
                self._begin(event)
            case events.MarkPlayed() | events.MarkCleared():
                waiter = self._heard.pop(event.name, None)
                if waiter is not None and not waiter.done():
                    waiter.set_result(isinstance(event, events.MarkPlayed))
            case events.Malformed(rule, detail):
                self.log.warn_once(rule, "malformed message (%s): %s", rule, detail)
            case events.UnsupportedCodec(encoding, _, remedy):
                self.log.warn_once("codec", "%.40r cannot be decoded: %s", encoding, remedy)
            case events.CarrierError(code):
                self.log.warn_once(f"carrier {code}", "the carrier reports error %s: %.200r", code, event.title)
        if self.call is not None and self.settings.on_audio is None:
            self.inbox.put(event)
        if isinstance(event, events.Stopped):
            self._stream_ended(event.reason)

    def _begin(self, started: Started) -> None:
        self.log.name_stream(started)
        if self._invitation is not None and not self._invitation.wanted:
            self.log.info("nobody waits for the call any more")
            self.close(NORMAL)
            return
        self.log.info("started: %s", self.session.describe())
        self.call = call = Call(self, started)
        settings = self.settings
        if settings.on_audio is not None:
            self._take_audio = partial(settings.on_audio, call)
        elif settings.handler is not None:
            self._task = self._loop.create_task(self._run_handler(call), name=f"rtpcodec call {self.id}")
            self._task.add_done_callback(self._handler_ended)
        if self._invitation is not None:
            self._invitation.started(call)
        self._watch.by(self._watch_ms())

    def _end_stream(self, *, by_us: bool = False) -> None:
        now_ms = self.now_ms()
        self.session.closed(now_ms, by_us=by_us)
        self._deliver(now_ms)

    def _stream_ended(self, reason: str) -> None:
        self.log.info("ended: %s", reason)
        self._due.cancel()
        self._watch.cancel()
        self.plays.drop()
        self.inbox.end()
        if reason == "malformed":
            self.failed = True
        self.close(POLICY_VIOLATION if reason == "malformed" else NORMAL)
        if self.inbox.was_read and self.inbox.dropped_ms:
            self.log.warning("the handler was slow: %.0f ms of audio were dropped", self.inbox.dropped_ms)
        if self._task is not None and not self._task.done():
            self._cancel = self._loop.call_later(self.settings.drain_s, self._task.cancel)

    # The handler

    async def _run_handler(self, call: Call) -> None:
        assert self.settings.handler is not None  # noqa: S101 -- without it no task is made
        try:
            await self.settings.handler(call)
            await self._play_out()
        except Exception as error:
            self._fail(error)
        else:
            self.close(NORMAL)

    async def _play_out(self) -> None:
        """Let what was queued be heard, within a bound."""
        try:
            async with asyncio.timeout(self.plays.waiting_ms / 1000 + self._unheard_s() + ECHO_MS / 1000):
                await self.plays.turn()
                if not self.session.ended and self._unheard_s() > 0:
                    self.session.flush()
                    await self.heard()
        except TimeoutError:
            self.log.warning("the last audio may not have been heard: its mark did not come back")

    def _unheard_s(self) -> float:
        return (self.session.position_ms - self.session.heard_ms(self.now_ms())) / 1000

    def _fail(self, error: Exception) -> None:
        """End the call because our side failed; a StreamEnded after the end is none."""
        if self.session.ended and _is_stream_ended(error):
            return
        self.failed = True
        self._take_audio = _ignore
        self.log.error("the handler failed", exc_info=error)
        self.close(INTERNAL_ERROR)

    def _handler_ended(self, task: asyncio.Task[None]) -> None:
        if not self.session.ended:
            # It was cancelled from within, or raised what is no Exception and goes on through the loop.
            self.failed = True
            what = "was cancelled from within" if task.cancelled() else f"raised {type(task.exception()).__name__}"
            self.log.error("the handler %s", what)
            self.close(INTERNAL_ERROR)
        self._settle()

    def _settle(self) -> None:
        """Tell of the end once both socket and handler are gone."""
        if self._settled or not self.disconnected.done() or (self._task is not None and not self._task.done()):
            return
        self._settled = True
        if self._invitation is not None:
            self._invitation.fail("lost", "the socket closed before the stream began")
        if self._cancel is not None:
            self._cancel.cancel()
        self._on_end(self)

    # Time

    def _send_due(self, now_ms: float) -> None:
        session = self.session
        while not self._paused:
            for text in session.outgoing(now_ms):
                self._socket.send(text)
            if not self.plays.feed():
                deadline_ms = session.next_deadline_ms
                if deadline_ms is not None:
                    self._due.by(deadline_ms)
                return

    def _on_due(self) -> None:
        now_ms = self.now_ms()
        self._deliver(now_ms)
        self._send_due(now_ms)

    def _watch_ms(self) -> float:
        """When the other side will have been silent for too long."""
        if self.call is None:
            timeout_s, since_ms = self.settings.start_timeout_s, self._opened_ms
        else:
            timeout_s, since_ms = self.settings.idle_timeout_s, self._last_frame_ms
        return float("inf") if timeout_s is None else since_ms + timeout_s * 1000

    def _on_watch(self) -> None:
        if self.now_ms() < self._watch_ms():
            self._watch.by(self._watch_ms())
            return
        self.failed = True
        if self.call is None:
            self.log.warning("no start came within %g s", self.settings.start_timeout_s)
            self.close(PROTOCOL_ERROR)
        else:
            self.log.warning("no frame came for %g s", self.settings.idle_timeout_s)
            self.close(POLICY_VIOLATION)


def _is_stream_ended(error: BaseException) -> bool:
    """Whether it is StreamEnded alone, also out of a group of tasks."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_stream_ended(part) for part in error.exceptions)
    return isinstance(error, StreamEnded)


def _ignore(_audio: Audio) -> None:
    """Take audio that nobody wants any more."""
