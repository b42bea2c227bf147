"""The commanding side of a Call: the phone call behind the stream."""

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
    """Commands about the phone call of one stream."""

    __slots__ = ()

    @property
    def phone_state(self) -> PhoneState:
        """What commands of ours and webhooks say of the phone call: "up", "transferring", "bridged" or "ended"."""
        return self._parts.phone.state

    @property
    def phone_totals(self) -> PhoneTotals:
        """The hang-ups and the results of transfers of this call so far."""
        return replace(self._parts.phone.totals)

    def webhook(self, event: PhoneEvent) -> bool:
        """Hand a verified webhook event to this call: for `call_on`, where no endpoint takes webhooks.

        Events of any kind and of any call, in any order; those about other calls and repetitions do nothing, so an
        event that `Endpoint.webhook` has delivered does nothing either. The other leg of a transfer belongs to this
        call: find it by its `call_session_id`, or hand each event to each call that runs.

        Args:
            event: what `rtpcodec.verify_webhook` has returned.

        Returns:
            Whether it was about this call, and new.

        Raises:
            LocalProtocolError: outside the event loop's thread.
        """
        self._machine("webhook")
        return self._parts.phone.deliver(event)

    def hangup(self, after_ms: float = HANG_UP_AFTER_MS, **fields: Any) -> Ongoing:
        """Hang up the phone call, once all audio so far was heard.

        Open replies are ended, and nothing more can be played: `play`, `say` and `reply` raise StreamEnded. If the
        command fails, its error is raised and the call continues, so another try is possible. A call that has ended
        already is a success, and so is a second hang-up, which joins the first one and keeps its arguments.

        Args:
            after_ms: from the estimated end of the audio to the command: it covers the buffers behind the carrier.
            fields: further fields of the command, such as `custom_headers`.

        Returns:
            An Ongoing. Await it to wait until the carrier has accepted the command, and to get its error. Without that,
            as in `on_audio`, it continues by itself, and an error is logged. Cancelling the wait does not cancel the
            hang-up.

        Raises:
            ValueError: after_ms is not 0 or more.
            EndpointError: nothing sends commands; out of the wait, what the control raises.
        """
        self._machine("hangup")
        return self._parts.hang_up.begin(after_ms, fields)

    def send_dtmf(self, digits: str, method: DtmfMethod = "carrier", *, tone_ms: float | None = None) -> Ongoing:
        """Send keys to the other end of the phone call, such as the menu of a company that was called.

        Args:
            digits: keys 0-9, A-D, * and #, with pauses: `w` is 0.5 s, `W` is 1 s. They are never logged.
            method: "carrier": a command has the carrier make them, at once, whatever we play. "in_band": tones in our
                own audio, heard alone, in their place among the replies; neither `interrupt` nor a pause cuts them.
                Only mode rtp with a codec that keeps tones (PCMU, PCMA, G722, L16) can send them.
            tone_ms: how long each key sounds: by the carrier 100 to 500, in band 40 to 1000; None: the carrier's
                default, in band 100.

        Returns:
            An Ongoing. Await it to wait until the carrier has accepted the command, or the tones were heard. Without
            that, as in `on_audio`, it continues by itself, and an error is logged.

        Raises:
            ValueError: as above.
            TypeError: for other characters, methods and durations; for "carrier" EndpointError if nothing sends
                commands, and out of the wait what the control raises; for "in_band" LocalProtocolError if the codec
                does not keep tones.
            QueueFull: the keys last longer than max_queue_ms.
            StreamEnded: after the end and out of the wait if the stream ends first.
        """
        self._machine(SEND_DTMF)
        return self._parts.key_sender.send(digits, method, tone_ms)

    async def transfer(self, to: str, timeout_s: float = 30.0, **fields: Any) -> transferring.Transfer:
        """Have the carrier call another phone, and join it with this call when it answers: a blind transfer.

        Replies are interrupted, background sounds and the keep-alive stop, and voice activity is suspended. Audio that
        is played afterwards is heard until the call is bridged, and is interrupted then. After a result other than
        "bridged", voice activity and the keep-alive continue; background sounds stay stopped.

        Args:
            to: a number such as +18005550100, or a SIP URI.
            timeout_s: how long the carrier waits for an answer, 5 to 600; sent as `timeout_secs`, rounded up.
            fields: further fields of the command, such as `from_`, `early_media` or `park_after_unbridge`.

        Returns:
            The Transfer, once the command was accepted. `await transfer.result()` waits for the result.

        Raises:
            EndpointError: nothing sends commands, no webhook has reached the endpoint or the call, or the phone call is
                not up.
            ValueError: as above.
            TypeError: for wrong arguments; what the control raises. The call is up then.
        """
        self._access.machine("transfer")
        return await transferring.transfer(self._parts, to, timeout_s, fields)

    async def reconnect(self, **fields: Any) -> None:
        """Have the carrier open a new WebSocket for the same phone call, after the event Disconnected.

        The handler, its readers, recordings, statistics and voice activity continue, and a reply continues at the first
        sample that was not heard. The lost stream is stopped first; while the carrier counts it as running (90045), the
        command is retried for 10 s. A second caller joins the attempt that runs. Nothing is done while the WebSocket is
        open. If no caller waits any more, the attempt ends, and so does the stream.

        Args:
            fields: of `streaming_start`, beside or instead of those of the first one, which are repeated, as for
                `Endpoint.stream`.

        Raises:
            EndpointError: nothing sends commands, or the carrier cannot dial the endpoint.
            StreamNotStarted: with its reason if the attempt failed, which ends the stream.
            StreamEnded: the stream has ended, or ends meanwhile.
            TypeError: as `Endpoint.stream`.
            LocalProtocolError: outside the event loop's thread.
        """
        self._access.machine("reconnect")
        await self._parts.reconnect(**fields)

    async def verdict(self) -> str | None:
        """Return the verdict of answering-machine detection, such as "human" or "machine", from a webhook.

        With `await_verdict_s` it waits until the verdict is known or that time is over, in which replies wait as well.

        Returns: the carrier's word; None: it is not known, and not awaited any more.
        Raises: LocalProtocolError in `on_audio` or `on_event`, and outside the event loop's thread.
        """
        self._access.require_coroutine("verdict")
        return await self._parts.first_words.verdict()
