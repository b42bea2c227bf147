"""Fuzz messages from carriers: parsing raises only BrokenMessage, choosing a dialect and a session raise nothing."""

from rtpcodec import MediaSession
from rtpcodec.stream.wire import TWILIO, BrokenMessage, parse
from rtpcodec.stream.wire.choice import dialect_of

START = '{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000}}}'
STOPPED = 64

_session = MediaSession(receive_pcm_hz=16000)
_session.receive(START, now_ms=0)
_messages = 0


def run(data: bytes) -> int:
    """Pass the octets and their text to a parser and to a session, which is replaced after some messages."""
    global _session, _messages  # noqa: PLW0603 (one session per message would never leave its first state)
    text = data.decode("utf-8", "surrogateescape")
    for message in (data, text):
        for read in (parse, TWILIO.parse):
            try:
                read(message)
            except BrokenMessage as broken:
                if not broken.rule:
                    raise
        dialect_of(message)
    for message in (data, text):
        _session.receive(message, now_ms=20.0 * _messages)
    for event in _session.events(now_ms=20.0 * _messages):
        repr(event)
    _messages += 1
    if _session.ended or _messages > STOPPED:
        _session = MediaSession(receive_pcm_hz=16000)
        _session.receive(START, now_ms=0)
        _messages = 0
    return 8
