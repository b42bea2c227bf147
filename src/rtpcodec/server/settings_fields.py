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
"""Echo calls that keep one core of the machine we measured below 80 % busy, with a lag of 2 ms (docs/running.md)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFields:
    """The fields of EndpointSettings."""

    handler: Handler | None = None
    on_audio: OnAudio | None = None
    """At most one of handler and on_audio. Without all three the endpoint accepts only calls of `Endpoint.stream`."""
    on_event: OnEvent | None = None
    """Beside on_audio, or alone; a handler has `Call.events`."""
    plan: Plan | None = None
    """The plan, which must also be the streaming command's; None: the default plan. A plain function (path, parameters)
    -> StreamPlan is asked for the plan of each call when its socket opens: the path without its query, and the query's
    parameters. The custom parameters of `start` arrive later, so it cannot see them."""
    dialect: DialectName | None = None
    """The carrier that dials; None: the first message of each call shows it. A plan that the named carrier cannot do
    is an error here. A call of another carrier is closed when its first message shows that it cannot do the plan."""
    host: str = "127.0.0.1"
    """Address to listen on. If other machines can reach it, `authorize` is required."""
    port: int = 0
    """Port to listen on; 0: any free port."""
    reuse_port: bool = False
    """Whether other processes listen on this port as well (SO_REUSEPORT): the system spreads new connections over
    them. Such an endpoint stops listening as soon as it drains, so that new calls reach the others."""
    sock: socket.socket | None = field(default=None, repr=False)
    """A bound or listening TCP socket to listen on, in place of host and port. The endpoint closes it at its end."""
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
    transport: Transport = "picows"
    """The library of the WebSockets: "picows", which costs least, or "websockets" (`rtpcodec[websockets]`), which needs
    no compiled code of others. In virtual time neither is used."""
    ssl: tls.SSLContext | TlsFiles | None = None
    """TLS context of a server, for wss://, or TlsFiles, which a SIGHUP of `run` reads again; None: ws://."""
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
    control: StreamingControl | None = field(default=None, repr=False)
    """Sends commands about calls that did not come by `Endpoint.stream`: a CallControl, which is called in a thread, or
    an AsyncCallControl. None: those calls cannot be commanded."""
    on_handler_end: OnHandlerEnd = "keep"
    """What happens to the phone call when its handler has ended, or `on_audio` or `on_event` has failed. "keep":
    nothing, it stays up without its stream. "hangup": it is hung up once the last audio was heard. A coroutine function
    (call, error): it may play, hang up or transfer; error is None if the handler returned; then the stream is closed. A
    phone call that is transferred, bridged or ended is left alone, which takes webhooks to know."""
    reconnect: bool = False
    """Whether a call whose WebSocket was lost is reconnected without a `Call.reconnect` by its handler. Calls that
    nothing can command are not (`control`)."""
    disconnect_hold_s: float = 1.0
    """How long the stream of a lost WebSocket is held for a handler to call `Call.reconnect`, if that is possible."""
    first_words_after_ms: float = 0.0
    """How long replies wait after the start of a call that we dialled, or after its answer if a webhook reports that
    later; 200 to 300 is usual: a phone that was just picked up is not at the ear yet. Calls that a webhook has called
    incoming do not wait."""
    await_verdict_s: float | None = None
    """Replies wait until a webhook has the carrier's verdict of answering-machine detection, for this time at most;
    `Call.verdict` returns it. Incoming calls do not wait. None: nothing waits for it."""
    diagnosis_s: float | None = DIAGNOSIS_S
    """Sound after each change of a stream in which faults are looked for, and reported as Diagnosis; infinite: always;
    None or 0: never."""
    max_calls: int = MAX_CALLS
    """Limit on calls at the same time; more are refused with 503. docs/running.md says how to measure it."""
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
    connected_timeout_s: float | None = 10.0
    """A socket without a `connected` for this time is closed with 1002; None: no limit."""
    start_timeout_s: float | None = 120.0
    """The same for a socket without a `start`, from `connected` on: a stream can be established before a dialled call
    is answered. If it is shorter than connected_timeout_s, `connected` is due within it. None: no limit."""
    idle_timeout_s: float | None = 30.0
    """A call without any frame, pongs included, for this time loses its stream: the socket is closed with 1008;
    None: no limit."""
    ping_interval_s: float | None = 5.0
    """A ping is sent to a socket that is silent for this time. Without any frame within the same time after it the line
    is lost, if this peer has ever answered a ping; the socket is cut then. None: no pings of silent sockets."""
    media_silence_s: float | None = 5.0
    """Without media for this time MediaSilent is reported, once per silence; None: never."""
    drain_s: float = SERVE_DRAIN_S
    """How long calls may continue when the endpoint drains; `run` and the command have 3600. The environment variable
    RTPCODEC_DRAIN_S overrides it. Recordings, captures and taps are closed 5 s before."""
    handler_grace_s: float = HANDLER_GRACE_S
    """How long a handler may outlive its stream; then it is cancelled. The environment variable
    RTPCODEC_HANDLER_GRACE_S overrides it."""
    slow_turn_ms: float | None = SLOW_TURN_MS
    """A call that holds the event loop longer than this at a time is logged; None: that is not measured."""
    lag_period_s: float | None = LAG_PERIOD_S
    """Time between two measurements of how late the event loop is; None: no measurement and no timer."""
    max_lag_ms: float | None = MAX_LAG_MS
    """Calls are refused with 503 while the event loop was later than this in more than 1 % of the measurements of the
    last minute; None: however late it is. An endpoint that has run for less than a minute refuses none."""

    metrics: bool | str = field(default=False, repr=False)
    """Whether `GET /metrics` on this port answers with the figures for Prometheus. A string: only with this bearer
    token. True needs a host that other machines cannot reach."""

    max_frames_per_s: float | None = MAX_FRAMES_PER_S
    """Limit on the frames of a call, pings and fragments included. What BURST_S of it allow may come at once, so that
    what waited during a pause of the network passes; beyond it the socket is closed with 1008. None: no limit."""
    max_octets_per_s: float | None = MAX_OCTETS_PER_S
    """Limit on the octets of a call's messages, as above; None: no limit."""

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
