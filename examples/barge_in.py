"""Reads a text aloud, pauses when the caller speaks, and continues or answers: replies, a pause, and what was heard.

pip install 'rtpcodec[server]' && python barge_in.py
`synthesize` and `understood` stand for your engines of speech and of language.
"""

import asyncio
import contextlib
import math
from array import array
from collections.abc import AsyncIterator

import rtpcodec
from rtpcodec import events

TTS_HZ = 24000
LOUD = 2000  # of 32768: a caller who speaks, not a line that is silent
TEXT = ["Your", "order", "has", "been", "sent", "and", "arrives", "on", "Tuesday", "between", "nine", "and", "twelve"]


async def synthesize(words: list[str]) -> AsyncIterator[tuple[bytes, str]]:
    """Make the speech of each word, with the word as its note. Here it is a tone of 200 ms."""
    for number, word in enumerate(words):
        await asyncio.sleep(0.05)
        step = 2 * math.pi * (300 + 20 * number) / TTS_HZ
        yield array("h", (round(9000 * math.sin(step * at)) for at in range(TTS_HZ // 5))).tobytes(), word


async def understood(caller: AsyncIterator[events.Audio]) -> bool:
    """Decide whether the caller wants to say something. Here: whether the line is still loud after 300 ms."""
    loud = False
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.3):
            async for audio in caller:
                loud = speaks(audio)
    return loud


def speaks(audio: events.Audio) -> bool:
    """Whether a chunk is loud."""
    return max(array("h", audio.pcm), default=0) > LOUD


async def answer(call: rtpcodec.Call) -> None:
    """Read the text aloud. If the caller interrupts, say where."""
    async with call.reply("notice", interruptible=False) as notice:  # a disclosure is always heard to its end
        await notice.play(bytes(2 * TTS_HZ // 10), TTS_HZ)
    telling = asyncio.create_task(call.say(synthesize(TEXT), TTS_HZ, id="order"))
    caller = call.audio()  # one reader for both loops, so that none hears twice what the other heard
    async for audio in caller:
        if not speaks(audio):
            continue
        pause = call.pause_playback()  # silence at once, and nothing is lost yet
        if await understood(caller):
            pause.discard()
            break
        pause.resume()
    reply = await telling
    if not await reply.played():
        print(f"the caller has heard {reply.played_ms:.0f} ms, up to {reply.last_note_played!r}")  # noqa: T201 -- an example
        await call.say(synthesize(["Yes?"]), TTS_HZ)


if __name__ == "__main__":
    rtpcodec.run(answer, plan=rtpcodec.StreamPlan(send_codec="PCMU"), port=8080)
