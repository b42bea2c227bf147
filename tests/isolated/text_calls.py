"""Calls of MediaText and of base64 with texts that are not base64, for checks of leaks."""

from __future__ import annotations

from collections.abc import Iterator

from rtpcodec.kernels import base64
from rtpcodec.kernels.media_text import MediaText
from tests.isolated.kernel_calls import Call

BROKEN = ("A", "AA=A", "A" * 215 + "-", "=" * 216, "A\N{SNOWMAN}AA")


def text_calls() -> Iterator[Call]:
    """Return calls for texts of payloads and of PCM in every coding, and for every error."""
    made = [MediaText("head", "tail", coding) for coding in ("pcmu", "pcma", "l16_little", "l16_big")]
    for kind in (bytes, bytearray, memoryview):
        octets = kind(bytes(320))
        for text in made:
            yield Call("MediaText.of_pcm", text.of_pcm, (octets,))
            yield Call("MediaText.of_payload", text.of_payload, (octets,))
        yield Call("MediaText.of_pcm", made[0].of_pcm, (kind(bytes(3)),), ValueError)
        yield Call("MediaText.of_pcm", MediaText("", "").of_pcm, (octets,), ValueError)
    for text in made:
        yield Call("MediaText.of_pcm", text.of_pcm, (None,), TypeError)
        yield Call("MediaText.of_payload", text.of_payload, ("text",), TypeError)
    yield Call("MediaText", MediaText, ("head", "tail", "pcmu"))
    yield Call("MediaText", MediaText, ("\N{SNOWMAN}", "tail"), ValueError)
    yield Call("MediaText", MediaText, ("head", "tail", "opus"), ValueError)
    for broken in BROKEN:
        yield Call("base64.decode", base64.decode, (broken,), ValueError)
        yield Call("base64.decode_into", base64.decode_into, (broken, bytearray(200)), ValueError)
    yield Call("base64.encode_into", base64.encode_into, (bytes(160), bytearray(215)), ValueError)
    yield Call("base64.decode_into", base64.decode_into, ("AAAA", bytes(3)), BufferError)
