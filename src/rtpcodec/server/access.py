"""Access control: answers an HTTP request before it becomes a call. No sockets.

The checks, in this order:

1. the health check's path: 200; that of readiness: 200, or 503 while it accepts no calls
2. the request comes from a web page whose origin is not allowed: 403
3. the path of metrics, if the setting is on: 200, also while draining; 401 if it needs a token and this is another one
4. the path is neither the endpoint's nor that of an invitation: 404. Without a handler, only invitations have paths.
5. the endpoint is draining or full, or its event loop stays late: 503, unless a running call is reconnected
6. the request is not authorized: 401, which is delayed if the address has had several;
   `authorize` raises an exception: 500. The path of an invitation needs the invitation's token.

A request that passes may become a call. If it is not a WebSocket upgrade, the WebSocket library refuses it.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import NamedTuple

from rtpcodec.pump.interrupts import end_loop
from rtpcodec.server.addresses import HEALTH_PATH, METRICS_PATH, READY_PATH
from rtpcodec.server.call_log import plain
from rtpcodec.server.invitations import Invitation, Invitations, has_token, token_fault
from rtpcodec.server.options import Authorize
from rtpcodec.server.origins import ORIGIN_HEADER, Origins
from rtpcodec.server.refusal_delays import RefusalDelays
from rtpcodec.server.settings import EndpointSettings

_log = logging.getLogger("rtpcodec.server")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer instead of an upgrade."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    refused: bool = True
    """Whether it refuses a call. The answer to a health check does not."""
    why: str = ""
    """The rule that the request broke, for the log of the endpoint and not for its client."""


class Authorization:
    """Checks whether requests are authorized, by tokens or by a function."""

    __slots__ = ("_ask", "_has_tokens")

    def __init__(self, authorize: Authorize | None) -> None:
        """Store the tokens or the function; None: every request is authorized."""
        self._has_tokens = not callable(authorize)
        self._ask = authorize if authorize is None or callable(authorize) else _presents(authorize)

    def refusal(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """Return the refusal of a request with this path and query; None: it is authorized."""
        if self._ask is None:
            return None
        try:
            allowed = self._ask(headers, target)
        except KeyboardInterrupt as interrupt:
            end_loop(interrupt)
            return _failed()
        except BaseException:  # SystemExit as well: a request must not end the program
            _log.exception("authorize raised an exception; the call is refused")
            return _failed()
        if not isinstance(allowed, bool):
            # An awaitable counts as true in Python, so an async `authorize` would let every call pass.
            _log.error(
                "authorize returned a value of type %s, a bool is needed; the call is refused", type(allowed).__name__
            )
            return _failed()
        return (
            None if allowed else _unauthorized(token_fault(headers) if self._has_tokens else "authorize returned False")
        )


class Closed(NamedTuple):
    """Why an endpoint accepts no calls."""

    state: str
    """The word in the answer to readiness checks."""
    text: str
    """The answer to clients."""
    why: str
    """The reason, for the log."""


class Gate:
    """Answers requests, or admits them. While `draining` is set, no new call is admitted."""

    __slots__ = (
        "_authorization",
        "_calls",
        "_invitations",
        "_metrics",
        "_metrics_token",
        "_origins",
        "_settings",
        "_stays_late",
        "admits_accepted",
        "draining",
        "forbidden_origins",
        "refusal_delays",
        "unauthorized",
    )

    def __init__(
        self,
        settings: EndpointSettings,
        calls: Callable[[], int],
        invitations: Invitations,
        metrics: Callable[[], Answer] | None = None,
        stays_late: Callable[[], bool] | None = None,
    ) -> None:
        """Make a gate.

        Args:
            settings: path, authorize, allowed_origins, max_calls, max_lag_ms and metrics of the endpoint.
            calls: returns the number of calls that run now.
            invitations: the endpoint's open invitations.
            metrics: returns the page of metrics; None: there is none.
            stays_late: returns whether the event loop stays later than max_lag_ms; None: it never does.
        """
        self._invitations = invitations
        self._settings = settings
        self._stays_late = stays_late or _never
        self._calls = calls
        self._authorization = Authorization(settings.authorize)
        self._origins = Origins(settings.allowed_origins)
        self._metrics = metrics
        self._metrics_token = settings.metrics if isinstance(settings.metrics, str) else None
        self.draining = False
        self.admits_accepted = False
        """Whether requests are admitted although it drains, because their sockets were accepted before."""
        self.refusal_delays = RefusalDelays()
        """The delay of each answer with 401."""
        self.unauthorized = 0
        """Requests that were answered with 401."""
        self.forbidden_origins = 0
        """Requests that were answered with 403."""

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """Return the answer to a GET of `target` (path and query); None: it may become a call."""
        path = target.partition("?")[0]
        if path == HEALTH_PATH:
            return self._health()
        if path == READY_PATH:
            return self._readiness()
        if path == METRICS_PATH and self._metrics is not None and self._origins.allow(headers.get(ORIGIN_HEADER)):
            return self._scraped(self._metrics, headers)
        invitation = self._invitations.of(path)
        return self._unwelcome(path, headers, invitation) or self._refusal(target, headers, invitation)

    def _unwelcome(self, path: str, headers: Mapping[str, str], invitation: Invitation | None) -> Answer | None:
        """Return the refusal of a request that is independent of its token; None: check the token."""
        if not self._origins.allow(headers.get(ORIGIN_HEADER)):
            self.forbidden_origins += 1
            origin = plain(headers.get(ORIGIN_HEADER))
            return _refusal(HTTPStatus.FORBIDDEN, "origin not allowed", f"origin {origin} is not among allowed_origins")
        if invitation is not None and invitation.attach is not None:
            return None  # of a running call, which is already counted and may be drained
        if invitation is None and not (self._settings.answers_all and self._settings.path in (None, path)):
            return _refusal(
                HTTPStatus.NOT_FOUND, "no such path", "its path is neither `path` nor that of a requested stream"
            )
        closed = None if self.admits_accepted else self.closed_because()
        return None if closed is None else _refusal(HTTPStatus.SERVICE_UNAVAILABLE, closed.text, closed.why)

    def closed_because(self, expected_calls: int = 0) -> Closed | None:
        """Return why no call is accepted now; None: one more call is accepted.

        Args:
            expected_calls: further calls that are about to come.
        """
        if self.draining:
            return Closed("draining", "draining", "the endpoint drains")
        if self._calls() + expected_calls >= self._settings.max_calls:
            return Closed("full", "too many calls", f"max_calls={self._settings.max_calls} calls run")
        if self._stays_late():
            return Closed(
                "late",
                "overloaded",
                f"p99 of the event loop's lag was above max_lag_ms={self._settings.max_lag_ms:g} for a minute",
            )
        return None

    def _refusal(self, target: str, headers: Mapping[str, str], invitation: Invitation | None) -> Answer | None:
        """Return the refusal of a request that is not authorized."""
        if invitation is None:
            refusal = self._authorization.refusal(target, headers)
        else:
            refusal = None if invitation.accepts(headers) else _unauthorized(token_fault(headers))
        self.unauthorized += refusal is not None and refusal.status == HTTPStatus.UNAUTHORIZED
        return refusal

    def _health(self) -> Answer:
        """Report that the process is alive, also while it drains: a supervisor must not restart it then."""
        return _state(HTTPStatus.OK, "draining" if self.draining else "ok")

    def _readiness(self) -> Answer:
        closed = self.closed_because()
        return _state(HTTPStatus.OK, "ok") if closed is None else _state(HTTPStatus.SERVICE_UNAVAILABLE, closed.state)

    def _scraped(self, metrics: Callable[[], Answer], headers: Mapping[str, str]) -> Answer:
        """Return the page of metrics, if the request is authorized. Tokens of calls are not valid for it."""
        if self._metrics_token is not None and not bears(headers, self._metrics_token):
            self.unauthorized += 1
            return _unauthorized("the bearer token of /metrics is missing or wrong")
        return metrics()


def _presents(tokens: str | Sequence[str]) -> Callable[[Mapping[str, str], str], bool]:
    several = (tokens,) if isinstance(tokens, str) else tuple(tokens)
    return lambda headers, _target: has_token(headers, *several)


def bears(headers: Mapping[str, str], token: str) -> bool:
    """Return whether a request has this bearer token (RFC 6750 section 2.1), in constant time."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    equal = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    return equal and scheme.lower() == "bearer"


def _refusal(status: HTTPStatus, text: str, why: str) -> Answer:
    return Answer(status, text.encode(), why=why)


def _unauthorized(why: str) -> Answer:
    return _refusal(HTTPStatus.UNAUTHORIZED, "not authorized", why)


def _failed() -> Answer:
    return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error", "authorize failed")


def _state(status: HTTPStatus, state: str) -> Answer:
    """Return one word and nothing else, because anyone can read it."""
    return Answer(status, json.dumps({"status": state}).encode(), "application/json", refused=False)


def _never() -> bool:
    """Replace the measurement of an endpoint that does not measure its lag."""
    return False
