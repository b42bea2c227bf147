"""Whether the echo of a codec with a history sounds like what was sent: its payloads differ, so PCM is compared."""

from __future__ import annotations

import json
import socket
from base64 import b64decode
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.endpoint.measuring import connected
from benchmarks.endpoint.processes import Server
from benchmarks.endpoint.traffic import RATES_HZ, Traffic
from rtpcodec.codecs import codec

CHUNKS: Final = 15
"""Fewer than our endpoint's lead of 400 ms, so all are echoed at once."""
MAX_DELAY_SAMPLES: Final = 640
"""Of two encoders and two decoders at 16 kHz: 40 ms."""
SAFETY_S: Final = 10.0


def likeness(server: Server, frames: Traffic) -> float:
    """Send the first chunks of one call. Returns the correlation of sent and echoed PCM at the best delay."""
    with connected(server.port, 1, frames.opening) as (stream,):
        stream.settimeout(SAFETY_S)
        stream.sendall(b"".join(frames.frames[:CHUNKS]))
        payloads = _payloads(stream)
        echoed = [next(payloads) for _ in range(CHUNKS)]
    return correlation(pcm_of(frames.codec, frames.chunks[:CHUNKS]), pcm_of(frames.codec, echoed))


def pcm_of(codec_name: str, payloads: Sequence[bytes]) -> NDArray[np.float64]:
    """Return the samples of a stream of payloads; of an encoder that begins late the first ones are empty."""
    decoder: Any = codec(codec_name).decoder(RATES_HZ[codec_name])
    decoded = [np.frombuffer(decoder.decode(payload), np.int16).astype(float) for payload in payloads if payload]
    return np.concatenate(decoded)


def correlation(sent: NDArray[np.float64], echoed: NDArray[np.float64]) -> float:
    """Return the normalised correlation at the best delay."""
    best = 0.0
    for delay in range(MAX_DELAY_SAMPLES):
        late = echoed[delay:]
        early = sent[: late.size]
        late = late[: early.size]
        power = float(np.sqrt((early @ early) * (late @ late)))
        best = max(best, float(early @ late) / power if power else 0.0)
    return best


def _payloads(stream: socket.socket) -> Iterator[bytes]:
    """Yield the payloads of a server's media messages."""
    with stream.makefile("rb") as file:
        while len(head := file.read(2)) == 2:
            octets = int.from_bytes(file.read(2)) if head[1] == 126 else head[1]
            text = file.read(octets)
            if head[0] == 0x81 and b'"payload"' in text:
                yield b64decode(json.loads(text)["media"]["payload"])
