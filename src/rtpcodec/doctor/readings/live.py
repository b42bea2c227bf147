"""The call to a number, over the carrier of the account."""

from __future__ import annotations

from typing import Final

from rtpcodec.client import AsyncCallControl
from rtpcodec.doctor.checks.certificate_file import server_context
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.sequence import Say, read_call
from rtpcodec.doctor.readings.streams import CallSetup
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.doctor.settings import DoctorSettings

SIP_SCHEMES: Final = ("sip:", "sips:")


async def live_call(
    settings: DoctorSettings, to: str, from_: str, connection_id: str, *, leg: str | None, say: Say
) -> CallReadings:
    """Call a number and take the readings.

    Args:
        settings: addresses and keys; without a webhook port, no webhooks are received.
        to, from_, connection_id: fields of the dial command.
        leg: the kind of the leg; None: by the form of the number.
        say: called with each step in words.

    Raises: CallNotMade, CommandError; OSError, EndpointError if a port is in use.
    """
    kind = leg or ("sip" if to.startswith(SIP_SCHEMES) else "phone number")
    async with AsyncCallControl(settings.api_key, base_url=settings.base_url) as control:
        setup = CallSetup(
            control=control,
            to=to,
            from_=from_,
            connection_id=connection_id,
            host=settings.host,
            port=settings.port,
            public_url=settings.stream_url,
            webhook_url=settings.webhook_url,
            ssl=server_context(settings.certificate, settings.key_file),
        )
        if settings.webhook_port is None:
            return await read_call(setup, None, leg=kind, say=say)
        inbox = WebhookInbox(settings.public_key)
        async with inbox.listening(settings.host, settings.webhook_port):
            return await read_call(setup, inbox, leg=kind, say=say)
