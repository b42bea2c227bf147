"""The endpoint and its WebSockets: the only file of this room that knows picows.

picows hands over frames, so fragments are joined here, and it answers any GET, so health checks are as well.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Final, cast

from rtpcodec.errors import EndpointError, MissingExtra
from rtpcodec.server.access import Answer, Gate
from rtpcodec.server.asking import StreamingControl, ask
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import logger
from rtpcodec.server.invitations import Invitations, WebhookEvent
from rtpcodec.server.line import Line
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.stream.fragments import BrokenFragments, FragmentJoiner
from rtpcodec.stream.plan import StreamPlan

try:
    from multidict import CIMultiDictProxy
    from picows import (
        WSCloseCode,
        WSFrame,
        WSListener,
        WSMsgType,
        WSTransport,
        WSUpgradeRequest,
        WSUpgradeResponse,
        WSUpgradeResponseWithListener,
        ws_create_server,
    )
except ImportError as error:
    raise MissingExtra("serve", "picows", "server") from error

TEXT: Final = WSMsgType.TEXT
GOING_AWAY: Final = 1001
HANDLER_GRACE_S: Final = 1.0
"""For handlers whose stream the closing endpoint has ended, before they are cancelled, and after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointStatistics:
    """Counters of an endpoint since it was opened."""

    calls_running: int
    """Open sockets, and handlers that outlive theirs."""
    calls_taken: int
    """Sockets that were opened."""
    calls_refused: int
    """Requests that were not let in; health checks are none."""
    calls_failed: int
    """Calls that ended by an error: of their handler, malformed messages, silence, no start."""
    messages_received: int
    messages_sent: int
    dropped_audio_ms: float
    """Audio that handlers were too slow for, or did not want."""


class Endpoint:
    """An open endpoint. `serve` makes it and closes it."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._lines: set[Line] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._invitations = Invitations()
        self._gate = Gate(settings, lambda: len(self._lines), self._invitations)
        self._server: asyncio.Server | None = None
        self._taken = self._refused = self._failed = self._received = self._sent = 0
        self._dropped_ms = 0.0
        self.host = settings.host
        """The address that it listens on, as it was given."""
        self.port = settings.port
        """The real one."""

    def __repr__(self) -> str:
        return f"<Endpoint {self.url} with {len(self._lines)} calls>"

    @property
    def url(self) -> str:
        """What a carrier on this machine dials."""
        scheme = "ws" if self._settings.ssl is None else "wss"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self._settings.path or '/'}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that run now."""
        return tuple(line.call for line in self._lines if line.call is not None)

    def statistics(self) -> EndpointStatistics:
        """All counters at this moment."""
        now = [(line.session.statistics(line.now_ms()), line.inbox.dropped_ms) for line in self._lines]
        return EndpointStatistics(
            calls_running=len(self._lines),
            calls_taken=self._taken,
            calls_refused=self._refused,
            calls_failed=self._failed,
            messages_received=self._received + sum(stream.messages_received for stream, _ in now),
            messages_sent=self._sent + sum(stream.messages_sent for stream, _ in now),
            dropped_audio_ms=self._dropped_ms + sum(dropped_ms for _, dropped_ms in now),
        )

    async def stream(
        self, control: StreamingControl, call_control_id: str, *, timeout_s: float = 10.0, **fields: Any
    ) -> Call:
        """Have the carrier stream a live call to this endpoint, and wait until it does: the Call.

        control: a CallControl, which works in a thread then, or an AsyncCallControl.
        fields: further ones of `streaming_start`; those of the plan are filled in. Address and token are made here,
        cannot be guessed, and serve this one call.

        The handler runs as for any other call, and the Call returned is for whoever asked, to watch or to close. An
        endpoint that was opened without a handler leaves all of the call to them, who then have to close it.

        StreamNotStarted: the command was refused, the carrier failed, nothing came within timeout_s, or the endpoint
        closes; hand webhooks to `webhook` to know of failures at once. EndpointError: the endpoint takes no calls, or
        has no address that a carrier could dial. TypeError: a field that is the endpoint's own.
        """
        for name in ("stream_url", "stream_auth_token"):
            if name in fields:
                raise TypeError(f"{name} is made by the endpoint; use control.start_streaming to give your own")
        if self._gate.draining:
            raise EndpointError("the endpoint is draining and takes no calls")
        invitation = self._invitations.add(call_control_id, self._public_url())
        try:
            plan = self._settings.plan or StreamPlan()
            return await ask(control, invitation, {**plan.command_fields(), **fields}, timeout_s)
        except BaseException:
            invitation.give_up()
            raise
        finally:
            self._invitations.remove(invitation)

    def webhook(self, event: WebhookEvent) -> bool:
        """Take an event of a verified webhook, of whatever kind; whether it ended the waiting of a `stream`."""
        return self._invitations.tell(event)

    def _public_url(self) -> str:
        if self._settings.public_url is not None:
            return self._settings.public_url
        if self.host in ("", "0.0.0.0", "::"):  # noqa: S104 -- compared, not bound
            raise EndpointError(f"no carrier can dial {self.host}: give public_url, the address that leads here")
        return self.url

    async def drain(self, drain_s: float | None = None) -> None:
        """Take no more calls (503), let those that run end for up to drain_s, then close the rest with 1001.

        None: as long as the endpoint's settings say. The endpoint stays open for health checks until it is closed.
        """
        self._take_no_more()
        await self._wait_idle(self._settings.drain_s if drain_s is None else drain_s)
        await self._end_calls(HANDLER_GRACE_S)

    async def open(self) -> None:
        """Listen. EndpointError: the address cannot be had."""
        settings = self._settings
        ping_s = settings.ping_interval_s
        try:
            self._server = await ws_create_server(
                self._admit,
                settings.host,
                settings.port,
                ssl=settings.ssl,
                max_frame_size=settings.max_message_octets,
                enable_auto_ping=ping_s is not None,
                auto_ping_idle_timeout=ping_s or 1.0,
                auto_ping_reply_timeout=ping_s or 1.0,
                enable_auto_pong=False,
                logger_name=_QuietLog(logging.getLogger("picows.server")),
            )
        except OSError as error:
            raise EndpointError(
                f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]
        logger.info("listening on %s", self.url)

    async def close(self, *, at_once: bool = False) -> None:
        """Close all calls with 1001 and stop listening; `at_once` cancels handlers without letting them finish."""
        self._take_no_more()
        await self._end_calls(0.0 if at_once else HANDLER_GRACE_S)
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        # Sockets that have not asked for anything yet; asyncio's own server has no way to reach them before 3.13.
        abort_clients = getattr(server, "abort_clients", None)
        if abort_clients is not None:
            abort_clients()
        # Let the tasks that picows cancelled for each socket, and callbacks of cut connections, come to their end.
        for _ in range(3):
            await asyncio.sleep(0)
        logger.info("closed %s", self.url)

    def _take_no_more(self) -> None:
        self._gate.draining = True
        self._invitations.withdraw()

    async def _end_calls(self, grace_s: float) -> None:
        for line in tuple(self._lines):
            line.close(GOING_AWAY)
        await self._wait_idle(grace_s)
        for line in tuple(self._lines):
            line.cancel()
        await self._wait_idle(HANDLER_GRACE_S)
        for line in self._lines:
            line.log.error("the handler goes on although it was cancelled; it is left behind")

    async def _wait_idle(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return

    # For the sockets

    def take(self, socket: CallSocket, path: str, headers: Mapping[str, str]) -> Line:
        """Begin a call on an open socket."""
        invitation = self._invitations.of(path)
        if invitation is not None:
            self._invitations.remove(invitation)  # for one socket only
        line = Line(self._settings, socket, path, headers, self._forget, invitation=invitation)
        self._lines.add(line)
        self._taken += 1
        self._idle.clear()
        return line

    def _forget(self, line: Line) -> None:
        self._lines.discard(line)
        stream = line.session.statistics(line.now_ms())
        self._received += stream.messages_received
        self._sent += stream.messages_sent
        self._dropped_ms += line.inbox.dropped_ms
        self._failed += line.failed
        if not self._lines:
            self._idle.set()

    def _admit(self, request: WSUpgradeRequest) -> WSListener | WSUpgradeResponseWithListener:
        """Answer a request, or give it the socket of a new call; picows checks then whether it is a WebSocket's."""
        target = request.path.decode("ascii", "surrogateescape")
        headers: Mapping[str, str] = CIMultiDictProxy(request.headers)
        answer = self._gate.answer(target, headers)
        if answer is not None:
            if answer.refused:
                self._refused += 1
                logger.info("request refused: %d %s", answer.status, answer.status.phrase)
            return WSUpgradeResponseWithListener(_response(answer), None)
        if "upgrade" in [token.strip().lower() for token in request.headers.get("Connection", "").split(",")]:
            # picows takes this one token alone, proxies add others (RFC 6455 section 4.2.1 allows a list).
            request.headers["Connection"] = "Upgrade"
        return CallSocket(self, self._settings, target, headers)


class CallSocket(WSListener):
    """One WebSocket: frames to its line as messages, texts of its line as frames."""

    def __init__(self, endpoint: Endpoint, settings: EndpointSettings, path: str, headers: Mapping[str, str]) -> None:
        self._endpoint = endpoint
        self._path = path
        self._headers = headers
        self._max_octets = settings.max_message_octets
        self._joiner = FragmentJoiner(settings.max_message_octets, settings.max_fragments)
        self._paused = False

    # What the line wants

    def send(self, text: str) -> None:
        """Send a text frame."""
        self._transport.send(TEXT, text)

    def close(self, code: int) -> None:
        """Send a close frame; the other side answers with its own."""
        self._transport.send_close(cast("WSCloseCode", code))

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.disconnect(graceful=False)

    # What picows tells

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Begin the call."""
        self._transport = transport
        self._line = self._endpoint.take(self, self._path, self._headers)
        self._receive = self._line.receive

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take a frame; nearly all are whole texts."""
        if frame.msg_type is TEXT and frame.fin and not self._joiner.joining:
            try:
                text: str | bytes = frame.get_payload_as_utf8_text()
            except UnicodeDecodeError:
                text = frame.get_payload_as_bytes()  # the session says which octet is wrong
            self._receive(text)
        else:
            self._take_rare(transport, frame)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """End the call."""
        closed: Any = transport.close_handshake  # None, beside what its stub says, before any close frame
        sent = None if closed is None else closed.sent
        if sent is not None and sent.code == WSCloseCode.MESSAGE_TOO_BIG:
            # picows closes by itself before it has read such a frame.
            self._line.reject("size", f"a frame has more than {self._max_octets} octets")
        self._line.lost()

    def is_user_specific_pong(self, frame: WSFrame) -> bool:
        """Whether a frame answers our ping; asked only while one is awaited."""
        self._line.touch()
        return frame.msg_type is WSMsgType.PONG

    def pause_writing(self) -> None:
        """The other side reads slower than we send."""
        self._paused = True
        self._line.pause()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._paused = False
        self._line.resume()

    def _take_rare(self, transport: WSTransport, frame: WSFrame) -> None:
        """Control frames, fragments, octets."""
        self._line.touch()
        match frame.msg_type:
            case WSMsgType.PING:
                # Pongs for who does not read them would pile up; the latest ping alone must be answered (RFC 6455
                # section 5.5.3).
                if not self._paused:
                    transport.send_pong(frame.get_payload_as_bytes())
            case WSMsgType.CLOSE:
                self._answer_close(transport, frame)
            case WSMsgType.TEXT | WSMsgType.BINARY | WSMsgType.CONTINUATION:
                try:
                    self._join(frame)
                except BrokenFragments as broken:
                    self._line.reject(broken.rule, broken.detail)
                    self._line.close(broken.code)

    def _join(self, frame: WSFrame) -> None:
        message = self._joiner.put(
            frame.get_payload_as_bytes(),
            opens=frame.msg_type is not WSMsgType.CONTINUATION,
            last=bool(frame.fin),
            binary=frame.msg_type is WSMsgType.BINARY,
        )
        if message is None:
            return
        if self._joiner.binary:
            self._line.reject("text", f"a binary message of {len(message)} octets, messages are text")
        else:
            self._receive(message)

    def _answer_close(self, transport: WSTransport, frame: WSFrame) -> None:
        code = int.from_bytes(frame.get_payload_as_bytes()[:2]) or 1000
        self._line.closed_by_peer()
        if not transport.is_close_frame_sent:
            transport.send_close(cast("WSCloseCode", code))
        transport.disconnect()


class _QuietLog(logging.LoggerAdapter[logging.Logger]):
    """picows' own logger without its level below DEBUG, at which it logs requests with their tokens."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 -- logging's name
        return level >= logging.DEBUG and super().isEnabledFor(level)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs


def _response(answer: Answer) -> WSUpgradeResponse:
    extra = {"Content-Type": answer.content_type}
    if answer.status < 400:
        response = WSUpgradeResponse.create_ok_response(answer.body, extra)
    else:
        response = WSUpgradeResponse.create_error_response(answer.status, answer.body, extra)
    return cast("WSUpgradeResponse", response)
