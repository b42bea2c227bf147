"""Calls that `Endpoint.stream` has requested: they identify their sockets by path and token. No sockets."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.carriers.telnyx.streaming import TOKEN_HEADER
from rtpcodec.errors import StreamNotStarted
from rtpcodec.pump.socket import Receiver, Socket
from rtpcodec.server.call import Call
from rtpcodec.server.phone_control import StreamingControl
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.stream.plan import StreamPlan

NAME_OCTETS: Final = 24
TOKEN_OCTETS: Final = 32
"""Random octets. The name in the path has 192 bits and the token 256, so neither can be guessed."""


class Invitation:
    """One requested call: a path and a token for its socket, and a future for its Call."""

    __slots__ = ("_token", "attach", "call", "call_control_id", "control", "fields", "name", "open", "plan", "url")

    def __init__(
        self,
        call_control_id: str,
        base_url: str,
        control: StreamingControl | None = None,
        plan: StreamPlan | None = None,
    ) -> None:
        self.call_control_id = call_control_id
        self.control = control
        self.plan = plan
        """The plan of this call; None: the endpoint's."""
        self.fields: Mapping[str, Any] = {}
        """The fields of its `streaming_start`, without address and token."""
        self.attach: Callable[[Socket], Receiver] | None = None
        """Attaches the socket to a running call, which is reconnected; None: the socket becomes a new call."""
        self.open = True
        """Whether its socket has not been opened."""
        self.name = secrets.token_urlsafe(NAME_OCTETS)
        self._token = secrets.token_urlsafe(TOKEN_OCTETS)
        self.url = f"{base_url.rstrip('/')}/{self.name}"
        self.call: asyncio.Future[Call] = asyncio.get_running_loop().create_future()

    def __repr__(self) -> str:
        # Path and token protect the call, so neither is shown.
        return f"<Invitation {self.call_control_id} {'open' if self.wanted else 'over'}>"

    def take(self, socket: Socket) -> Receiver | None:
        """Attach a socket to the running call, and return the receiver of its reports. None: it becomes a new call."""
        self.open = False
        return None if self.attach is None else self.attach(socket)

    @property
    def token(self) -> str:
        """The token that the carrier must present."""
        return self._token

    @property
    def wanted(self) -> bool:
        """Whether a caller still waits for the call."""
        return not self.call.done()

    def accepts(self, headers: Mapping[str, str]) -> bool:
        """Return whether a request has the invitation's token."""
        return has_token(headers, self._token)

    def started(self, call: Call) -> None:
        """Pass the Call to its waiter, because the stream has started."""
        if self.wanted:
            self.call.set_result(call)

    def withdraw(self) -> None:
        """Stop waiting. If the call has just started, close it, because nothing else refers to it."""
        if not self.call.cancel() and not self.call.cancelled() and self.call.exception() is None:
            self.call.result().close()

    def abandon(self) -> None:
        """Stop waiting. A call that has started continues."""
        if not self.call.cancel() and not self.call.cancelled():
            self.call.exception()  # retrieved, so that asyncio does not report it

    def fail(self, reason: str, sentence: str, failure_reason: str | None = None) -> None:
        """End the wait with StreamNotStarted, because the stream will not start.

        Args:
            reason: one of the reasons of StreamNotStarted.
            sentence: the reason in words, for the error text.
            failure_reason: the carrier's own word for it.
        """
        if self.wanted:
            self.call.set_exception(self.not_started(reason, sentence, failure_reason))

    def not_started(self, reason: str, sentence: str, failure_reason: str | None = None) -> StreamNotStarted:
        """Return the error that says why the stream did not start. Arguments as for `fail`."""
        return StreamNotStarted(
            f"call {self.call_control_id:.80} is not streamed: {sentence}",
            reason=reason,
            call_control_id=self.call_control_id,
            failure_reason=failure_reason,
        )


def has_token(headers: Mapping[str, str], *tokens: str) -> bool:
    """Return whether a request has one of these tokens. The comparison takes the same time for every wrong token."""
    # Header octets beyond ASCII arrive as lone surrogates.
    given = headers.get(TOKEN_HEADER, "").encode("utf-8", "surrogateescape")
    found = False
    for token in tokens:  # all of them, so that the time does not reveal which one matched
        found |= hmac.compare_digest(given, token.encode())
    return found


def token_fault(headers: Mapping[str, str]) -> str:
    """Return in words what is wrong with a request's token. The text does not contain the token."""
    given = headers.get(TOKEN_HEADER)
    return f"{TOKEN_HEADER} is missing" if given is None else f"{TOKEN_HEADER} has a wrong token"


class Invitations:
    """The open invitations of one endpoint. Use it in the event loop's thread only."""

    __slots__ = ("_open",)

    def __init__(self) -> None:
        self._open: dict[str, Invitation] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(
        self,
        call_control_id: str,
        base_url: str,
        control: StreamingControl | None = None,
        plan: StreamPlan | None = None,
    ) -> Invitation:
        """Make an invitation with a fresh path and token, and keep it open."""
        invitation = Invitation(call_control_id, base_url, control, plan)
        self._open[invitation.name] = invitation
        return invitation

    def of(self, target: str) -> Invitation | None:
        """Return the invitation of a request. Only the last part of its path counts: proxies may change the rest."""
        return self._open.get(target.partition("?")[0].rpartition("/")[2])

    def remove(self, invitation: Invitation) -> None:
        """Remove an invitation: its socket was opened, or no caller waits any more."""
        self._open.pop(invitation.name, None)

    def withdraw(self) -> None:
        """Fail all invitations, because the endpoint drains or closes."""
        for invitation in self._open.values():
            if invitation.attach is None:  # running calls may continue, and be reconnected
                invitation.fail("closed", "the endpoint accepts no more calls")

    def handle(self, event: PhoneEvent) -> bool:
        """Handle a webhook event. Returns whether it ended the wait of an invitation."""
        about = [one for one in self._open.values() if one.call_control_id == event.call_control_id]
        if event.event_type == webhooks.STREAMING_FAILED:
            # An event with another address is about an earlier stream of the call.
            url = getattr(event, "stream_url", None)
            why = getattr(event, "failure_reason", None) or "no reason is given"
            about = [one for one in about if url in (None, one.url)]
            for one in about:
                one.fail("failed", f"the carrier could not start it: {why:.80}", why)
        elif event.event_type == webhooks.CALL_HANGUP:
            why = getattr(event, "hangup_cause", None)
            for one in about:
                one.fail("hung_up", "the call has ended", why)
        else:
            return False
        return bool(about)
