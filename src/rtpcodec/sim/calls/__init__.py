"""Calls: their legs and states, the phones that can be dialled, and the WebSocket that carries a stream.

call        SimulatedCall: one call, what commands and tests do to it, and when it is over
leg         who calls whom, the state, and which command it allows; no I/O
phones      settings of a phone, and a number that can be dialled
registry    CallRegistry: all calls of a carrier, and its phones
dialling    Protocols: what a call needs of WebSockets
websocket   the WebSocket of a stream, by picows; imported when needed
"""
