"""Types of the arguments of `serve`, `run` and `call_on`: functions, access rules, and the names of all settings."""

from __future__ import annotations

import socket
import ssl as tls
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, Literal, TypedDict, TypeVar

from rtpcodec.server.call import Call
from rtpcodec.server.phone_control import StreamingControl
from rtpcodec.server.tls_files import TlsFiles
from rtpcodec.stream.events import Audio, Event
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.receive_codec import PcmRate
from rtpcodec.stream.speaking.settings import KeepAlive, WhenFull

CONCEALS: Final = "conceals"
"""Name of an attribute of handlers. If it is true, people listen to the audio, so gaps are concealed."""

FILES_PER_CALL: Final = "files_per_call"
"""Name of an attribute of handlers: the number of files that each call keeps open."""

Handler = Callable[[Call], Awaitable[object]]
"""A coroutine function, called once per call; when it returns, the stream ends. `OnHandlerEnd` decides about the phone
call."""
HandlerT = TypeVar("HandlerT", bound=Handler)
OnAudio = Callable[[Call, Audio], object]
"""A plain function, called for each chunk in the socket's callback, so it must not block."""
OnEvent = Callable[[Call, Event], object]
"""A plain function, called for each event except Audio in the socket's callback, so it must not block."""
OnHandlerEnd = Literal["keep", "hangup"] | Callable[[Call, BaseException | None], Awaitable[object]]
"""What happens to the phone call when its handler has ended. "keep": it continues. "hangup": it is hung up once
the last audio was heard. A coroutine function: called with the Call, and the handler's exception or None."""
Authorize = str | Sequence[str] | Callable[[Mapping[str, str], str], bool]
"""A token, several tokens, or a plain function of the request's headers and of its path with query. The function must
not be async."""
Transport = Literal["picows", "websockets"]
"""The library of an endpoint's WebSockets."""

Plan = StreamPlan | Callable[[str, Mapping[str, str]], StreamPlan]
"""A plan, or a plain function of a request's path without query and of its query parameters, which returns the plan of
this call. The function must not be async."""


DialectName = Literal["telnyx", "twilio"]
"""The dialect of a carrier, one of `rtpcodec.stream.wire.DIALECTS`."""


class CallOptions(TypedDict, total=False):
    """The keyword arguments of `call_on`: the fields of EndpointSettings that concern a call and not the server."""

    plan: Plan | None
    dialect: DialectName | None
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
    on_handler_end: OnHandlerEnd
    control: StreamingControl | None
    first_words_after_ms: float
    await_verdict_s: float | None
    diagnosis_s: float | None
    connected_timeout_s: float | None
    start_timeout_s: float | None
    media_silence_s: float | None
    ping_interval_s: float | None
    idle_timeout_s: float | None
    handler_grace_s: float
    max_frames_per_s: float | None
    max_octets_per_s: float | None
    slow_turn_ms: float | None


class AdapterOptions(CallOptions, total=False):
    """The keyword arguments of the adapters for other servers, beside `handler` and `authorize`."""

    on_audio: OnAudio | None
    on_event: OnEvent | None


class EndpointOptions(CallOptions, total=False):
    """The keyword arguments of `serve` and `run`, which EndpointSettings describes."""

    host: str
    port: int
    reuse_port: bool
    sock: socket.socket | None
    path: str | None
    authorize: Authorize | None
    allowed_origins: Sequence[str]
    public_url: str | None
    transport: Transport
    ssl: tls.SSLContext | TlsFiles | None
    max_calls: int
    max_half_open: int
    max_half_open_per_address: int
    max_message_octets: int
    max_fragments: int
    max_held_octets: int
    lag_period_s: float | None
    max_lag_ms: float | None
    drain_s: float
    metrics: bool | str
    reconnect: bool
    disconnect_hold_s: float


def with_concealment(handler: HandlerT) -> HandlerT:
    """Mark a handler whose audio people listen to, so that gaps are concealed."""
    setattr(handler, CONCEALS, True)
    return handler
