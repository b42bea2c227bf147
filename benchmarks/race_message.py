"""A media message of 20 ms of PCMU and its PCM, without a session: the kernels against the conversion by libraries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import cycle
from random import Random
from typing import Final

from benchmarks import floors
from benchmarks.harness.model import Bar, Contender, Race
from benchmarks.harness.signals import octets, speech
from benchmarks.peers import contenders
from benchmarks.peers.reading import codes, numbers_and_samples
from benchmarks.race_session import STREAM_ID, payload_of
from rtpcodec.kernels import base64
from rtpcodec.kernels.media_reader import MediaReader
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream.wire import TELNYX

READERS: Final = ("json_audioop", "msgspec_audioop", "pybase64")
WRITERS: Final = ("json_audioop", "msgspec_audioop", "pybase64")
BASE64: Final = ("pybase64", "binascii")
BAR_IN: Final = Bar(4.0)
BAR_IN_ANY_ORDER: Final = Bar(2.5)
BAR_OUT: Final = Bar(6.0)
MESSAGES: Final = 256
"""Texts per cycle, so that counters advance and orders change."""
FRAME_OCTETS: Final = 160


def races() -> Iterator[tuple[str, Callable[[], Race]]]:
    """Yield every row of this group by name, with the function that sets its race up."""
    yield "message in", message_in
    yield "message in, any member order", message_in_any_order
    yield "message out", message_out
    yield "base64 encode frame", encode
    yield "base64 decode frame", decode


def message_in() -> Race:
    """Race decoding the text of a message to track, numbers and PCM; all messages have one order of members."""
    return _in([_text(number) for number in range(1, MESSAGES + 1)], BAR_IN)


def message_in_any_order() -> Race:
    """Race the same with another order of members in each message."""
    rng = Random(17)  # noqa: S311
    return _in([_text(number, rng) for number in range(1, MESSAGES + 1)], BAR_IN_ANY_ORDER)


def message_out() -> Race:
    """Race encoding PCM as the text of a message."""
    parts = TELNYX.media_texts()
    if parts is None:
        raise TypeError("the dialect's texts are not head, base64 and tail")
    pcm = speech(FRAME_OCTETS).tobytes()
    mine = Contender("rtpcodec", MediaText(*parts, "pcmu").of_pcm, (pcm,), payload_of)
    rivals = contenders(WRITERS, "say", pcm, payload_of)
    floor = Contender("fresh object", floors.fresh_same, (bytes(len(MediaText(*parts, "pcmu").of_pcm(pcm))),))
    return Race("frame", 1, mine, rivals, floor, BAR_OUT)


def _in(texts: list[str], bar: Bar) -> Race:
    scanner = TELNYX.media_scanner
    if scanner is None:
        raise TypeError("the dialect has no scanner")
    read = MediaReader(scanner, "pcmu").read
    mine = Contender("rtpcodec", map(read, cycle(texts)).__next__, (), numbers_and_samples)
    floor = Contender("fresh object", floors.fresh_same, (bytes(320),))
    return Race("frame", 1, mine, contenders(READERS, "read", texts), floor, bar)


def _text(number: int, rng: Random | None = None) -> str:
    """Return a message with the documented members, in their order or in another one."""
    payload = base64.encode(octets(FRAME_OCTETS)).decode()
    counters = {"chunk": str(number), "timestamp": str(20 * number)}
    body = {"track": "inbound", **counters, "payload": payload}
    if rng is not None:
        body = dict(rng.sample(list(body.items()), len(body)))
    message = {"event": "media", "sequence_number": str(number + 2), "media": body, "stream_id": STREAM_ID}
    if rng is not None:
        message = dict(rng.sample(list(message.items()), len(message)))
    return json.dumps(message, separators=(",", ":"))


def encode() -> Race:
    """Race encoding a payload as characters."""
    payload = octets(FRAME_OCTETS)
    text = base64.encode(payload)
    mine = Contender("rtpcodec", base64.encode, (payload,), codes)
    floor = Contender("fresh object", floors.fresh_same, (text,))
    return Race("frame", 1, mine, contenders(BASE64, "to_base64", payload), floor)


def decode() -> Race:
    """Race decoding characters to a payload."""
    payload = octets(FRAME_OCTETS)
    text = base64.encode(payload)
    mine = Contender("rtpcodec", base64.decode, (text,), codes)
    floor = Contender("fresh object", floors.fresh_same, (payload,))
    return Race("frame", 1, mine, contenders(BASE64, "from_base64", text), floor)
