"""Calls that the endpoint has asked for: how their sockets are known, and who waits for them. No sockets."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Protocol

from rtpcodec.errors import StreamNotStarted
from rtpcodec.server.call import Call

TOKEN_HEADER: Final = "x-telnyx-streaming-auth-token"  # noqa: S105 -- a header's name
"""The header that carries the raw token (media streaming, section 6.1)."""

NAME_OCTETS: Final = 24
TOKEN_OCTETS: Final = 32
"""Chance that nobody guesses: the path alone has 192 bits."""


class WebhookEvent(Protocol):
    """What `Endpoint.webhook` needs of an event; those of `verify_webhook` have it."""

    @property
    def event_type(self) -> str:
        """Such as `streaming.failed`."""

    @property
    def call_control_id(self) -> str | None:
        """The call that it is about."""


class Invitation:
    """One call that is asked for."""

    __slots__ = ("_token", "call", "call_control_id", "name", "url")

    def __init__(self, call_control_id: str, base_url: str) -> None:
        self.call_control_id = call_control_id
        self.name = secrets.token_urlsafe(NAME_OCTETS)
        self._token = secrets.token_urlsafe(TOKEN_OCTETS)
        self.url = f"{base_url.rstrip('/')}/{self.name}"
        self.call: asyncio.Future[Call] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        # Path and token are what guards the call.
        return f"<Invitation {self.call_control_id} {'open' if self.wanted else 'over'}>"

    @property
    def token(self) -> str:
        """What the carrier has to present."""
        return self._token

    @property
    def wanted(self) -> bool:
        """Somebody still waits for the call."""
        return not self.call.done()

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Whether a request has its token."""
        return has_token(headers, self._token)

    def started(self, call: Call) -> None:
        """The stream has begun."""
        if self.wanted:
            self.call.set_result(call)

    def give_up(self) -> None:
        """Nobody waits any more: a call that began in this very moment is closed, since nobody else would."""
        if not self.call.cancel() and not self.call.cancelled() and self.call.exception() is None:
            self.call.result().close()

    def fail(self, reason: str, sentence: str, failure_reason: str | None = None) -> None:
        """The stream will not begin."""
        if self.wanted:
            self.call.set_exception(self.not_started(reason, sentence, failure_reason))

    def not_started(self, reason: str, sentence: str, failure_reason: str | None = None) -> StreamNotStarted:
        """The error that tells why."""
        return StreamNotStarted(
            f"call {self.call_control_id:.80} is not streamed: {sentence}",
            reason=reason,
            call_control_id=self.call_control_id,
            failure_reason=failure_reason,
        )


def has_token(headers: Mapping[str, str], token: str) -> bool:
    """Whether a request has this token; the time that it takes says nothing about where they differ."""
    # Header octets beyond ASCII come as lone surrogates.
    given = headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(given, token.encode())


class Invitations:
    """Those of one endpoint that are open."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, Invitation] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, call_control_id: str, base_url: str) -> Invitation:
        """Invite the carrier to stream a call."""
        invitation = Invitation(call_control_id, base_url)
        self._open[invitation.name] = invitation
        return invitation

    def of(self, target: str) -> Invitation | None:
        """The invitation that a request's path names: by its last part, since proxies change what is before it."""
        return self._open.get(target.partition("?")[0].rpartition("/")[2])

    def remove(self, invitation: Invitation) -> None:
        """It was taken up, or nobody waits any more."""
        self._open.pop(invitation.name, None)

    def withdraw(self) -> None:
        """The endpoint closes its doors: nothing can come of any of them."""
        for invitation in self._open.values():
            invitation.fail("closed", "the endpoint takes no more calls")

    def tell(self, event: WebhookEvent) -> bool:
        """Take an event of a webhook; whether it ended somebody's waiting."""
        about = [one for one in self._open.values() if one.call_control_id == event.call_control_id]
        if event.event_type == "streaming.failed":
            # One that tells of another address is late and about an earlier stream of the call.
            url = getattr(event, "stream_url", None)
            why = getattr(event, "failure_reason", None) or "no reason is given"
            about = [one for one in about if url in (None, one.url)]
            for one in about:
                one.fail("failed", f"the carrier could not begin it: {why:.80}", why)
        elif event.event_type == "call.hangup":
            why = getattr(event, "hangup_cause", None)
            for one in about:
                one.fail("hung_up", "the call has ended", why)
        else:
            return False
        return bool(about)
