"""The exceptions and warnings of this package.

    RtpcodecError
    ├── UnknownCodec          (LookupError)   no codec has the name
    ├── PayloadError          (ValueError)    not a valid payload of the codec
    ├── PacketError           (ValueError)    not a valid RTP packet
    ├── PlanError             (ValueError)    a StreamPlan that contradicts itself or that carriers do not support
    ├── CaptureError          (ValueError)    not a capture of this version, or an invalid line of one
    ├── FileError             (ValueError)    a file that breaks a rule: name, offset, rule
    │   ├── AudioFileError                    an audio file, including unsupported formats
    │   └── PacketFileError                   a packet capture, or another kind of file
    ├── SdpError              (ValueError)    a session description that breaks a rule of SDP
    ├── LocalProtocolError    (RuntimeError)  a call on our side that the state of the stream does not allow
    │   ├── QueueFull                         more audio queued than the limit in ms allows
    │   ├── ReplyInterrupted                  the reply was interrupted, it accepts no more audio
    │   └── StreamEnded                       the stream has stopped, it accepts no more audio
    ├── EndpointError         (RuntimeError)  the endpoint cannot be opened with these settings
    ├── StreamNotStarted      (ConnectionError)  a stream that the endpoint requested did not start
    ├── VirtualClockError     (RuntimeError)  a program in virtual time uses real time or I/O, or deadlocks
    ├── HandshakeRefused      (ConnectionError)  a server in memory refused a WebSocket
    ├── MissingExtra          (ImportError)   an optional library is not installed
    ├── MissingLibrary        (ImportError)   a codec's shared library is missing or cannot be opened
    ├── WebhookError          (ValueError)    a webhook that must not be trusted
    │   ├── WebhookUnsigned                   signature or timestamp is missing or malformed
    │   ├── WebhookExpired                    the timestamp is too far from the current time
    │   ├── WebhookForged                     the signature does not match
    │   ├── WebhookKeyInvalid                 our own public key is missing or invalid
    │   └── WebhookMalformed                  signed by the carrier, but not an event
    └── CommandError                          a command to the carrier's HTTP interface
        ├── InvalidCommand    (ValueError)    refused here, before anything was sent
        ├── CommandRefused                    the carrier answered with an error
        │   ├── AuthenticationFailed          401, 10009: the API key is missing or wrong
        │   ├── PermissionRefused             403, 10010: the key lacks the permission
        │   ├── ResourceNotFound              404, 10005: the resource does not exist
        │   ├── RateLimited                   429: too many requests
        │   ├── InvalidCallControlId          90015: no call has the id
        │   ├── InvalidClientState            90017: client_state is not base64
        │   ├── CallEnded                     90018: the call has already ended
        │   ├── CallNotAnswered               90034: the call has not been answered yet
        │   ├── StreamingInUse                90045: the call is already streaming
        │   ├── StreamingFailed               90046: the carrier could not start the stream
        │   └── StreamingNotInUse             90048: the call is not streaming
        ├── UnreadableAnswer  (ValueError)    answered with success, but not in the documented form
        └── CommandUnreachable (ConnectionError)  no answer, and nothing was sent
            └── OutcomeUnknown                no answer, but the command may have taken effect

    CommandWarning            (UserWarning)   a command is sent, but probably has another effect than intended
    PlanWarning               (UserWarning)   a StreamPlan with unusual legs or tracks, which a stream cannot reveal
    AudioWarning              (UserWarning)   audio is accepted, but probably has another format than it was passed as

Wrong arguments of kernels and codecs (a float array, an odd number of octets, a small buffer) raise Python's own
TypeError and ValueError with rule and value. Data from the carrier never raises: it becomes an event.

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
    """Octets that are not a valid payload of this codec."""


class PacketError(RtpcodecError, ValueError):
    """Octets that are not a valid RTP packet, or a part of one that breaks a rule."""


class PlanError(RtpcodecError, ValueError):
    """A plan that contradicts itself or that carriers do not support."""


class CaptureError(RtpcodecError, ValueError):
    """A file that is not a capture of this version, or a line of it that is invalid."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line} of the capture: {reason}")
        self.line = line
        """The number of the line, from 1."""


class FileError(RtpcodecError, ValueError):
    """A file that breaks a rule, with its name, the offset and the rule."""

    def __init__(self, name: str, offset_octets: int, rule: str) -> None:
        super().__init__(f"{name}, octet {offset_octets}: {rule}")
        self.name = name
        self.offset_octets = offset_octets
        """The offset in the file, from 0."""
        self.rule = rule


class AudioFileError(FileError):
    """An audio file that breaks a rule of its format, or whose format or coding is not supported."""


class PacketFileError(FileError):
    """A packet capture that breaks a rule of pcap or pcapng, or a file that is neither."""


class SdpError(RtpcodecError, ValueError):
    """A session description that breaks a rule of SDP (RFC 8866); the message names line and rule."""


class LocalProtocolError(RtpcodecError, RuntimeError):
    """A call on our side that the state of the stream does not allow, such as playing after its end."""


class QueueFull(LocalProtocolError):
    """The audio would exceed the queue's limit in ms; none of it was queued."""


class ReplyInterrupted(LocalProtocolError):
    """The reply was interrupted, or its stream has ended: the loop that feeds it should end."""

    def __init__(self, message: str, *, reply_id: str | None = None, reply_serial: int = 0) -> None:
        super().__init__(message)
        self.reply_id = reply_id
        """The id of the reply."""
        self.reply_serial = reply_serial
        """The number of the reply in this process; ids of two calls may be equal."""


class StreamEnded(LocalProtocolError):
    """The stream has stopped; it accepts no more audio or marks."""


class EndpointError(RtpcodecError, RuntimeError):
    """An endpoint that cannot be opened with these settings, such as a public address without authorization."""


class StreamNotStarted(RtpcodecError, ConnectionError):
    """A stream that the endpoint requested from the carrier did not start.

    `reason` is one of these:

    refused   the command was refused, here or by the carrier: see the cause of this error
    failed    the carrier could not open or start the stream: `failure_reason` is the carrier's term
    hung_up   the call ended first
    lost      the socket was opened, and closed before its `start`
    closed    the endpoint drains or closes, so it accepts no socket
    timeout   no socket was opened in time; the cause, if any, is an error of the command with unknown outcome
    """

    def __init__(
        self, message: str, *, reason: str = "", call_control_id: str = "", failure_reason: str | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.call_control_id = call_control_id
        self.failure_reason = failure_reason


class VirtualClockError(RtpcodecError, RuntimeError):
    """A program in virtual time uses real time or I/O, or all of its tasks wait for each other."""


class HandshakeRefused(RtpcodecError, ConnectionError):
    """A server in memory refused a WebSocket; `status` and `body` are those of its HTTP answer."""

    def __init__(self, status: int, body: bytes = b"") -> None:
        super().__init__(f"the server refused the WebSocket with HTTP status {status}")
        self.status = status
        self.body = body


class MissingExtra(RtpcodecError, ImportError):
    """An optional library is missing; the message names the extra that installs it."""

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {library}: pip install 'rtpcodec[{extra}]'", name=library)


class MissingLibrary(RtpcodecError, ImportError):
    """A codec's shared library is missing or cannot be opened; every other codec works.

    `codec` and `library` are their names, `package` is the install command, and `variable` the environment variable
    with folders to search.
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
    """A webhook that must not be trusted: answer with 4xx, after which the carrier does not retry."""


class WebhookUnsigned(WebhookError):
    """The signature or the timestamp is missing, duplicate or malformed."""


class WebhookExpired(WebhookError):
    """The timestamp is too far from the current time: a replayed delivery, or a wrong clock."""


class WebhookForged(WebhookError):
    """The signature is not the account's for these octets and this timestamp."""


class WebhookKeyInvalid(WebhookError):
    """Our own public key is missing, or is not the base64 of 32 octets; no webhook can be verified."""


class WebhookMalformed(WebhookError):
    """The body is not a JSON object that names an event."""


class CommandWarning(UserWarning):
    """A command is sent, but the carrier probably ignores or refuses a part of it."""


class PlanWarning(UserWarning):
    """A plan is valid, but its legs or tracks are unexpected on most calls, and a stream cannot reveal it."""


def warn_user(text: str, category: type[Warning]) -> None:
    """Issue a warning that names the user's line, the first one outside this package."""
    level = 0
    frame: FrameType | None = sys._getframe()  # noqa: SLF001 -- inspect takes milliseconds to import
    while frame is not None and str(frame.f_globals.get("__name__")).partition(".")[0] == "rtpcodec":
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level + 1)


class AudioWarning(UserWarning):
    """Audio is accepted, but probably has another format than it was passed as, such as floats as 16-bit PCM."""


# A traceback names the module from which users import them.
for _class in [value for value in globals().values() if isinstance(value, type) and issubclass(value, RtpcodecError)]:
    _class.__module__ = "rtpcodec.errors"
