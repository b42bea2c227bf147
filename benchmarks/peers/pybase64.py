"""pybase64, which has vector forms, with audioop and a text by an f-string, orjson or json."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.metadata import version
from itertools import cycle
from typing import Any, Final

from benchmarks.harness.model import Absent, Contender
from benchmarks.peers.audioop import NAME as AUDIOOP
from benchmarks.peers.audioop import ROUNDING, audioop
from benchmarks.peers.reading import codes, numbers_and_samples

pybase64: Any = import_module("pybase64")
NAME: Final = f"pybase64 {version('pybase64')}"


def read(texts: Sequence[str]) -> Iterator[Contender | Absent]:
    """Decode the next media message of a cycle to track, numbers and PCM."""
    to_linear, decode = audioop.ulaw2lin, pybase64.b64decode
    try:
        orjson: Any = import_module("orjson")
    except ImportError as error:
        yield Absent("orjson", str(error))
        return
    load = orjson.loads

    def members(text: str) -> Any:
        message = load(text)
        media = message["media"]
        pcm = to_linear(decode(media["payload"], None, True), 2)
        return media["track"], int(media["chunk"]), int(media["timestamp"]), int(message["sequence_number"]), pcm

    name = f"orjson {version('orjson')}, {NAME}, {AUDIOOP}"
    yield Contender(name, map(members, cycle(texts)).__next__, (), numbers_and_samples)


def say(pcm: bytes, payload_of: Callable[[str], Any]) -> Iterator[Contender | Absent]:
    """Encode a chunk of PCM as a media message."""
    from_linear, encode = audioop.lin2ulaw, pybase64.b64encode_as_string

    def formatted(chunk: bytes) -> str:
        return f'{{"event":"media","media":{{"payload":"{encode(from_linear(chunk, 2))}"}}}}'

    def dumped(chunk: bytes) -> str:
        return json.dumps({"event": "media", "media": {"payload": encode(from_linear(chunk, 2))}})

    yield Contender(f"{AUDIOOP}, {NAME}, f-string", formatted, (pcm,), payload_of, ROUNDING)
    yield Contender(f"{AUDIOOP}, {NAME}, json", dumped, (pcm,), payload_of, ROUNDING)
    try:
        orjson: Any = import_module("orjson")
    except ImportError as error:
        yield Absent("orjson", str(error))
        return
    write = orjson.dumps

    def written(chunk: bytes) -> bytes:
        octets: bytes = write({"event": "media", "media": {"payload": encode(from_linear(chunk, 2))}})
        return octets

    def written_text(chunk: bytes) -> str:
        return written(chunk).decode()

    name = f"{AUDIOOP}, {NAME}, orjson {version('orjson')}"
    yield Contender(f"{name}, as bytes", written, (pcm,), payload_of, ROUNDING)
    yield Contender(name, written_text, (pcm,), payload_of, ROUNDING)


def to_base64(payload: bytes) -> Iterator[Contender]:
    """Encode octets as characters."""
    yield Contender(NAME, pybase64.b64encode, (payload,), codes)


def from_base64(text: bytes) -> Iterator[Contender]:
    """Decode characters to octets; an invalid character is an error."""

    def validating(characters: bytes) -> Any:
        return pybase64.b64decode(characters, None, True)

    yield Contender(NAME, validating, (text,), codes)
