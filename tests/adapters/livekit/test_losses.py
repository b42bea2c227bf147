"""A session whose WebSocket is lost in mid-sentence: the sentence continues on the next one, or is interrupted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from livekit.agents import AgentSession

import rtpcodec
from rtpcodec.sim import SimulatedCall
from tests.adapters.livekit.sessions import ended, talk

TEN = "one two three four five six seven eight nine ten"


async def speak(call: rtpcodec.Call, session: AgentSession[Any]) -> None:
    session.say(TEN)
    await ended(call)


async def lose(phone: SimulatedCall) -> None:
    await asyncio.sleep(0.8)
    phone.lose_socket("rst")


def test_a_sentence_continues_behind_a_lost_socket() -> None:
    talked, report = talk([], [], bytes(16 * 6000), script=speak, act=lose, reconnect=True)
    assert report.end_reason == "speech_ended"
    assert (talked.ends.positions_ms, talked.ends.interrupted) == ([1600], [False])


def test_without_a_reconnection_the_session_ends() -> None:
    talked, report = talk([], [], bytes(16 * 6000), script=speak, act=lose, reconnect=False)
    assert report.end_reason == "connection_lost"
    assert talked.ends.interrupted == [True]
    assert talked.ends.positions_ms[0] == pytest.approx(700, abs=200)
    assert talked.history[-1][2]
