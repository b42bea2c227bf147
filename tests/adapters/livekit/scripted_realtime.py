"""A scripted realtime model of livekit-agents: it hears the caller by level, answers with tones, and is truncated."""

# mypy: disallow-subclassing-any=False, warn-unused-ignores=False

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from livekit import rtc
from livekit.agents import llm

from tests.adapters.livekit.scripted import TTS_HZ, loud, tone

ANSWER_MS = 3000
PIECE_SAMPLES = TTS_HZ // 10


class ScriptedRealtime(llm.RealtimeModel):
    """Answers each turn of the caller with a tone of ANSWER_MS; the pitch is 400 Hz, then 800 Hz, and so on."""

    def __init__(self) -> None:
        super().__init__(
            capabilities=llm.RealtimeCapabilities(
                message_truncation=True,
                turn_detection=True,
                user_transcription=False,
                auto_tool_reply_generation=False,
                audio_output=True,
                manual_function_calls=False,
            )
        )
        self.truncations: list[tuple[str, int]] = []
        """Message and the ms of its audio that were heard."""
        self.rates_hz: set[int] = set()
        """Of the audio that came."""

    def session(self, **_options: Any) -> _Session:
        return _Session(self)

    async def aclose(self) -> None:
        pass


class _Session(llm.RealtimeSession[Any]):
    def __init__(self, model: ScriptedRealtime) -> None:
        super().__init__(model)
        self._model = model
        self._chat_ctx = llm.ChatContext.empty()
        self._tools = llm.ToolContext.empty()
        self._speech_s = self._silence_s = 0.0
        self._answers = 0

    @property
    def chat_ctx(self) -> llm.ChatContext:
        return self._chat_ctx

    @property
    def tools(self) -> llm.ToolContext:
        return self._tools

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        self._model.rates_hz.add(frame.sample_rate)
        if loud(frame):
            self._speech_s, self._silence_s = self._speech_s + frame.duration, 0.0
            if self._speech_s - frame.duration < 0.06 <= self._speech_s:
                self.emit("input_speech_started", llm.InputSpeechStartedEvent())
            return
        self._silence_s += frame.duration
        if self._speech_s and self._silence_s >= 0.3:
            self._speech_s = 0.0
            self.emit("input_speech_stopped", llm.InputSpeechStoppedEvent(user_transcription_enabled=False))
            self.emit("generation_created", self._answer())

    def _answer(self) -> llm.GenerationCreatedEvent:
        self._answers += 1
        modalities: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        modalities.set_result(["text", "audio"])
        message = llm.MessageGeneration(
            message_id=f"message-{self._answers}",
            text_stream=_each(["an answer"]),
            audio_stream=_each(_frames(400 * self._answers)),
            modalities=modalities,
        )
        return llm.GenerationCreatedEvent(
            message_stream=_each([message]), function_stream=_each([]), user_initiated=False
        )

    def truncate(self, *, message_id: str, audio_end_ms: int, **_options: Any) -> None:
        self._model.truncations.append((message_id, audio_end_ms))

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        self._chat_ctx = chat_ctx

    async def update_instructions(self, instructions: str) -> None:
        pass

    async def update_tools(self, tools: Any) -> None:
        pass

    def update_options(self, **_options: Any) -> None:
        pass

    def push_video(self, frame: Any) -> None:
        pass

    def generate_reply(self, **_options: Any) -> Any:
        raise NotImplementedError

    def commit_audio(self) -> None:
        pass

    def clear_audio(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    async def aclose(self) -> None:
        pass


def _frames(pitch_hz: float) -> list[rtc.AudioFrame]:
    pcm, octets = tone(ANSWER_MS, pitch_hz, TTS_HZ), 2 * PIECE_SAMPLES
    return [rtc.AudioFrame(pcm[at : at + octets], TTS_HZ, 1, PIECE_SAMPLES) for at in range(0, len(pcm), octets)]


async def _each(things: list[Any]) -> AsyncIterator[Any]:
    for thing in things:
        yield thing
