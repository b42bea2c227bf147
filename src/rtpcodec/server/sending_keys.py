"""`send_dtmf`: sends keys to the other end of a call, by a command of the carrier or as tones in our audio."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

from rtpcodec.audio.key_sequence import TONE_MS, check_digits, key_sequence, tone_spans
from rtpcodec.carriers.telnyx.commands import DURATION_MILLIS, SEND_DTMF
from rtpcodec.codecs import codec, codec_names
from rtpcodec.errors import LocalProtocolError, QueueFull, StreamEnded
from rtpcodec.pump.pump import Pump
from rtpcodec.server.background_commands import BackgroundCommands, RunningCommand
from rtpcodec.server.phone_call import PhoneCall
from rtpcodec.server.play_out import PlayOut
from rtpcodec.server.play_waits import ReplyWaits
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.reply import Reply

DtmfMethod = Literal["carrier", "in_band"]
"""How keys are sent. "carrier": the carrier generates them. "in_band": as tones in our audio."""

LOOK_MS: Final = 20.0
"""Shortest interval between two checks of how much of the keys was heard: one frame."""


class KeySender:
    """Sends keys to the other end of one call. Use it in the event loop's thread only."""

    __slots__ = ("_commands", "_heard", "_phone", "_play_out", "_pump")

    def __init__(
        self,
        pump: Pump[CallMachine],
        phone: PhoneCall,
        heard: ReplyWaits,
        play_out: PlayOut,
        commands: BackgroundCommands,
    ) -> None:
        """Store the parts of the call."""
        self._pump = pump
        self._phone = phone
        self._heard = heard
        self._play_out = play_out
        self._commands = commands

    def send(self, digits: str, method: DtmfMethod, tone_ms: float | None) -> RunningCommand:
        """Begin to send keys. See Call.send_dtmf."""
        check_digits(digits)
        if method == "carrier":
            self._phone.control(SEND_DTMF)
            return self._commands.start(SEND_DTMF, self._command(digits, tone_ms))
        if method == "in_band":
            return self._begin_tones(digits, tone_ms)
        raise ValueError(f"method is {method!r}, 'carrier' or 'in_band' is needed")

    async def _command(self, digits: str, tone_ms: float | None) -> None:
        fields = {} if tone_ms is None else {DURATION_MILLIS: round(tone_ms)}
        await self._phone.command(SEND_DTMF, SEND_DTMF, digits=digits, **fields)

    # In band

    def _begin_tones(self, digits: str, tone_ms: float | None) -> RunningCommand:
        """Open the reply of the keys, which holds its place, and begin to wait for its turn."""
        machine = self._pump.machine
        require_tones(machine.session)
        speech = machine.session.require_replies(SEND_DTMF)
        rate_hz = speech.sample_rate_hz
        sounds = digits, rate_hz, TONE_MS if tone_ms is None else tone_ms
        pcm = key_sequence(*sounds)
        duration_ms = len(pcm) / 2 * 1000 / rate_hz
        if duration_ms > speech.max_queue_ms:
            raise QueueFull(f"the keys last {duration_ms:.0f} ms, at most {speech.max_queue_ms:.0f} ms are allowed")
        machine.plays.require_accepted()
        reply = machine.session.reply(interruptible=False)
        reply.queue.tones = tone_spans(*sounds)
        before = [one for one in speech.unended_replies if one is not reply]
        self._play_out.key_replies[reply] = duration_ms
        self._pump.run()
        return self._commands.start(SEND_DTMF, self._sound(reply, before, pcm, duration_ms), of_stream=True)

    async def _sound(self, reply: Reply, before: Sequence[Reply], pcm: bytes, duration_ms: float) -> None:
        """Play the keys alone at the far end, so that the clear of an interruption never cuts one of them."""
        try:
            # 1. Wait until all earlier replies were heard.
            await self._heard.all_ended(before)
            # 2. Play the keys. The open reply holds back all later replies.
            if not reply.over:
                reply.play(pcm)
            self._pump.run()
            # 3. Wait until they were heard, then let later replies follow.
            while True:
                left_ms = duration_ms - reply.played_ms(self._pump.now_ms())
                if reply.over or left_ms <= 0:
                    break
                await asyncio.sleep(max(left_ms, LOOK_MS) / 1000)
        finally:
            del self._play_out.key_replies[reply]
            reply.end()
            self._pump.run()
        if not await self._heard.ended(reply):
            raise StreamEnded("the stream has stopped before all keys were heard")


def require_tones(session: MediaSession) -> None:
    """Raise LocalProtocolError if the carrier or codec of a stream does not keep tones."""
    if not session.dialect.in_band_digits:
        raise LocalProtocolError(f"{session.dialect.name} does not pass on the tones of keys in our audio")
    plan = session.plan
    if plan.mode == "rtp" and plan.send_info.kind == "sample":
        return
    able = ", ".join(name for name in codec_names() if codec(name).kind == "sample")
    sent = plan.send_info.name if plan.mode == "rtp" else "MP3"
    raise LocalProtocolError(
        f"the stream sends {sent}, which does not keep the tones of keys; use method='carrier', or a plan with mode "
        f"'rtp' and send_codec {able}"
    )
