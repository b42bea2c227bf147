"""The parts of a URL that a connection needs."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import urlsplit

from rtpcodec.client.deadline_network import addresses_of
from rtpcodec.doctor.network.threads import in_thread

PORTS: Final = {"ws": 80, "http": 80, "wss": 443, "https": 443}
SECURE: Final = ("wss", "https")


@dataclass(frozen=True, slots=True)
class Address:
    """Scheme, host, port, and target (path and query) of a URL."""

    scheme: str
    host: str
    port: int
    target: str

    @classmethod
    def of(cls, url: str) -> Self:
        """Read a URL.

        Raises: ValueError, with the rule and without the URL.
        """
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").encode("idna").decode(), parts.port
        except ValueError:
            raise ValueError("its host or port cannot be read") from None
        if parts.scheme not in PORTS:
            raise ValueError(f"its scheme is {parts.scheme[:10]!r}, one of {', '.join(PORTS)} is needed")
        if not host:
            raise ValueError("it names no host")
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(parts.scheme, host, port or PORTS[parts.scheme], target)

    @property
    def secure(self) -> bool:
        """Whether TLS is used."""
        return self.scheme in SECURE

    @property
    def shown(self) -> str:
        """Scheme, host and port, without the path, which may be its only protection."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")

    async def addresses(self, limit_s: float) -> list[str]:
        """Return the host's addresses by the system's resolver.

        Raises:
            OSError: the host has no address.
            TimeoutError: the resolver has not answered in time.
        """
        return await in_thread(lambda: addresses_of(self.host, self.port), limit_s)

    async def connect(
        self, limit_s: float, context: ssl.SSLContext | None = None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first of its addresses that accepts, with TLS if the scheme requires it.

        Args:
            limit_s: for lookup, connect and TLS together.
            context: of TLS; None: the system's certificates decide.

        Raises: OSError, ssl.SSLError, TimeoutError.
        """
        if self.secure and context is None:
            context = ssl.create_default_context()
        failure: OSError = OSError("the name has no address")
        async with asyncio.timeout(limit_s):
            found = await self.addresses(limit_s)
            for address in found:
                try:
                    # An address that drops packets must leave time for the next one.
                    async with asyncio.timeout(limit_s / len(found)):
                        return await self._connect_to(address, context)
                except ssl.SSLError:
                    raise
                except OSError as error:  # TimeoutError is one
                    failure = error
        raise failure

    async def _connect_to(
        self, address: str, context: ssl.SSLContext | None
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if not self.secure:
            return await asyncio.open_connection(address, self.port)
        return await asyncio.open_connection(address, self.port, ssl=context, server_hostname=self.host)


def is_public(address: str) -> bool:
    """Return whether a carrier on the internet can reach an address."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_global
    except ValueError:
        return False


def is_loopback(address: str) -> bool:
    """Return whether only this machine can reach an address."""
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
