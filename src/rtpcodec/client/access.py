"""The carrier's HTTP interface: its address, the API key, and a command as a request."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from rtpcodec.carriers.telnyx import commands
from rtpcodec.client.checks import Findings
from rtpcodec.client.command import Command

MIN_KEY_PART_CHARACTERS: Final = 8
"""A shorter part of a key identifies nothing, and would match parts of ordinary words."""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request. Its headers carry the API key and its body secrets, so the repr shows neither."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """Address of the carrier's interface, and the API key."""

    base_url: str
    api_key: str = field(repr=False)

    @classmethod
    def of(cls, api_key: str | None = None, base_url: str | None = None) -> Access:
        """Take the arguments, else TELNYX_API_KEY and TELNYX_BASE_URL, else the carrier's public address.

        Raises:
            InvalidCommand: no key, a key that a header cannot carry, an address that is not a plain http or https URL.
        """
        findings = Findings("call control", "was not set up")
        key = api_key if api_key is not None else os.environ.get(commands.API_KEY_VARIABLE, "")
        url = base_url if base_url is not None else os.environ.get(commands.BASE_URL_VARIABLE) or commands.BASE_URL
        _check_key(findings, key)
        _check_base_url(findings, url)
        findings.settle()
        return cls(url.rstrip("/"), key)

    def request(self, command: Command[Any]) -> Request:
        """Return the command as an HTTP request."""
        headers = {
            commands.AUTHORIZATION_HEADER: commands.AUTHORIZATION_PREFIX + self.api_key,
            "Content-Type": commands.CONTENT_TYPE,
            "Accept": commands.CONTENT_TYPE,
            # Not compressed: the limit of an answer's length must hold for the octets as received.
            "Accept-Encoding": "identity",
        }
        return Request(command.method, self.base_url + command.path, headers, msgspec.json.encode(command.body))

    @property
    def secrets(self) -> tuple[str, ...]:
        """The key and its parts: an answer may quote the id of `KEY<id>_<secret>` alone."""
        return (self.api_key, *(part for part in self.api_key.split("_") if len(part) >= MIN_KEY_PART_CHARACTERS))


def _check_key(findings: Findings, key: object) -> None:
    if not isinstance(key, str):
        findings.wrong("api_key", f"is {type(key).__name__}, must be str")
    elif not key:
        rule = f"is missing: give it or set the environment variable {commands.API_KEY_VARIABLE}"
        findings.wrong("api_key", rule)
    elif unfit := re.search(r"[^\x21-\x7e]", key):
        findings.wrong("api_key", f"has a blank, control or non-ASCII character at position {unfit.start()}")


def _check_base_url(findings: Findings, url: object) -> None:
    """Refuse a URL that would send the key to a host other than the one it shows. It may hold a password: hide it."""
    if not isinstance(url, str):
        findings.wrong("base_url", f"is {type(url).__name__}, must be str")
        return
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:
        findings.wrong("base_url", "is not a URL: its host or port cannot be read")
        return
    if parts.scheme not in ("http", "https"):
        findings.wrong("base_url", "has another scheme than http or https")
    elif not host:
        findings.wrong("base_url", "names no host")
    if parts.username is not None or "?" in url or "#" in url or re.search(r"[^\x21-\x7e]", url):
        findings.wrong("base_url", "has a user, a query, a fragment or a character that no URL has")
