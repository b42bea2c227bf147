"""Audio input and output of a livekit-agents session over a call, without LiveKit's server: docs/livekit.md."""

import asyncio
import time
from contextlib import suppress

from rtpcodec.errors import LocalProtocolError, MissingExtra, ReplyInterrupted, StreamEnded
from rtpcodec.server.call import Call
from rtpcodec.server.pausing import PlaybackPause
from rtpcodec.server.replies import Reply

try:
    from livekit import rtc
    from livekit.agents.voice import io
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.livekit", "livekit-agents", "livekit") from error


class CallAudioInput(io.AudioInput):
    """Yields the caller's audio until the stream ends: frames of 20 ms at sample_rate (Hz), also in silence."""

    def __init__(self, call: Call, *, sample_rate: int = 16_000) -> None:
        super().__init__(label="rtpcodec call")
        self._reader = call.audio(pcm_hz=sample_rate, fill="silence")
        self._sample_rate_hz, self._attached = sample_rate, True

    async def __anext__(self) -> rtc.AudioFrame:
        async for audio in self._reader:
            if self._attached:
                return rtc.AudioFrame(audio.pcm, self._sample_rate_hz, 1, len(audio.pcm) // 2)
        raise StopAsyncIteration

    def on_attached(self) -> None:  # noqa: D102 -- as in livekit-agents, here and below
        self._attached = True

    def on_detached(self) -> None:  # noqa: D102
        self._attached = False


class CallAudioOutput(io.AudioOutput):
    """Plays the session's speech, mono and of any rate. Each segment is a reply of the call, which is in mode rtp."""

    def __init__(self, call: Call, *, max_pause_s: float = 60.0) -> None:
        super().__init__(label="rtpcodec call", capabilities=io.AudioOutputCapabilities(pause=True))
        self._call, self._max_pause_s = call, max_pause_s  # in case a failed session does not end its pause
        self._captured_s: float | None = None  # of the segment; None: not begun
        self._reply: Reply | None = None  # of the segment; None: not begun, or the stream has ended
        self._starting: Reply | None = None  # the latest reply, until its start is reported
        self._unheard: list[Reply] = []
        self._finishing: tuple[asyncio.Task[None], ...] = ()
        self._pause: PlaybackPause | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:  # noqa: D102
        if frame.num_channels != 1:
            raise ValueError(f"the frame has {frame.num_channels} channels, 1 is needed")
        await super().capture_frame(frame)
        self._captured_s = (self._captured_s or 0.0) + frame.duration
        with suppress(ReplyInterrupted, StreamEnded):
            if self._reply is None:
                self._reply = self._starting = self._call.reply()
                self._unheard.append(self._reply)
            await self._reply.play(frame.data, frame.sample_rate)
        self._report_start()

    def flush(self) -> None:  # noqa: D102
        super().flush()
        if self._captured_s is not None:  # not earlier: wrappers count a segment once its frames were captured
            self._finishing = (asyncio.create_task(self._finish(self._reply, self._captured_s, *self._finishing)),)
            self._captured_s = self._reply = None

    async def _finish(self, reply: Reply | None, captured_s: float, *before: asyncio.Task[None]) -> None:
        heard, heard_s = False, 0.0
        if reply is not None:
            reply.end()
            heard = await reply.settled()
            heard_s = min(reply.played_ms / 1000, captured_s)  # the last frame may be padded
            self._unheard.remove(reply)
        await asyncio.gather(*before, return_exceptions=True)
        self._report_start()
        self.on_playback_finished(playback_position=heard_s, interrupted=not heard)

    def _report_start(self) -> None:
        if self._starting is not None and self._starting.sent_ms:
            self._starting = None
            self.on_playback_started(created_at=time.time())

    def clear_buffer(self) -> None:  # noqa: D102
        for reply in () if self._call.ended else reversed(self._unheard):  # reversed, so that none begins meanwhile
            reply.interrupt()

    def pause(self) -> None:  # noqa: D102
        super().pause()
        with suppress(LocalProtocolError, StreamEnded):  # paused already, or over
            self._pause = self._call.pause_playback(self._max_pause_s, "discard")

    def resume(self) -> None:  # noqa: D102
        super().resume()
        if self._pause is not None:
            self._pause.resume()
            self._report_start()
