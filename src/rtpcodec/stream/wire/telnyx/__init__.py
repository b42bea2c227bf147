"""The dialect of Telnyx (docs/carrier.md). Each of its names is defined once, in rtpcodec.carriers.telnyx.

reading  text to message
writing  message to text
"""

from __future__ import annotations

from typing import Final

from rtpcodec.carriers.telnyx import commands as command_facts
from rtpcodec.carriers.telnyx import members, streaming
from rtpcodec.carriers.telnyx.errors import INVALID_MEDIA, RATE_LIMIT_REACHED
from rtpcodec.stream.wire.dialect import Dialect, PlanValues
from rtpcodec.stream.wire.telnyx.reading import MEDIA_SCANNER, encoding_name, parse
from rtpcodec.stream.wire.telnyx.writing import build, clear_text, mark_text, media_text, media_texts

__all__ = ["TELNYX", "TelnyxDialect", "build", "encoding_name", "media_text", "parse"]


class TelnyxDialect:
    """JSON in snake case, counters as strings; the app's messages do not name their stream."""

    __slots__ = ()

    name = "telnyx"
    signs = frozenset((streaming.SEQUENCE_NUMBER, members.STREAM_ID))
    modes = command_facts.MODES
    plan_values = PlanValues()
    tracks = streaming.DELIVERED_TRACKS
    marks = True
    clear = True
    too_many_messages = RATE_LIMIT_REACHED
    invalid_media = INVALID_MEDIA
    digits = True
    in_band_digits = True
    counters = True
    token_in_connected = True
    commands = True

    media_scanner = MEDIA_SCANNER

    parse = staticmethod(parse)
    media_text = staticmethod(media_text)
    media_texts = staticmethod(media_texts)
    mark_text = staticmethod(mark_text)
    clear_text = staticmethod(clear_text)

    def __repr__(self) -> str:
        return "TELNYX"


TELNYX: Final[Dialect] = TelnyxDialect()
