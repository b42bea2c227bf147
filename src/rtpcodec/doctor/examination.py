"""Runs all checks of `rtpcodec doctor`, a check before those that its faults would hide."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable
from typing import Final

from rtpcodec.doctor.checks.certificate import check_certificate
from rtpcodec.doctor.checks.certificate_file import check_certificate_file
from rtpcodec.doctor.checks.key import check_key, check_public_key
from rtpcodec.doctor.checks.plan import check_packages, check_plan
from rtpcodec.doctor.checks.ports import check_port
from rtpcodec.doctor.checks.stream_endpoint import check_own_endpoint, check_running_endpoint
from rtpcodec.doctor.checks.url import Use, check_dns, check_form
from rtpcodec.doctor.checks.webhook import check_own_app, check_running_app
from rtpcodec.doctor.finding import FAILED, Finding, failed, skipped
from rtpcodec.doctor.network.address import Address
from rtpcodec.doctor.settings import DoctorSettings

CHECK_LIMITS: Final = 4
"""Limit of a whole check, in limits of one step."""


async def examine(settings: DoctorSettings, context: ssl.SSLContext | None = None) -> list[Finding]:
    """Make all checks of `rtpcodec doctor` (docs/doctor.md, "The checks").

    Args:
        settings: addresses, keys and plan; checks of values that are None are skipped.
        context: TLS settings for the public URLs; None: the system's certificates decide.

    Returns:
        The findings in the order of the checks, without secrets. A check that breaks is a finding too.
    """
    found: list[Finding] = [*check_packages(), *check_plan(settings)]
    found += await _bounded("api key", check_key(settings), settings)
    found += await check_public_key(settings)
    found.append(check_certificate_file(settings.certificate, settings.key_file))
    port, free = await check_port("endpoint", settings.host, settings.port, settings.limit_s)
    found.append(port)
    found += await _stream_checks(settings, free, context)
    found += await _webhook_checks(settings, context)
    secrets = settings.secrets()
    return [secrets.struck(finding) for finding in found]


async def _stream_checks(settings: DoctorSettings, free: bool, context: ssl.SSLContext | None) -> list[Finding]:
    name = "stream endpoint"
    found, address = await _found_host("stream", settings.stream_url, settings.limit_s)
    if address is None:
        return [*found, skipped(name, "there is no URL to open, see above")]
    check = check_own_endpoint if free else check_running_endpoint
    return [*found, *await _bounded(name, check(settings, address, context), settings)]


async def _webhook_checks(settings: DoctorSettings, context: ssl.SSLContext | None) -> list[Finding]:
    name = "webhook endpoint"
    port, free = await check_port("webhook", settings.host, settings.webhook_port, settings.limit_s)
    found, address = await _found_host("webhook", settings.webhook_url, settings.limit_s)
    found = [port, *found]
    if address is None:
        return [*found, skipped(name, "there is no URL to open, see above")]
    tls = await check_certificate("webhook", address, settings.limit_s, context)
    if tls.result == FAILED:
        return [*found, tls, skipped(name, "the URL cannot be opened, see above")]
    check = check_own_app if free else check_running_app
    return [*found, tls, *await _bounded(name, _listed(check(settings, address, context)), settings)]


async def _found_host(use: Use, url: str | None, limit_s: float) -> tuple[list[Finding], Address | None]:
    """Check form and DNS of a URL. Returns its address too, or None if it cannot be connected to."""
    form, address = check_form(use, url)
    if form.result == FAILED:
        address = None
    dns = await check_dns(use, address, limit_s)
    return [form, dns], (None if dns.result == FAILED else address)


async def _bounded(name: str, check: Awaitable[list[Finding]], settings: DoctorSettings) -> list[Finding]:
    """Return the findings of a check; one more if it breaks or takes too long."""
    try:
        async with asyncio.timeout(CHECK_LIMITS * settings.limit_s):
            return await check
    except TimeoutError:
        return [failed(name, f"took longer than {CHECK_LIMITS * settings.limit_s:g} s", "check firewall and proxy")]
    except Exception as error:  # one check must not end the others
        return [failed(name, f"the check broke: {type(error).__name__}", "please report this")]


async def _listed(check: Awaitable[Finding]) -> list[Finding]:
    return [await check]
