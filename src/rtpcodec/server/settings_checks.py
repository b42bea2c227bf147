"""The checks of an endpoint's settings: each error has the rule and the value."""

from __future__ import annotations

import inspect
import socket
from typing import Any, Final
from urllib.parse import urlsplit

from rtpcodec.errors import EndpointError
from rtpcodec.server.addresses import HEALTH_PATH, METRICS_PATH, READY_PATH, is_loopback
from rtpcodec.server.origins import serialized
from rtpcodec.server.settings_fields import SettingsFields
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.wire import DIALECTS, MAX_MESSAGE_OCTETS

MIN_QUEUE_MS: Final = 200.0
"""A smaller queue cannot hold a useful part of a long play."""

TRANSPORTS: Final = ("picows", "websockets")
"""The choices of `transport`."""
_COUNTS: Final = frozenset(
    ("max_calls", "max_half_open", "max_half_open_per_address", "max_message_octets", "max_fragments")
)
"""Settings that must be whole numbers."""
_FROM_ZERO: Final = ("drain_s", "handler_grace_s", "disconnect_hold_s", "first_words_after_ms")
"""Settings of at least 0."""

_ITERABLE_COROUTINE: Final = inspect.CO_ITERABLE_COROUTINE
"""Flag of generator functions that `types.coroutine` made awaitable."""


def check(settings: SettingsFields) -> None:
    """Check all settings. Raises EndpointError."""
    _check_handlers(settings)
    _check_transport(settings)
    _check_socket(settings)
    _check_handler_end(settings)
    _check_address(settings)
    _check_origins(settings)
    _check_reconnecting(settings)
    _check_limits(settings)
    _check_plan(settings)
    _check_dialect(settings)


def _check_handlers(settings: SettingsFields) -> None:
    given = (settings.handler is not None) + (settings.on_audio is not None)
    if given > 1:
        raise EndpointError(f"{given} of handler and on_audio are given, at most 1 is allowed")
    function = settings.handler or settings.on_audio
    if given and not callable(function):
        raise EndpointError(f"handler or on_audio is of type {type(function).__name__}, a function is needed")
    if settings.handler is not None and _is_generator(settings.handler):
        raise EndpointError("handler is a generator function, a coroutine function is needed: it must not yield")
    if settings.on_event is not None and settings.handler is not None:
        raise EndpointError(
            "handler and on_event are given, at most 1 is allowed; a handler reads call.events() instead"
        )
    if settings.on_event is not None and not callable(settings.on_event):
        raise EndpointError(f"on_event is of type {type(settings.on_event).__name__}, a function is needed")
    for name in ("on_audio", "on_event"):
        if inspect.iscoroutinefunction(getattr(settings, name)):
            raise EndpointError(f"{name} is a coroutine function, a plain one is needed; pass it as handler instead")


def _is_generator(function: object) -> bool:
    """Return whether a function returns generators. Other plain functions, such as lambdas, may return an awaitable."""
    called = (function, getattr(function, "__call__", None))  # noqa: B004 -- of an object
    awaited = any(getattr(getattr(one, "__code__", None), "co_flags", 0) & _ITERABLE_COROUTINE for one in called)
    return not awaited and any(inspect.isgeneratorfunction(one) or inspect.isasyncgenfunction(one) for one in called)


def _check_transport(settings: SettingsFields) -> None:
    transport: object = settings.transport
    if transport not in TRANSPORTS:
        raise EndpointError(f"transport is {transport!r}, 'picows' or 'websockets' is needed")


def _check_handler_end(settings: SettingsFields) -> None:
    choice: object = settings.on_handler_end
    if not callable(choice) and choice not in ("keep", "hangup"):
        raise EndpointError(f"on_handler_end is {choice!r}, 'keep', 'hangup' or a coroutine function is needed")


def _check_plan(settings: SettingsFields) -> None:
    plan: object = settings.plan
    if inspect.iscoroutinefunction(plan):
        raise EndpointError("plan is a coroutine function, a plain one is needed")
    if not (plan is None or isinstance(plan, StreamPlan) or callable(plan)):
        raise EndpointError(f"plan is of type {type(plan).__name__}, a StreamPlan or a function is needed")


def _check_dialect(settings: SettingsFields) -> None:
    name = settings.dialect
    if name is None:
        return
    if name not in DIALECTS:
        raise EndpointError(f"dialect is {name!r}, one of {', '.join(DIALECTS)} or None is needed")
    if DIALECTS[name].commands:
        return
    asked = {
        "control": settings.control is not None,
        "on_handler_end='hangup'": settings.on_handler_end == "hangup",
        "reconnect": settings.reconnect,
        "await_verdict_s": settings.await_verdict_s is not None,
    }
    if wanted := [setting for setting, given in asked.items() if given]:
        raise EndpointError(f"{', '.join(wanted)}: dialect is {name!r}, whose calls have neither commands nor webhooks")


def _check_origins(settings: SettingsFields) -> None:
    given: object = settings.allowed_origins
    if not isinstance(given, list | tuple):
        raise EndpointError(f"allowed_origins is of type {type(given).__name__}, a list of strings is needed")
    for origin in given:
        if not isinstance(origin, str) or serialized(origin) is None:
            raise EndpointError(f"allowed_origins has {origin!r}, a scheme and a host is needed: https://example.com")


def _check_socket(settings: SettingsFields) -> None:
    given: object = settings.sock
    if settings.reuse_port and not hasattr(socket, "SO_REUSEPORT"):
        raise EndpointError("reuse_port is True, and this system has no SO_REUSEPORT")
    if given is None:
        return
    if not isinstance(given, socket.socket):
        raise EndpointError(f"sock is of type {type(given).__name__}, a socket is needed")
    if given.family not in (socket.AF_INET, socket.AF_INET6) or given.type != socket.SOCK_STREAM:
        raise EndpointError("sock is not a TCP socket")
    if given.fileno() < 0 or not given.getsockname()[1]:
        raise EndpointError("sock is not bound: call its bind() first")
    if settings.port:
        raise EndpointError(f"sock and port={settings.port} are given, at most 1 is allowed")


def _check_reconnecting(settings: SettingsFields) -> None:
    reconnect: object = settings.reconnect
    if not isinstance(reconnect, bool):
        raise EndpointError(f"reconnect is {reconnect!r}, True or False is needed")


def _check_address(settings: SettingsFields) -> None:
    host = settings.listen_host
    authorize: object = settings.authorize
    check_authorize(authorize)
    if authorize is None and settings.answers_all and not is_loopback(host):
        raise EndpointError(
            f"host {host!r} can be reached from other machines and no authorize is given: "
            "pass authorize=TOKEN or a function, or listen on 127.0.0.1"
        )
    if settings.public_url is not None and not _is_websocket_url(settings.public_url):
        raise EndpointError("public_url must be a ws or wss URL with a host and without query and fragment")
    if not 0 <= settings.port <= 65535:
        raise EndpointError(f"port is {settings.port}, 0 to 65535 is needed")
    if settings.path is not None and (not settings.path.startswith("/") or "?" in settings.path):
        raise EndpointError(f"path is {settings.path!r}, it must begin with '/' and have no query")
    for path, what in ((HEALTH_PATH, "health checks"), (READY_PATH, "readiness checks")):
        if settings.path == path:
            raise EndpointError(f"path is {path!r}, which answers {what}; another one is needed")
    _check_metrics(settings)


def check_authorize(authorize: object) -> None:
    """Check the setting `authorize`. Raises EndpointError."""
    if inspect.iscoroutinefunction(authorize):
        raise EndpointError("authorize is a coroutine function, a plain one is needed")
    if authorize is not None and not callable(authorize) and not _are_tokens(authorize):
        raise EndpointError("authorize must be a non-empty string, a list of them, or a function")


def _check_metrics(settings: SettingsFields) -> None:
    metrics: object = settings.metrics
    if not isinstance(metrics, bool | str) or metrics == "":
        raise EndpointError("metrics must be True, False or a non-empty string, its bearer token")
    host = settings.listen_host
    if metrics is True and not is_loopback(host):
        raise EndpointError(
            f"host {host!r} can be reached from other machines, and so can /metrics: pass metrics=TOKEN, "
            "or listen on 127.0.0.1"
        )
    if metrics and settings.path == METRICS_PATH:
        raise EndpointError(f"path is {settings.path!r}, which answers with metrics; another one is needed")


def _check_limits(settings: SettingsFields) -> None:
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
        if name != "lead_ms" or settings.lead_ms is not None:
            _require_number(name, getattr(settings, name))
    for name, at_least in (
        least | {"drain_s": 0, "handler_grace_s": 0, "disconnect_hold_s": 0, "first_words_after_ms": 0}
    ).items():
        value: Any = getattr(settings, name)
        if name in _COUNTS and not isinstance(value, int):
            raise EndpointError(f"{name} is {value!r}, a whole number is needed")
        _require_number(name, value)
        if not value >= at_least:
            raise EndpointError(f"{name} is {value}, at least {at_least:g} is needed")
    for name in (
        "connected_timeout_s",
        "start_timeout_s",
        "media_silence_s",
        "idle_timeout_s",
        "ping_interval_s",
        "max_frames_per_s",
        "max_octets_per_s",
        "slow_turn_ms",
        "lag_period_s",
        "max_lag_ms",
        "await_verdict_s",
    ):
        limit: float | None = getattr(settings, name)
        if limit is None:
            continue
        _require_number(name, limit)
        if not limit > 0:
            raise EndpointError(f"{name} is {limit}, more than 0 is needed; None disables it")
    if settings.max_message_octets > MAX_MESSAGE_OCTETS:
        raise EndpointError(
            f"max_message_octets is {settings.max_message_octets}, at most {MAX_MESSAGE_OCTETS} is allowed"
        )


def _require_number(name: str, value: object) -> None:
    if not isinstance(value, int | float):
        raise EndpointError(f"{name} is {value!r}, a number is needed")


def _are_tokens(authorize: object) -> bool:
    """Return whether authorize is a token, or a list with at least one token."""
    tokens = authorize if isinstance(authorize, list | tuple) else (authorize,)
    return len(tokens) > 0 and all(isinstance(token, str) and token for token in tokens)


def _is_websocket_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("ws", "wss") and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        return False
