"""Whether the phone call continues when we close the socket of its stream."""

from __future__ import annotations

from typing import Final

from rtpcodec.carriers.telnyx import webhooks
from rtpcodec.doctor.readings.observer import Observer, now_ms, passed
from rtpcodec.doctor.readings.reading import Reading, measured, not_measurable
from rtpcodec.doctor.readings.streams import CallSetup, is_up
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox

SETTLES_S: Final = 2.0
"""Time in seconds within which a carrier that hangs up does so."""


async def closing(
    setup: CallSetup, observer: Observer, call_control_id: str, point: str, inbox: WebhookInbox | None
) -> Reading:
    """Close the socket and check whether the phone call continues.

    Args:
        point: the name of the point, by the command that requested the stream.
    """
    begun_ms = now_ms()
    await observer.call.close()
    await passed(SETTLES_S)
    up = await is_up(setup, call_control_id)
    hangup_ms = None if inbox is None else inbox.arrived_ms(webhooks.CALL_HANGUP)
    figures = {"waited_ms": SETTLES_S * 1000, "hangup_after_ms": None if hangup_ms is None else hangup_ms - begun_ms}
    if up is None:
        return not_measurable(point, "the carrier did not answer whether the call is up", **figures)
    return measured(point, "call_continues" if up else "call_ends", **figures)
