"""The form of the public URLs, and the addresses of their hosts."""

from __future__ import annotations

import socket
from typing import Final, Literal

from rtpcodec.carriers.telnyx.commands import MAX_URL_CHARACTERS
from rtpcodec.doctor.finding import Finding, failed, ok, skipped, warning
from rtpcodec.doctor.network.address import Address, is_loopback, is_public

Use = Literal["stream", "webhook"]

SCHEMES: Final = {"stream": ("wss", "ws"), "webhook": ("https", "http")}
"""Schemes of each use, the secure one first."""
MAX_SHOWN: Final = 4
"""Limit of addresses in a finding."""
OPTIONS: Final = {"stream": "--url", "webhook": "--webhook-url"}


def check_form(use: Use, url: str | None) -> tuple[Finding, Address | None]:
    """Check the form of a URL. Returns its parts too, or None if it has none."""
    name = f"{use} url"
    if url is None:
        return skipped(name, f"no {OPTIONS[use]} is given"), None
    secure, plain = SCHEMES[use]
    try:
        address = Address.of(url)
    except ValueError as error:
        return failed(name, str(error), f"give a URL such as {secure}://media.example.com/"), None
    fault = _fault(use, url, address)
    if fault is not None:
        return failed(name, *fault), address
    if address.scheme == plain and not _stays_here(address.host):
        remedy = f"use {secure}: audio and tokens are readable"
        return warning(name, f"{address.shown} is not encrypted", remedy), address
    return ok(name, address.shown), address


def _fault(use: Use, url: str, address: Address) -> tuple[str, str] | None:
    """Return what is wrong with a URL and what to do; None: nothing is."""
    if address.scheme not in SCHEMES[use]:
        return f"has the scheme {address.scheme}", f"use {SCHEMES[use][0]}"
    if len(url) > MAX_URL_CHARACTERS:
        return f"has {len(url)} characters", f"shorten it: the carrier accepts {MAX_URL_CHARACTERS}"
    if "@" in url.partition("//")[2].partition("/")[0]:
        return "has a user name", "leave it out and use a token"
    if "#" in url:
        return "has a fragment", "leave out everything from # on: requests do not carry it"
    return None


async def check_dns(use: Use, address: Address | None, limit_s: float) -> Finding:
    """Resolve the host of a URL, and check that a carrier can reach it."""
    name = f"{use} dns"
    if address is None:
        return skipped(name, f"there is no {use} URL to look up")
    try:
        found = await address.addresses(limit_s)
    except TimeoutError:
        return failed(name, f"no answer for {address.host} within {limit_s:g} s", "check the resolver of this machine")
    except (OSError, UnicodeError) as error:
        why = "does not exist" if isinstance(error, socket.gaierror) else str(error)
        return failed(name, f"{address.host} {why}", "create a DNS record for the host, or correct the URL")
    shown = f"{address.host} has {', '.join(found[:MAX_SHOWN])}"
    public = [is_public(one) for one in found]
    if all(map(is_loopback, found)):
        return warning(name, f"{shown}: only this machine", "give carriers a proxy or a tunnel")
    if not all(public):
        which = "in part a private network" if any(public) else "a private network"
        return warning(name, f"{shown}: {which}", "give carriers public addresses alone")
    return ok(name, shown)


def _stays_here(host: str) -> bool:
    return host == "localhost" or is_loopback(host)
