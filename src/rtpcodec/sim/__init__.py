"""A carrier for tests: a real HTTP server and a real WebSocket client on loopback. Never imported by server or client.

simulator   Carrier: its lifetime, its calls, and the thread that its blocking form lives in
home        the event loop that all of it lives in, reached from any thread
call        SimulatedCall: one live call, what commands do to it and when it is over
desk        an HTTP request as a value to its answer: key, path, body, state of the call; no I/O
commands    streaming_start and streaming_stop: what they ask for and what is wrong with them
refusals    how the carrier says no: statuses, codes, bodies
formats     which codec and rate a stream gets in each direction
coding      chunks to payloads, and what the app sends to PCM
mp3_messages  the same of whole files, in mode mp3
carrier     CarrierStream: one stream of a call, what is sent when and what an answer does; no I/O, no clock
tracks      the chunks of both tracks and their numbers
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
