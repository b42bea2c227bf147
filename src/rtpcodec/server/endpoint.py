"""The endpoint: it accepts, counts and ends calls. Three modules adapt the server libraries."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from rtpcodec.errors import EndpointError
from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.pump.virtual import VirtualEventLoop
from rtpcodec.server.access import Answer, Gate
from rtpcodec.server.call import Call
from rtpcodec.server.call_log import RefusalLog, WarningQuota, logger
from rtpcodec.server.call_parts import UpgradeRequest
from rtpcodec.server.descriptors import descriptor_limit, open_descriptors
from rtpcodec.server.draining import files_lead_s
from rtpcodec.server.endpoint_statistics import EndpointStatistics
from rtpcodec.server.invitations import Invitations
from rtpcodec.server.listening import CallServer
from rtpcodec.server.loop_lag import LoopLag
from rtpcodec.server.loop_thread import LoopThread
from rtpcodec.server.memory_server import MemoryServer
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.phone_call_registry import PhoneCallRegistry
from rtpcodec.server.phone_control import StreamingControl
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.reconnecting import ReconnectionContext
from rtpcodec.server.runner import CallRunner
from rtpcodec.server.running_calls import ENDING_GRACE_S, RunningCalls, add_to
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.shared_port import SharedPort
from rtpcodec.server.stream_request import ask, completed, requested_plan, require_generated
from rtpcodec.server.tls_files import TlsFiles
from rtpcodec.stream.memory_budget import HeldBudget
from rtpcodec.stream.plan import StreamPlan


class Endpoint(SharedPort):
    """An endpoint that carriers dial. `serve` opens and closes it. Use it in the event loop's thread only."""

    def __init__(self, settings: EndpointSettings) -> None:
        self._settings = settings
        self._thread = LoopThread()
        self._running = RunningCalls()
        self._invitations = Invitations()
        self._gate = Gate(
            settings, self._running.__len__, self._invitations, self._metrics_page(settings), self._stays_late
        )
        self._reconnections = ReconnectionContext(self._invitations, self._public_url)
        self._server: CallServer | None = None
        self._known_phone_calls = PhoneCallRegistry()
        self._refusals = RefusalLog()
        self._warnings = WarningQuota(self._thread.loop.time)
        self._lag: LoopLag | None = None
        self.budget = HeldBudget(settings.max_held_octets)
        """The budget for octets that wait in all calls together."""
        self.host = settings.listen_host
        """The address that it listens on, as configured."""
        self.port = settings.port
        """The port that it listens on; once it is open, never 0."""

    def __repr__(self) -> str:
        return f"<Endpoint {self.url} with {len(self._running)} calls>"

    @property
    def url(self) -> str:
        """The URL that a carrier on this machine dials."""
        scheme = "ws" if self._settings.ssl is None else "wss"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{host}:{self.port}{self._settings.path or '/'}"

    @property
    def calls(self) -> tuple[Call, ...]:
        """The running calls: started, and not ended on both sides."""
        return tuple(runner.call for runner in self._running if runner.call is not None)

    @property
    def has_room(self) -> bool:
        """Whether one more call is accepted: the endpoint does not drain, is not full, and its event loop is not late.

        Calls that `stream` has requested are already counted. Check it before you answer a phone call whose stream will
        come here, and refuse the phone call otherwise.
        """
        return self._gate.closed_because(len(self._invitations)) is None

    def statistics(self) -> EndpointStatistics:
        """Return all counters at this moment."""
        totals = self._running.totals.copy()
        jitters_ms, round_trips_ms = [], []
        for runner in self._running:
            add_to(totals, runner)
            session = runner.pump.machine.session
            if not session.ended:
                jitters_ms.append(session.jitter_ms)
                round_trips_ms.append(session.round_trip_ms)
        sums = totals.sums
        lag, gate, measured = self._lag, self._gate, self._settings.lag_period_s is not None
        return EndpointStatistics(
            calls_running=len(self._running),
            calls_taken=totals.taken,
            calls_refused=totals.refused,
            calls_failed=totals.failed,
            messages_received=sums.messages_received,
            messages_sent=sums.messages_sent,
            dropped_audio_ms=totals.dropped_ms,
            requests_unauthorized=gate.unauthorized,
            refusals_waiting=gate.refusal_delays.waiting(self._thread.loop.time()),
            origins_refused=gate.forbidden_origins,
            sockets_half_open=None if self._server is None else self._server.half_open,
            protocol_errors=sums.malformed,
            handlers_hung=sum(runner.hung for runner in self._running),
            slow_turns=totals.slow_turns,
            loop_lag_ms=lag.latest_ms if lag is not None else (0.0 if measured else None),
            loop_lag_max_ms=lag.max_ms if lag is not None else (0.0 if measured else None),
            loop_lag_p99_ms=lag.p99_ms if lag is not None else (0.0 if measured else None),
            dropped_events=totals.dropped_events,
            held_octets=self.budget.held_octets,
            descriptors_open=open_descriptors(),
            descriptors_limit=descriptor_limit(),
            jitter_max_ms=max((ms for ms in jitters_ms if ms is not None), default=None),
            round_trip_max_ms=max((ms for ms in round_trips_ms if ms is not None), default=None),
            media=totals.media,
            **asdict(totals.phone),
        )

    def statistics_threadsafe(self, timeout_s: float = 5.0) -> EndpointStatistics:
        """Return all counters; may be called in any thread, and reads them in the event loop's thread.

        Args:
            timeout_s: how long to wait for the event loop, in s.

        Raises:
            EndpointError: the event loop does not answer in time, or has ended.
        """
        return self._thread.read(self.statistics, timeout_s)

    async def stream(
        self,
        control: StreamingControl,
        call_control_id: str,
        *,
        timeout_s: float = 10.0,
        plan: StreamPlan | None = None,
        **fields: Any,
    ) -> Call:
        """Request the stream of a live call to this endpoint, and wait until it starts.

        The endpoint generates an address and a token that cannot be guessed and are valid for this call only. The
        handler runs as for any other call; the returned Call may be watched or closed meanwhile. Without a handler, the
        caller of `stream` handles the returned Call and must close it. The end of the stream does not end the phone
        call; use `call.hangup` or `on_handler_end`. Pass webhooks to `webhook`, so that failures are reported at once
        instead of after timeout_s.

        Args:
            control: an AsyncCallControl, or a CallControl, which is called in a thread.
            call_control_id: the id of the call.
            timeout_s: limit on the command and the start together, in s.
            plan: the plan of this call; None: the endpoint's. It is required if the endpoint's plan is a function of
                the path, because the path is generated here.
            fields: further fields of `streaming_start`; those of the plan are filled in. They may add to the plan
                (`stream_track="both_tracks"`, `stream_bidirectional_target_legs="both"`, a `stream_codec` if the plan
                has none), but must not contradict it.

        Returns:
            The Call.

        Raises:
            StreamNotStarted: the command was refused, the carrier failed, no stream started within timeout_s, or the
                endpoint closes.
            EndpointError: the endpoint is draining, has no address that a carrier can dial, or no plan for this call;
                or called outside the event loop's thread.
            TypeError: fields contains stream_url or stream_auth_token, or contradicts the plan; or plan is not a
                StreamPlan. Nothing was sent.
        """
        self._thread.require("stream")
        require_generated(fields)
        if self._gate.draining:
            raise EndpointError("the endpoint is draining and accepts no calls")
        plan = requested_plan(plan, self._settings.plan)
        body = completed(plan, fields)
        invitation = self._invitations.add(call_control_id, self._public_url(), control, plan)
        invitation.fields = body
        try:
            return await ask(control, invitation, body, timeout_s)
        except BaseException:
            invitation.withdraw()
            raise
        finally:
            self._invitations.remove(invitation)
            del invitation  # it may hold the error that is raised, whose traceback holds this frame

    async def reconnect(self, call: Call, **fields: Any) -> None:
        """Reconnect a call whose WebSocket was lost. Arguments and errors as for `Call.reconnect`."""
        self._thread.require("reconnect")
        await call.reconnect(**fields)

    def webhook(self, event: PhoneEvent) -> bool:
        """Handle a verified webhook event of any kind. Events may arrive in any order; repeated events do nothing.

        Returns:
            True if the event is about a `stream` that waits, or a running call.

        Raises:
            EndpointError: called outside the event loop's thread.
        """
        self._thread.require("webhook")
        self._known_phone_calls.handle(event)
        waiting = self._invitations.handle(event)
        return self._running.handle(event) or waiting

    def _public_url(self) -> str:
        if self._settings.public_url is not None:
            return self._settings.public_url
        self._require_own_address()
        if self.host in ("", "0.0.0.0", "::"):  # noqa: S104 -- compared, not bound
            raise EndpointError(f"carriers cannot dial host {self.host!r}: pass public_url, the URL that leads here")
        return self.url

    async def drain(self, drain_s: float | None = None) -> None:
        """Refuse new calls with 503, wait up to drain_s until streams have ended, then close the rest with 1001.

        Recordings, captures and taps end 5 s before that, so that they are complete when the process ends. The phone
        calls continue without their streams, unless `on_handler_end` ends them. The endpoint answers health checks
        until it is closed. If other processes share its port (`reuse_port`), it stops listening at once, and only
        serves sockets that it has already accepted.

        Args:
            drain_s: the longest wait in s; None: the endpoint's setting.

        Raises:
            EndpointError: called outside the event loop's thread.
        """
        self._thread.require("drain")
        # 1. Refuse new calls.
        self._take_no_more()
        if self._settings.reuse_port:
            await self.leave_port()
        # 2. Wait for the calls, close their files, and wait again.
        limit_s = self._settings.drain_s if drain_s is None else drain_s
        lead_s = files_lead_s(limit_s)
        await self._running.wait_idle(limit_s - lead_s)
        closed = self._running.stop_files()
        if closed:
            logger.info("closed %d files, %g s before the remaining %d calls end", closed, lead_s, len(self._running))
        await self._running.wait_idle(lead_s)
        # 3. Close the remaining streams, and cancel their handlers.
        await self._running.end(self._settings.handler_grace_s)

    def reload_tls(self) -> None:
        """Read the files of its TlsFiles again: new connections use them. If that fails, the old ones stay in use.

        Raises:
            EndpointError: the files do not form a pair, or the setting `ssl` is not a TlsFiles.
            OSError: a file cannot be read.
        """
        if not isinstance(self._settings.ssl, TlsFiles):
            raise EndpointError("ssl is not a TlsFiles, so there are no files to read again")
        self._settings.ssl.reload()

    def _metrics_page(self, settings: EndpointSettings) -> Callable[[], Answer] | None:
        if not settings.metrics:
            return None
        from rtpcodec.server.metrics import MetricsPage  # noqa: PLC0415 -- needs prometheus_client, which is optional

        return MetricsPage(self).answer

    async def open(self) -> None:
        """Listen. Raises EndpointError if the address is not available, MissingExtra without its library."""
        settings = self._settings
        self._server = server = _new_server(settings, self)
        try:
            self.port = await server.open()
        except OSError as error:
            raise EndpointError(f"cannot listen on {self.host} port {self.port}: {error.strerror or error}") from error
        loop = asyncio.get_running_loop()
        # The virtual clock is never late, and an endless timer would hide a deadlock there.
        if settings.lag_period_s is not None and not isinstance(loop, VirtualEventLoop):
            self._lag = LoopLag(loop, settings.lag_period_s, limit_ms=settings.max_lag_ms)
            self._lag.start()
        logger.info("listening on %s", self.url)

    async def close(self, *, at_once: bool = False) -> None:
        """Close all streams with 1001 and stop listening; at_once cancels handlers without waiting for them."""
        self._take_no_more()
        await self._running.end(0.0 if at_once else ENDING_GRACE_S)
        server, self._server = self._server, None
        if server is not None:
            await server.close()
            if self._lag is not None:
                self._lag.stop()
            logger.info("closed %s", self.url)

    def _take_no_more(self) -> None:
        self._gate.draining = True
        self._invitations.withdraw()

    # For the server library

    @property
    def free_calls(self) -> int:
        """The number of calls that may still be accepted."""
        return self._settings.max_calls - len(self._running)

    def refusal(self, target: str, headers: Mapping[str, str], address: str = "") -> Answer | None:
        """Return the HTTP answer to a GET of `target` (path and query); None: it may become a call.

        Args:
            target: path and query of the request.
            headers: fields of the request.
            address: the address of the client, for the log; "": unknown.
        """
        answer = self._gate.answer(target, headers)
        if answer is not None and answer.refused:
            self._running.totals.refused += 1
            self.log_refusal(answer.status, address, answer.why)
        return answer

    def log_refusal(self, status: HTTPStatus, address: str, why: str) -> None:
        """Log the refusal of a request, within a quota.

        Args:
            status: the HTTP status of the answer.
            address: the address of the client; "": unknown.
            why: the rule that it breaks.
        """
        self._refusals.refused(status, self._thread.loop.time(), address, why)

    def hold_back_s(self, address: str) -> float:
        """Count an answer with 401 for this address, and return its delay in seconds."""
        return self._gate.refusal_delays.refused(address, asyncio.get_running_loop().time())

    def accept(self, socket: Socket, target: str, headers: Mapping[str, str]) -> Receiver:
        """Begin a call on an open socket.

        Args:
            socket: an open WebSocket without a receiver.
            target, headers: path with query, and headers of the request.

        Returns:
            The receiver of the socket's reports.
        """
        invitation = self._invitations.of(target)
        if invitation is not None:
            self._invitations.remove(invitation)  # valid for one socket only
            receiver = invitation.take(socket)
            if receiver is not None:
                return receiver
        request = UpgradeRequest(target, headers)
        runner = CallRunner(
            self._settings,
            socket,
            request,
            self._running.remove,
            budget=self.budget,
            invitation=invitation,
            slow_turn=self._count_slow_turn,
            warnings=self._warnings,
            reconnections=self._reconnections,
            phone=PhoneCall(
                self._settings.control if invitation is None else invitation.control,
                lambda: self._known_phone_calls.webhooks_seen,
                self._known_phone_calls.of,
            ),
        )
        self._running.add(runner)
        return runner.pump

    def _stays_late(self) -> bool:
        return self._lag is not None and self._lag.stays_late

    def _count_slow_turn(self) -> None:
        self._running.totals.slow_turns += 1


def _new_server(settings: EndpointSettings, endpoint: Endpoint) -> CallServer:
    """Make the server that fits the running event loop."""
    loop = asyncio.get_running_loop()
    if isinstance(loop, VirtualEventLoop):
        return MemoryServer(settings, endpoint, loop.network)
    if settings.transport == "websockets":
        from rtpcodec.server.websockets_server import WebsocketsServer  # noqa: PLC0415 -- needs websockets, an extra

        return WebsocketsServer(settings, endpoint)
    from rtpcodec.server.picows_server import PicowsServer  # noqa: PLC0415 -- needs picows, which is optional

    return PicowsServer(settings, endpoint)
