"""All dialects, and their detection by the first messages of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType
from typing_extensions import Buffer

from rtpcodec.stream.wire.dialect import Dialect
from rtpcodec.stream.wire.json_text import checked_text
from rtpcodec.stream.wire.rules import BrokenMessage
from rtpcodec.stream.wire.telnyx import TELNYX
from rtpcodec.stream.wire.twilio import TWILIO

DIALECTS: Final[Mapping[str, Dialect]] = {one.name: one for one in (TELNYX, TWILIO)}
"""All dialects, by name."""
DEFAULT: Final[Dialect] = TELNYX
"""The dialect of a stream whose messages up to `start` have no member of one carrier alone."""

_SIGNS: Final = msgspec.defstruct(
    "Signs", [(sign, Raw | UnsetType, UNSET) for one in DIALECTS.values() for sign in sorted(one.signs)]
)
"""The signs of a message, not decoded. No objects are made of its other members: 1 MB of text would need 10 MB."""
_decode: Final = msgspec.json.Decoder(_SIGNS).decode


def dialect_of(text: str | Buffer) -> Dialect | None:
    """Return the dialect of a message by its members; None if they fit no dialect or several, or the text is broken."""
    try:
        found = _decode(checked_text(text))
    except (msgspec.MsgspecError, BrokenMessage, RecursionError, UnicodeError):
        return None
    shown = [one for one in DIALECTS.values() if any(getattr(found, sign) is not UNSET for sign in one.signs)]
    return shown[0] if len(shown) == 1 else None
