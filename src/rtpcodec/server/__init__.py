"""An endpoint that carriers dial: one coroutine per call, or one plain function per chunk. No protocol rules.

serving         `serve` and `run`
options         functions, access rules and names of settings, as callers give them
settings        the settings of an endpoint; settings_fields: their defaults; settings_checks; unknown_options
endpoint        the endpoint: it accepts, counts and ends calls; shared_port: what other processes see of it
own_thread      the thread of its event loop
running_calls   the calls of an endpoint: counted, found, ended
draining        how long calls may continue at the end; call_files: the files that are closed before
phone_call      the phone call behind a stream: commands and webhooks; phone_control: what sends commands
call_phone      the commanding side of a Call; background_commands: its commands that run beside the handler
phone_totals    hang-ups and results of transfers, counted
hanging_up      `hangup`; play_out: the wait for the last audio
sending_keys    `send_dtmf`
transferring    Transfer: one transfer, from the command to its result; transfer_facts: the result, in any order
phone_facts     what webhooks say of one phone call
known_phone_calls  what webhooks have said of phone calls whose stream may not have started
first_words     replies wait after the start, or for the answering-machine verdict
holding         hold and unhold by webhook
call_plan       the plan of one call
endpoint_statistics  the counters of an endpoint
access          HTTP answers: health checks, refusals, access control
signed_paths    paths that cannot be guessed, for commands without a token
origins         which web pages may open a call
guessing        how long refusals of repeated wrong tokens are held back
addresses       the health check's path, and which hosts are loopback
listening       the protocols between endpoint and server library
tcp_server      listening without a WebSocket library; accepted_socket: a socket until its transport is open
picows_server   WebSockets by picows
websockets_server  WebSockets by `websockets`; websockets_handshake: a connection until it is a call
request_headers  the headers of a request from pairs; quiet_log: the loggers of these libraries
tcp_listener    accepts sockets, and waits where no descriptor is left
half_open       sockets that have not become calls: bounded, with a deadline
descriptors     file descriptors: what an endpoint needs, what the process may open and has open
late_refusals   answers with 401 that picows sends late
memory_server   WebSockets in memory, on a virtual clock
other_servers   `call_on`: a call on another server's WebSocket
runner          one call: its machine, pump, handler and log
handler_task    the task of a call's handler; handler_errors: errors that only report the end of the stream
handler_end     what happens to the phone call behind a handler
call            Call: the asyncio face of a call, for handlers
call_listening  its readers, keys and voice activity; call_keeping: recordings and privacy
call_speaking   plays, replies, background; call_base: what all sides share
_speaking       the methods of a Call that each chunk of audio meets
call_parts      what a Call is made of
loop_access     the machine of a call for its handler's objects, and the rule about threads
replies         Reply: the asyncio face of a reply; _replying: its `play`, native
saying          `say`: a reply from an iterable
pausing         PlaybackPause: the asyncio face of a pause
background      Background: a background sound, loaded beside the event loop
capturing       CallCapture: a capture of a call
tapping         CallTap: the audio of a stage as a file
file_workers    the threads that write and finish files, or none of them on a virtual clock
threads         calls of other threads into the event loop, which block
collecting      `collect_dtmf`: one entry of keys; typed_keys: the keys that no entry has taken yet
private_section the block of `call.private`
ongoing         Ongoing: a running operation that may be awaited; _awaiting: its await, native
readers         the readers of a call, each with a queue of its own
tones           CallTones: tone detection of a call
voice           CallVoice: voice activity of a call, and waits for silence
heard           waits until the queued audio was heard
invitations     calls that `Endpoint.stream` has requested
stream_request  the streaming command of such a call, and its outcome
reconnecting    the same for a call whose WebSocket was lost
handlers        ready-made handlers
recording       `record`, the one that writes files
recorder        recordings of both sides beside any handler
rate_changer    PCM of any rate to one rate, for these handlers
call_log        log records of a call
call_summary    CallSummary: our figures beside the carrier's, and the log record at the end
metrics         EndpointCollector: the figures for Prometheus, and the page `/metrics`
slow_turns      calls that hold the event loop: measured, counted, logged
collector       the cycle collector in `run`
loop_lag        how late the event loop is
log_lines       log lines of a program, as text or JSON
tls_files       TlsFiles: certificate and key, which may be read again
workers         several processes behind one port: `run_workers`
placement       which worker gets the next stream: a registry of workers
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names
from rtpcodec.server.background import Background
from rtpcodec.server.call import Call
from rtpcodec.server.call_summary import CallSummary
from rtpcodec.server.capturing import CallCapture
from rtpcodec.server.collecting import Digits
from rtpcodec.server.ongoing import Ongoing
from rtpcodec.server.options import (
    Authorize,
    CallOptions,
    EndpointOptions,
    Handler,
    OnAudio,
    OnEvent,
    OnHandlerEnd,
)
from rtpcodec.server.other_servers import call_on
from rtpcodec.server.pausing import PlaybackPause
from rtpcodec.server.phone_facts import PhoneEvent
from rtpcodec.server.phone_totals import PhoneTotals
from rtpcodec.server.placement import MemoryPlacement, Placement, PlacementReporter, WorkerLoad
from rtpcodec.server.private_section import PrivateSection
from rtpcodec.server.readers.reading import AudioReader, DtmfReader, EventReader
from rtpcodec.server.recorder.recording import Recording
from rtpcodec.server.replies import Reply
from rtpcodec.server.serving import run, serve
from rtpcodec.server.settings import EndpointSettings
from rtpcodec.server.signed_paths import SignedPaths
from rtpcodec.server.tapping import CallTap
from rtpcodec.server.tls_files import TlsFiles
from rtpcodec.server.tones import CallTones
from rtpcodec.server.transfer_facts import TransferResult
from rtpcodec.server.transferring import Transfer
from rtpcodec.server.voice import CallVoice
from rtpcodec.server.workers.running import run_workers
from rtpcodec.stream.ending import EndReason

if TYPE_CHECKING:
    from rtpcodec.server import handlers as handlers
    from rtpcodec.server import log_lines as log_lines
    from rtpcodec.server import metrics as metrics
    from rtpcodec.server import placement as placement
    from rtpcodec.server.endpoint import Endpoint as Endpoint
    from rtpcodec.server.endpoint_statistics import EndpointStatistics as EndpointStatistics
    from rtpcodec.server.workers.worker_table import FilePlacement as FilePlacement

__all__ = [
    "AudioReader",
    "Authorize",
    "Background",
    "Call",
    "CallCapture",
    "CallOptions",
    "CallSummary",
    "CallTap",
    "CallTones",
    "CallVoice",
    "Digits",
    "DtmfReader",
    "EndReason",
    "Endpoint",
    "EndpointOptions",
    "EndpointSettings",
    "EndpointStatistics",
    "EventReader",
    "FilePlacement",
    "Handler",
    "MemoryPlacement",
    "OnAudio",
    "OnEvent",
    "OnHandlerEnd",
    "Ongoing",
    "PhoneEvent",
    "PhoneTotals",
    "Placement",
    "PlacementReporter",
    "PlaybackPause",
    "PrivateSection",
    "Recording",
    "Reply",
    "SignedPaths",
    "TlsFiles",
    "Transfer",
    "TransferResult",
    "WorkerLoad",
    "call_on",
    "handlers",
    "log_lines",
    "metrics",
    "placement",
    "run",
    "run_workers",
    "serve",
]


__getattr__ = public_names(
    __name__,
    ("handlers", "log_lines", "metrics", "placement"),
    {  # They need picows, file access or POSIX.
        "Endpoint": "endpoint",
        "EndpointStatistics": "endpoint_statistics",
        "FilePlacement": "workers.worker_table",
    },
)
