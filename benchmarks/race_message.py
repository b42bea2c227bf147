"""A media message of 20 ms of PCMU and its PCM, without a session: the kernels against the conversion by libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes
from benchmarks.race_session import payload_of
from rtpcodec.kernels import base64
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream.wire import TELNYX

WRITERS: Final = ("json_audioop", "msgspec_audioop", "pybase64")
BASE64: Final = ("pybase64", "binascii")
BAR_OUT: Final = Bar(6.0)
FRAME_OCTETS: Final = 160


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Every row of this group by name, with what sets its race up."""
    yield "message out", message_out
    yield "base64 encode frame", encode
    yield "base64 decode frame", decode


def message_out() -> Race:
    """PCM to the text of a message."""
    parts = TELNYX.media_texts()
    if parts is None:
        raise TypeError("the dialect's texts are not head, base64 and tail")
    pcm = speech(FRAME_OCTETS).tobytes()
    mine = Contender("rtpcodec", MediaText(*parts, "pcmu").of_pcm, (pcm,), payload_of)
    rivals = contenders(WRITERS, "say", pcm, payload_of)
    floor = Contender("fresh object", floors.fresh_same, (bytes(len(MediaText(*parts, "pcmu").of_pcm(pcm))),))
    return Race("frame", 1, mine, rivals, floor, BAR_OUT)


def encode() -> Race:
    """A payload to characters."""
    payload = octets(FRAME_OCTETS)
    text = base64.encode(payload)
    mine = Contender("rtpcodec", base64.encode, (payload,), codes)
    floor = Contender("fresh object", floors.fresh_same, (text,))
    return Race("frame", 1, mine, contenders(BASE64, "to_base64", payload), floor)


def decode() -> Race:
    """Characters to a payload."""
    payload = octets(FRAME_OCTETS)
    text = base64.encode(payload)
    mine = Contender("rtpcodec", base64.decode, (text,), codes)
    floor = Contender("fresh object", floors.fresh_same, (payload,))
    return Race("frame", 1, mine, contenders(BASE64, "from_base64", text), floor)
