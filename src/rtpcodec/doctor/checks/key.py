"""The API key, the carrier's HTTP interface, this machine's clock, and the public key of webhooks."""

from __future__ import annotations

import base64
import binascii
import os
import time
from email.utils import parsedate_to_datetime
from typing import Final

from rtpcodec.carriers.telnyx import commands, webhooks
from rtpcodec.client import CallControl, command
from rtpcodec.client.access import Access
from rtpcodec.client.retry import Retry
from rtpcodec.doctor.finding import Finding, failed, ok, skipped, warning
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.network.request import ask
from rtpcodec.doctor.network.threads import in_thread
from rtpcodec.doctor.settings import DoctorSettings
from rtpcodec.errors import (
    AuthenticationFailed,
    CommandError,
    CommandRefused,
    CommandUnreachable,
    InvalidCommand,
    MissingExtra,
    PermissionRefused,
    RateLimited,
)

NO_CALL: Final = "v3:cnRwY29kZWMtZG9jdG9y"
"""A call that does not exist: a command about it changes nothing."""
SKEW_WARNING_S: Final = 30.0
"""Warn from a tenth of the time in which the signature of a webhook is accepted."""


async def check_key(settings: DoctorSettings) -> list[Finding]:
    """Send a command about a call that does not exist: a refusal that names the call shows that the key is accepted."""
    name = "api key"
    if not (settings.api_key or os.environ.get(commands.API_KEY_VARIABLE)):
        return [skipped(name, "no key is given", f"set the environment variable {commands.API_KEY_VARIABLE}")]
    try:
        access = Access.of(settings.api_key, settings.base_url)
    except InvalidCommand as error:
        return [failed(name, str(error), f"correct {commands.API_KEY_VARIABLE} or {commands.BASE_URL_VARIABLE}")]
    try:
        found = await in_thread(lambda: _judge(access, settings.limit_s), settings.limit_s + 1)
    except MissingExtra as error:
        return [skipped(name, str(error), "install the extra")]
    except TimeoutError:
        found = failed(
            name, f"no answer within {settings.limit_s:g} s", "check the network and proxies of this machine"
        )
    return [found, await _clock(access, settings.limit_s)]


def _judge(access: Access, limit_s: float) -> Finding:
    name, host = "api key", Address.of(access.base_url).shown
    retry = Retry(retries=0)
    with CallControl(
        access.api_key, base_url=access.base_url, timeout_s=limit_s, connect_timeout_s=limit_s, retry=retry
    ) as control:
        try:
            control.send(command.hangup(NO_CALL))
        except CommandRefused as error:
            return _refused(name, host, error)
        except CommandUnreachable as error:
            return failed(name, str(error), "check DNS, firewall and proxy of this machine, and the base URL")
        except CommandError as error:  # not an answer of the carrier
            return failed(name, str(error), "check the base URL")
    return warning(name, f"{host} accepted a command about a call that does not exist", "check the base URL")


def _refused(name: str, host: str, error: CommandRefused) -> Finding:
    """Judge a refusal: one that names the call is the expected one."""
    if isinstance(error, AuthenticationFailed):
        return failed(name, f"{host} refuses the key", "copy the key again from the carrier's portal (API v2)")
    if isinstance(error, PermissionRefused):
        return failed(name, f"{host} accepts the key, not this command", "permit call control for the key")
    if isinstance(error, RateLimited) or error.status >= 500:
        return warning(name, f"{host} answers with status {error.status}", "run the doctor again later")
    if error.status in (404, 422) and error.errors:
        return ok(name, f"{host} accepts the key")
    return failed(name, f"{host} answers with status {error.status}", "check the base URL")


async def _clock(access: Access, limit_s: float) -> Finding:
    """Compare this machine's clock with the carrier's: it decides when signatures of webhooks expire."""
    name = "clock"
    try:
        head = await ask(Address.of(access.base_url), "GET", {}, limit_s=limit_s)
        skew_s = time.time() - parsedate_to_datetime(head.fields["date"]).timestamp()
    except (OSError, KeyError, ValueError) as error:
        return skipped(name, f"the carrier's clock was not read: {type(error).__name__}")
    limit = f"signatures of webhooks are accepted for {webhooks.SIGNATURE_WINDOW_S} s"
    seen = f"{abs(skew_s):.0f} s from the carrier's; {limit}"
    remedy = "synchronise this machine's clock (NTP)"
    if abs(skew_s) > webhooks.SIGNATURE_WINDOW_S:
        return failed(name, seen, remedy)
    return warning(name, seen, remedy) if abs(skew_s) > SKEW_WARNING_S else ok(name, seen)


async def check_public_key(settings: DoctorSettings) -> list[Finding]:
    """Check the form of the public key of webhooks."""
    name = "public key"
    text = settings.public_key or os.environ.get(webhooks.PUBLIC_KEY_VARIABLE)
    if not text:
        return [
            skipped(
                name,
                "no key is given, so webhooks cannot be verified",
                f"set {webhooks.PUBLIC_KEY_VARIABLE} from the carrier's portal if you use webhooks",
            )
        ]
    try:
        octets = len(base64.b64decode(text.strip(), validate=True))
    except (binascii.Error, ValueError):
        octets = None
    if octets == webhooks.PUBLIC_KEY_OCTETS:
        return [ok(name, f"base64 of {octets} octets")]
    seen = "is not base64" if octets is None else f"has {octets} octets, {webhooks.PUBLIC_KEY_OCTETS} are needed"
    return [failed(name, seen, "copy the public key again; it is neither the API key nor a PEM file")]
