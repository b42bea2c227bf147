"""Only the standard library: json, base64 and audioop, as in a handler without a package."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from typing import Any, Final

from benchmarks.harness.model import Contender
from benchmarks.peers.audioop import NAME as AUDIOOP
from benchmarks.peers.audioop import ROUNDING, audioop
from benchmarks.peers.reading import numbers_and_samples, samples

NAME: Final = f"json, base64, {AUDIOOP}"


def hear(texts: Sequence[str]) -> Iterator[Contender]:
    """Decode the next media message of a cycle to PCM."""
    to_linear, next_text = audioop.ulaw2lin, cycle(texts).__next__

    def heard() -> Any:
        return to_linear(b64decode(json.loads(next_text())["media"]["payload"]), 2)

    yield Contender(NAME, heard, (), samples)


def read(texts: Sequence[str]) -> Iterator[Contender]:
    """Decode the next media message of a cycle to track, numbers and PCM."""
    to_linear = audioop.ulaw2lin

    def members(text: str) -> Any:
        message = json.loads(text)
        media = message["media"]
        pcm = to_linear(b64decode(media["payload"]), 2)
        return media["track"], int(media["chunk"]), int(media["timestamp"]), int(message["sequence_number"]), pcm

    yield Contender(NAME, map(members, cycle(texts)).__next__, (), numbers_and_samples)


def say(pcm: bytes, payload_of: Callable[[str], Any]) -> Iterator[Contender]:
    """Encode a chunk of PCM as a media message."""
    from_linear = audioop.lin2ulaw

    def said(chunk: bytes) -> str:
        payload = b64encode(from_linear(chunk, 2)).decode()
        return json.dumps({"event": "media", "media": {"payload": payload}})

    yield Contender(NAME, said, (pcm,), payload_of, ROUNDING)
