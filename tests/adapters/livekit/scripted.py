"""A scripted session: models of livekit-agents that answer what a test says, on nothing but the audio they get."""

# mypy: disallow-subclassing-any=False, warn-unused-ignores=False

from __future__ import annotations

import array
import asyncio
import math
from collections.abc import Iterator
from typing import Any

from livekit.agents import llm, stt, tts, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

TTS_HZ = 24_000
LOUD = 1000
"""Peak of a frame that counts as speech."""
WORD_MS = 160
"""Duration of one word of the scripted voice."""


def tone(ms: float, hz: float, rate_hz: int, peak: int = 8000) -> bytes:
    """Return a sine as int16 PCM."""
    step = math.tau * hz / rate_hz
    return array.array("h", (round(peak * math.sin(step * at)) for at in range(int(ms * rate_hz / 1000)))).tobytes()


class ScriptedLLM(llm.LLM[Any]):
    """Answers with the next of its texts, word by word."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__()
        self.texts = texts
        self.contexts: list[list[tuple[str, str | None]]] = []

    def chat(self, *, chat_ctx: llm.ChatContext, tools: Any = None, **options: Any) -> llm.LLMStream:
        self.contexts.append([(item.role, item.text_content) for item in chat_ctx.items if item.type == "message"])
        conn_options = options.get("conn_options", DEFAULT_API_CONNECT_OPTIONS)
        return _Answer(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Answer(llm.LLMStream):
    async def _run(self) -> None:
        assert isinstance(self._llm, ScriptedLLM)
        words = self._llm.texts.pop(0).split()
        for word in words:
            delta = llm.ChoiceDelta(role="assistant", content=f"{word} ")
            self._event_ch.send_nowait(llm.ChatChunk(id="answer", delta=delta))


class ScriptedTTS(tts.TTS[Any]):
    """Speaks each word as a tone of WORD_MS; the words of each text have a frequency of their own."""

    def __init__(self, rate_hz: int = TTS_HZ, *, pace_ms: float = 0.0) -> None:
        super().__init__(capabilities=tts.TTSCapabilities(streaming=True), sample_rate=rate_hz, num_channels=1)
        self.pace_ms = pace_ms
        self.pitches = iter(range(400, 4000, 400))

    def synthesize(self, text: str, **options: Any) -> tts.ChunkedStream:
        return self._synthesize_with_stream(text, **options)

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS) -> tts.SynthesizeStream:
        return _Speech(tts=self, conn_options=conn_options)


class _Speech(tts.SynthesizeStream):
    async def _run(self, output_emitter: tts.AudioEmitter) -> None:
        voice = self._tts
        assert isinstance(voice, ScriptedTTS)
        output_emitter.initialize(
            request_id="speech",
            sample_rate=voice.sample_rate,
            num_channels=1,
            mime_type="audio/pcm",
            frame_size_ms=WORD_MS,
            stream=True,
        )
        output_emitter.start_segment(segment_id="segment")
        word = tone(WORD_MS, next(voice.pitches), voice.sample_rate)
        async for text in self._input_ch:
            if isinstance(text, str):
                for _ in text.split():
                    self._mark_started()
                    output_emitter.push(word)
                    await asyncio.sleep(voice.pace_ms / 1000)
        output_emitter.end_segment()


def loud(frame: Any) -> bool:
    """Whether a frame holds speech."""
    return max(frame.data, default=0) > LOUD


class LevelVAD(vad.VAD):
    """Speech is what is loud: it begins after 60 ms, and ends after 200 ms of silence."""

    def __init__(self) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=0.02))

    def stream(self) -> vad.VADStream:
        return _Levels(self)


class _Levels(vad.VADStream):
    async def _main_task(self) -> None:
        speech_s = silence_s = 0.0
        speaking, samples = False, 0
        async for frame in self._input_ch:
            if isinstance(frame, self._FlushSentinel):
                continue
            samples += frame.samples_per_channel
            silence_s = 0.0 if loud(frame) else silence_s + frame.duration
            speech_s = speech_s + frame.duration if loud(frame) or speaking else 0.0
            begins, ends = not speaking and speech_s >= 0.06, speaking and silence_s >= 0.2
            speaking = (speaking or begins) and not ends
            kinds = [vad.VADEventType.START_OF_SPEECH] * begins + [vad.VADEventType.INFERENCE_DONE]
            for kind in [*kinds, *[vad.VADEventType.END_OF_SPEECH] * ends]:
                self._event_ch.send_nowait(
                    vad.VADEvent(
                        type=kind,
                        samples_index=samples,
                        timestamp=samples / frame.sample_rate,
                        speech_duration=speech_s,
                        silence_duration=silence_s,
                        frames=[frame],
                        speaking=speaking,
                        raw_accumulated_silence=silence_s,
                        raw_accumulated_speech=speech_s,
                    )
                )
            if ends:
                speech_s = 0.0


class ScriptedSTT(stt.STT[Any]):
    """Recognises the next of its texts when speech has ended; None: nothing was understood."""

    def __init__(self, texts: Iterator[str | None]) -> None:
        super().__init__(capabilities=stt.STTCapabilities(streaming=True, interim_results=False))
        self.texts = texts

    async def _recognize_impl(self, buffer: Any, **options: Any) -> stt.SpeechEvent:
        raise NotImplementedError

    def stream(self, *, conn_options: Any = DEFAULT_API_CONNECT_OPTIONS, **options: Any) -> stt.RecognizeStream:
        return _Transcript(stt=self, conn_options=conn_options)


class _Transcript(stt.RecognizeStream):
    async def _run(self) -> None:
        assert isinstance(self._stt, ScriptedSTT)
        heard, silence_s = False, 0.0
        async for frame in self._input_ch:
            if isinstance(frame, self._FlushSentinel):
                continue
            silence_s = 0.0 if loud(frame) else silence_s + frame.duration
            heard = heard or loud(frame)
            if heard and silence_s >= 0.3:
                heard = False
                text = next(self._stt.texts, None)
                if text is not None:
                    said = stt.SpeechData(language="en", text=text)  # type: ignore[arg-type]
                    kind = stt.SpeechEventType.FINAL_TRANSCRIPT
                    self._event_ch.send_nowait(stt.SpeechEvent(type=kind, alternatives=[said]))
