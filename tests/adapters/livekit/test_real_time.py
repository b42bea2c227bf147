"""A session on a real socket in real time, with LiveKit's synchronizer: the history has what was heard."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice.transcription import TranscriptSynchronizer

from rtpcodec.adapters.livekit import CallAudioOutput
from tests.adapters.livekit.phone import cuts_ms, heard_ms
from tests.adapters.livekit.scripted import WORD_MS, tone
from tests.adapters.livekit.sessions import talk

TEN = "one two three four five six seven eight nine ten"


def synchronized(session: AgentSession[Any], output: CallAudioOutput) -> None:
    both = TranscriptSynchronizer(next_in_chain_audio=output, next_in_chain_text=None)
    session.output.audio, session.output.transcription = both.audio_output, both.text_output


def test_an_interrupted_answer_is_cut_at_what_was_heard() -> None:
    speech = bytes(16 * 200) + tone(400, 700, 8000) + bytes(16 * 1300) + tone(500, 700, 8000) + bytes(16 * 2500)
    talked, report = talk(
        [TEN, "alpha beta"],
        ["Good morning", "Stop"],
        speech,
        wire=synchronized,
        run=asyncio.run,
        phone={"playout_delay_ms": 60},
    )
    assert talked.ends.interrupted == [True, False]
    first_ms = talked.ends.positions_ms[0]
    # On a busy machine, texts come late: the call sees it, and its doubt grows.
    assert abs(first_ms - cuts_ms(report)[0]) <= max(60, talked.doubts_ms[0] + report.worst_late_ms)
    assert heard_ms(report, 800) >= 2 * WORD_MS
    assert report.playout_log is not None
    assert heard_ms(report, 400, from_ms=report.playout_log.clears[0].position / 8) == 0
    role, text, interrupted = talked.history[1]
    assert (role, interrupted) == ("assistant", True)
    assert TEN.startswith(text)
    assert 0 < len(text.split()) < 10  # LiveKit estimates which words were heard
    assert talked.history[3] == ("assistant", "alpha beta", False)
