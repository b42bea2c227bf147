"""A long play blocks the loop for one turn at a time. Work is counted in samples, independent of the machine's load."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from rtpcodec.audio.resample import Resampler
from rtpcodec.stream.items import Piece
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.packing import packing_of
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking import reply_queue
from tests.speaking.test_nothing_after_the_clear import PLANS
from tests.stream.carrier import start

LONG_S = 60
MANY_TURNS = 20
SOURCES = ((44100, "int16"), (48000, "int16"), (48000, "float32"), (8000, "int16"))


@dataclass
class Work:
    """Audio that was resampled and encoded since the last check, in ms."""

    resampled_ms: float = 0.0
    encoded_ms: float = 0.0

    def take(self) -> tuple[float, float]:
        found = self.resampled_ms, self.encoded_ms
        self.resampled_ms = self.encoded_ms = 0.0
        return found


class CountedResampler:
    """A resampler that counts its input."""

    def __init__(self, resampler: Any, from_hz: int, work: Work) -> None:
        self._resampler, self._from_hz, self._work = resampler, from_hz, work

    def resample(self, pcm: bytes) -> bytes:
        self._work.resampled_ms += len(pcm) / 2 * 1000 / self._from_hz
        found: bytes = self._resampler.resample(pcm)
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._resampler, name)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    work = Work()

    def counted(from_hz: int, to_hz: int) -> CountedResampler:
        return CountedResampler(Resampler(from_hz, to_hz), from_hz, work)

    monkeypatch.setattr(reply_queue, "Resampler", counted)
    return work


def counted_machine(plan: StreamPlan, work: Work, monkeypatch: pytest.MonkeyPatch) -> CallMachine:
    """A call that sends everything at once: the largest amount of work of a turn."""
    kind = type(packing_of(plan))
    encode = kind.encode

    def counted(self: Any, pieces: Sequence[Piece]) -> bytes:
        work.encoded_ms += sum(len(octets) for _, octets in pieces) / 2 * 1000 / self.sample_rate_hz
        found: bytes = encode(self, pieces)
        return found

    monkeypatch.setattr(kind, "encode", counted)
    machine = CallMachine(MediaSession(plan, lead_ms=None), 0.0)
    machine.receive(start(), 0.0)
    machine.events(0.0)
    machine.outgoing(0.0)
    return machine


@pytest.mark.parametrize(("rate_hz", "dtype"), SOURCES)
@pytest.mark.parametrize("name", PLANS)
def test_neither_a_long_play_nor_a_turn_works_on_more_than_one_turn_of_audio(
    name: str, rate_hz: int, dtype: str, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = PLANS[name]
    machine = counted_machine(plan, work, monkeypatch)
    turn_ms = packing_of(plan).turn_ms
    # 1. The play itself only keeps the audio.
    pcm = np.zeros(rate_hz * LONG_S, np.dtype("<i2") if dtype == "int16" else np.float32)
    machine.plays.play(pcm.data, rate_hz)
    assert work.take() == (0.0, 0.0)
    # 2. Each turn works on one turn's audio, and the last frame of it.
    turns: list[tuple[float, float]] = []
    while len(turns) < MANY_TURNS and machine.outgoing(20.0):
        turns.append(work.take())
    assert max(max(turn) for turn in turns) <= turn_ms + 20 + 1
    assert len(turns) == MANY_TURNS
    # 3. An end and an interruption work on none.
    machine.plays.play(pcm.data, rate_hz)
    machine.session.flush()
    machine.interrupt(30.0)
    assert work.take() == (0.0, 0.0)
