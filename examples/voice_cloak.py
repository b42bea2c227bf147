"""Connects two calls, and changes the pitch of the caller whose path has `cloak`.

pip install 'rtpcodec[server]' && python voice_cloak.py
Stream the calls to wss://HOST/?talk=7&cloak=0.8 and wss://HOST/?talk=7, and do not bridge them.
"""

from collections import defaultdict
from urllib.parse import parse_qs, urlsplit

import numpy as np

import rtpcodec

PCM_HZ = 16000
PLAN = rtpcodec.StreamPlan(send_codec="L16", send_rate_hz=PCM_HZ)
WINDOW = PCM_HZ * 40 // 1000
TALKS: defaultdict[str, list[rtpcodec.Call]] = defaultdict(list)


class PitchShifter:
    """Multiplies the pitch of a voice: two taps run through the last 40 ms at another speed, and are crossfaded."""

    def __init__(self, ratio: float) -> None:
        self.ratio, self.delay, self.past = ratio, 0.0, np.zeros(WINDOW + 1)

    def shift(self, pcm: bytes) -> bytes:
        """Return the shifted samples, as many as were passed."""
        samples = np.concatenate([self.past, np.frombuffer(pcm, np.int16)])
        at = np.arange(WINDOW + 1, len(samples))
        delays = self.delay + (1 - self.ratio) * np.arange(1, len(at) + 1)
        first, second = delays % WINDOW, (delays + WINDOW / 2) % WINDOW
        weight = np.sin(np.pi * first / WINDOW) ** 2
        places = np.arange(len(samples))
        mixed = weight * np.interp(at - first, places, samples) + (1 - weight) * np.interp(at - second, places, samples)
        self.delay, self.past = (self.delay + (1 - self.ratio) * len(at)) % WINDOW, samples[-WINDOW - 1 :]
        return bytes(mixed.round().astype(np.int16))


async def connect(call: rtpcodec.Call) -> None:
    """Play the audio of this caller to all others in the talk, until the call ends."""
    query = parse_qs(urlsplit(call.path).query)
    name, ratio = query["talk"][0], float(query.get("cloak", ["1"])[0])
    talk = TALKS[name]
    shifter = None if ratio == 1 else PitchShifter(ratio)
    talk.append(call)
    try:
        async for audio in call.audio(pcm_hz=PCM_HZ):
            pcm = shifter.shift(audio.pcm) if shifter else audio.pcm
            for other in talk:
                if other is not call and not other.ended:
                    other.play(pcm, PCM_HZ)
    finally:
        talk.remove(call)
        if not talk:
            del TALKS[name]


if __name__ == "__main__":
    # Late live audio is useless: at most 200 ms of it wait.
    rtpcodec.run(connect, plan=PLAN, port=8080, lead_ms=100, max_queue_ms=200, when_full="drop_oldest")
