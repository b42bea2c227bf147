"""Drives a machine over a WebSocket, and a clock on which an hour of call takes seconds.

pump           Driver: the loop of any machine; Pump: the loop of a machine over a WebSocket
line_pump      LinePump: a pump whose machine can outlive its WebSocket
timer          one timer on the event loop
_driving       the steps of a pump that each message meets
_frames        the steps of a WebSocket by picows that each frame meets
socket         the interfaces between a WebSocket and a pump
backlog        what transport and system hold of a connection because it is not acknowledged
frame_budget   frames and octets that one WebSocket may send
frame_turns    a share of each turn of the event loop per WebSocket
picows_socket  a WebSocket by picows, of either side
frame_rules    the rules of RFC 6455 that picows does not check
frame_headers  the headers of frames, checked, for libraries that do not read frames
websockets_socket  a server's WebSocket on a transport of asyncio, behind a handshake by `websockets`
transports     what transports need at their end
interrupts     KeyboardInterrupt within a callback of a socket
writer         a WebSocket whose `send` is awaited, as a plain socket
between_tasks  feeds a pump from a task
virtual        an event loop whose clock jumps to the next deadline
headers        the fields of an HTTP header
memory         the network of such a loop: WebSockets and HTTP within the process
memory_socket  the two ends of a WebSocket in memory
handles        faster handles of callbacks for the loop
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
