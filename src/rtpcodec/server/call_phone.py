"""The commanding side of a Call: the phone call behind the stream."""

from __future__ import annotations

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.phone_call import PhoneState


class PhoneSide(CallBase):
    """Commands about the phone call of one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """What commands of ours and webhooks say of the phone call: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    async def verdict(self) -> str | None:
        """Return the verdict of answering-machine detection, such as "human" or "machine", from a webhook.

        With `await_verdict_s` it waits until the verdict is known or that time is over, in which replies wait as well.

        Returns: the carrier's word; None: it is not known, and not awaited any more.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("verdict")
        return await self._parts.first_words.verdict()
