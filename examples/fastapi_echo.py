"""Echoes a phone call in FastAPI: FastAPI owns the WebSocket, rtpcodec runs the call on it.

pip install fastapi uvicorn rtpcodec
MEDIA_TOKEN=... uvicorn --ws-max-size 4194304 fastapi_echo:app
"""

import asyncio
import hmac
import os

from fastapi import FastAPI, WebSocket

import rtpcodec
from rtpcodec.server import call_on

app = FastAPI()
PLAN = rtpcodec.StreamPlan(send_codec="PCMU")


async def answer(call: rtpcodec.Call) -> None:
    """Play a greeting from a second task, and echo the caller at the same time."""
    greeting = asyncio.create_task(greet(call))
    async for audio in call.audio():
        call.play(audio)
    await greeting


async def greet(call: rtpcodec.Call) -> None:
    """Play 200 ms of a 400 Hz square wave."""
    await call.play((b"\x00\x10" * 10 + b"\x00\xf0" * 10) * 80, pcm_hz=8000)


@app.websocket("/media")
async def media(socket: WebSocket) -> None:
    """Check the token, then pass each frame to the call."""
    token = socket.headers.get("x-telnyx-streaming-auth-token", "")
    if not hmac.compare_digest(token.encode(), os.environ["MEDIA_TOKEN"].encode()):
        await socket.close()  # before `accept`, so the carrier gets status 403
        return
    await socket.accept()
    async with call_on(socket.send_text, socket.close, answer, plan=PLAN) as call:
        while (message := await socket.receive())["type"] == "websocket.receive":
            if message.get("text") is not None:
                call.received(message["text"])
            else:
                call.rejected("text", "a binary frame, messages are text")
