"""The same call by the simulator, on a virtual clock, without account, network and waiting."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rtpcodec.audio.files import read_wav
from rtpcodec.client import AsyncCallControl
from rtpcodec.doctor.readings.report import CallReadings
from rtpcodec.doctor.readings.sequence import Say, read_call
from rtpcodec.doctor.readings.streams import CallSetup
from rtpcodec.doctor.readings.webhook_inbox import WebhookInbox
from rtpcodec.pump import run_virtual
from rtpcodec.sim import Carrier, Webhooks
from rtpcodec.sim.carrier import CALLEE, CALLER

API_KEY: Final = "KEY_SIM"
RINGS_S: Final = 2.0
SPEECH_S: Final = 120.0
"""Longer than the sequence of streams: the phone hangs up at the end of its speech."""
HOOK_PORT: Final = 8090
UNREAD_S: Final = 5.0
"""Enough to fill the buffers of the network in memory."""


def simulated_call(speech: Path | tuple[bytes, int], say: Say = lambda _words: None, **phone: Any) -> CallReadings:
    """Take the readings of a simulated carrier, on a virtual clock (docs/carrier.md, "How the readings are taken").

    Args:
        speech: speech of the phone, repeated: a WAV file, or native int16 PCM and its rate in Hz.
        say: called with each step in words.
        **phone: further options of `sim.Carrier.phone`, such as `variations`.

    Returns:
        One reading per uncertain point.
    """
    pcm, rate_hz = speech if isinstance(speech, tuple) else read_wav(speech)
    repeats = -(-round(SPEECH_S * rate_hz * 2) // len(pcm))
    return run_virtual(_call(pcm * repeats, say, {"speech_hz": rate_hz, "keeps_audio": False, **phone}))


async def _call(pcm: bytes, say: Say, phone: dict[str, Any]) -> CallReadings:
    async with Carrier(API_KEY) as carrier, AsyncCallControl(API_KEY, base_url=carrier.base_url) as control:
        inbox = WebhookInbox(carrier.public_key)
        async with inbox.listening("localhost", HOOK_PORT) as port:
            carrier.phone(CALLEE, pcm, answers_after_s=RINGS_S, **phone)
            carrier.send_webhooks(Webhooks(url=f"http://localhost:{port}/"))
            setup = CallSetup(control=control, to=CALLEE, from_=CALLER, connection_id="1", unread_s=UNREAD_S)
            return await read_call(setup, inbox, leg="simulated phone", simulated=True, say=say)
