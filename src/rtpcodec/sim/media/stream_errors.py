"""Error messages to the app (docs/carrier.md, rule C42)."""

from __future__ import annotations

from rtpcodec.carriers.telnyx import errors
from rtpcodec.pickling import Raised


class RefusedMessage(Raised, Exception):
    """A message of the app that is answered with an error: a code, and a sentence.

    Args:
        title: title of the error; None: that of Telnyx for the code.
    """

    def __init__(self, code: int, detail: str, title: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.title = errors.STREAM_ERRORS[code] if title is None else title
