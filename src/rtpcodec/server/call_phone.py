"""The commanding side of a Call: the phone call behind the stream."""

from __future__ import annotations

from typing import Any

from rtpcodec.server import transferring
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.phone_call import PhoneState


class PhoneSide(CallBase):
    """Commands about the phone call of one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """What commands of ours and webhooks say of the phone call: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    async def transfer(self, to: str, timeout_s: float = 30.0, **fields: Any) -> transferring.Transfer:
        """Have the carrier call another phone, and join it with this call when it answers: a blind transfer.

        Replies are interrupted, background sounds and the keep-alive stop, and voice activity is suspended. Audio that
        is played afterwards is heard until the call is bridged, and is interrupted then. After a result other than
        "bridged", voice activity and the keep-alive continue; background sounds stay stopped.

        to: a number such as +18005550100, or a SIP URI.
        timeout_s: how long the carrier waits for an answer, 5 to 600; sent as `timeout_secs`, rounded up.
        fields: further fields of the command, such as `from_`, `early_media` or `park_after_unbridge`.
        Returns: the Transfer, once the command was accepted. `await transfer.result()` waits for the result.
        Raises: EndpointError if nothing sends commands, no webhook has reached the endpoint, or the phone call is not
        up; ValueError, TypeError for wrong arguments; what the control raises. The call is up then.
        """
        self._access.machine("transfer")
        return await transferring.transfer(self._parts, to, timeout_s, fields)

    async def verdict(self) -> str | None:
        """Return the verdict of answering-machine detection, such as "human" or "machine", from a webhook.

        With `await_verdict_s` it waits until the verdict is known or that time is over, in which replies wait as well.

        Returns: the carrier's word; None: it is not known, and not awaited any more.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("verdict")
        return await self._parts.first_words.verdict()
