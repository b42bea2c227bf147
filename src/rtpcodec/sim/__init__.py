"""A carrier for tests: a real HTTP server and a real WebSocket client on loopback. Never imported by server or client.

simulator   Carrier: its lifetime, its calls, and the thread that its blocking form lives in
call        SimulatedCall: one live call, what commands do to it and when it is over
commands    streaming_start and streaming_stop as values: what is refused, and with which error; no I/O
formats     which codec and rate a stream gets in each direction
carrier     CarrierStream: one stream of a call, what is sent when and what an answer does; no I/O, no clock
speech      what the caller says, in chunks
playout     what the caller hears, on a play-out clock
network     Faults: reordering, duplicates, loss and stalls by a seed
variations  spellings and habits that carriers differ in
report      CallReport: what a stream did, in figures
aio, http   the shells: picows for the WebSocket, aiohttp for HTTP; both are imported when a Carrier is entered
"""

from rtpcodec.sim.call import SimulatedCall
from rtpcodec.sim.network import Faults
from rtpcodec.sim.report import CallReport
from rtpcodec.sim.simulator import Carrier
from rtpcodec.sim.variations import Variations

__all__ = ["CallReport", "Carrier", "Faults", "SimulatedCall", "Variations"]
