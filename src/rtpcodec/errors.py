"""Every exception that is ours.

    RtpcodecError
    ├── UnknownCodec          (LookupError)   no codec of that name
    ├── PayloadError          (ValueError)    octets that no payload of this codec can have
    ├── PlanError             (ValueError)    a StreamPlan that no carrier could carry out
    ├── LocalProtocolError    (RuntimeError)  we, not the carrier, broke the order of the stream
    │   └── QueueFull                         more audio queued than the limit in ms allows
    ├── EndpointError         (RuntimeError)  the endpoint cannot be opened as asked
    ├── MissingExtra          (ImportError)   an optional library is not installed
    └── CommandError                          a command to the carrier's HTTP interface
        ├── InvalidCommand    (ValueError)    refused here, before anything was sent
        ├── CommandRefused                    the carrier answered with an error
        └── CommandUnreachable (ConnectionError)  no answer; whether it took effect is unknown

Wrong arguments of kernels and codecs (a float array, an odd number of octets, too little room) are Python's own
TypeError and ValueError with rule and number. What the carrier sends never raises: it becomes an event.
"""

from __future__ import annotations


class RtpcodecError(Exception):
    """The root: catches whatever this package raises of its own."""


class UnknownCodec(RtpcodecError, LookupError):
    """No codec of that name is registered."""


class PayloadError(RtpcodecError, ValueError):
    """Octets that cannot be a payload of this codec."""


class PlanError(RtpcodecError, ValueError):
    """A plan that contradicts itself or that no carrier could carry out."""


class LocalProtocolError(RtpcodecError, RuntimeError):
    """A call on our side that the state of the stream does not allow, such as playing after its end."""


class QueueFull(LocalProtocolError):
    """The audio would pass the queue's limit in ms; nothing of it was queued."""


class EndpointError(RtpcodecError, RuntimeError):
    """An endpoint that cannot be opened as asked, such as a public address without authorization."""


class MissingExtra(RtpcodecError, ImportError):
    """An optional library is missing; the message names the extra that brings it."""

    def __init__(self, purpose: str, library: str, extra: str) -> None:
        super().__init__(f"{purpose} needs {library}: pip install 'rtpcodec[{extra}]'", name=library)


class CommandError(RtpcodecError):
    """A command to the carrier's HTTP interface that did not succeed."""


class InvalidCommand(CommandError, ValueError):
    """A command that was refused here, before anything was sent; the message lists every problem."""


class CommandRefused(CommandError):
    """The carrier answered with an error."""


class CommandUnreachable(CommandError, ConnectionError):
    """No answer came; whether the command took effect is unknown."""
