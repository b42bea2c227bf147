"""The codecs by name. A new codec needs its own files and one line here."""

from __future__ import annotations

from rtpcodec.codecs.amrwb import AMRWB
from rtpcodec.codecs.g711 import PCMA, PCMU
from rtpcodec.codecs.g722 import G722
from rtpcodec.codecs.info import CodecInfo
from rtpcodec.codecs.l16 import L16
from rtpcodec.codecs.opus import OPUS
from rtpcodec.errors import UnknownCodec

CODECS = {info.name: info for info in (PCMU, PCMA, G722, L16, OPUS, AMRWB)}


def codec(name: str) -> CodecInfo:
    """Return the facts about a codec.

    Args:
        name: the carrier's spelling; case matters, as on the wire.

    Raises:
        UnknownCodec: no codec has this name; the error lists all names.
    """
    info = CODECS.get(name)
    if info is None:
        raise UnknownCodec(f"no codec is named {name!r}; known: {', '.join(CODECS)}")
    return info


def codec_names() -> tuple[str, ...]:
    """Return the names that `codec` accepts."""
    return tuple(CODECS)
