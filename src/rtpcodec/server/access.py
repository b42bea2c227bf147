"""Access control: the answers to an HTTP request before it becomes a call. No sockets.

In this order: health check (200, draining 503), another path (404), draining or full (503), not authorized (401), a
failure of `authorize` (500). An invitation's path has its own token; without a handler there is no other path.
A request that passes and is not a WebSocket upgrade is refused by the WebSocket library.
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
    """Whether it refuses a call; the answer to a health check does not."""


class Gate:
    """Decides over each request; `draining` closes it for new calls."""

    __slots__ = ("_answers_all", "_authorize", "_calls", "_invitations", "_max_calls", "_path", "draining")

    def __init__(self, settings: EndpointSettings, calls: Callable[[], int], invitations: Invitations) -> None:
        """Make a gate; `calls` returns how many calls there are."""
        self._invitations = invitations
        self._answers_all = settings.answers_all
        self._path = settings.path
        self._max_calls = settings.max_calls
        self._calls = calls
        authorize = settings.authorize
        self._authorize = _presents(authorize) if isinstance(authorize, str) else authorize
        self.draining = False

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer | None:
        """The answer to a GET of `target` (path and query); None: it may become a call."""
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
        except Exception:
            _log.exception("authorize failed, the call is refused")
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
        if not isinstance(allowed, bool):
            # An awaitable would count as true and admit everybody.
            _log.error(
                "authorize gave a value of type %s, a bool is needed; the call is refused", type(allowed).__name__
            )
            return _refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "internal error")
        return None if allowed else _refusal(HTTPStatus.UNAUTHORIZED, "not authorized")


def _presents(token: str) -> Callable[[Mapping[str, str], str], bool]:
    return lambda headers, _target: has_token(headers, token)


def _refusal(status: HTTPStatus, text: str) -> Answer:
    return Answer(status, text.encode())
