"""Calls on the sockets and pipelines of other frameworks: one module per framework, loaded only when you import it.

starlette   Starlette and FastAPI
aiohttp     aiohttp's server
websockets  the server of `websockets`
pipecat     a serializer for pipecat's WebSocket transports
livekit     audio input and output of a livekit-agents session

Each module needs the extra of its name: `pip install "rtpcodec[starlette]"`. An adapter contains neither
protocol rules nor codecs: session, machine and pump are those of the endpoint.
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.adapters import aiohttp as aiohttp
    from rtpcodec.adapters import livekit as livekit
    from rtpcodec.adapters import pipecat as pipecat
    from rtpcodec.adapters import starlette as starlette
    from rtpcodec.adapters import websockets as websockets

__all__ = ["aiohttp", "livekit", "pipecat", "starlette", "websockets"]

__getattr__ = public_names(__name__, ("aiohttp", "livekit", "pipecat", "starlette", "websockets"))
