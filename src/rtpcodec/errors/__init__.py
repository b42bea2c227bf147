"""Every exception that is ours.

    RtpcodecError
    ├── UnknownCodec          (LookupError)   no codec of that name
    ├── PayloadError          (ValueError)    octets that no payload of this codec can have
    ├── PacketError           (ValueError)    octets that do not form an RTP packet
    ├── PlanError             (ValueError)    a StreamPlan that no carrier could carry out
    ├── CaptureError          (ValueError)    a file that is not a capture of this version, or a broken line of it
    ├── FileError             (ValueError)    a file that breaks a rule: name, octet, rule
    │   ├── AudioFileError                    an audio file; also one whose format is not read
    │   └── PacketFileError                   a packet capture; also another kind of file
    ├── SdpError              (ValueError)    a session description that breaks a rule of SDP
    ├── LocalProtocolError    (RuntimeError)  we, not the carrier, broke the order of the stream
    │   ├── QueueFull                         more audio queued than the limit in ms allows
    │   ├── ReplyInterrupted                  the reply was interrupted, nothing can be added to it
    │   └── StreamEnded                       the stream has stopped, nothing can be sent any more
    ├── EndpointError         (RuntimeError)  the endpoint cannot be opened as asked
    ├── StreamNotStarted      (ConnectionError)  a stream that the endpoint asked for has not begun
    ├── VirtualClockError     (RuntimeError)  a program in virtual time uses the real world, or deadlocks
    ├── HandshakeRefused      (ConnectionError)  a server in memory refused a WebSocket
    ├── MissingExtra          (ImportError)   an optional library is not installed
    ├── MissingLibrary        (ImportError)   a codec's shared library is not found or cannot be opened
    ├── WebhookError          (ValueError)    a webhook that must not be believed
    │   ├── WebhookUnsigned                   no signature or timestamp, or in another form
    │   ├── WebhookExpired                    the timestamp is too far from now
    │   ├── WebhookForged                     signed by somebody else, or changed
    │   ├── WebhookKeyInvalid                 our own public key is missing or not a key
    │   └── WebhookMalformed                  signed by the carrier, but not an event
    └── CommandError                          a command to the carrier's HTTP interface
        ├── InvalidCommand    (ValueError)    refused here, before anything was sent
        ├── CommandRefused                    the carrier answered with an error
        │   ├── AuthenticationFailed          401, 10009: the API key is missing or wrong
        │   ├── PermissionRefused             403, 10010: the key lacks the permission
        │   ├── ResourceNotFound              404, 10005: no such thing
        │   ├── RateLimited                   429: too many requests
        │   ├── InvalidCallControlId          90015: no call has that id
        │   ├── InvalidClientState            90017: client_state is not base64
        │   ├── CallEnded                     90018: the call has already ended
        │   ├── CallNotAnswered               90034: the call has not been answered yet
        │   ├── StreamingInUse                90045: the call is streaming already
        │   ├── StreamingFailed               90046: the carrier could not start the stream
        │   └── StreamingNotInUse             90048: the call is not streaming
        ├── UnreadableAnswer  (ValueError)    answered with success, but not in its documented shape
        └── CommandUnreachable (ConnectionError)  no answer, and nothing was sent
            └── OutcomeUnknown                no answer, though the command may have taken effect

    CommandWarning            (UserWarning)   a command that is sent, though it probably does not do what is meant
    PlanWarning               (UserWarning)   a StreamPlan whose legs or tracks surprise, which no stream can show
    AudioWarning              (UserWarning)   audio that is accepted, though it is probably not what its type says

Wrong arguments of kernels and codecs (a float array, an odd number of octets, too little room) are Python's own
TypeError and ValueError with rule and number. What the carrier sends on the stream never raises: it becomes an event.

commands  errors of commands, with their base CommandError
root      RtpcodecError
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType

from rtpcodec.errors.commands import (
    AuthenticationFailed,
    CallEnded,
    CallNotAnswered,
    CommandError,
    CommandProblem,
    CommandRefused,
    CommandUnreachable,
    InvalidCallControlId,
    InvalidClientState,
    InvalidCommand,
    OutcomeUnknown,
    PermissionRefused,
    RateLimited,
    RefusalReason,
    ResourceNotFound,
    StreamingFailed,
    StreamingInUse,
    StreamingNotInUse,
    UnreadableAnswer,
)
from rtpcodec.errors.root import RtpcodecError

__all__ = [
    "AudioFileError",
    "AudioWarning",
    "AuthenticationFailed",
    "CallEnded",
    "CallNotAnswered",
    "CaptureError",
    "CommandError",
    "CommandProblem",
    "CommandRefused",
    "CommandUnreachable",
    "CommandWarning",
    "EndpointError",
    "FileError",
    "HandshakeRefused",
    "InvalidCallControlId",
    "InvalidClientState",
    "InvalidCommand",
    "LocalProtocolError",
    "MissingExtra",
    "MissingLibrary",
    "OutcomeUnknown",
    "PacketError",
    "PacketFileError",
    "PayloadError",
    "PermissionRefused",
    "PlanError",
    "PlanWarning",
    "QueueFull",
    "RateLimited",
    "RefusalReason",
    "ReplyInterrupted",
    "ResourceNotFound",
    "RtpcodecError",
    "SdpError",
    "StreamEnded",
    "StreamNotStarted",
    "StreamingFailed",
    "StreamingInUse",
    "StreamingNotInUse",
    "UnknownCodec",
    "UnreadableAnswer",
    "VirtualClockError",
    "WebhookError",
    "WebhookExpired",
    "WebhookForged",
    "WebhookKeyInvalid",
    "WebhookMalformed",
    "WebhookUnsigned",
    "warn_user",
]


class UnknownCodec(RtpcodecError, LookupError):
    """No codec of that name is registered."""


class PayloadError(RtpcodecError, ValueError):
    """Octets that cannot be a payload of this codec."""


class PacketError(RtpcodecError, ValueError):
    """Octets that do not form an RTP packet, or a part of one that breaks its rules."""


class PlanError(RtpcodecError, ValueError):
    """A plan that contradicts itself or that no carrier could carry out."""


class CaptureError(RtpcodecError, ValueError):
    """A file that is not a capture that this version reads, or a line of it that is not valid."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} of the capture: {reason}")
        self.line = line
        """The number of the line, from 1."""


class FileError(RtpcodecError, ValueError):
    """A file that breaks a rule: its name, the place and the rule."""

    def __init__(self, name: str, offset_octets: int, rule: str) -> None:
        super().__init__(f"{name}, octet {offset_octets}: {rule}")
        self.name = name
        self.offset_octets = offset_octets
        """Where in the file, from 0."""
        self.rule = rule


class AudioFileError(FileError):
    """An audio file that breaks a rule of its format, or whose format or coding is not read."""


class PacketFileError(FileError):
    """A packet capture that breaks a rule of pcap or pcapng, or a file that is neither."""


class SdpError(RtpcodecError, ValueError):
    """A session description that breaks a rule of SDP (RFC 8866); the message names line and rule."""


class LocalProtocolError(RtpcodecError, RuntimeError):
    """A call on our side that the state of the stream does not allow, such as playing after its end."""


class QueueFull(LocalProtocolError):
    """The audio would pass the queue's limit in ms; nothing of it was queued."""


class ReplyInterrupted(LocalProtocolError):
    """The reply was interrupted, or its stream has ended: the loop that feeds it should end."""

    def __init__(self, message: str, *, reply_id: str | None = None, reply_serial: int = 0) -> None:
        super().__init__(message)
        self.reply_id = reply_id
        """The id of the reply."""
        self.reply_serial = reply_serial
        """The number of the reply in this process: ids of two calls may be the same."""


class StreamEnded(LocalProtocolError):
    """The stream has stopped; nothing can be played or marked any more."""


class EndpointError(RtpcodecError, RuntimeError):
    """An endpoint that cannot be opened as asked, such as a public address without authorization."""


class StreamNotStarted(RtpcodecError, ConnectionError):
    """A stream that the endpoint asked the carrier for has not begun.

    `reason` is one of these:

    refused   the command was refused, here or by the carrier: the cause of this error says how
    failed    the carrier could not open or begin it: `failure_reason` is its word for that
    hung_up   the call ended before
    lost      the socket came, and closed before its `start`
    closed    the endpoint drains or closes, so that no socket can come
    timeout   nothing came in time; the cause, if any, is an error of the command that leaves its outcome unknown
    """

    def __init__(
        self, message: str, *, reason: str = "", call_control_id: str = "", failure_reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.call_control_id = call_control_id
        self.failure_reason = failure_reason


class VirtualClockError(RtpcodecError, RuntimeError):
    """A program in virtual time uses a facility of the real world, or all of its tasks wait for each other."""


class HandshakeRefused(RtpcodecError, ConnectionError):
    """A server in memory refused a WebSocket: `status` and `body` are those of its HTTP answer."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(f"the server refused the WebSocket with HTTP status {status}")
        self.status = status
        self.body = body


class MissingExtra(RtpcodecError, ImportError):
    """An optional library is missing; the message names the extra that brings it."""

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {library}: pip install 'rtpcodec[{extra}]'", name=library)


class MissingLibrary(RtpcodecError, ImportError):
    """A codec's shared library is not found or cannot be opened; every other codec works.

    `codec`, `library`, `package` (the command that installs it) and `variable` (which names folders to look in) say
    what to do.
    """

    def __init__(self, codec: str, library: str, package: str, variable: str, reason: str) -> None:
        super().__init__(
            f"{codec} needs {library}: {reason}; {package}, or name its folder in {variable}", name=library
        )
        self.codec = codec
        self.library = library
        self.package = package
        self.variable = variable


class WebhookError(RtpcodecError, ValueError):
    """A webhook that must not be believed: answer 4xx, which the carrier does not repeat."""


class WebhookUnsigned(WebhookError):
    """The signature or the timestamp is missing, or there twice, or in another form."""


class WebhookExpired(WebhookError):
    """The timestamp is too far from now: an old delivery sent again, or a clock that is wrong."""


class WebhookForged(WebhookError):
    """The signature is not the account's for these octets and this timestamp."""


class WebhookKeyInvalid(WebhookError):
    """Our own public key is missing, or is not the base64 of 32 octets; no webhook can be verified."""


class WebhookMalformed(WebhookError):
    """The body is not a JSON object that names an event."""


class CommandWarning(UserWarning):
    """A command is sent, but the carrier probably ignores or refuses a part of it."""


class PlanWarning(UserWarning):
    """A plan is valid, but its legs or tracks surprise on most calls, and no stream can show it."""


def warn_user(text: str, category: type[Warning]) -> None:
    """Issue a warning that names the line of the user, the first one outside this package."""
    level = 0
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 -- inspect takes milliseconds to import
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "rtpcodec":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level + 1)


class AudioWarning(UserWarning):
    """Audio is accepted, but it is probably in another form than it was passed as, such as floats as 16-bit PCM."""


# A traceback names the place from which users import them.
for _class in [value for value in globals().values() if isinstance(value, type) and issubclass(value, RtpcodecError)]:
    _class.__module__ = "rtpcodec.errors"
