"""JSON texts to messages, of both directions: the simulated carrier reads the app's messages."""

from __future__ import annotations

from typing import Final

from rtpcodec.carriers.telnyx import members, streaming
from rtpcodec.carriers.telnyx.errors import STREAM_ERRORS
from rtpcodec.stream import messages
from rtpcodec.stream.wire.json_messages import Envelope, JsonMessages, Names, scanner_of
from rtpcodec.stream.wire.json_text import counter, optional_text
from rtpcodec.stream.wire.rules import BrokenMessage

NAMES: Final = Names(
    event=streaming.EVENT,
    sequence_number=streaming.SEQUENCE_NUMBER,
    stream_id=members.STREAM_ID,
    version=streaming.VERSION,
    connected=streaming.CONNECTED,
    start=streaming.START,
    media=streaming.MEDIA,
    stop=streaming.STOP,
    mark=streaming.MARK,
    dtmf=streaming.DTMF,
    clear=streaming.CLEAR,
    error=streaming.ERROR,
    error_payload=members.PAYLOAD,
    auth_token=streaming.TOKEN_HEADER,
    media_format=streaming.MEDIA_FORMAT,
    encoding=streaming.ENCODING,
    sample_rate=streaming.SAMPLE_RATE,
    channels=streaming.CHANNELS,
    user_id=streaming.USER_ID,
    call_control_id=members.CALL_CONTROL_ID,
    call_session_id=members.CALL_SESSION_ID,
    from_number=members.FROM,
    to_number=members.TO,
    tags=members.TAGS,
    client_state=members.CLIENT_STATE,
    custom_parameters=members.CUSTOM_PARAMETERS,
    payload=members.PAYLOAD,
    track=members.TRACK,
    chunk=streaming.CHUNK,
    timestamp=streaming.TIMESTAMP,
    name=members.NAME,
    value=members.VALUE,
    digit=streaming.DIGIT,
    occurred_at=members.OCCURRED_AT,
)
_CODES_OF_TITLES: Final = {title: code for code, title in STREAM_ERRORS.items()}
"""Some errors have the title in place of the code."""
MEDIA_SCANNER: Final = scanner_of(NAMES, streaming.TRACK_NAMES, streaming.LONG_TRACK_NAMES)
"""The fast path of ordinary `media` messages; `parse` is the definition."""


def encoding_name(encoding: str) -> str:
    """Return the codec name for rtpcodec.codec of an encoding, in any spelling that carriers were seen to send."""
    upper = encoding.strip().upper()
    return streaming.MIME_ENCODINGS.get(upper, upper)


def _read_error(envelope: Envelope) -> messages.Error:
    """Read an error (docs/carrier.md, rule C42), or one of its other forms: in `error`, with `message`, or a string."""
    path, body = members.PAYLOAD, envelope.error_payload
    if body is None:
        path, body = streaming.ERROR, envelope.error
    if body is None:
        body = {}
    if isinstance(body, str):
        body = {members.DETAIL: body}
    if not isinstance(body, dict):
        raise BrokenMessage("type", f"{path} is neither an object nor a string", path)
    title = optional_text(body, path, members.TITLE)
    detail = optional_text(body, path, members.DETAIL)
    if detail is None:
        detail = optional_text(body, path, streaming.ERROR_MESSAGE)
    code = body.get(members.CODE)
    code_path = f"{path}.{members.CODE}"
    if isinstance(code, str) and not code.isdecimal():
        # A word in place of the number: the title of a documented code, or an undocumented title.
        title = code if title is None else title
        code = _CODES_OF_TITLES.get(code)
    if code is not None and (isinstance(code, bool) or not isinstance(code, int | str)):
        raise BrokenMessage("type", f"{code_path} is neither a whole number nor a string", code_path)
    return messages.Error(counter(code, code_path), title, detail)


parse: Final = JsonMessages(
    NAMES, codec_of=encoding_name, long_track_names=streaming.LONG_TRACK_NAMES, read_error=_read_error
).parse
"""Return the message of one text frame: see JsonMessages.parse."""
