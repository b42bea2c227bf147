"""Posts to the webhook's URL as a carrier does, and recognises the app behind it.

While the app's port is free, the doctor listens on it. While it is in use, the running app is judged by its answer to
an event with a wrong signature, which it must refuse.
"""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import time
from dataclasses import replace
from typing import Final

from rtpcodec.carriers.telnyx import commands, members, webhooks
from rtpcodec.doctor.checks.stream_endpoint import NONCE_OCTETS, unreachable, with_query
from rtpcodec.doctor.finding import Finding, failed, ok, warning
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.network.listener import HookListener
from rtpcodec.doctor.network.request import ask
from rtpcodec.doctor.settings import DoctorSettings

NAME: Final = "webhook endpoint"


async def check_own_app(settings: DoctorSettings, address: Address, context: ssl.SSLContext | None = None) -> Finding:
    """Listen on the app's port, post to the URL, and compare the received request with the sent one."""
    nonce = secrets.token_urlsafe(NONCE_OCTETS)
    fields, body = _event(nonce)
    probe = replace(address, target=with_query(address.target, nonce))
    arrived: list[tuple[dict[str, str], bytes]] = []

    def take(target: str, found: dict[str, str], octets: bytes) -> bytes:
        if nonce in target or nonce.encode() in octets:
            arrived.append((found, octets))
        return b""

    try:
        async with HookListener(settings.host, settings.webhook_port or 0, take):
            begun_s = time.monotonic()
            head = await ask(probe, "POST", fields, body, limit_s=settings.limit_s, context=context)
            took_s = time.monotonic() - begun_s
    except (OSError, ssl.SSLError) as error:
        return unreachable(NAME, address, error, settings.limit_s)
    where = f"{settings.host} port {settings.webhook_port}"
    if not arrived:
        seen = f"{address.shown} answers with {head.status}, and the request did not come to {where}"
        return failed(NAME, seen, f"have the proxy or tunnel pass this path to {where}")
    found, octets = arrived[0]
    if octets != body:
        return failed(NAME, "the body arrives changed, so that no signature fits", "have the proxy pass it as it is")
    if any(found.get(name.lower()) != value for name, value in fields.items() if name in _SIGNED):
        return failed(NAME, "the headers of the signature do not arrive", "have the proxy pass all request headers")
    return _in_time(f"{address.shown} leads to {where}, the doctor's listener was recognised", took_s)


async def check_running_app(
    settings: DoctorSettings, address: Address, context: ssl.SSLContext | None = None
) -> Finding:
    """Post an event with a wrong signature to an app that already runs."""
    fields, body = _event(secrets.token_urlsafe(NONCE_OCTETS))
    begun_s = time.monotonic()
    try:
        status = (await ask(address, "POST", fields, body, limit_s=settings.limit_s, context=context)).status
    except (OSError, ssl.SSLError) as error:
        return unreachable(NAME, address, error, settings.limit_s)
    took_s = time.monotonic() - begun_s
    seen = f"{address.shown} answers with {status} to an event with a wrong signature"
    if 200 <= status < 300:
        return warning(NAME, seen, "verify signatures with verify_webhook: anybody can post events")
    if status in (400, 401, 403):
        return _in_time(seen, took_s)
    if status == 404 or 300 <= status < 400:
        return failed(NAME, seen, "is the path right? Carriers need not follow redirects")
    if status in (502, 503, 504):
        return failed(NAME, seen, "the proxy does not reach the app: start it, or correct the proxy's target")
    return failed(NAME, seen, "look into the app's log: a wrong signature should be answered with 400 or 403")


_SIGNED: Final = (webhooks.SIGNATURE_HEADER, webhooks.TIMESTAMP_HEADER)


def _event(nonce: str) -> tuple[dict[str, str], bytes]:
    """Make headers and body of an event that nobody has signed."""
    event = {webhooks.RECORD_TYPE: webhooks.EVENT_RECORD, webhooks.EVENT_TYPE: "rtpcodec.doctor", webhooks.ID: nonce}
    signature = base64.b64encode(secrets.token_bytes(webhooks.SIGNATURE_OCTETS)).decode()
    fields = {
        "Content-Type": commands.CONTENT_TYPE,
        webhooks.SIGNATURE_HEADER: signature,
        webhooks.TIMESTAMP_HEADER: str(int(time.time())),
    }
    return fields, json.dumps({members.DATA: event}).encode()


def _in_time(seen: str, took_s: float) -> Finding:
    if took_s > webhooks.ANSWER_TIMEOUT_S:
        remedy = f"answer before the work: events are delivered again after {webhooks.ANSWER_TIMEOUT_S:g} s"
        return warning(NAME, f"{seen}, after {took_s:.1f} s", remedy)
    return ok(NAME, seen)
