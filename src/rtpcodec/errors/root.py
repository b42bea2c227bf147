"""The root of the package's exceptions."""

from __future__ import annotations

from rtpcodec.pickling import Raised


class RtpcodecError(Raised, Exception):
    """The base class of all exceptions of this package."""
