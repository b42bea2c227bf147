"""The commanding side of a Call: the phone call behind the stream."""

from __future__ import annotations

from typing import Any

from rtpcodec.server.call_base import CallBase
from rtpcodec.server.phone_call import PhoneState


class PhoneSide(CallBase):
    """Commands about the phone call of one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """What commands of ours and webhooks say of the phone call: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    async def reconnect(self, **fields: Any) -> None:
        """Have the carrier open a new WebSocket for the same phone call, after the event Disconnected.

        The handler, its readers, recordings, statistics and voice activity continue, and a reply continues at the first
        sample that was not heard. The lost stream is stopped first; while the carrier counts it as running (90045), the
        command is retried for 10 s. A second caller joins the attempt that runs. Nothing is done while the WebSocket is
        open. If no caller waits any more, the attempt ends, and so does the stream.

        fields: of `streaming_start`, beside or instead of those of the first one, which are repeated, as for
            `Endpoint.stream`.
        Raises: EndpointError if nothing sends commands, or the carrier cannot dial the endpoint; StreamNotStarted with
        its reason if the attempt failed, which ends the stream; StreamEnded if the stream has ended, or ends meanwhile;
        TypeError as `Endpoint.stream`; LocalProtocolError outside the event loop's thread.
        """
        self._access.machine("reconnect")
        await self._parts.reconnect(**fields)
