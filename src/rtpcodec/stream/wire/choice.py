"""The dialects that exist, and the one that a stream's first messages show."""

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
"""The dialect of a stream whose messages up to `start` show none."""

_SIGNS: Final = msgspec.defstruct(
    "Signs", [(sign, Raw | UnsetType, UNSET) for one in DIALECTS.values() for sign in sorted(one.signs)]
)
"""The signs of a message, unread. Its other members make no objects: a megabyte of them would need ten."""
_decode: Final = msgspec.json.Decoder(_SIGNS).decode


def dialect_of(text: str | Buffer) -> Dialect | None:
    """Return the dialect that a message shows by its members; None: signs of none or of several, or broken text."""
    try:
        found = _decode(checked_text(text))
    except (msgspec.MsgspecError, BrokenMessage, RecursionError, UnicodeError):
        return None
    shown = [one for one in DIALECTS.values() if any(getattr(found, sign) is not UNSET for sign in one.signs)]
    return shown[0] if len(shown) == 1 else None
