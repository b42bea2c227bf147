"""Messages from carriers: each parse knows BrokenMessage only, the choice and a session raise nothing at all."""

from rtpcodec import MediaSession
from rtpcodec.stream.wire import TWILIO, BrokenMessage, parse
from rtpcodec.stream.wire.choice import dialect_of

START = '{"event":"start","start":{"media_format":{"encoding":"PCMU","sample_rate":8000}}}'
STOPPED = 64

_session = MediaSession(receive_pcm_hz=16000)
_session.receive(START, now_ms=0)
_messages = 0


def run(data: bytes) -> int:
    """The octets and their text to parse and to a session, which begins anew after some messages."""
    global _session, _messages  # noqa: PLW0603 (a session a message would never leave its first state)
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
