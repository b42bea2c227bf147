"""Commands to the carrier as values, and one thin shell each for blocking and async code. No media.

command    what may be asked for: one function a command, its fields as a TypedDict
checks     what is wrong or doubtful with a field
exchange   a command as an HTTP request, an answer as a result or an error; no I/O
transport  what the shells share of httpx, which is imported when the first of them is made
sync, aio  the shells
"""

from rtpcodec.client.aio import AsyncCallControl
from rtpcodec.client.command import Command, CustomParameter, DialogflowConfig, StartFields, StopFields
from rtpcodec.client.exchange import Access, Answer, CommandResult, Request, read_answer
from rtpcodec.client.sync import CallControl

__all__ = [
    "Access",
    "Answer",
    "AsyncCallControl",
    "CallControl",
    "Command",
    "CommandResult",
    "CustomParameter",
    "DialogflowConfig",
    "Request",
    "StartFields",
    "StopFields",
    "read_answer",
]
