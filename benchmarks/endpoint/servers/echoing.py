"""The message of a chunk to PCM and back by json and base64, as a handler without our package would do it.

PCMU is coded by audioop, G722 by the package G722, OPUS by PyAV.
"""

from __future__ import annotations

import json
from array import array
from base64 import b64decode, b64encode
from collections.abc import Callable
from importlib import import_module
from typing import Any

Echo = Callable[[str | bytes], str | None]
"""A message to that of its echo; None: it has no audio."""


def echo(codec: str) -> Echo:
    """Return the echo of one call."""
    decode, encode = CODERS[codec]()

    def echoed(text: str | bytes) -> str | None:
        message = json.loads(text)
        if message["event"] != "media":
            return None
        pcm = decode(b64decode(message["media"]["payload"]))
        payload = encode(pcm)
        return json.dumps({"event": "media", "media": {"payload": b64encode(payload).decode()}})

    return echoed


def pcmu() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """Return a decoder to PCM, and an encoder."""
    audioop: Any = import_module("audioop")
    decode, encode = audioop.ulaw2lin, audioop.lin2ulaw
    return lambda payload: decode(payload, 2), lambda pcm: encode(pcm, 2)


def g722() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """Return the same for a stream of G722."""
    stream: Any = import_module("G722").G722
    decoder, encoder = stream(16_000, 64_000), stream(16_000, 64_000)
    return lambda payload: bytes(decoder.decode(payload)), lambda pcm: bytes(encoder.encode(array("h", pcm)))


def opus() -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
    """Return the same for a stream of OPUS; a frame of PyAV is the PCM."""
    av: Any = import_module("av")
    encoder, decoder = av.CodecContext.create("libopus", "w"), av.CodecContext.create("libopus", "r")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = 16_000, "mono", "s16", 24_000
    encoder.options = {"application": "voip", "frame_duration": "20"}
    decoder.sample_rate, decoder.layout = 16_000, "mono"
    resampler = av.AudioResampler(format="s16", layout="mono", rate=16_000)

    def decode(payload: bytes) -> Any:
        return decoder.decode(av.Packet(payload))

    def encode(frames: Any) -> bytes:
        turned = [one for frame in frames for one in resampler.resample(frame)]
        return b"".join(bytes(packet) for frame in turned for packet in encoder.encode(frame))

    return decode, encode


CODERS: dict[str, Callable[[], tuple[Callable[[bytes], Any], Callable[[Any], bytes]]]] = {
    "PCMU": pcmu,
    "G722": g722,
    "OPUS": opus,
}
