"""A carrier for tests: a real HTTP server and a real WebSocket client on loopback. Never imported by server or client.

carrier     Carrier: its lifetime, and its interface for tests
calls/      calls, their legs and states, and the WebSocket of a stream
commands/   from an HTTP request to its effect and its answer
wires/      how the messages of a stream are spelled and read, by dialect
media/      one stream: the texts to the app and their times, and the effect of the app's messages
webhooks/   payloads of webhooks, when they are posted, and their signature
report      CallReport: the figures of a stream
playout_log PlayoutLog: arrival of audio, length of the queue, effect of each clear
networks    the real network, or the one in memory of a virtual clock
loop_thread the event loop that all of it runs in, reached from any thread
"""

from rtpcodec.lazy import public_names
from rtpcodec.sim.calls.call import SimulatedCall
from rtpcodec.sim.calls.conferences import SimulatedConference
from rtpcodec.sim.carrier import Carrier
from rtpcodec.sim.commands.faults import CommandFault, rate_limited
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.echo_path import EchoPath
from rtpcodec.sim.media.network_tones import network_tone
from rtpcodec.sim.media.timing import Hold, Link, Timing
from rtpcodec.sim.media.variations import ClearHabits, LossHabits, MarkHabits, Restart, Variations
from rtpcodec.sim.playout_log import ClearArrival, MediaArrival, PlayoutLog, QueueSecond
from rtpcodec.sim.report import CallReport
from rtpcodec.sim.webhooks.queue import Delivery, Webhooks
from rtpcodec.sim.webhooks.signalling import Signalling
from rtpcodec.sim.wires.warning import StreamWarning

__all__ = [
    "CallReport",
    "Carrier",
    "ClearArrival",
    "ClearHabits",
    "CommandFault",
    "Delivery",
    "EchoPath",
    "Faults",
    "Hold",
    "Link",
    "LossHabits",
    "MarkHabits",
    "MediaArrival",
    "PlayoutLog",
    "QueueSecond",
    "Restart",
    "Signalling",
    "SimulatedCall",
    "SimulatedConference",
    "StreamWarning",
    "Timing",
    "Variations",
    "Webhooks",
    "network_tone",
    "rate_limited",
]

__getattr__ = public_names(__name__, ())
