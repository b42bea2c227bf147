"""A carrier for tests: a real HTTP server and a real WebSocket client on loopback. Never imported by server or client.

simulator   Carrier: its lifetime, what tests ask of it, and the thread that its blocking form lives in
home        the event loop that all of it lives in, reached from any thread
switchboard its calls, and the phones that can be dialled
party       who is at the other end: what they say, how their phone and network are
call        SimulatedCall: one call, what commands do to it and when it is over
dialling    what a call needs of WebSockets
leg         who calls whom, the state, and which command it allows; no I/O
desk        an HTTP request as a value to its answer: key, path, body, state of the call; no I/O
actions     what each command does to its call
commands    what each command asks for
members     their members: types, values, and what is wrong with them
trouble     Trouble: what befalls a command on its way
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
notices     what webhooks say
outbox      Webhooks: which event is posted when, where and how often; no I/O
signing     the key that they are signed with
aio, http, postman  the shells: picows for the WebSocket, aiohttp for HTTP in and out; imported when needed
"""

from rtpcodec.sim.call import SimulatedCall
from rtpcodec.sim.network import Faults
from rtpcodec.sim.outbox import Delivery, Webhooks
from rtpcodec.sim.report import CallReport
from rtpcodec.sim.simulator import Carrier
from rtpcodec.sim.trouble import Trouble, rate_limited
from rtpcodec.sim.variations import Variations

__all__ = [
    "CallReport",
    "Carrier",
    "Delivery",
    "Faults",
    "SimulatedCall",
    "Trouble",
    "Variations",
    "Webhooks",
    "rate_limited",
]
