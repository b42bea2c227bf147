"""Paths that cannot be guessed, for streams whose command carries no token, such as those of TeXML."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final

from rtpcodec.pickling import Live

MIN_KEY_OCTETS: Final = 32
"""The length of the digest: a shorter key would weaken the signature (RFC 2104 section 3)."""
VALID_S: Final = 60.0
"""Time from the creation of the document to the carrier's request, which takes a few seconds."""
MAX_USED: Final = 100_000
"""Limit on stored used paths: 60 s at more than a thousand calls per second."""

_NONCE_OCTETS: Final = 12
_DIGEST_OCTETS: Final = 24
"""192 bits of the signature, like the paths of `Endpoint.stream`."""


_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
"""Unreserved characters (RFC 3986 section 2.3)."""


class SignedPaths(Live):
    """Generates and checks paths, with a key that the author of documents and the endpoint share.

    A path is valid for one socket and for a short time. The signature covers the whole path, so that a tenant in it,
    for example, cannot be changed. The query is not covered.

    >>> paths = SignedPaths(bytes(32))
    >>> path = paths.new("/calls/tenant-1")
    >>> paths.authorize({}, path), paths.authorize({}, path)
    (True, False)
    """

    __slots__ = ("_clock", "_key", "_used", "valid_s")

    def __init__(self, key: bytes, *, valid_s: float = VALID_S, clock: Callable[[], float] = time.time) -> None:
        """Store the key.

        Args:
            key: at least 32 secret octets, such as `secrets.token_bytes(32)`; the same in all processes that share
                paths.
            valid_s: how long a path may be used, in s.
            clock: returns the Unix time in s.

        Raises:
            ValueError: the key is too short, or valid_s is not positive.
            TypeError: the key is not octets.
        """
        if not isinstance(key, bytes | bytearray):
            raise TypeError(f"key is of type {type(key).__name__}, octets are needed")
        if len(key) < MIN_KEY_OCTETS:
            raise ValueError(f"key has {len(key)} octets, at least {MIN_KEY_OCTETS} are needed")
        if not valid_s > 0:
            raise ValueError(f"valid_s is {valid_s:g}, more than 0 is needed")
        self._key = bytes(key)
        self._clock = clock
        self._used: OrderedDict[str, float] = OrderedDict()  # paths, with the time at which they expire
        self.valid_s = valid_s
        """How long a path may be used."""

    def __repr__(self) -> str:
        return f"<SignedPaths valid for {self.valid_s:g} s>"

    def new(self, prefix: str = "") -> str:
        """Return a new path, for the URL of one stream.

        Args:
            prefix: the beginning of the path as the endpoint sees it, such as "/calls/tenant-1".

        Raises:
            ValueError: the prefix has other characters than letters, digits, "-", ".", "_" and "~" after each "/".
        """
        if not _PREFIX.fullmatch(prefix):
            raise ValueError("prefix must be '/' and letters, digits, '-', '.', '_' or '~', once or several times")
        expires = int(self._clock() + self.valid_s)
        unsigned = f"{prefix}/{expires}-{secrets.token_urlsafe(_NONCE_OCTETS)}"
        return f"{unsigned}.{self._signature(unsigned)}"

    def authorize(self, _headers: Mapping[str, str], path: str) -> bool:
        """Return True if a request may open a call: `serve(authorize=paths.authorize, path=None)`.

        Each path is accepted once per process.
        """
        path = path.partition("?")[0]
        unsigned, _, signature = path.rpartition(".")
        given = signature.encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._signature(unsigned).encode()):
            return False
        expires = float(unsigned.rpartition("/")[2].partition("-")[0])  # a number, because the signature is right
        now = self._clock()
        if now > expires or path in self._used:
            return False
        self._used[path] = expires
        while self._used and (next(iter(self._used.values())) < now or len(self._used) > MAX_USED):
            self._used.popitem(last=False)
        return True

    def _signature(self, unsigned: str) -> str:
        digest = hmac.digest(self._key, unsigned.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:_DIGEST_OCTETS]).decode()
