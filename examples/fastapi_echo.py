"""Echoes a phone call in FastAPI: FastAPI owns the WebSocket, rtpcodec runs the call on it.

pip install fastapi uvicorn "rtpcodec[starlette]"
MEDIA_TOKEN=... uvicorn --ws-max-size 4194304 fastapi_echo:app
"""

import asyncio
import os

from fastapi import FastAPI

import rtpcodec
from rtpcodec.adapters.starlette import media_route

PLAN = rtpcodec.StreamPlan(send_codec="PCMU")


async def answer(call: rtpcodec.Call) -> None:
    """Play a greeting from a second task, and echo the caller at the same time."""
    greeting = asyncio.create_task(greet(call))
    async for audio in call.audio():
        await call.play(audio)
    await greeting


async def greet(call: rtpcodec.Call) -> None:
    """Play 200 ms of a 400 Hz square wave."""
    await call.play((b"\x00\x10" * 10 + b"\x00\xf0" * 10) * 80, pcm_hz=8000)


app = FastAPI()
app.router.routes.append(media_route("/media", answer, authorize=os.environ["MEDIA_TOKEN"], plan=PLAN))
