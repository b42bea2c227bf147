"""msgspec, which checks the message and decodes base64 in one step, and audioop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import cycle
from typing import Any, Final

import msgspec

from benchmarks.harness.model import Contender
from benchmarks.peers.audioop import NAME as AUDIOOP
from benchmarks.peers.audioop import ROUNDING, audioop
from benchmarks.peers.reading import numbers_and_samples, samples

NAME: Final = f"msgspec {version('msgspec')}, {AUDIOOP}"


class Media(msgspec.Struct):
    """The audio of a message."""

    payload: bytes


class Message(msgspec.Struct):
    """A message of audio."""

    event: str
    media: Media


class NumberedMedia(msgspec.Struct):
    """The audio of a message, with its numbers."""

    track: str
    chunk: int
    timestamp: int
    payload: bytes


class NumberedMessage(msgspec.Struct):
    """A message of audio, with its number."""

    event: str
    sequence_number: int
    media: NumberedMedia


def hear(texts: Sequence[str]) -> Iterator[Contender]:
    """Decode the next media message of a cycle to PCM."""
    to_linear, decode = audioop.ulaw2lin, msgspec.json.Decoder(Message).decode
    next_text = cycle(texts).__next__

    def heard() -> Any:
        return to_linear(decode(next_text()).media.payload, 2)

    yield Contender(NAME, heard, (), samples)


def read(texts: Sequence[str]) -> Iterator[Contender]:
    """Decode the next media message of a cycle to track, numbers and PCM; msgspec converts digits to numbers."""
    to_linear, decode = audioop.ulaw2lin, msgspec.json.Decoder(NumberedMessage, strict=False).decode

    def members(text: str) -> Any:
        message = decode(text)
        media = message.media
        return media.track, media.chunk, media.timestamp, message.sequence_number, to_linear(media.payload, 2)

    yield Contender(NAME, map(members, cycle(texts)).__next__, (), numbers_and_samples)


def say(pcm: bytes, payload_of: Callable[[str], Any]) -> Iterator[Contender]:
    """Encode a chunk of PCM as a media message."""
    from_linear, encode = audioop.lin2ulaw, msgspec.json.Encoder().encode

    def said(chunk: bytes) -> str:
        return encode(Message("media", Media(from_linear(chunk, 2)))).decode()

    yield Contender(NAME, said, (pcm,), payload_of, ROUNDING)
