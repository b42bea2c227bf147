"""Connects a call with Gemini Live: 16 kHz to the model, 24 kHz from it, and a session that is resumed when it expires.

pip install 'rtpcodec[server]' websockets && GEMINI_API_KEY=... RTPCODEC_STREAM_TOKEN=... python gemini_live.py
"""

import asyncio
import json
import os
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

import rtpcodec

PLAN = rtpcodec.StreamPlan(send_codec="L16", send_rate_hz=16000)
SERVICE = "google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
URL = os.environ.get("GEMINI_URL", f"wss://generativelanguage.googleapis.com/ws/{SERVICE}")
SETUP = {"model": "models/gemini-3.1-flash-live-preview", "generationConfig": {"responseModalities": ["AUDIO"]}}


async def listen(frames: AsyncIterator[rtpcodec.events.Audio], model: ClientConnection) -> None:
    """Send the caller's audio: 50 frames per second, also on hold, so that the model notices the end of speech."""
    with suppress(ConnectionClosed):  # `speak` reports it
        async for frame in frames:
            audio = {"data": b64encode(frame.pcm).decode(), "mimeType": "audio/pcm;rate=16000"}
            await model.send(json.dumps({"realtimeInput": {"audio": audio}}))
        await model.close()


async def speak(call: rtpcodec.Call, model: ClientConnection) -> str | None:
    """Play each turn of the model as one reply. Returns the handle of the session when it expires."""
    handle: str | None = None
    reply, expires = None, False
    async for text in model:
        message = json.loads(text)
        content = message.get("serverContent", {})
        if content.get("interrupted"):
            call.interrupt()
            reply = None
        for part in content.get("modelTurn", {}).get("parts", ()):
            if audio := part.get("inlineData"):
                reply = reply or call.reply()
                reply.play(b64decode(audio["data"]), pcm_hz=24000)
        if reply and (content.get("generationComplete") or content.get("turnComplete")):
            reply.end()
            reply = None
        handle = message.get("sessionResumptionUpdate", {}).get("newHandle") or handle
        expires = expires or "goAway" in message
        if expires and handle and reply is None:
            return handle
    return None


async def answer(call: rtpcodec.Call) -> None:
    """Run sessions one after another, until the call ends or a session ends without a handle."""
    headers, frames = {"x-goog-api-key": os.environ["GEMINI_API_KEY"]}, call.audio(pcm_hz=16000, fill="silence")
    first, handle = True, None
    while first or handle:
        async with connect(URL, additional_headers=headers) as model, asyncio.TaskGroup() as tasks:
            await model.send(json.dumps({"setup": SETUP | {"sessionResumption": {"handle": handle} if handle else {}}}))
            await model.recv()  # setupComplete
            if first:
                await model.send(json.dumps({"realtimeInput": {"text": "Greet the caller."}}))
            listening = tasks.create_task(listen(frames, model))
            first, handle = False, await speak(call, model)
            listening.cancel()


if __name__ == "__main__":
    rtpcodec.run(answer, plan=PLAN, port=8080, authorize=os.environ["RTPCODEC_STREAM_TOKEN"])
