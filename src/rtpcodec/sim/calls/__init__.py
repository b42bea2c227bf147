"""Calls: their legs and states, the phones that can be dialled, and the WebSocket that carries a stream.

call        SimulatedCall: one call, and the effect of commands and tests on it
call_streams  the streams of a call, as a test uses them
direct_streams  streams that a test starts without a command
streaming   the streams of one call, one after the other; waiting: waits for their reports
lost_stream  LostStream: a stream whose WebSocket was lost, and that still counts
texml       executes a TeXML document on a call
ringing     the phone of a dialled call
leg         direction and state of a leg, and the commands they allow; no I/O
joined_calls  the calls that a call is joined with: a bridge, a leg that rings for it, a conference
conferences SimulatedConference: calls that hear each other
transfers   calls a second leg, and bridges it when it is answered
phones      settings of a phone, and a number that can be dialled
registry    CallRegistry: all calls of a carrier, and its phones
dialling    interfaces: WebSockets and carrier, as a call sees them
stream_pump   StreamPump: drives a stream over its WebSocket
picows_dialer opens WebSockets to apps, by picows; imported when needed
signing_dialer dials as Twilio does
memory_dialer opens WebSockets to apps in memory, on a virtual clock
"""
