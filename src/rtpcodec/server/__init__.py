"""An endpoint that carriers dial: one coroutine per call, or one plain function per chunk. No protocol rules.

The endpoint:
serving              `serve` and `run`
options              types of the arguments: functions, access rules, names of settings
settings             the settings of an endpoint; settings_fields: their defaults; settings_checks; unknown_options
endpoint             accepts, counts and ends calls; shared_port: the part that other processes use
loop_thread          the thread of an endpoint's event loop
running_calls        the calls of an endpoint
draining             the time limits of a drain; call_files: the files that are closed before its end
endpoint_statistics  the counters of an endpoint
metrics              EndpointCollector: the figures for Prometheus, and the page `/metrics`
loop_lag             measures how late the event loop is
slow_turns           measures, counts and logs calls that hold the event loop
collector            the cycle collector in `run`
log_lines            log lines of a program, as text or JSON
workers              several processes behind one port: `run_workers`
placement            a registry of workers: which one gets the next stream

Requests and sockets:
access               HTTP answers: health checks, refusals, access control
signed_paths         paths that cannot be guessed, for commands without a token
origins              which web pages may open a call
refusal_delays       how long the answers to repeated wrong tokens are held back
delayed_refusals     sends answers with 401 late, on picows
addresses            paths of health checks and metrics; loopback hosts and client addresses
listening            the protocols between endpoint and server library
tcp_server           listening without a WebSocket library; accepted_socket: a socket until its transport is open
tcp_listener         accepts sockets, and waits when no descriptor is left
half_open            sockets that have not become calls: bounded, with a deadline
descriptors          file descriptors: needed, allowed and open
picows_server        WebSockets by picows
websockets_server    WebSockets by `websockets`; websockets_handshake: a connection until it is a call
memory_server        WebSockets in memory, on a virtual clock
external_websockets  `call_on` and `request_refusal`, for other servers; other_servers: earlier name
request_headers      the headers of a request from pairs; library_log: the loggers of these libraries
tls_files            TlsFiles: certificate and key, which can be reloaded

One call:
runner               its machine, pump, handler and log
handler_task         the task of its handler; handler_errors: errors that only report the end of the stream
handler_end          what happens to the phone call after the handler
play_out             waits for the last audio
call_plan            the plan of one call
call_log             log records of a call
call_summary         CallSummary: our figures beside the carrier's, and the log record at the end
reconnecting         reconnects a call whose WebSocket was lost
invitations          calls that `Endpoint.stream` has requested
stream_request       the streaming command of such a call, and its outcome

What a handler uses:
call                 Call, for handlers; call_base: the parts that its sides share; call_parts
call_listening       readers, keys and voice activity
call_keeping         recordings and privacy
call_speaking        plays, replies, background
call_phone           commands about the phone call; background_commands: those that run beside the handler
_speaking            native: the methods of a Call that run for each chunk
readers              the readers of a call, each with a queue of its own
replies              Reply; _replying: its `play`, native
saying               `say`: a reply from an iterable
pausing              PlaybackPause
background           Background: a background sound
play_waits           waits until queued audio was heard
first_words          delays replies after the start, or until the answering-machine verdict
collecting           `collect_dtmf`: one entry of keys; typed_keys: the keys that no entry has taken yet
tones                CallTones: tone detection
voice                CallVoice: voice activity, and waits for silence
recorder             recordings of both sides
capturing            CallCapture: a capture of a call
tapping              CallTap: the audio of one stage as a file
private_section      the block of `call.private`
file_executor        the threads that write and finish files; none on a virtual clock
threads              calls from other threads into the event loop
loop_access          the machine of a call, and the rule about threads
ongoing              Ongoing: a running operation that may be awaited; _awaiting: its await, native
handlers             ready-made handlers; recording: the one that writes files; rate_changer: PCM of any rate to one

The phone call:
phone_call           commands and webhooks of the phone call behind a stream; phone_control: its control
phone_facts          the facts that webhooks report of one phone call
phone_call_registry  the same of phone calls whose stream may not have started
phone_totals         counts of hang-ups and results of transfers
hold_watch           hold and unhold by webhook
hanging_up           `hangup`
sending_keys         `send_dtmf`
transferring         Transfer: one transfer; transfer_facts: its result, from webhooks in any order
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names
from rtpcodec.server.background import Background
from rtpcodec.server.call import Call
from rtpcodec.server.call_summary import CallSummary
from rtpcodec.server.capturing import CallCapture
from rtpcodec.server.collecting import Digits
from rtpcodec.server.external_websockets import call_on, request_refusal
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
    "request_refusal",
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
