"""Says goodbye and hangs up, presses a key in a menu, and apologises when the handler fails.

pip install 'rtpcodec[client,server]' && python goodbye.py
Set TELNYX_API_KEY, and RTPCODEC_STREAM_TOKEN to the token of your streaming command. `speak` is your speech engine.
"""

import math
import os
from array import array

import rtpcodec

RATE_HZ = 8000


def speak(words: str) -> bytes:
    """Return the speech of a text. Here it is a tone of 60 ms per word."""
    step = 2 * math.pi * 300 / RATE_HZ
    return array(
        "h", (round(9000 * math.sin(step * at)) for at in range(RATE_HZ * 60 // 1000 * len(words.split())))
    ).tobytes()


async def take_order(call: rtpcodec.Call) -> None:
    """Ask, wait for a key, and hang up. `0` stands for the menu of a company, in which we press `2`."""
    prompt = await call.say([speak("Press 1 to confirm, 0 for the menu.")])
    digits = await call.collect_dtmf(prompt, max=1)
    if digits.text == "0":
        await call.send_dtmf("w2")  # half a second of pause, then the key
    await call.say([speak("Thank you, goodbye!")])
    await call.hangup()  # after the last word; not an error if the caller has hung up


async def after(call: rtpcodec.Call, error: BaseException | None) -> None:
    """Apologise if `take_order` failed, and hang up. Otherwise the caller would stay on a silent line."""
    if error is not None:
        call.interrupt()
        await call.say([speak("I am sorry, something went wrong. Please call again later.")])
    await call.hangup()


def main() -> None:
    """Serve calls until SIGTERM or Ctrl-C."""
    with rtpcodec.CallControl() as control:
        rtpcodec.run(take_order, on_handler_end=after, control=control, authorize=os.environ["RTPCODEC_STREAM_TOKEN"])


if __name__ == "__main__":
    main()
