"""Hands a caller over to a person after a briefing: both are joined in a conference.

pip install fastapi uvicorn 'rtpcodec[client,server]' && uvicorn warm_transfer:app
Set TELNYX_API_KEY and TELNYX_PUBLIC_KEY of your account, PUBLIC_URL, the wss:// URL that leads to port 8081, AGENT, the
number of the person, and HOLD_MUSIC, GREETING, BRIEFING and SORRY, the paths of WAV files.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

import rtpcodec
from rtpcodec.audio.files import read_wav
from rtpcodec.client.webhook_events import CallAnswered, CallHangup, CallInitiated
from rtpcodec.errors import CallEnded, CommandError, StreamNotStarted


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the endpoint. Without a handler it accepts only the calls that it requests."""
    endpoint = rtpcodec.serve(port=int(os.environ.get("PORT", "8081")), public_url=os.environ.get("PUBLIC_URL"))
    async with endpoint as app.state.endpoint, rtpcodec.AsyncCallControl() as app.state.control:
        app.state.new = rtpcodec.DuplicateFilter()
        app.state.waiting = {}  # for a person's answer, by the client_state of the call to them
        app.state.partners = {}  # the other call to hang up when a call ends
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
    if not app.state.new.is_new(event):
        return
    match event:
        case CallInitiated(direction="incoming"):
            background.add_task(serve_caller, event)
        case CallAnswered() | CallHangup():
            waiting = app.state.waiting.get(event.state)
            if waiting is not None and not waiting.done():
                waiting.set_result(isinstance(event, CallAnswered))
            if isinstance(event, CallHangup):
                background.add_task(hang_up, app.state.partners.pop(event.call_control_id, None))


async def hang_up(call_control_id: str | None) -> None:
    """End a call that may have ended already."""
    app.state.partners.pop(call_control_id, None)
    if call_control_id is not None:
        with suppress(CallEnded):
            await app.state.control.hangup(call_control_id)


async def say(call: rtpcodec.Call, name: str) -> None:
    """Play a recording, and wait until it was heard."""
    await call.play(*read_wav(os.environ[name]))
    await call.played()


async def serve_caller(event: CallInitiated) -> None:
    """Greet the caller, and look for a person; if there is none, say so and hang up."""
    control, caller_id = app.state.control, event.call_control_id
    await control.answer(caller_id)
    caller = await app.state.endpoint.stream(control, caller_id)
    await say(caller, "GREETING")
    found, music = False, caller.background(os.environ["HOLD_MUSIC"], level_dbov=-30)
    try:
        found = await hand_over(event, caller)
    except (CommandError, StreamNotStarted):
        logging.exception("the person was not reached")
    if not found:
        await hang_up(app.state.partners.pop(caller_id, None))
    if not found and not caller.ended:
        music.stop()
        await say(caller, "SORRY")
        await hang_up(caller_id)
    await caller.close()


async def hand_over(event: CallInitiated, caller: rtpcodec.Call) -> bool:
    """Call the person, brief them, and join both if they press 1. Returns whether they did."""
    control, partners, key = app.state.control, app.state.partners, str(event.call_control_id).encode()
    waiting = app.state.waiting[key] = asyncio.get_running_loop().create_future()
    try:
        dialled = await control.dial(
            to=os.environ["AGENT"], from_=event.to, connection_id=event.connection_id, timeout_secs=30, client_state=key
        )
        agent_id = partners[event.call_control_id] = dialled.call_control_id
        answered = await waiting
    finally:
        del app.state.waiting[key]
    if answered:
        agent = await app.state.endpoint.stream(control, agent_id)
        await say(agent, "BRIEFING")
        pressed = await agent.collect_dtmf(max=1, first_timeout_s=10)
        await agent.close()
        if pressed.text == "1" and not caller.ended:
            partners[agent_id] = event.call_control_id
            conference = await control.create_conference(call_control_id=event.call_control_id, name=key.decode())
            await control.conference_command(conference.conference_id, "join", call_control_id=agent_id)
            return True
    return False
