"""`StreamSerializer`: the messages of a call for pipecat's WebSocket transports. Needs the extra `pipecat`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from rtpcodec.errors import MissingExtra
from rtpcodec.server.phone_control import PhoneControl, hang_up
from rtpcodec.stream.events import Audio, Dtmf, Event, Gap, Stalled, Started
from rtpcodec.stream.session import MediaSession

try:
    from pipecat.audio.dtmf.types import KeypadEntry
    from pipecat.frames import frames
    from pipecat.serializers.base_serializer import FrameSerializer
except ImportError as error:
    raise MissingExtra("rtpcodec.adapters.pipecat", "pipecat-ai", "pipecat") from error

TAIL_MS, LEAD_MS = 300.0, 10_000.0  # silence that ends an utterance or the call; pipecat paces audio by itself


class StreamSerializer(FrameSerializer):
    """Converts between the messages of one call and pipecat's frames. Use it only in the thread of the event loop."""

    def __init__(self, send_text: Callable[[str], Awaitable[Any]], control: PhoneControl | None = None, **options: Any):
        """Make the serializer of one call.

        Args:
            send_text: sends one text on the call's WebSocket, such as `websocket.send_text`. A frame may need several.
            control: hangs up on EndFrame and CancelFrame, if the carrier has commands; None: the bot hangs up.
            **options: `plan` and other keywords of MediaSession, except `receive_pcm_hz`, which the pipeline decides.
        """
        super().__init__()
        self.session: Final = MediaSession(**{"dialect": None, "lead_ms": LEAD_MS, **options})
        self.session.require_replies("StreamSerializer")  # the plan's mode must be rtp
        self.started: Started | None = None
        self._send_text, self._control, self._turn = send_text, control, asyncio.Lock()
        self._tail_ms, self._pcm, self._keys, self._unsent = 0.0, b"", list[str](), list[str]()

    async def read_start(self, receive_text: Callable[[], Awaitable[str]]) -> Started:
        """Return the carrier's `start`. Raises: StreamEnded if it cannot do the plan, or sent none."""
        while self.started is None:
            await self.deserialize(await receive_text())
        return self.started

    async def setup(self, setup: Any) -> None:  # noqa: D102 -- as in pipecat, here and below
        self.session.receive_at(setup.audio_in_sample_rate)

    async def deserialize(self, data: str | bytes) -> Any:
        """Return the frame of a message. If it has several, the others follow with the next messages."""
        session, events, now_ms = self.session, list[Event](), asyncio.get_running_loop().time() * 1000
        session.receive(data, now_ms)
        for event in session.events(now_ms):
            if isinstance(event, Audio) and event.track == session.dialect.tracks[session.plan.tracks][0]:
                self._pcm += event.pcm
            elif isinstance(event, Dtmf) and event.digit in KeypadEntry.__members__.values():
                self._keys.append(event.digit)
            elif not isinstance(event, Gap | Stalled):  # pauses of the carrier are in the statistics
                events.append(event)
                self.started = event if isinstance(event, Started) else self.started
        if self.started is None:
            session.require_replies("StreamSerializer")  # StreamEnded says why the stream ended before its start
        if 0 < self._tail_ms <= now_ms and session.streaming:
            self._tail_ms = 0.0
            session.flush()
        await self._send([] if self._turn.locked() else session.outgoing(now_ms))  # receiving must not wait for sending
        if events:
            return frames.InputTransportMessageFrame({"type": "rtpcodec", "events": events})
        if self._keys:
            return frames.InputDTMFFrame(KeypadEntry(self._keys.pop(0)))
        pcm, self._pcm = self._pcm, b""
        return frames.InputAudioRawFrame(pcm, session.received_pcm_hz or 0, 1) if pcm else None

    async def serialize(self, frame: Any) -> None:  # noqa: D102 -- it sends itself, and returns nothing
        session, now_ms = self.session, asyncio.get_running_loop().time() * 1000
        if isinstance(frame, frames.AudioRawFrame) and not session.ended:
            if frame.num_channels != 1:
                raise ValueError(f"audio_out_channels is {frame.num_channels}, a phone call has 1")
            session.play(frame.audio, frame.sample_rate)
            self._tail_ms = now_ms + TAIL_MS
        elif isinstance(frame, frames.InterruptionFrame) and not session.ended:
            session.interrupt(now_ms)
        elif hasattr(frame, "message") and not self.should_ignore_frame(frame):
            await self._send(session.send_message(frame.message, now_ms))
        elif isinstance(frame, frames.EndFrame) and session.streaming:
            session.flush()
        await self._send(session.outgoing(now_ms))
        if isinstance(frame, frames.EndFrame):
            await asyncio.sleep(min(session.position_ms - session.heard_ms(now_ms) + TAIL_MS, LEAD_MS) / 1000)
        if isinstance(frame, frames.EndFrame | frames.CancelFrame) and self.started:
            await hang_up(self._control, session.dialect, self.started.call_control_id)

    async def _send(self, texts: list[str]) -> None:
        self._unsent += texts  # if this send is cancelled, the next one sends them
        if texts:
            async with self._turn:  # a clear must not overtake audio that waits for the socket
                while self._unsent:
                    await self._send_text(self._unsent[0])
                    del self._unsent[0]
