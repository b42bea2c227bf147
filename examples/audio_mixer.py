"""Mixes sounds into a live call: keys start and stop them, and an announcement lowers them while it speaks.

pip install 'rtpcodec[server]' && SOUNDS=music.wav:rain.wav python audio_mixer.py
Keys: 1 and 2 start or stop a sound, 0 plays the announcement, * stops everything.
"""

import math
import os
from array import array

import rtpcodec
from rtpcodec.server import Background

PCM_HZ = 16000
PLAN = rtpcodec.StreamPlan(target_legs="both")  # in a bridged call, both people hear the sounds


def tone(*pitches_hz: float) -> bytes:
    """Return one second of a chord, in place of a recording."""
    steps = [2 * math.pi * pitch_hz / PCM_HZ for pitch_hz in pitches_hz]
    return array("h", (round(sum(6000 * math.sin(step * at) for step in steps)) for at in range(PCM_HZ))).tobytes()


# Loaded and measured once, for any number of calls.
if "SOUNDS" in os.environ:
    SOURCES = [rtpcodec.background_source(path) for path in os.environ["SOUNDS"].split(":")]
else:
    SOURCES = [rtpcodec.background_source(pcm, PCM_HZ) for pcm in (tone(330, 440), tone(200))]
SOUNDS = {str(key): source for key, source in enumerate(SOURCES, 1)}
ANNOUNCEMENT = tone(1000)


async def mix(call: rtpcodec.Call) -> None:
    """Follow the keys until the call ends. Sounds and announcement are added, and the sum is limited."""
    playing: dict[str, Background] = {}
    async for key in call.dtmf():
        if key.digit == "0":
            call.interrupt()
            await call.say([ANNOUNCEMENT], PCM_HZ)
        elif key.digit == "*":
            call.interrupt()
            while playing:
                playing.popitem()[1].stop()
        elif key.digit in playing:
            playing.pop(key.digit).stop()
        elif key.digit in SOUNDS:
            playing[key.digit] = call.background(SOUNDS[key.digit], level_dbov=-30, duck_db=12)


if __name__ == "__main__":
    rtpcodec.run(mix, plan=PLAN, port=8080)
