"""Audio input and output of a livekit-agents session over a call, without LiveKit's server: docs/livekit.md."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Final

from rtpcodec.errors import LocalProtocolError, MissingExtra, ReplyInterrupted, StreamEnded
from rtpcodec.server.call import Call
from rtpcodec.server.pausing import PlaybackPause
from rtpcodec.server.replies import Reply

try:
    from livekit import rtc
    from livekit.agents.voice import io
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.livekit", "livekit-agents", "livekit") from error

PAUSE_S: Final = 60.0
"""A session ends its pauses itself. One that has failed must not keep the call open, so its pause is discarded."""


class CallAudioInput(io.AudioInput):
    """The caller's audio: frames of 20 ms, in silence as well, until the stream ends. Make it when the call begins.

    call: the call; its handler must be a coroutine.
    sample_rate: of the frames, in Hz.
    """

    def __init__(self, call: Call, *, sample_rate: int = 16_000) -> None:
        super().__init__(label="rtpcodec call")
        self._sample_rate_hz = sample_rate
        self._reader = call.audio(pcm_hz=sample_rate, fill="silence")
        self._attached = True

    async def __anext__(self) -> rtc.AudioFrame:
        async for audio in self._reader:
            if self._attached:
                return rtc.AudioFrame(audio.pcm, self._sample_rate_hz, 1, len(audio.pcm) // 2)
        raise StopAsyncIteration

    def on_attached(self) -> None:
        """Return frames again."""
        self._attached = True

    def on_detached(self) -> None:
        """Drop the frames from now on."""
        self._attached = False


class CallAudioOutput(io.AudioOutput):
    """The session's speech, mono and of any rate: one reply of the call per segment, and how much of it was heard.

    call: the call, in mode rtp; its handler must be a coroutine.
    """

    def __init__(self, call: Call) -> None:
        super().__init__(label="rtpcodec call", capabilities=io.AudioOutputCapabilities(pause=True))
        self._call = call
        self._capturing = False
        self._reply: Reply | None = None  # the last one; None: the stream had ended
        self._started: Reply | None = None  # the last one whose start is reported
        self._unheard: list[Reply] = []
        self._finishing: asyncio.Task[None] | None = None
        self._pause: PlaybackPause | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        """Queue one frame; wait while the queue is full. Behind an interruption, frames up to `flush` are dropped."""
        if frame.num_channels != 1:
            raise ValueError(f"the frame has {frame.num_channels} channels, 1 is needed")
        await super().capture_frame(frame)
        with suppress(ReplyInterrupted, StreamEnded):
            if not self._capturing:
                self._capturing, self._reply = True, None
                self._reply = self._call.reply()
                self._unheard.append(self._reply)
            if self._reply is not None:
                await self._reply.play(frame.data, frame.sample_rate)
        self._report_start()

    def flush(self) -> None:
        """End the segment. `playback_finished` follows when it was heard or interrupted, or the stream has ended."""
        super().flush()
        if self._capturing:
            self._capturing = False
            if self._reply is not None:
                self._reply.end()
            self._finishing = asyncio.create_task(self._finish(self._reply, self._finishing))

    async def _finish(self, reply: Reply | None, before: asyncio.Task[None] | None) -> None:
        if before is not None:
            await asyncio.wait([before])
        heard = reply is not None and await reply.played()
        self._report_start()
        if reply is not None:
            self._unheard.remove(reply)
        position_s = 0.0 if reply is None else reply.played_ms / 1000
        self.on_playback_finished(playback_position=position_s, interrupted=not heard)

    def _report_start(self) -> None:
        reply = self._reply
        if reply is not None and reply is not self._started and reply.sent_ms:
            self._started = reply
            self.on_playback_started(created_at=time.time())

    def clear_buffer(self) -> None:
        """Interrupt: nothing more of what was captured so far is heard."""
        with suppress(StreamEnded):
            for reply in reversed(self._unheard):  # the last one first: no other begins meanwhile
                reply.interrupt()

    def pause(self) -> None:
        """Pause the playback; what was not heard is kept. A pause by the handler counts as this one."""
        super().pause()
        with suppress(LocalProtocolError, StreamEnded):
            self._pause = self._call.pause_playback(PAUSE_S, "discard")

    def resume(self) -> None:
        """Resume the playback from shortly before the cut. Without a pause it does nothing."""
        super().resume()
        if self._pause is not None:
            self._pause.resume()
            self._report_start()
