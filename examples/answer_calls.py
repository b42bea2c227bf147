"""Answers incoming calls and echoes their audio: FastAPI receives the webhooks, an endpoint beside it the audio.

pip install fastapi uvicorn 'rtpcodec[client,server]' && uvicorn answer_calls:app
Set TELNYX_API_KEY and TELNYX_PUBLIC_KEY of your account, and PUBLIC_URL, the wss:// URL that leads to port 8081.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

import rtpcodec


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the endpoint. Without a handler it accepts only the calls that it requests."""
    endpoint = rtpcodec.serve(port=int(os.environ.get("PORT", "8081")), public_url=os.environ.get("PUBLIC_URL"))
    async with endpoint as app.state.endpoint, rtpcodec.AsyncCallControl() as app.state.control:
        app.state.new = rtpcodec.DuplicateFilter()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/webhook")
async def webhook(request: Request, background: BackgroundTasks) -> None:
    """Accept signed events only. The carrier waits two seconds for our response, so the work runs in the background."""
    try:
        event = rtpcodec.verify_webhook(await request.body(), request.headers)
    except rtpcodec.errors.WebhookError as error:
        raise HTTPException(401, str(error)) from None
    app.state.endpoint.webhook(event)
    incoming = isinstance(event, rtpcodec.webhook_events.CallInitiated) and event.direction == "incoming"
    if incoming and event.call_control_id and app.state.new.is_new(event):
        background.add_task(answer, event.call_control_id)


async def answer(call_control_id: str) -> None:
    """Answer the call, request its stream, and echo the caller's audio."""
    await app.state.control.answer(call_control_id)
    call = await app.state.endpoint.stream(app.state.control, call_control_id)
    async for audio in call.audio():
        await call.play(audio)
