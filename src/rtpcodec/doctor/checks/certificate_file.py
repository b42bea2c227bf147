"""The PEM files of an endpoint that serves wss itself."""

from __future__ import annotations

import ssl
from pathlib import Path

from rtpcodec.doctor.finding import Finding, failed, ok, skipped


def server_context(certificate: Path | None, key: Path | None) -> ssl.SSLContext | None:
    """Return the TLS context of an endpoint; None: it serves ws. Raises OSError, ssl.SSLError."""
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def check_certificate_file(certificate: Path | None, key: Path | None) -> Finding:
    """Check that certificate and key can be loaded."""
    name = "certificate file"
    if certificate is None:
        return skipped(name, "no --certificate is given: TLS ends at the proxy")
    try:
        server_context(certificate, key)
    except ssl.SSLError as error:
        return failed(name, f"certificate and key are not a PEM pair: {error.reason or error}", "give the pair")
    except OSError as error:
        return failed(name, f"cannot be read: {error.strerror or error}", "correct the path, or its permissions")
    return ok(name, "certificate and key belong together")
