"""The causes of the end of a stream."""

from __future__ import annotations

from typing import Literal

EndReason = Literal[
    "carrier_stop",
    "socket_closed",
    "socket_lost",
    "handler_returned",
    "handler_failed",
    "closed",
    "endpoint_closed",
    "cancelled",
    "not_wanted",
    "start_timeout",
    "idle_timeout",
    "malformed",
    "refused",
    "protocol_error",
]
"""Causes on the other side:
"carrier_stop": the carrier's `stop`: the phone call has ended, or streaming was stopped by a command.
"socket_closed": the carrier closed the WebSocket without a `stop`.
"socket_lost": the connection broke without a close frame, for example because the network or the carrier failed.

Causes on our side:
"handler_returned": the handler returned, and its last audio was heard.
"handler_failed": the handler, `on_audio` or `on_event` raised, or the handler was cancelled from within.
"closed": `call.close()`.
"endpoint_closed": the endpoint was closed, or had drained for `drain_s`.
"cancelled": the task that ran the call was cancelled, such as the block of `call_on`.
"not_wanted": `Endpoint.stream` no longer waited for the call. The handler is not called.

Causes by a rule:
"start_timeout": no `start` within `start_timeout_s`. The handler is not called.
"idle_timeout": no frame for `idle_timeout_s`.
"malformed": too many malformed messages in a row.
"refused": the carrier does not support the plan, as its first message showed. The handler is not called.
"protocol_error": a frame that breaks a rule of WebSocket (RFC 6455), or exceeds a limit on length or rate.
"""
