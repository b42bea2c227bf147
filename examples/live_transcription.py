"""Transcribes both sides of a call while it runs: one connection to a recogniser, here Deepgram's, per track.

pip install 'rtpcodec[server]' websockets && DEEPGRAM_API_KEY=... RTPCODEC_STREAM_TOKEN=... python live_transcription.py
"""

import asyncio
import json
import os
import sys
from urllib.parse import urlencode

from websockets.asyncio.client import ClientConnection, connect

import rtpcodec

PCM_HZ = 16000
PLAN = rtpcodec.StreamPlan(tracks="both_tracks")
SIDES = {"inbound": "caller", "outbound": "other side"}
QUERY = {"encoding": "linear16", "sample_rate": PCM_HZ, "channels": 1, "model": "nova-3", "smart_format": "true"}
URL = os.environ.get("DEEPGRAM_URL", "wss://api.deepgram.com/v1/listen")


async def feed(call: rtpcodec.Call, track: str, recogniser: ClientConnection) -> None:
    """Send 50 frames per second. Holds, DTX and lost chunks become silence, so the recogniser's clock is the call's."""
    async for frame in call.audio(track, pcm_hz=PCM_HZ, fill="silence"):
        await recogniser.send(frame.pcm)
    await recogniser.send(json.dumps({"type": "CloseStream"}))  # it sends the last words, and closes


async def transcribe(call: rtpcodec.Call, track: str) -> None:
    """Print each phrase of one track with the time at which it began."""
    headers = {"Authorization": f"Token {os.environ['DEEPGRAM_API_KEY']}"}
    async with (
        connect(f"{URL}?{urlencode(QUERY)}", additional_headers=headers) as recogniser,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(feed(call, track, recogniser))
        async for text in recogniser:
            match json.loads(text):
                case {"is_final": True, "start": start_s, "channel": {"alternatives": [{"transcript": words}, *_]}}:
                    if words:
                        sys.stdout.write(f"{start_s:7.2f} s  {SIDES[track]}: {words}\n")


async def answer(call: rtpcodec.Call) -> None:
    """Transcribe both tracks. If one recogniser fails, the handler fails, and its error is logged."""
    async with asyncio.TaskGroup() as tasks:
        for track in SIDES:
            tasks.create_task(transcribe(call, track))


if __name__ == "__main__":
    token = os.environ["RTPCODEC_STREAM_TOKEN"]  # without a token, others could transcribe at your expense
    rtpcodec.run(answer, plan=PLAN, port=8080, authorize=token)
