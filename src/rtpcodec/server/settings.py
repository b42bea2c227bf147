"""The settings of an endpoint, checked before anything is opened."""

from __future__ import annotations

import inspect
import ssl as tls
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict, TypeVar
from urllib.parse import urlsplit

from rtpcodec.errors import EndpointError, LocalProtocolError
from rtpcodec.pump.frame_budget import MAX_FRAMES_PER_S, MAX_OCTETS_PER_S, FrameBudget
from rtpcodec.server.addresses import HEALTH_PATH, METRICS_PATH, is_loopback
from rtpcodec.server.call import Call
from rtpcodec.server.loop_lag import LAG_PERIOD_S
from rtpcodec.server.origins import serialized
from rtpcodec.server.slow_turns import SLOW_TURN_MS
from rtpcodec.stream.diagnosis.watch import DIAGNOSIS_S
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.fragments import MAX_FRAGMENTS
from rtpcodec.stream.held import MAX_HELD_OCTETS, HeldBudget
from rtpcodec.stream.machine import CallTimeouts
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.chunking import STEP_MS
from rtpcodec.stream.speaking.settings import (
    IDLE_LEAD_MS,
    LEAD_MS,
    MAX_QUEUE_MS,
    KeepAlive,
    WhenFull,
)
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

MIN_QUEUE_MS: Final = 200.0
"""A smaller queue has no space for a useful piece of a long play."""

CONCEALS: Final = "conceals"
"""Name of an attribute of handlers. If it is true, people will hear the audio, so gaps are concealed."""

_COUNTS: Final = frozenset(
    ("max_calls", "max_half_open", "max_half_open_per_address", "max_message_octets", "max_fragments")
)
"""Settings that count something; the system's limits and picows take whole numbers."""

FILES_PER_CALL: Final = "files_per_call"
"""Name of an attribute of handlers: the files that each call keeps open."""

Handler = Callable[[Call], Awaitable[object]]
"""A coroutine function, called once per call; when it returns, the stream ends, but not the phone call."""
HandlerT = TypeVar("HandlerT", bound=Handler)
OnAudio = Callable[[Call, Audio], object]
"""A plain function, called for each chunk in the socket's callback, so it must not block."""
OnEvent = Callable[[Call, Event], object]
"""A plain function, called for each event except Audio in the socket's callback, so it must not block."""
Authorize = str | Sequence[str] | Callable[[Mapping[str, str], str], bool]
"""A token, several tokens, or a plain function of the request's headers and of its path with query. The function must
not be async."""


class CallOptions(TypedDict, total=False):
    """The keyword arguments of `call_on`: the fields of EndpointSettings that concern a call and not the server."""

    plan: StreamPlan | None
    receive_pcm_hz: PcmRate
    send_pcm_hz: int | None
    lead_ms: float | None
    idle_lead_ms: float
    max_queue_ms: float
    when_full: WhenFull
    send_chunk_ms: float
    prebuffer_ms: float
    keep_alive: KeepAlive
    own_marks: bool
    conceal: bool | None
    diagnosis_s: float | None
    start_timeout_s: float | None
    idle_timeout_s: float | None
    drain_s: float
    max_frames_per_s: float | None
    max_octets_per_s: float | None
    slow_turn_ms: float | None


class EndpointOptions(CallOptions, total=False):
    """The keyword arguments of `serve` and `run`, which EndpointSettings describes."""

    host: str
    port: int
    path: str | None
    authorize: Authorize | None
    allowed_origins: Sequence[str]
    public_url: str | None
    ssl: tls.SSLContext | None
    max_calls: int
    max_half_open: int
    max_half_open_per_address: int
    max_message_octets: int
    max_fragments: int
    max_held_octets: int
    ping_interval_s: float | None
    lag_period_s: float | None
    metrics: bool | str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSettings:
    """All settings of an endpoint. Raises EndpointError for invalid ones, with the rule and the value."""

    handler: Handler | None = None
    on_audio: OnAudio | None = None
    """At most one of handler and on_audio. Without all three the endpoint accepts only calls of `Endpoint.stream`."""
    on_event: OnEvent | None = None
    """Beside on_audio, or alone; a handler has `Call.events`."""
    plan: StreamPlan | None = None
    """The plan, which must also be the streaming command's; None: the default plan."""
    host: str = "127.0.0.1"
    """Address to listen on. If other machines can reach it, `authorize` is required."""
    port: int = 0
    """Port to listen on; 0: any free port."""
    path: str | None = "/"
    """The path that carriers dial, compared exactly and without its query; None: any path."""
    authorize: Authorize | None = field(default=None, repr=False)
    """A token that the header x-telnyx-streaming-auth-token must carry, or several of which it must carry one (the new
    and the old one while they are exchanged), or a plain function (headers, path) -> bool."""
    allowed_origins: Sequence[str] = ()
    """Origins of web pages that may open a call, such as `https://app.example.com`. A carrier sends no Origin, browsers
    always do: without this list any web page could open the endpoint of a developer who visits it."""
    public_url: str | None = field(default=None, repr=False)
    """The URL by which carriers reach this endpoint, such as a proxy's `wss://media.example.com/calls`, for
    `Endpoint.stream`; None: the endpoint's own URL."""
    ssl: tls.SSLContext | None = None
    """TLS context of a server, for wss://; None: ws://."""
    receive_pcm_hz: PcmRate = "native"
    """Rate of `Audio.pcm`; "native": the codec's own; None: payloads only, nothing is decoded."""
    send_pcm_hz: int | None = None
    """Rate of the PCM for `Call.play`; None: the plan's rate."""
    lead_ms: float | None = LEAD_MS
    """Audio to hold at the carrier ahead of its play-out; None: send everything at once."""
    idle_lead_ms: float = IDLE_LEAD_MS
    """The same between replies, for keep-alive and background: they delay a reply by no more."""
    max_queue_ms: float = MAX_QUEUE_MS
    """Limit on queued audio per call: of the reply that speaks, and of all others together. Beyond it `Call.play`
    waits for space."""
    when_full: WhenFull = "wait"
    """"drop_oldest": beyond max_queue_ms a play does not wait, it drops the oldest audio that waits: of the reply that
    speaks, or of those behind it. For live audio, which is worth nothing when it is late."""
    send_chunk_ms: float = STEP_MS
    """Audio of one message of a sample codec: 20 to 200, in steps of 20. Longer messages need less work per call."""
    prebuffer_ms: float = 0.0
    """Audio that must wait before a reply begins, unless it has ended: for engines that begin slowly."""
    keep_alive: KeepAlive = None
    """"silence" or "comfort_noise" (-62 dBm0) is sent while no reply speaks; None: nothing, as carriers expect it."""
    own_marks: bool = True
    """Whether marks of our own, which the handler does not see, measure what was heard; False: only the handler's do,
    and everything else is estimated."""
    conceal: bool | None = None
    """Whether gaps are filled with generated audio (`Audio.concealed`); None: only for handlers that want it, which are
    the ready-made ones that record and echo."""
    diagnosis_s: float | None = DIAGNOSIS_S
    """Sound after each change of a stream in which faults are looked for, and reported as Diagnosis; infinite: always;
    None or 0: never."""
    max_calls: int = 500
    """Limit on calls at the same time; more are refused with 503."""
    max_half_open: int = 256
    """Limit on sockets that are open and have not sent their request yet, beyond those that may still become one of
    `max_calls`. One more replaces the oldest of the address that has most."""
    max_half_open_per_address: int = 128
    """The same limit per IPv4 address, or IPv6 network of 64 bits. All calls through a proxy have the proxy's, so the
    free places of `max_calls` are added to it as well."""
    max_message_octets: int = MAX_MESSAGE_OCTETS
    """Limit on the octets of one message, its fragments joined."""
    max_fragments: int = MAX_FRAGMENTS
    """Limit on the fragments of one message."""
    max_held_octets: int = MAX_HELD_OCTETS
    """Limit on the octets that wait in all calls together for handlers, for missing chunks and for the rest of messages
    in fragments. Beyond it the call that holds the most loses its oldest events, which an Overrun counts. What each
    part of a call holds below 256 KiB does not count."""
    start_timeout_s: float | None = 5.0
    """A socket without a `start` for this time is closed with 1002; None: no limit."""
    idle_timeout_s: float | None = 30.0
    """A call without any frame, pongs included, for this time loses its stream: the socket is closed with 1008;
    None: no limit."""
    ping_interval_s: float | None = 20.0
    """A ping is sent to a socket that is silent for this time; without an answer within the same time, the socket is
    dropped. None: no pings."""
    drain_s: float = 10.0
    """How long streams may continue when the endpoint drains, and how long a handler may outlive its stream."""
    slow_turn_ms: float | None = SLOW_TURN_MS
    """A call that holds the event loop longer than this at a time is logged; None: that is not measured."""
    lag_period_s: float | None = LAG_PERIOD_S
    """Time between two measurements of how late the event loop is; None: no measurement and no timer."""

    metrics: bool | str = field(default=False, repr=False)
    """Whether `GET /metrics` on this port answers with the figures for Prometheus. A string: only with this bearer
    token. True needs a host that other machines cannot reach."""

    max_frames_per_s: float | None = MAX_FRAMES_PER_S
    """Limit on the frames of a call, pings and fragments included. What BURST_S of it allow may come at once, so that
    what waited during a pause of the network passes; beyond it the socket is closed with 1008. None: no limit."""
    max_octets_per_s: float | None = MAX_OCTETS_PER_S
    """Limit on the octets of a call's messages, as above; None: no limit."""

    def __post_init__(self) -> None:
        self._check_handlers()
        self._check_address()
        self._check_origins()
        self._check_limits()
        try:
            self.new_session()
        except (ValueError, LocalProtocolError) as error:
            raise EndpointError(str(error)) from error

    @property
    def answers_all(self) -> bool:
        """Whether the endpoint accepts calls other than those of `Endpoint.stream`."""
        return self.handler is not None or not self.may_wait

    @property
    def may_wait(self) -> bool:
        """Whether calls are handled by coroutines, which may wait, and not by `on_audio` and `on_event`."""
        return self.on_audio is None and self.on_event is None

    def new_session(self, utc_offset_ms: float | None = None, budget: HeldBudget | None = None) -> MediaSession:
        """Make the session of one call.

        utc_offset_ms: UTC minus the session's clock.
        budget: the octets that the calls of the endpoint may hold together.
        """
        return MediaSession(
            self.plan,
            receive_pcm_hz=self.receive_pcm_hz,
            send_pcm_hz=self.send_pcm_hz,
            lead_ms=self.lead_ms,
            idle_lead_ms=self.idle_lead_ms,
            max_queue_ms=self.max_queue_ms,
            when_full=self.when_full,
            send_chunk_ms=self.send_chunk_ms,
            prebuffer_ms=self.prebuffer_ms,
            keep_alive=self.keep_alive,
            own_marks=self.own_marks,
            utc_offset_ms=utc_offset_ms,
            conceal=getattr(self.handler, CONCEALS, False) if self.conceal is None else self.conceal,
            budget=budget,
            diagnosis_s=self.diagnosis_s,
        )

    def new_budget(self, now_ms: float) -> FrameBudget:
        """Make the budget of one call."""
        return FrameBudget(self.max_frames_per_s, self.max_octets_per_s, now_ms)

    @property
    def call_timeouts(self) -> CallTimeouts:
        """The limits on silence of a socket."""
        return CallTimeouts(start_ms=_in_ms(self.start_timeout_s), idle_ms=_in_ms(self.idle_timeout_s))

    def _check_handlers(self) -> None:
        given = (self.handler is not None) + (self.on_audio is not None)
        if given > 1:
            raise EndpointError(f"{given} of handler and on_audio are given, at most 1 is possible")
        if given and not callable(self.handler or self.on_audio):
            raise EndpointError(
                f"handler or on_audio is of type {type(self.handler or self.on_audio).__name__}, a function is needed"
            )
        if self.on_event is not None and self.handler is not None:
            raise EndpointError("handler and on_event are given, at most 1 is possible; a handler has call.events()")
        if self.on_event is not None and not callable(self.on_event):
            raise EndpointError(f"on_event is of type {type(self.on_event).__name__}, a function is needed")
        for name in ("on_audio", "on_event"):
            if inspect.iscoroutinefunction(getattr(self, name)):
                raise EndpointError(
                    f"{name} is a coroutine function, a plain one is needed; pass it as handler instead"
                )

    def _check_origins(self) -> None:
        given: object = self.allowed_origins
        if not isinstance(given, list | tuple):
            raise EndpointError(f"allowed_origins is of type {type(given).__name__}, a list of strings is needed")
        for origin in given:
            if not isinstance(origin, str) or serialized(origin) is None:
                raise EndpointError(
                    f"allowed_origins has {origin!r}, a scheme and a host is needed: https://example.com"
                )

    def _check_address(self) -> None:
        authorize: object = self.authorize
        if inspect.iscoroutinefunction(authorize):
            raise EndpointError("authorize is a coroutine function, a plain one is needed")
        if authorize is not None and not callable(authorize) and not _are_tokens(authorize):
            raise EndpointError("authorize must be a non-empty string, a list of them, or a function")
        if authorize is None and self.answers_all and not is_loopback(self.host):
            raise EndpointError(
                f"host {self.host!r} can be reached from other machines and no authorize is given: "
                "pass authorize=TOKEN or a function, or listen on 127.0.0.1"
            )
        if self.public_url is not None and not _is_websocket_url(self.public_url):
            raise EndpointError("public_url must be a ws or wss URL with a host and without query and fragment")
        if not 0 <= self.port <= 65535:
            raise EndpointError(f"port is {self.port}, 0 to 65535 is needed")
        if self.path is not None and (not self.path.startswith("/") or "?" in self.path):
            raise EndpointError(f"path is {self.path!r}, it must begin with '/' and have no query")
        if self.path == HEALTH_PATH:
            raise EndpointError(f"path is {self.path!r}, which answers health checks; another one is needed")
        self._check_metrics()

    def _check_metrics(self) -> None:
        metrics: object = self.metrics
        if not isinstance(metrics, bool | str) or metrics == "":
            raise EndpointError("metrics must be True, False or a non-empty string, its bearer token")
        if metrics is True and not is_loopback(self.host):
            raise EndpointError(
                f"host {self.host!r} can be reached from other machines, and so can /metrics: pass metrics=TOKEN, "
                "or listen on 127.0.0.1"
            )
        if metrics and self.path == METRICS_PATH:
            raise EndpointError(f"path is {self.path!r}, which answers with metrics; another one is needed")

    def _check_limits(self) -> None:
        least: dict[str, float] = {
            "max_queue_ms": MIN_QUEUE_MS,
            "max_calls": 1,
            "max_half_open": 1,
            "max_half_open_per_address": 1,
            "max_message_octets": 1,
            "max_fragments": 1,
            "max_held_octets": 0,
        }
        for name in ("lead_ms", "idle_lead_ms", "send_chunk_ms", "prebuffer_ms"):
            if name != "lead_ms" or self.lead_ms is not None:
                _require_number(name, getattr(self, name))
        for name, at_least in (least | {"drain_s": 0}).items():
            value: Any = getattr(self, name)
            if name in _COUNTS and not isinstance(value, int):
                raise EndpointError(f"{name} is {value!r}, a whole number is needed")
            _require_number(name, value)
            if not value >= at_least:
                raise EndpointError(f"{name} is {value}, at least {at_least:g} is needed")
        for name in (
            "start_timeout_s",
            "idle_timeout_s",
            "ping_interval_s",
            "max_frames_per_s",
            "max_octets_per_s",
            "slow_turn_ms",
            "lag_period_s",
        ):
            limit: float | None = getattr(self, name)
            if limit is None:
                continue
            _require_number(name, limit)
            if not limit > 0:
                raise EndpointError(f"{name} is {limit}, more than 0 is needed; None switches it off")
        if self.max_message_octets > MAX_MESSAGE_OCTETS:
            raise EndpointError(
                f"max_message_octets is {self.max_message_octets}, at most {MAX_MESSAGE_OCTETS} is possible"
            )


def _require_number(name: str, value: object) -> None:
    if not isinstance(value, int | float):
        raise EndpointError(f"{name} is {value!r}, a number is needed")


def _are_tokens(authorize: object) -> bool:
    """Return whether it is a token, or at least one token."""
    tokens = authorize if isinstance(authorize, list | tuple) else (authorize,)
    return len(tokens) > 0 and all(isinstance(token, str) and token for token in tokens)


def for_ears(handler: HandlerT) -> HandlerT:
    """Mark a handler whose audio people will hear, so that its gaps are concealed."""
    setattr(handler, CONCEALS, True)
    return handler


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _is_websocket_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("ws", "wss") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False
