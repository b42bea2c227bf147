"""Access control: answers an HTTP request before it becomes a call. No sockets.

The checks, in this order:

1. the health check's path: 200, or 503 while draining
2. the path is neither the endpoint's nor an invitation's: 404. Without a handler the endpoint has no path of its own.
3. the endpoint is draining or full: 503
4. the request is not authorized: 401; `authorize` fails: 500. An invitation's path needs the invitation's token.

A request that passes may become a call. If it is not a WebSocket upgrade, the WebSocket library refuses it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from rtpcodec.server.addresses import HEALTH_PATH
from rtpcodec.server.invitations import Invitations, has_token
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


class Gate:
    """Answer requests or let them pass. While `draining` is set, no new call passes."""

    __slots__ = ("_answers_all", "_authorize", "_calls", "_invitations", "_max_calls", "_path", "draining")

    def __init__(self, settings: EndpointSettings, calls: Callable[[], int], invitations: Invitations) -> None:
        """Make a gate.

        settings: path, authorize and max_calls of the endpoint.
        calls: returns the number of calls that run now.
        invitations: the endpoint's open invitations.
        """
        self._invitations = invitations
        self._answers_all = settings.answers_all
        self._path = settings.path
        self._max_calls = settings.max_calls
        self._calls = calls
        authorize = settings.authorize
        self._authorize = _presents(authorize) if isinstance(authorize, str) else authorize
        self.draining = False

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """Return the answer to a GET of `target` (path and query); None: it may become a call."""
        path = target.partition("?")[0]
        if path == HEALTH_PATH:
            return self._health()
        invitation = self._invitations.of(path)
        if invitation is None and not (self._answers_all and self._path in (None, path)):
            return _refusal(HTTPStatus.NOT_FOUND, "no such path")
        if self.draining:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "draining")
        if self._calls() >= self._max_calls:
            return _refusal(HTTPStatus.SERVICE_UNAVAILABLE, "too many calls")
        if invitation is not None:
            return None if invitation.accepts(headers) else _refusal(HTTPStatus.UNAUTHORIZED, "not authorized")
        return self._unauthorized(target, headers)

    def _health(self) -> Answer:
        status = HTTPStatus.SERVICE_UNAVAILABLE if self.draining else HTTPStatus.OK
        state = {"status": "draining" if self.draining else "ok", "calls": self._calls()}
        return Answer(status, json.dumps(state).encode(), "application/json", refused=False)

    def _unauthorized(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        if self._authorize is None:
            return None
        try:
            allowed = self._authorize(headers, target)
        except KeyboardInterrupt:
            raise
        except BaseException:  # SystemExit as well: no request may end the program
            _log.exception("authorize failed, the call is refused")
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
        if not isinstance(allowed, bool):
            # An awaitable counts as true in Python, so an async `authorize` would let every call pass.
            _log.error(
                "authorize returned a value of type %s, a bool is needed; the call is refused", type(allowed).__name__
            )
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
        return None if allowed else _refusal(HTTPStatus.UNAUTHORIZED, "not authorized")


def _presents(token: str) -> Callable[[Mapping[str, str], str], bool]:
    return lambda headers, _target: has_token(headers, token)


def _refusal(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, text.encode())
