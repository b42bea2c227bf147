"""Keep-alive and background sound: they hardly delay a reply, and its start does not click."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from rtpcodec.sim.media.timing import Link
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.background_sound import BackgroundSound
from rtpcodec.stream.speaking.background_source import background_source
from tests.speaking.conversation import EXACT, Conversation

LATER_MS = 100.0
CLICK = 32768 * 10 ** (-40 / 20)
"""A step of this size is a click of -40 dBov."""
REPLY_MS = 300
TONE_HZ = 100


def tone(samples: int, rate_hz: int) -> bytes:
    """A reply that begins and ends at zero, and whose steps are known."""
    t = np.arange(samples) / rate_hz
    pcm: bytes = (4000 * np.sin(2 * np.pi * TONE_HZ * t)).round().astype("<i2").tobytes()
    return pcm


def rustle(rate_hz: int) -> bytes:
    """Five seconds of soft noise without high frequencies."""
    noise = np.random.default_rng(5).standard_normal(rate_hz * 5)
    soft = np.convolve(noise, np.ones(16) / 16, "same")
    pcm: bytes = (soft / np.abs(soft).max() * 20000).astype("<i2").tobytes()
    return pcm


class Replies:
    """Replies at random moments of one call, and when the first audio of each reached the carrier."""

    def __init__(self, count: int, seed: int, *, idle: bool, plan: StreamPlan = EXACT) -> None:
        options = {"keep_alive": "comfort_noise"} if idle else {}
        self.call = call = Conversation(plan, up=Link(delay_ms=20), down=Link(delay_ms=40), hold_ms=40, options=options)
        call.run(200)
        rate_hz = call.playout.sample_rate_hz
        if idle:
            call.session.background(
                BackgroundSound(background_source(rustle(rate_hz), rate_hz), rate_hz, level_dbov=-45.0)
            )
        draw = random.Random(seed)
        self.first_ms: list[float] = []
        """From the start of each reply to the moment at which its first sample is heard."""
        self.begins: list[int] = []
        for _ in range(count):
            call.wait(draw.uniform(500, 1500))
            began = call.playout.position(call.now_ms)
            reply = call.session.reply()
            reply.play(tone(call.samples(REPLY_MS), rate_hz))
            reply.end()
            call.wait(REPLY_MS + 300)
            position = began + self._onset(began)
            self.begins.append(position)
            self.first_ms.append((position - began) * 1000 / rate_hz)

    def _onset(self, began: int) -> int:
        """How many samples later the tone begins: where it matches what is heard best."""
        call = self.call
        rate_hz = call.playout.sample_rate_hz
        heard = np.frombuffer(call.playout.window(began, call.samples(REPLY_MS + 300)), "<i2").astype(float)
        wanted = np.frombuffer(tone(call.samples(100), rate_hz), "<i2").astype(float)
        loud = np.flatnonzero(np.abs(heard) > 2000)
        assert len(loud), "the reply was not heard"
        around = range(max(0, int(loud[0]) - rate_hz // 200), int(loud[0]) + 1)
        errors = [float(np.abs(heard[at : at + len(wanted)] - wanted).sum()) for at in around]
        return around[int(np.argmin(errors))]

    def steps_at_joins(self) -> npt.NDArray[np.int64]:
        """The largest step between neighbouring samples within 2 ms of each begin and end of a reply."""
        heard = self.call.heard().astype(np.int64)
        around, length = self.call.samples(2), self.call.samples(REPLY_MS)
        joins = [join for begin in self.begins for join in (begin, begin + length)]
        return np.array([np.abs(np.diff(heard[join - around : join + around])).max() for join in joins])


def check(count: int) -> None:
    """Compare with the same call without any sound between replies."""
    with_sound, without = Replies(count, seed=3, idle=True), Replies(count, seed=3, idle=False)
    # 1. No reply is much later.
    later_ms = np.array(with_sound.first_ms) - np.array(without.first_ms)
    assert later_ms.max() <= LATER_MS
    # 2. No step at a join exceeds those of the tone itself by a click.
    rate_hz = with_sound.call.playout.sample_rate_hz
    usual = np.abs(np.diff(np.frombuffer(tone(rate_hz, rate_hz), "<i2").astype(int))).max()
    assert with_sound.steps_at_joins().max() <= usual + CLICK
    # 3. Between replies something is heard all the time.
    heard = with_sound.call.heard()
    silent = np.flatnonzero(heard)
    begin = next(at for at, _ in pairwise(silent) if at)
    assert np.abs(heard[begin:]).mean() > 20
    assert without.call.playout.dry_count >= count - 1


def test_sound_before_a_reply_hardly_delays_it_and_does_not_click() -> None:
    check(25)


@pytest.mark.long
def test_sound_before_a_reply_hardly_delays_it_and_does_not_click_at_length() -> None:
    check(1000)
