"""An AgentSession with scripted models on a simulated call."""

# mypy: warn-unused-ignores=False

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from livekit.agents import Agent, AgentSession

import rtpcodec
from rtpcodec.adapters.livekit import CallAudioInput, CallAudioOutput
from rtpcodec.sim import CallReport
from tests.adapters.livekit.phone import Ends, carried
from tests.adapters.livekit.scripted import LevelVAD, ScriptedLLM, ScriptedSTT, ScriptedTTS

TURNS: dict[str, Any] = {
    "turn_detection": "vad",
    "endpointing": {"mode": "fixed", "min_delay": 0.2, "max_delay": 0.4},
    "interruption": {"mode": "vad", "min_duration": 0.2, "false_interruption_timeout": 0.6},
}
"""Short delays; interruptions by voice activity, as without LiveKit's cloud."""


@dataclass
class Talk:
    """What one session did."""

    llm: ScriptedLLM
    ends: Ends
    states: list[tuple[float, str]] = field(default_factory=list)
    history: list[tuple[str, str, bool]] = field(default_factory=list)
    """Role, text and whether it was interrupted, of each message."""
    false_interruptions: list[bool] = field(default_factory=list)
    doubts_ms: list[float] = field(default_factory=list)
    """How wrong the position of each segment may be, as the call states it."""


async def ended(call: rtpcodec.Call) -> list[float]:
    """Wait until the stream has ended. Returns the doubt about each reply that has ended meanwhile."""
    ends = [event async for event in call.events() if isinstance(event, rtpcodec.events.ReplyEnded)]
    return [event.played_uncertainty_ms for event in ends]


def _session(says: list[str], hears: list[str | None], interruption: dict[str, Any]) -> AgentSession[Any]:
    turns = TURNS | {"interruption": TURNS["interruption"] | interruption}
    return AgentSession(
        llm=ScriptedLLM(list(says)),
        tts=ScriptedTTS(),
        vad=LevelVAD(),
        stt=ScriptedSTT(iter(hears)),
        turn_handling=turns,  # type: ignore[arg-type]
        aec_warmup_duration=None,
    )


def talk(
    says: list[str],
    hears: list[str | None],
    speech: bytes,
    *,
    script: Callable[[rtpcodec.Call, AgentSession[Any]], Awaitable[object]] | None = None,
    wire: Callable[[AgentSession[Any], CallAudioOutput], object] | None = None,
    interruption: dict[str, Any] | None = None,
    **options: Any,
) -> tuple[Talk, CallReport]:
    """Run one call with a session.

    says: the model's answers.
    hears: what is recognised; None: nothing.
    speech: what the caller says.
    script: runs beside the session; None: until the caller hangs up.
    wire: gives the session its output; None: directly.
    interruption: options of the session's interruptions.
    """
    talks: list[Talk] = []

    async def answer(call: rtpcodec.Call) -> None:
        session = _session(says, hears, interruption or {})
        output = CallAudioOutput(call)
        assert isinstance(session.llm, ScriptedLLM)
        talked = Talk(session.llm, Ends(output))
        talks.append(talked)
        loop = asyncio.get_running_loop()
        session.on("agent_state_changed", lambda event: talked.states.append((loop.time(), event.new_state)))
        session.on("agent_false_interruption", lambda event: talked.false_interruptions.append(event.resumed))
        session.input.audio = CallAudioInput(call)
        if wire is None:
            session.output.audio = output
        else:
            wire(session, output)
        await session.start(Agent(instructions="Talk to the caller."))
        doubts = asyncio.ensure_future(ended(call))
        await (asyncio.shield(doubts) if script is None else script(call, session))
        await session.aclose()
        call.close()
        talked.doubts_ms = await doubts
        talked.history = [
            (item.role, (item.text_content or "").strip(), item.interrupted)
            for item in session.history.items
            if item.type == "message"
        ]

    report = carried(answer, speech, **options)
    return talks[0], report
