"""Messages of Twilio's Media Streams, as its page "Media Streams - WebSocket Messages" shows them (docs/twilio.md)."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any, Final

from typing_extensions import Buffer

STREAM_SID: Final = "MZ18ad3ab5a668481ce02b83e7395059f0"
CALL_SID: Final = "CA0123456789abcdef0123456789abcdef"
ACCOUNT_SID: Final = "AC0123456789abcdef0123456789abcdef"
CONNECTED: Final = '{ "event": "connected", "protocol": "Call", "version": "1.0.0" }'
START: Final = f"""{{
  "event": "start",
  "sequenceNumber": "1",
  "start": {{
    "accountSid": "{ACCOUNT_SID}",
    "streamSid": "{STREAM_SID}",
    "callSid": "{CALL_SID}",
    "tracks": [ "inbound" ],
    "mediaFormat": {{ "encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1 }},
    "customParameters": {{ "FirstName": "Jane", "LastName": "Doe", "RemoteParty": "Bob" }}
  }},
  "streamSid": "{STREAM_SID}"
}}"""
STOP: Final = f"""{{
  "event": "stop",
  "sequenceNumber": "5",
  "stop": {{ "accountSid": "{ACCOUNT_SID}", "callSid": "{CALL_SID}" }},
  "streamSid": "{STREAM_SID}"
}}"""
DTMF: Final = f"""{{
  "event": "dtmf",
  "streamSid": "{STREAM_SID}",
  "sequenceNumber": "5",
  "dtmf": {{ "track": "inbound_track", "digit": "1" }}
}}"""
MARK: Final = f"""{{
  "event": "mark",
  "sequenceNumber": "4",
  "streamSid": "{STREAM_SID}",
  "mark": {{ "name": "my label" }}
}}"""


def media(payload: bytes, chunk: int, *, track: str = "inbound", sequence: int | None = None) -> str:
    """Return the text of a chunk of 20 ms; the first one has the number 1."""
    body = {
        "track": track,
        "chunk": str(chunk),
        "timestamp": str(20 * (chunk - 1)),
        "payload": b64encode(payload).decode(),
    }
    number = str(chunk + 1 if sequence is None else sequence)
    return json.dumps({"event": "media", "sequenceNumber": number, "media": body, "streamSid": STREAM_SID})


NAMES: Final = {
    "sequence_number": "sequenceNumber",
    "stream_id": "streamSid",
    "media_format": "mediaFormat",
    "sample_rate": "sampleRate",
    "call_control_id": "callSid",
    "user_id": "accountSid",
    "custom_parameters": "customParameters",
}
"""Telnyx's names for members that Twilio names differently."""
_STRING: Final = re.compile(r'"([\w-]+)"')


def spelled(text: str | Buffer) -> Any:
    """Return a message of Telnyx as from Twilio, with the same defects."""
    if not isinstance(text, str):
        return spelled(bytes(text).decode("latin-1")).encode("latin-1")
    return _STRING.sub(lambda found: f'"{NAMES.get(found[1], found[1])}"', text)
