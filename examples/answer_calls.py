"""Answers incoming calls with their own echo: webhooks in FastAPI, the audio in an endpoint beside it.

pip install fastapi uvicorn 'rtpcodec[client,server]' && uvicorn answer_calls:app
TELNYX_API_KEY and TELNYX_PUBLIC_KEY are the account's, PUBLIC_URL is the wss:// address that leads to port 8081.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

import rtpcodec


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the endpoint, which takes the calls alone that it asks for."""
    endpoint = rtpcodec.serve(port=int(os.environ.get("PORT", "8081")), public_url=os.environ.get("PUBLIC_URL"))
    async with endpoint as app.state.endpoint, rtpcodec.AsyncCallControl() as app.state.control:
        app.state.new = rtpcodec.DuplicateFilter()
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/webhook")
async def webhook(request: Request, background: BackgroundTasks) -> None:
    """Believe what is signed, and be done within two seconds: the work goes on in the background."""
    try:
        event = rtpcodec.verify_webhook(await request.body(), request.headers)
    except rtpcodec.errors.WebhookError as error:
        raise HTTPException(401, str(error)) from None
    app.state.endpoint.webhook(event)
    incoming = isinstance(event, rtpcodec.webhook_events.CallInitiated) and event.direction == "incoming"
    if incoming and event.call_control_id and app.state.new.is_new(event):
        background.add_task(answer, event.call_control_id)


async def answer(call_control_id: str) -> None:
    """Answer, have the call streamed, and say back what is said."""
    await app.state.control.answer(call_control_id)
    call = await app.state.endpoint.stream(app.state.control, call_control_id)
    async for audio in call.audio():
        await call.play(audio.pcm)
