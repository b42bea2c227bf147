"""Commands to the carrier as values, one thin shell each for blocking and async code, and its webhooks. No media.

fields          the typed face: every field of every command, and its check
checks, doubts  what is wrong with a field; what is doubtful about fields together
command         what may be asked for: one function a command
results         what an accepted command gives
access          where the carrier is, and a command as a request to it
answer          an HTTP answer as an outcome or an error
retry           whether and when to try again
exchange        one command over all its attempts; no I/O
transport       what the shells share of httpx, which is imported when the first of them is made
sync, aio       the shells; sync_http and aio_http carry for them
webhook         is a delivery the carrier's own, and new; webhook_events says what it tells
"""

from rtpcodec.client.access import Access, Request
from rtpcodec.client.aio import AsyncCallControl
from rtpcodec.client.answer import Answer, read_answer
from rtpcodec.client.command import Command
from rtpcodec.client.exchange import Exchange
from rtpcodec.client.fields import (
    AnswerFields,
    CustomParameter,
    DialFields,
    DialogflowConfig,
    HangupFields,
    StartFields,
    StopFields,
)
from rtpcodec.client.results import CommandResult, DialedCall
from rtpcodec.client.retry import Retry
from rtpcodec.client.sync import CallControl

__all__ = [
    "Access",
    "Answer",
    "AnswerFields",
    "AsyncCallControl",
    "CallControl",
    "Command",
    "CommandResult",
    "CustomParameter",
    "DialFields",
    "DialedCall",
    "DialogflowConfig",
    "Exchange",
    "HangupFields",
    "Request",
    "Retry",
    "StartFields",
    "StopFields",
    "read_answer",
]
