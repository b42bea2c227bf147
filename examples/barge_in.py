"""Reads a text aloud, pauses when the caller speaks, and continues or answers: replies, a pause, and what was heard.

pip install 'rtpcodec[server]' && python barge_in.py
`synthesize` and `understood` stand for your speech engine and your language model.
"""

import asyncio
import math
from array import array
from collections.abc import AsyncIterator

import rtpcodec

TTS_HZ = 24000
TEXT = ["Your", "order", "has", "been", "sent", "and", "arrives", "on", "Tuesday", "between", "nine", "and", "twelve"]


async def synthesize(words: list[str]) -> AsyncIterator[tuple[bytes, str]]:
    """Yield the speech of each word, with the word as its note. Here it is a tone of 200 ms."""
    for number, word in enumerate(words):
        await asyncio.sleep(0.05)
        step = 2 * math.pi * (300 + 20 * number) / TTS_HZ
        yield array("h", (round(9000 * math.sin(step * at)) for at in range(TTS_HZ // 5))).tobytes(), word


async def understood(call: rtpcodec.Call) -> bool:
    """Decide whether the caller wants to speak. Here: whether the caller still speaks after 300 ms."""
    await asyncio.sleep(0.3)
    return call.caller_speaking


async def answer(call: rtpcodec.Call) -> None:
    """Read the text aloud. If the caller interrupts, print where."""
    async with call.reply("notice", interruptible=False) as notice:  # a disclosure is always heard to its end
        await notice.play(bytes(2 * TTS_HZ // 10), TTS_HZ)
    # From now on the events include SpeechStarted. Our own echo does not trigger it.
    call.voice(rtpcodec.VoiceSettings(hangover_ms=200))
    reading = asyncio.create_task(call.say(synthesize(TEXT), TTS_HZ, id="order"))
    async for event in call.events():
        if not isinstance(event, rtpcodec.events.SpeechStarted):
            continue
        pause = call.pause_playback()  # silence at once; nothing is lost yet
        if await understood(call):
            pause.discard()
            break
        pause.resume()
    reply = await reading
    if not await reply.settled():  # as `played`, and the figures are final
        print(f"the caller has heard {reply.played_ms:.0f} ms, up to {reply.last_note_played!r}")  # noqa: T201 -- an example
        await call.say(synthesize(["Yes?"]), TTS_HZ)


if __name__ == "__main__":
    rtpcodec.run(answer, plan=rtpcodec.StreamPlan(send_codec="PCMU"), port=8080)
