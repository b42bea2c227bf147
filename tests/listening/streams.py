"""Streams for tests of diagnosis: chunks of payloads, fed to a session on their own clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

import rtpcodec
from rtpcodec import MediaSession, StreamPlan, events
from rtpcodec.rtp.payloads import payload_format
from tests.listening.speakers import Samples, octets
from tests.stream import carrier

RATES_HZ = {"PCMU": 8000, "PCMA": 8000, "G722": 16000, "OPUS": 16000, "AMR-WB": 16000}
"""Of the samples of each codec but L16."""


def encoded(coding: str, samples: Samples, chunk_ms: int, rate_hz: int = 8000) -> list[bytes]:
    """Payloads of a coding: a codec, or L16 with its byte order, of samples of that rate."""
    name, _, order = coding.partition(" ")
    if name in ("OPUS", "AMR-WB"):
        encoder = rtpcodec.codec(name).encoder(16000)
        frames = payload_format(rtpcodec.codec(name))
        pieces = [samples[at : at + 320] for at in range(0, len(samples) - 319, 320)]
        return [frames.payload([encoder.encode(octets(piece))]) for piece in pieces]
    if name == "L16":
        clipped = np.frombuffer(octets(samples), np.int16)
        whole = clipped.astype("<i2" if order == "little" else ">i2").tobytes()
    elif name == "G722":
        whole = rtpcodec.codec("G722").encoder().encode(octets(samples[: len(samples) // 2 * 2]))
    else:
        whole = {"PCMU": rtpcodec.pcmu_encode, "PCMA": rtpcodec.pcma_encode}[name](octets(samples))
    return cut(whole, chunk_octets(coding, chunk_ms, rate_hz))


def chunk_octets(coding: str, chunk_ms: int, rate_hz: int = 8000) -> int:
    """Octets of a chunk of a sample codec."""
    return chunk_ms * 8 * (rate_hz // 4000 if coding.startswith("L16") else 1)


def cut(whole: bytes, octets_each: int) -> list[bytes]:
    """Chunks of equal length."""
    return [whole[at : at + octets_each] for at in range(0, len(whole) - octets_each + 1, octets_each)]


@dataclass(frozen=True)
class Found:
    """A diagnosis, and the number of the chunk after which it was reported."""

    chunk: int
    diagnosis: events.Diagnosis

    @property
    def kind(self) -> str:
        """Its kind."""
        return self.diagnosis.kind


def session_for(encoding: str, sample_rate_hz: int, plan: StreamPlan | None = None, **options: object) -> MediaSession:
    """A session that has received its `start`."""
    chosen: dict[str, object] = {"diagnosis_s": 10.0, **options}
    return carrier.started(plan, start_text=carrier.start(encoding, sample_rate_hz), **chosen)


def fed(
    session: MediaSession, payloads: Iterable[bytes], chunk_ms: float, *, first: int = 1, from_ms: float = 20.0
) -> list[Found]:
    """Return all diagnoses for chunks that arrive at regular intervals."""
    found = []
    for at, payload in enumerate(payloads):
        now_ms = from_ms + at * chunk_ms
        session.receive(carrier.media(payload, first + at, track="inbound"), now_ms)
        found += [Found(at, one) for one in session.events(now_ms) if isinstance(one, events.Diagnosis)]
    return found
