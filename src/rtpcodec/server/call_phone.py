"""The phone side of a Call: commands about the phone call behind the stream."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rtpcodec.carriers.telnyx.commands import SEND_DTMF
from rtpcodec.server import transferring
from rtpcodec.server.call_base import CallBase
from rtpcodec.server.hanging_up import HANG_UP_AFTER_MS
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.server.phone_call import PhoneState
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.server.sending_keys import DtmfMethod


class PhoneSide(CallBase):
    """Commands about the phone call behind one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """The state of the phone call by our commands and webhooks: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    @property
    def phone_totals(self) -> PhoneTotals:
        """The hang-ups and the results of transfers of this call so far."""
        return replace(self._parts.phone.totals)

    def webhook(self, event: PhoneEvent) -> bool:
        """Hand a verified webhook event to this call.

        Use it with `call_on`, where no endpoint takes webhooks. Events of any kind and of any call are accepted, in any
        order. Events about other calls and repeated events do nothing, nor do events that `Endpoint.webhook` has
        delivered. The other leg of a transfer belongs to this call: find the call by `call_session_id`, or hand each
        event to each running call.

        Args:
            event: the event that `rtpcodec.verify_webhook` has returned.

        Returns:
            True if the event is about this call and was not delivered before.

        Raises:
            LocalProtocolError: called outside the event loop's thread.
        """
        self._machine("webhook")
        return self._parts.phone.deliver(event)

    def hangup(self, after_ms: float = HANG_UP_AFTER_MS, **fields: Any) -> Ongoing:
        """Hang up the phone call once all queued audio was heard.

        Open replies are ended, and nothing more can be played: `play`, `say` and `reply` raise StreamEnded. If the
        command fails, its error is raised and the call continues, so you may try again. If the call has already ended,
        the hang-up succeeds. A second hang-up joins the first one, whose arguments stay.

        Args:
            after_ms: time from the estimated end of the audio to the command. It covers the buffers behind the carrier.
            fields: further fields of the command, such as `custom_headers`.

        Returns:
            An Ongoing. Await it to wait until the carrier has accepted the command, and to get its error. Without the
            await, as in `on_audio`, the hang-up continues, and an error is logged. Cancelling the wait does not cancel
            the hang-up.

        Raises:
            ValueError: after_ms is negative or infinite.
            EndpointError: there is no control, or no command can name the call.
            LocalProtocolError: called outside the event loop's thread.
            Exception: any error of the control, raised by the await.
        """
        self._machine("hangup")
        return self._parts.hang_up.begin(after_ms, fields)

    def send_dtmf(self, digits: str, method: DtmfMethod = "carrier", *, tone_ms: float | None = None) -> Ongoing:
        """Send keys to the other end of the phone call, such as the voice menu of a company.

        Args:
            digits: keys 0-9, A-D, * and #, with pauses: `w` is 0.5 s, `W` is 1 s. They are never logged.
            method: "carrier": a command has the carrier generate them at once, independent of what is played.
                "in_band": tones in our own audio, heard alone, in their place among the replies; neither `interrupt`
                nor a pause cuts them. This needs mode rtp and a codec that keeps tones (PCMU, PCMA, G722, L16).
            tone_ms: duration of each key: 100 to 500 by the carrier, 40 to 1000 in band; None: the carrier's default,
                in band 100.

        Returns:
            An Ongoing. Await it to wait until the carrier has accepted the command, or the tones were heard. Without
            the await, as in `on_audio`, sending continues, and an error is logged.

        Raises:
            ValueError, TypeError: digits, method or tone_ms are invalid.
            EndpointError: method is "carrier", and there is no control.
            LocalProtocolError: method is "in_band", and the codec does not keep tones; or called outside the loop's
                thread.
            QueueFull: the tones last longer than max_queue_ms.
            StreamEnded: the stream has ended, or ends before the tones were heard (raised by the await).
            Exception: any error of the control, raised by the await.
        """
        self._machine(SEND_DTMF)
        return self._parts.key_sender.send(digits, method, tone_ms)

    async def transfer(self, to: str, timeout_s: float = 30.0, **fields: Any) -> transferring.Transfer:
        """Have the carrier call another phone, and connect it with this call when it answers: a blind transfer.

        Replies are interrupted, background sounds and the keep-alive stop, and voice activity is suspended. Audio that
        is played afterwards is heard until the call is bridged, and is interrupted then. After a result other than
        "bridged", voice activity and the keep-alive continue; background sounds stay stopped.

        Args:
            to: a number such as +18005550100, or a SIP URI.
            timeout_s: how long the carrier waits for an answer, 5 to 600 s; sent as `timeout_secs`, rounded up.
            fields: further fields of the command, such as `from_`, `early_media` or `park_after_unbridge`.

        Returns:
            The Transfer, once the command was accepted. `await transfer.result()` waits for the result.

        Raises:
            EndpointError: there is no control, no webhook has reached the endpoint or the call, or the phone call is
                not up.
            ValueError, TypeError: an argument is invalid.
            LocalProtocolError: called outside the event loop's thread.
            Exception: any error of the control. The phone call is up then.
        """
        self._access.machine("transfer")
        return await transferring.transfer(self._parts, to, timeout_s, fields)

    async def reconnect(self, **fields: Any) -> None:
        """Have the carrier open a new WebSocket for the same phone call, after the event Disconnected.

        The handler, its readers, recordings, statistics and voice activity continue, and a reply continues at the first
        sample that was not heard. First the lost stream is stopped. While the carrier still counts it as running (error
        90045), the command is retried for 10 s. A second caller joins the running attempt. While the WebSocket is open,
        this does nothing. If all callers are cancelled, the attempt and the stream end.

        Args:
            fields: fields of `streaming_start` that replace or complete those of the first one, as for
                `Endpoint.stream`.

        Raises:
            EndpointError: there is no control, or the carrier cannot dial the endpoint.
            StreamNotStarted: the attempt failed, for the reason that it names; the stream ends.
            StreamEnded: the stream has ended, or ends during the attempt.
            TypeError: as for `Endpoint.stream`.
            LocalProtocolError: called outside the event loop's thread.
        """
        self._access.machine("reconnect")
        await self._parts.reconnect(**fields)

    async def verdict(self) -> str | None:
        """Return the verdict of answering-machine detection, such as "human" or "machine", from a webhook.

        With the setting `await_verdict_s`, it waits for the verdict for at most that time; replies wait as well.

        Returns:
            The carrier's word; None: it is unknown, and no longer awaited.

        Raises:
            LocalProtocolError: called in `on_audio` or `on_event`, or outside the event loop's thread.
        """
        self._access.require_coroutine("verdict")
        return await self._parts.first_words.verdict()
