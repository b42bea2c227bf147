"""The dialects that exist, and the one that a stream's first messages show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from typing_extensions import Buffer

from rtpcodec.stream.wire.dialect import Dialect
from rtpcodec.stream.wire.json_text import checked_text
from rtpcodec.stream.wire.rules import BrokenMessage
from rtpcodec.stream.wire.telnyx import TELNYX
from rtpcodec.stream.wire.twilio import TWILIO

DIALECTS: Final[Mapping[str, Dialect]] = {one.name: one for one in (TELNYX, TWILIO)}
"""All dialects, by name."""
DEFAULT: Final[Dialect] = TELNYX
"""The dialect of a stream whose messages up to `start` show none."""

_decode: Final = msgspec.json.Decoder(dict[str, Any]).decode


def dialect_of(text: str | Buffer) -> Dialect | None:
    """Return the dialect that a message shows by its members; None: they are of several, or the text is broken."""
    try:
        members = _decode(checked_text(text))
    except (msgspec.MsgspecError, BrokenMessage, RecursionError, UnicodeError):
        return None
    return next((one for one in DIALECTS.values() if not one.signs.isdisjoint(members)), None)
