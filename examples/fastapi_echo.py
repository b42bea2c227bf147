"""An echo for a phone call in FastAPI: MediaSession has the rules, the framework the socket.

pip install fastapi uvicorn rtpcodec && uvicorn fastapi_echo:app
"""

import asyncio
import time

from fastapi import FastAPI, WebSocket, WebSocketDisconnect

import rtpcodec

app = FastAPI()


@app.websocket("/media")
async def media(socket: WebSocket) -> None:
    """One call: hand over texts, answer audio with itself, sleep no longer than the session allows."""
    await socket.accept()
    session = rtpcodec.MediaSession(rtpcodec.StreamPlan(send_codec="PCMU"))
    while not session.ended:
        now_ms = time.monotonic() * 1000
        for event in session.events(now_ms):
            if isinstance(event, rtpcodec.events.Audio):
                session.play(event.pcm)
        for text in session.outgoing(now_ms):
            await socket.send_text(text)
        deadline_ms = session.next_deadline_ms
        wait_s = None if deadline_ms is None else max(0.0, deadline_ms - now_ms) / 1000
        try:
            session.receive(await asyncio.wait_for(socket.receive_text(), wait_s), time.monotonic() * 1000)
        except TimeoutError:
            continue
        except WebSocketDisconnect:
            session.closed(time.monotonic() * 1000)
