"""Drives a state machine over a WebSocket, in real time or on a virtual clock.

pump                Driver: the loop of any machine; Pump: the loop of a machine over a WebSocket
reconnectable_pump  ReconnectablePump: a pump whose machine can outlive its WebSocket
timer               one timer on the event loop
_driving            native: the steps of a pump that run for each message
_frames             native: the steps of a WebSocket by picows that run for each frame
socket              the interfaces between a WebSocket and a pump
backlog             octets of a connection that are not acknowledged
frame_budget        frames and octets that one WebSocket may send
frame_turns         the share of each turn of the event loop per WebSocket
picows_socket       a WebSocket by picows, of either side
frame_rules         the rules of WebSockets (RFC 6455) that picows does not check
frame_headers       reads and checks the headers of frames, for libraries that do not read frames
websockets_socket   a server's WebSocket on a transport of asyncio, after a handshake by `websockets`
transports          releases a transport at its end
interrupts          KeyboardInterrupt within a callback of a socket
writer              adapts a WebSocket whose `send` is awaited
task_receiver       feeds a pump from a task
virtual             an event loop whose clock jumps to the next deadline
headers             the fields of an HTTP header
memory              the network of a virtual clock: WebSockets and HTTP within the process
memory_socket       the two ends of a WebSocket in memory
handles             faster handles of callbacks for the virtual clock
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.pump import memory as memory
    from rtpcodec.pump import socket as socket
    from rtpcodec.pump.virtual import VirtualEventLoop as VirtualEventLoop
    from rtpcodec.pump.virtual import run_virtual as run_virtual

__all__ = ["VirtualEventLoop", "memory", "run_virtual", "socket"]

__getattr__ = public_names(__name__, ("memory", "socket"), {"VirtualEventLoop": "virtual", "run_virtual": "virtual"})
