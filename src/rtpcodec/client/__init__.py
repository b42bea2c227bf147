"""Commands to the carrier as values, a thin blocking client and a thin async client, and webhooks. No media.

fields            every field of every command, typed, and its check
checks            errors and warnings of single fields
cross_checks      warnings about valid fields that contradict each other
command           one function per command
results           results of accepted commands
access            address and key, and a command as a request
answer            an HTTP answer as an outcome or an error
redaction         strikes the API key and other secrets out of what is shown
retry             whether and when to retry
attempts          one command over all its attempts; no I/O
transport         the HTTP library: httpx2 or httpx, imported with the first client
proxies           the proxy that the environment names
deadline          the moment at which a blocking attempt ends
deadline_network  sockets that keep it; deadline_transport: the HTTP library on top of them
memory_transport  its transport in memory, on a virtual clock
sync, aio         the clients; sync_http and aio_http carry the attempts
webhook           signature and repeats of a delivery
webhook_events    deliveries as typed events: event_base, call_events, call_quality
"""

from typing import TYPE_CHECKING

from rtpcodec.client.access import Access, Request
from rtpcodec.client.aio import AsyncCallControl
from rtpcodec.client.answer import Answer, read_answer
from rtpcodec.client.attempts import CommandAttempts
from rtpcodec.client.command import Command
from rtpcodec.client.fields import (
    AnswerFields,
    CreateConferenceFields,
    CustomParameter,
    DialFields,
    DialogflowConfig,
    HangupFields,
    SendDtmfFields,
    StartFields,
    StopFields,
    UpdateClientStateFields,
)
from rtpcodec.client.results import CommandResult, Conference, DialedCall
from rtpcodec.client.retry import Retry
from rtpcodec.client.sync import CallControl
from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.client import command as command
    from rtpcodec.client import webhook_events as webhook_events

__all__ = [
    "Access",
    "Answer",
    "AnswerFields",
    "AsyncCallControl",
    "CallControl",
    "Command",
    "CommandAttempts",
    "CommandResult",
    "Conference",
    "CreateConferenceFields",
    "CustomParameter",
    "DialFields",
    "DialedCall",
    "DialogflowConfig",
    "HangupFields",
    "Request",
    "Retry",
    "SendDtmfFields",
    "StartFields",
    "StopFields",
    "UpdateClientStateFields",
    "command",
    "read_answer",
    "webhook_events",
]

__getattr__ = public_names(__name__, ("command", "webhook_events"))
