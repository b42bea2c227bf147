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
