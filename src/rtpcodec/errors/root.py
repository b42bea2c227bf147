"""The root of every exception of ours."""

from __future__ import annotations

from rtpcodec.pickling import Raised


class RtpcodecError(Raised, Exception):
    """The root: catches whatever this package raises of its own."""
