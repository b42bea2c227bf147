"""Paths of health checks and metrics, loopback hosts, and the addresses that one client may use."""

from __future__ import annotations

import ipaddress
from typing import Final

HEALTH_PATH: Final = "/healthz"
READY_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
IPV6_PREFIX_BITS: Final = 64
"""A network has at least this prefix (RFC 4291 section 2.5.4), so one client can use all addresses in it."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach the host. Names are not resolved; `localhost` is the only one."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def network_of(address: str) -> str:
    """Return the key of a client: its IPv4 address, or its IPv6 network."""
    if ":" not in address:
        return address
    try:
        parsed = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((parsed, IPV6_PREFIX_BITS), strict=False))
