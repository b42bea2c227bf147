"""Rates the caller's voice while the call runs, and warns when several windows in a row look synthetic.

pip install 'rtpcodec[server]' && python deepfake_detector.py
`rate` stands for your model. The code here only shows where to call it, and does not detect anything useful.
"""

from collections.abc import AsyncIterator

import numpy as np

import rtpcodec

PCM_HZ = 16000
PLAN = rtpcodec.StreamPlan()
WINDOW_OCTETS = 2 * PCM_HZ * 3  # three seconds of speech
LIMIT, IN_A_ROW = 0.7, 2


async def rate(pcm: bytes) -> float:
    """Return 0 for a person and 1 for a machine. A model runs in a thread: `await asyncio.to_thread(model, pcm)`.

    Here: how even the loudness of 20 ms blocks is, without pauses. The call's reader buffers 5 s meanwhile.
    """
    blocks = np.frombuffer(pcm, np.int16).astype(float).reshape(-1, PCM_HZ // 50)
    loudness = np.sqrt((blocks**2).mean(axis=1))
    loudness = loudness[loudness > loudness.max() / 10]
    return float(max(0.0, 1 - 2 * loudness.std() / loudness.mean()))


async def windows(call: rtpcodec.Call) -> AsyncIterator[bytes]:
    """Yield windows of the caller's speech, without pauses, holds and the echo of what we play."""
    call.voice()
    speech = bytearray()
    async for frame in call.audio(pcm_hz=PCM_HZ, fill="silence"):
        if call.caller_speaking and not frame.concealed:
            speech += frame.pcm
        if len(speech) >= WINDOW_OCTETS:
            yield bytes(speech[:WINDOW_OCTETS])
            del speech[:WINDOW_OCTETS]


async def warn(call: rtpcodec.Call, score: float) -> None:
    """Print which call to check. A call with a control can be transferred here: `await call.transfer(PERSON)`."""
    print(f"{call.started.call_control_id}: the voice looks synthetic, score {score:.2f}")  # noqa: T201 -- an example


async def answer(call: rtpcodec.Call) -> None:
    """Rate window after window, and warn once."""
    suspicious = 0
    async for window in windows(call):
        score = await rate(window)
        suspicious = suspicious + 1 if score >= LIMIT else 0
        if suspicious == IN_A_ROW:
            await warn(call, score)


if __name__ == "__main__":
    rtpcodec.run(answer, plan=PLAN, port=8080)
