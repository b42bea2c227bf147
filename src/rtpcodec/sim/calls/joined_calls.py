"""The calls that one call is joined with: a bridge, a leg that rings for it, a conference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from rtpcodec.carriers.telnyx.webhooks import NORMAL_CLEARING
from rtpcodec.pickling import Live


class JoinableCall(Protocol):
    """A call that can be joined with others."""

    @property
    def joined(self) -> JoinedCalls:
        """The calls that it is joined with."""

    @property
    def ended(self) -> bool:
        """Whether it was hung up."""

    def become(self, state: Literal["answered", "bridged"]) -> None:
        """Change between bridged and alone."""

    def leave(self, reason: Literal["hang_up"], cause: str = NORMAL_CLEARING, *, by_us: bool = False) -> None:
        """Hang up.

        Args:
            reason: end reason of its stream.
            cause: hangup cause in `call.hangup`.
            by_us: whether a command ends it, not the phone's side.
        """


class JoinableConference(Protocol):
    """A conference as its participants see it."""

    def leave(self, call_control_id: str) -> None:
        """Remove a participant."""


@dataclass(slots=True)
class JoinedCalls(Live):
    """The calls that one call is joined with."""

    peer: JoinableCall | None = None
    """The call that it is bridged with."""
    parks: bool = False
    """Whether it continues when its peer ends, instead of ending too."""
    called: JoinableCall | None = None
    """The leg that was called for a transfer of this call."""
    on_ring: Callable[[], None] | None = None
    """Called once, when this leg begins to ring."""
    on_answer: Callable[[], None] | None = None
    """Called once, when this leg is answered."""
    conference: JoinableConference | None = None

    @property
    def ringing(self) -> JoinableCall | None:
        """The leg that rings for a transfer of this call; None: there is none."""
        return None if self.called is None or self.called.ended else self.called

    def rings(self) -> None:
        """Report that this leg begins to ring."""
        on_ring, self.on_ring = self.on_ring, None
        if on_ring is not None:
            on_ring()

    def answered(self) -> None:
        """Report that this leg was answered."""
        on_answer, self.on_answer = self.on_answer, None
        if on_answer is not None:
            on_answer()


def join(first: JoinableCall, second: JoinableCall) -> None:
    """Bridge two answered calls."""
    for call, peer in ((first, second), (second, first)):
        call.joined.peer = peer
        call.become("bridged")


def part(joined: JoinedCalls, call_control_id: str) -> None:
    """Separate a call that has ended: its peer ends too, unless it is to be parked."""
    if joined.conference is not None:
        joined.conference.leave(call_control_id)
    peer = joined.peer
    if peer is not None and not peer.ended:
        peer.joined.peer = None
        if peer.joined.parks:
            peer.become("answered")
        else:
            peer.leave("hang_up")
