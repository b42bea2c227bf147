"""The commanding side of a Call: the phone call behind the stream."""

from __future__ import annotations

from typing import Any

from rtpcodec.carriers.telnyx.commands import SEND_DTMF
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.hanging_up import HANG_UP_AFTER_MS
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.server.phone_call import PhoneState
from rtpcodec.server.sending_keys import DtmfMethod


class PhoneSide(CallBase):
    """Commands about the phone call of one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """What commands of ours and webhooks say of the phone call: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    def hangup(self, after_ms: float = HANG_UP_AFTER_MS, **fields: Any) -> Ongoing:
        """Hang up the phone call, once all audio so far was heard.

        Open replies are ended, and nothing more can be played: `play`, `say` and `reply` raise StreamEnded. If the
        command fails, its error is raised and the call continues, so another try is possible. A call that has ended
        already is a success, and so is a second hang-up, which joins the first one and keeps its arguments.

        after_ms: from the estimated end of the audio to the command: it covers the buffers behind the carrier.
        fields: further fields of the command, such as `custom_headers`.
        Returns: an Ongoing. Await it to wait until the carrier has accepted the command, and to get its error.
        Without that, as in `on_audio`, it continues by itself, and an error is logged. Cancelling the wait does not
        cancel the hang-up.
        Raises: ValueError if after_ms is not 0 or more; EndpointError if nothing sends commands; out of the wait, what
        the control raises.
        """
        self._machine("hangup")
        return self._parts.hang_up.begin(after_ms, fields)

    def send_dtmf(self, digits: str, method: DtmfMethod = "carrier", *, tone_ms: float | None = None) -> Ongoing:
        """Send keys to the other end of the phone call, such as the menu of a company that was called.

        digits: keys 0-9, A-D, * and #, with pauses: `w` is 0.5 s, `W` is 1 s. They are never logged.
        method: "carrier": a command has the carrier make them, at once, whatever we play. "in_band": tones in our own
            audio, heard alone, in their place among the replies; `interrupt` does not stop them. Only mode rtp with a
            codec that keeps tones (PCMU, PCMA, G722, L16) can send them.
        tone_ms: how long each key sounds: by the carrier 100 to 500, in band 40 to 1000; None: the carrier's default,
            in band 100.
        Returns: an Ongoing. Await it to wait until the carrier has accepted the command, or the tones were heard.
        Without that, as in `on_audio`, it continues by itself, and an error is logged.
        Raises: ValueError, TypeError for other characters, methods and durations; for "carrier" EndpointError if
        nothing sends commands, and out of the wait what the control raises; for "in_band" LocalProtocolError if the
        codec does not keep tones, QueueFull if the keys last longer than max_queue_ms, StreamEnded after the end and
        out of the wait if the stream ends first.
        """
        self._machine(SEND_DTMF)
        return self._parts.key_sender.send(digits, method, tone_ms)
