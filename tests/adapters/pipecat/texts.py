"""A serializer without a transport: texts of the carrier as input, sent texts as output."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace
from typing import Any

from rtpcodec.adapters.pipecat import StreamSerializer


def start(encoding: str = "PCMU", rate_hz: int = 8000) -> str:
    """The carrier's `start`."""
    media_format = {"encoding": encoding, "sample_rate": rate_hz, "channels": 1}
    body = {"call_control_id": "v3:call", "from": "+15550100001", "media_format": media_format}
    return json.dumps({"event": "start", "stream_id": "stream", "start": body})


def media(number: int, payload: bytes, track: str = "inbound", timestamp_ms: int | None = None) -> str:
    """The carrier's chunk of 20 ms of this number, counted from 1; None: no pause was before it."""
    body = {
        "track": track,
        "chunk": str(number),
        "timestamp": str((number - 1) * 20 if timestamp_ms is None else timestamp_ms),
        "payload": base64.b64encode(payload).decode(),
    }
    return json.dumps({"event": "media", "stream_id": "stream", "media": body})


class Wire:
    """The texts that a serializer has sent."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def send_text(self, text: str) -> None:
        """Take a text."""
        self.texts.append(text)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """All texts except own marks of the package."""
        found = map(json.loads, self.texts)
        return [one for one in found if not one.get("mark", {}).get("name", "").startswith("rtpcodec-")]

    @property
    def payloads(self) -> list[bytes]:
        """Of all media."""
        return [base64.b64decode(one["media"]["payload"]) for one in self.messages if one["event"] == "media"]


async def streaming(wire: Wire, *, pipeline_hz: int = 16000, first: str = start(), **options: Any) -> StreamSerializer:
    """Return the serializer of a call that has started."""
    serializer = StreamSerializer(wire.send_text, **options)
    await serializer.setup(SimpleNamespace(audio_in_sample_rate=pipeline_hz))
    await serializer.deserialize(first)
    return serializer
