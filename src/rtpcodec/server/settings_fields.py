"""The settings of an endpoint: names, defaults, and what each of them means."""

from __future__ import annotations

import socket
import ssl as tls
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from rtpcodec.pump.frame_budget import MAX_FRAMES_PER_S, MAX_OCTETS_PER_S
from rtpcodec.server.draining import HANDLER_GRACE_S, SERVE_DRAIN_S
from rtpcodec.server.loop_lag import LAG_PERIOD_S, MAX_LAG_MS
from rtpcodec.server.options import Authorize, DialectName, Handler, OnAudio, OnEvent, OnHandlerEnd, Plan, Transport
from rtpcodec.server.phone_control import StreamingControl
from rtpcodec.server.slow_turns import SLOW_TURN_MS
from rtpcodec.server.tls_files import TlsFiles
from rtpcodec.stream.diagnosis.watch import DIAGNOSIS_S
from rtpcodec.stream.fragments import MAX_FRAGMENTS
from rtpcodec.stream.memory_budget import MAX_HELD_OCTETS
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.speaking.chunking import STEP_MS
from rtpcodec.stream.speaking.settings import IDLE_LEAD_MS, LEAD_MS, MAX_QUEUE_MS, KeepAlive, WhenFull
from rtpcodec.stream.wire import MAX_MESSAGE_OCTETS

MAX_CALLS: Final = 100
"""Echo calls that keep one core of our test machine 80 % busy, at a lag of 3 ms (docs/running.md, How many calls)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFields:
    """The fields of EndpointSettings."""

    handler: Handler | None = None
    on_audio: OnAudio | None = None
    """At most one of handler and on_audio. Without handler, on_audio and on_event, the endpoint accepts only calls of
    `Endpoint.stream`."""
    on_event: OnEvent | None = None
    """With on_audio, or alone; a handler reads `Call.events` instead."""
    plan: Plan | None = None
    """The plan, which the streaming command must use as well; None: the default plan. Or a plain function (path,
    parameters) -> StreamPlan, which is called when the socket of each call opens, with the path without its query and
    the query's parameters. The custom parameters of `start` arrive later, so it does not get them."""
    dialect: DialectName | None = None
    """The carrier that dials; None: the first message of each call shows it. If the named carrier does not support the
    plan, that is an error here. A call is closed if its first message shows a carrier that does not support the
    plan."""
    host: str = "127.0.0.1"
    """Address to listen on. If other machines can reach it directly, `authorize` is required, unless the endpoint
    accepts only calls of `Endpoint.stream`."""
    port: int = 0
    """Port to listen on; 0: any free port."""
    reuse_port: bool = False
    """Whether other processes listen on this port as well (SO_REUSEPORT): the system spreads new connections over
    them. Such an endpoint stops listening when it drains, so that new calls reach the others."""
    sock: socket.socket | None = field(default=None, repr=False)
    """A bound or listening TCP socket, in place of host and port. The endpoint closes it at its end."""
    path: str | None = "/"
    """The path that carriers dial, compared exactly and without its query; None: any path."""
    authorize: Authorize | None = field(default=None, repr=False)
    """A token that the header x-telnyx-streaming-auth-token must contain; or several tokens, one of which it must
    contain (to replace a token); or a plain function (headers, path) -> bool. An endpoint with a handler, on_audio or
    on_event and None accepts every socket: set it behind a tunnel or a proxy, which makes a loopback address public."""
    allowed_origins: Sequence[str] = ()
    """Origins of web pages that may open a call, such as `https://app.example.com`. Browsers always send an Origin,
    carriers send none. By default all web pages are refused, because otherwise any page that a developer visits could
    open the developer's endpoint."""
    public_url: str | None = field(default=None, repr=False)
    """The URL by which carriers reach this endpoint, such as a proxy's `wss://media.example.com/calls`, for
    `Endpoint.stream`; None: the endpoint's own URL."""
    transport: Transport = "picows"
    """The library of the WebSockets: "picows", the fastest, or "websockets" (`rtpcodec[websockets]`), which needs no
    other compiled package. In virtual time neither is used."""
    ssl: tls.SSLContext | TlsFiles | None = None
    """TLS context of a server, for wss://; or TlsFiles, which `run` reads again on SIGHUP; None: ws://."""
    receive_pcm_hz: PcmRate = "native"
    """Sample rate of `Audio.pcm` in Hz; "native": the codec's own; None: payloads only, nothing is decoded."""
    send_pcm_hz: int | None = None
    """Sample rate of the PCM for `Call.play` in Hz; None: the plan's rate."""
    lead_ms: float | None = LEAD_MS
    """Audio that the carrier holds ahead of its play-out; None: everything is sent at once."""
    idle_lead_ms: float = IDLE_LEAD_MS
    """The same between replies, for keep-alive and background, which delay a reply by at most this time."""
    max_queue_ms: float = MAX_QUEUE_MS
    """Limit on queued audio per call: for the reply that speaks, and for all others together. Beyond it `Call.play`
    waits for space."""
    when_full: WhenFull = "wait"
    """What a play does beyond max_queue_ms. "wait": it waits for space. "drop_oldest": it drops the oldest queued
    audio, for live audio that is useless when it is late."""
    send_chunk_ms: float = STEP_MS
    """Audio of one message of a sample codec: 20 to 200, in steps of 20. Longer messages need less work per call."""
    prebuffer_ms: float = 0.0
    """Audio that must be queued before a reply begins, unless the reply has ended: for engines that start slowly."""
    keep_alive: KeepAlive = None
    """Sound to send while no reply speaks: "silence" or "comfort_noise" (-62 dBm0); None: none, as carriers expect."""
    own_marks: bool = True
    """Whether to send marks of our own, which the handler does not see, to measure what was heard. False: only the
    handler's marks measure it, and everything else is estimated."""
    conceal: bool | None = None
    """Whether gaps are filled with generated audio (`Audio.concealed`); None: only for the ready-made handlers that
    record and echo, and others that are marked."""
    control: StreamingControl | None = field(default=None, repr=False)
    """Sends commands about calls that `Endpoint.stream` has not requested: an AsyncCallControl, or a CallControl, which
    is called in a thread. None: no commands can be sent about those calls."""
    on_handler_end: OnHandlerEnd = "keep"
    """What happens to the phone call when its handler has ended, or `on_audio` or `on_event` has failed. "keep": it
    continues without its stream. "hangup": it is hung up once the last audio was heard. A coroutine function (call,
    error) may play, hang up or transfer; error is None if the handler returned; the stream is closed after it. A phone
    call that is transferred, bridged or ended is never changed; only webhooks report these states."""
    reconnect: bool = False
    """Whether a call whose WebSocket was lost is reconnected without `Call.reconnect`. It needs a control."""
    disconnect_hold_s: float = 1.0
    """How long a stream is held after the loss of its WebSocket, so that the handler can call `Call.reconnect`."""
    first_words_after_ms: float = 0.0
    """How long replies wait after the start of a call that we dialled, or after its answer if a webhook reports that
    later. 200 to 300 is usual, because a person who answers first moves the phone to the ear. Calls that a webhook
    has reported as incoming do not wait."""
    await_verdict_s: float | None = None
    """Replies wait for the webhook with the verdict of answering-machine detection, for at most this time;
    `Call.verdict` returns it. Incoming calls do not wait. None: no call waits."""
    diagnosis_s: float | None = DIAGNOSIS_S
    """Seconds of sound after each change of a stream that are examined for faults (Diagnosis); infinite: always; None
    or 0: never."""
    max_calls: int = MAX_CALLS
    """Limit on simultaneous calls; more are refused with 503. To measure it, see docs/running.md, How many calls."""
    max_half_open: int = 256
    """Limit on open sockets that have not sent their request yet; the free places of `max_calls` are added. Beyond it,
    the oldest socket of the address with the most sockets is cut."""
    max_half_open_per_address: int = 128
    """The same limit per IPv4 address, or IPv6 network of 64 bits. All calls through a proxy have the proxy's address,
    so the free places of `max_calls` are added as well."""
    max_message_octets: int = MAX_MESSAGE_OCTETS
    """Limit on the octets of one message, its fragments joined."""
    max_fragments: int = MAX_FRAGMENTS
    """Limit on the fragments of one message."""
    max_held_octets: int = MAX_HELD_OCTETS
    """Limit on the octets in all calls together that wait for handlers, for missing chunks and for the rest of
    fragmented messages. Beyond it the call that holds the most loses its oldest events, which an Overrun counts. Up to
    256 KiB per part of a call do not count."""
    connected_timeout_s: float | None = 10.0
    """A socket without a `connected` for this time is closed with 1002; None: no limit."""
    start_timeout_s: float | None = 120.0
    """The same for a socket without a `start` after `connected`: a stream can be established before a dialled call is
    answered. If it is shorter than connected_timeout_s, it also limits the wait for `connected`. None: no limit."""
    idle_timeout_s: float | None = 30.0
    """A socket without any frame, pongs included, for this time is closed with 1008; None: no limit."""
    ping_interval_s: float | None = 5.0
    """A ping is sent to a socket that is silent for this time. If no frame follows within the same time, and this peer
    has answered a ping before, the connection is lost and the socket is cut. None: no pings."""
    media_silence_s: float | None = 5.0
    """After this time without media, MediaSilent is reported, once per silence; None: never."""
    drain_s: float = SERVE_DRAIN_S
    """How long calls may continue when the endpoint drains; `run` and the command have 3600. The environment variable
    RTPCODEC_DRAIN_S overrides it. Recordings, captures and taps are closed 5 s before."""
    handler_grace_s: float = HANDLER_GRACE_S
    """How long a handler may outlive its stream; then it is cancelled. The environment variable
    RTPCODEC_HANDLER_GRACE_S overrides it."""
    slow_turn_ms: float | None = SLOW_TURN_MS
    """A call that holds the event loop longer than this without a break is logged; None: not measured."""
    lag_period_s: float | None = LAG_PERIOD_S
    """Time between two measurements of how late the event loop is; None: no measurement and no timer."""
    max_lag_ms: float | None = MAX_LAG_MS
    """Calls are refused with 503 while the event loop was later than this in more than 1 % of the measurements of the
    last minute; None: no limit. It is not applied in the first minute of an endpoint."""

    metrics: bool | str = field(default=False, repr=False)
    """Whether `GET /metrics` on this port answers with the figures for Prometheus. A string: only with this bearer
    token. True needs a host that other machines cannot reach."""

    max_frames_per_s: float | None = MAX_FRAMES_PER_S
    """Limit on the frames of a call per second, pings and fragments included. The frames of BURST_S may arrive at once,
    because they are delayed in a pause of the network; beyond it the socket is closed with 1008. None: no limit."""
    max_octets_per_s: float | None = MAX_OCTETS_PER_S
    """Limit on the octets of a call's messages per second, as above; None: no limit."""

    @property
    def listen_host(self) -> str:
        """The address that it listens on."""
        return self.host if self.sock is None else str(self.sock.getsockname()[0])

    @property
    def tls_context(self) -> tls.SSLContext | None:
        """The TLS context for connections that begin now."""
        return self.ssl.context if isinstance(self.ssl, TlsFiles) else self.ssl

    @property
    def answers_all(self) -> bool:
        """Whether the endpoint accepts calls other than those of `Endpoint.stream`."""
        return self.handler is not None or not self.may_wait

    @property
    def may_wait(self) -> bool:
        """Whether calls are handled by coroutines, which may wait, and not by `on_audio` and `on_event`."""
        return self.on_audio is None and self.on_event is None
