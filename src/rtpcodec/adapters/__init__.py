"""Calls on the sockets and pipelines of other frameworks: one module per framework, loaded only when you import it.

starlette   Starlette and FastAPI
aiohttp     aiohttp's server
websockets  the server of `websockets`
pipecat     a serializer for pipecat's WebSocket transports
livekit     audio input and output of a livekit-agents session

Each module needs the extra of its name: `pip install "rtpcodec[starlette]"`. An adapter contains neither
protocol rules nor codecs: session, machine and pump are those of the endpoint.
"""
