"""A voice agent: it speaks, is interrupted, listens, records, takes digits, transfers and hangs up.

pip install fastapi uvicorn 'rtpcodec[client,server]' && uvicorn voice_agent:app
Set TELNYX_API_KEY and TELNYX_PUBLIC_KEY of your account, PUBLIC_URL, the wss:// URL that leads to port 8081, and
PERSON, the number that callers are transferred to. `synthesize` and `recognise` stand for your speech engines.
"""

import asyncio
import math
import os
from array import array
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

from fastapi import BackgroundTasks, FastAPI, HTTPException, Request

import rtpcodec
from rtpcodec import events

TTS_HZ = 22_050
PIECES = (441, 1000, 77)  # samples; engines yield pieces of any length
COUGH = 15  # frames of 20 ms
HUM = array("h", (round(900 * math.sin(math.pi * at / 40)) for at in range(8000)))
OFFICE = rtpcodec.background_source(HUM, pcm_hz=8000)  # or the path of a recording


def synthesize(text: str) -> Iterator[tuple[memoryview, str]]:
    """Yield speech as float32, with the word as the note of each piece. Here a word is a tone of 160 ms."""
    for number, word in enumerate(text.split()):
        step = math.tau * (300 + 40 * number) / TTS_HZ
        speech = memoryview(array("f", (0.3 * math.sin(step * at) for at in range(TTS_HZ * 4 // 25))))
        for start in range(0, len(speech), size := PIECES[number % len(PIECES)]):
            yield speech[start : start + size], word


async def recognise(call: rtpcodec.Call, words: list[float]) -> None:
    """Recognise speech in PCM at 16 kHz, 50 frames per second, also in silence. Here a loud frame is a word."""
    async for frame in call.audio(pcm_hz=16_000, fill="silence"):
        words += [frame.media_ms] * (max(memoryview(frame.pcm).cast("h")) > 2000)


async def take_turns(call: rtpcodec.Call, words: list[float]) -> None:
    """Pause when the caller begins to speak. Continue after a cough; stop if there were words."""
    async for event in call.events():
        if isinstance(event, events.SpeechStarted):
            words.clear()
            pause = call.pause_playback(timeout_s=2, then="discard")
        elif isinstance(event, events.SpeechEnded):
            pause.discard() if len(words) > COUGH else pause.resume()


async def speak(call: rtpcodec.Call, text: str) -> rtpcodec.server.Reply:
    """Speak from a thread, because the engine blocks."""
    return await asyncio.to_thread(call.say_threadsafe, synthesize(text), TTS_HZ)


async def converse(call: rtpcodec.Call) -> None:
    """Run the conversation of one call."""
    call.background(OFFICE, level_dbov=-50, duck_db=6)
    call.record(f"{call.id}.wav")  # the caller on the left, what the caller heard on the right
    call.voice(rtpcodec.VoiceSettings(hangover_ms=300))
    words: list[float] = []
    beside = asyncio.gather(recognise(call, words), take_turns(call, words))  # they end with the stream
    menu = await speak(call, "Press one to talk to a person or say what you need")
    digits = await call.collect_dtmf(menu, max=1, first_timeout_s=2)
    if digits.text == "1":
        await (await speak(call, "One moment")).played()
        transfer = await call.transfer(os.environ["PERSON"])
        if (await transfer.result()).bridged:
            call.close()  # two people talk to each other
            return
        await speak(call, "Nobody is there")
    elif digits.reason == "interrupted":
        await speak(call, "I see")
    await speak(call, "Goodbye")
    await call.hangup(after_ms=300)
    await beside


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
    """Answer a call, and talk to the caller."""
    await app.state.control.answer(call_control_id)
    await converse(await app.state.endpoint.stream(app.state.control, call_control_id))
