"""The TLS chain that a carrier sees, verified as by a strict client."""

from __future__ import annotations

import ssl
import time
from typing import Any, Final

from rtpcodec.doctor.finding import Finding, failed, ok, skipped, warning
from rtpcodec.doctor.network.address import Address

WARNED_DAYS: Final = 14
"""Warn this many days before the end: renewals run weeks before it, so by then they have failed."""
DAY_S: Final = 86400

FAULTS: Final = {
    9: ("is not valid yet", "check the clock of this machine, or wait"),
    10: ("has expired", "renew it, and reload the server that presents it"),
    18: ("is self-signed", "use a certificate of a public authority: carriers do not know yours"),
    19: (
        "has a root that this machine does not trust",
        "use a certificate of a public authority: carriers do not know your root",
    ),
    20: (
        "does not lead to a trusted root: the server sends no intermediate certificate, or its authority is private",
        "present the full chain (fullchain.pem), of a public authority",
    ),
    21: (
        "does not lead to a trusted root: the server sends the leaf alone",
        "present the full chain (fullchain.pem)",
    ),
    62: ("is for another host", "get a certificate that names the host of the URL"),
    64: ("is for another address", "use a host name in the URL: certificates seldom name addresses"),
}
"""Faults by OpenSSL's error number, each with its remedy."""


async def check_certificate(
    use: str, address: Address | None, limit_s: float, context: ssl.SSLContext | None = None
) -> Finding:
    """Make a TLS handshake with a URL's host and verify the chain as any client does.

    Args:
        use: name of the URL.
        address: address of the URL; None: there is no URL.
        limit_s: limit of lookup, connect and handshake.
        context: TLS settings; None: the system's certificates decide.
    """
    name = f"{use} tls"
    if address is None or not address.secure:
        return skipped(name, f"there is no {use} URL with TLS")
    try:
        _, writer = await address.connect(limit_s, context)
    except ssl.SSLCertVerificationError as error:
        fault, remedy = FAULTS.get(error.verify_code, (error.verify_message, "present a valid certificate"))
        return failed(name, f"the certificate of {address.shown} {fault}", remedy)
    except ssl.SSLError as error:
        why = f"the handshake failed: {error.reason or 'no reason is given'}"
        return failed(name, why, "does a server with TLS listen there? TLS 1.2 or newer is needed")
    except TimeoutError:
        return failed(name, f"no handshake within {limit_s:g} s", "check firewall and proxy")
    except (OSError, UnicodeError) as error:
        return failed(name, f"no connection to {address.shown}: {_why(error)}", "start the server, open the firewall")
    try:
        return _accepted(name, writer.get_extra_info("peercert") or {}, writer.get_extra_info("ssl_object"))
    finally:
        writer.transport.abort()


def _accepted(name: str, certificate: dict[str, Any], tls: ssl.SSLObject | None) -> Finding:
    version = (tls and tls.version()) or "TLS"
    ends = certificate.get("notAfter")
    if ends is None:
        return ok(name, f"{version}, the chain is valid")
    days = (ssl.cert_time_to_seconds(ends) - time.time()) / DAY_S
    seen = f"{version}, the chain is valid for {days:.0f} more days"
    return warning(name, seen, "renew the certificate") if days < WARNED_DAYS else ok(name, seen)


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
