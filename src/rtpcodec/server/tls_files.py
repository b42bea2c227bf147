"""TlsFiles: a TLS context of a server, from files that can be reloaded."""

from __future__ import annotations

import ssl
from os import PathLike, fspath
from typing import Any

from rtpcodec.errors import EndpointError


class TlsFiles:
    """Certificate and key of a server, for the setting `ssl`. They can be reloaded, because certificates expire.

    `reload`, `Endpoint.reload_tls` or a SIGHUP of `run` reads the files again: new connections use them, and running
    calls continue. Use it from one thread at a time.
    """

    __slots__ = ("_certificate", "_context", "_key", "_password")

    def __init__(
        self, certificate: str | PathLike[str], key: str | PathLike[str] | None = None, password: str | None = None
    ) -> None:
        """Read the files.

        Args:
            certificate: PEM file of the certificate, followed by the certificates that signed it.
            key: PEM file of its key; None: the key is in the same file.
            password: the password of an encrypted key.

        Raises:
            EndpointError: the files do not form a pair.
            OSError: a file cannot be read.
        """
        self._certificate = fspath(certificate)
        self._key = None if key is None else fspath(key)
        self._password = password
        self._context = self._read()

    def __repr__(self) -> str:
        return f"<TlsFiles {self._certificate!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TlsFiles):
            return NotImplemented
        return self.__reduce__() == other.__reduce__()

    def __hash__(self) -> int:
        return hash(self.__reduce__())

    def __reduce__(self) -> tuple[Any, ...]:
        """Return what pickle and copy need: another process reads the files itself."""
        return type(self), (self._certificate, self._key, self._password)

    @property
    def context(self) -> ssl.SSLContext:
        """The context for connections that begin now."""
        return self._context

    def reload(self) -> None:
        """Read the files again. If that fails, the old context stays. Errors as for the constructor."""
        self._context = self._read()

    def _read(self) -> ssl.SSLContext:
        # A new context: a failed load would leave the old one with a certificate without its key.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            # Without a password argument, OpenSSL would prompt for it on the terminal.
            context.load_cert_chain(self._certificate, self._key, self._password or "")
        except ssl.SSLError as error:
            raise EndpointError(
                f"certificate {self._certificate} and its key are not a PEM pair: {error.reason or error}"
            ) from error
        return context
