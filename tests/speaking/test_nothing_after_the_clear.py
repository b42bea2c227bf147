"""After an interruption, not one sample of the reply is sent: the usual loop of a speech engine, cut at any moment."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import codec
from rtpcodec.errors import ReplyInterrupted
from rtpcodec.kernels.resample import RATES_HZ
from rtpcodec.sim.media.timing import Link
from rtpcodec.stream.events import ReplyEnded
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.speaking.reply import Reply
from tests.speaking.conversation import Conversation

PLANS = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "G722": StreamPlan(send_codec="G722"),
    "L16 8000": StreamPlan(send_codec="L16", send_rate_hz=8000),
    "L16 16000": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "L16 24000": StreamPlan(send_codec="L16", send_rate_hz=24000),
    "L16 48000": StreamPlan(send_codec="L16", send_rate_hz=48000),
    "OPUS": StreamPlan(send_codec="OPUS"),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
}
DTYPES = ("bytes", "array", "numpy", "float32")
LOUD = 12_000

Cut = Literal["all", "current", "pause, interrupt", "pause, discard"]


def loud(samples: int, dtype: str) -> object:
    """Speech that cannot be confused with silence, in one of the forms that `play` accepts."""
    values = np.where(np.arange(samples) % 16 < 8, LOUD, -LOUD).astype("<i2")
    if dtype == "float32":
        return (values / 32768).astype(np.float32)
    if dtype == "numpy":
        return values
    return values.tobytes() if dtype == "bytes" else array("h", values.tobytes())


def cut(call: Conversation, how: Cut) -> None:
    """End the reply in one of the possible ways."""
    now_ms = call.now_ms
    if how in {"all", "current"}:
        call.session.interrupt(now_ms, what="all" if how == "all" else "current")
        return
    pause = call.session.pause_playback(now_ms, timeout_ms=10_000)
    call.wait(70)
    if how == "pause, discard":
        pause.discard(call.now_ms)
    else:
        call.machine.interrupt(call.now_ms)


def speak_until_interrupted(reply: Reply, call: Conversation, chunks: list[tuple[int, int, str, float]]) -> bool:
    """Run the usual loop. Returns whether an interruption has ended it."""
    for samples, rate_hz, dtype, wait_ms in chunks:
        try:
            reply.play(loud(samples, dtype), rate_hz)  # type: ignore[arg-type]
        except ReplyInterrupted:
            return True
        call.wait(wait_ms)
    reply.end()
    call.wait(100)
    return False


chunk = st.tuples(
    st.integers(1, 9000),
    st.sampled_from(RATES_HZ),
    st.sampled_from(DTYPES),
    st.sampled_from((0.0, 0.5, 7.0, 20.0, 180.0)),
)


@dataclass(frozen=True)
class Case:
    """One conversation: the codec, the chunks of the loop, and how and when it is cut."""

    name: str
    chunks: list[tuple[int, int, str, float]]
    cut_ms: float
    how: Cut
    delay_ms: float
    jitter_ms: float
    lead_ms: float | None


def check(case: Case) -> None:
    plan = PLANS[case.name]
    up = Link(delay_ms=case.delay_ms, jitter_ms=case.jitter_ms)
    call = Conversation(plan, up=up, down=Link(delay_ms=30), hold_ms=40, options={"lead_ms": case.lead_ms})
    call.run(50)
    reply = call.session.reply("answer")
    call.at(50 + case.cut_ms, lambda: cut(call, case.how))
    interrupted = speak_until_interrupted(reply, call, case.chunks)
    call.run(50 + case.cut_ms + 100)
    # A second reply proves that the stream speaks on; it is silent.
    second = call.session.reply("second")
    second.play(bytes(2 * call.playout.sample_rate_hz // 5))
    second.end()
    call.wait(1500)
    if not interrupted and reply.state != "interrupted":
        return  # it had ended before
    # 1. Behind the clear nothing but the second reply was sent.
    sent = call.payloads_sent()
    clears = [at for at, (_, payload) in enumerate(sent) if payload is None]
    assert clears or not any(payload for _, payload in sent[:-10])
    after = [payload for _, payload in sent[clears[0] if clears else 0 :] if payload is not None]
    assert len(after) == 10
    info = codec(plan.send_codec)
    if info.name in ("PCMU", "PCMA", "L16"):
        decoder = info.decoder(plan.send_sample_rate_hz, **plan.codec_options(info.name))
        assert all(abs(np.frombuffer(decoder.decode(payload), "<i2").astype(int)).max() <= 8 for payload in after)
    # 2. Nothing can be added to it, and it ended once.
    with pytest.raises(ReplyInterrupted):
        reply.play(bytes(320))
    assert [event.state for event in call.found(ReplyEnded) if event.reply_id == "answer"] == ["interrupted"]
    assert second.state in ("played", "estimated")
    # 3. The carrier heard nothing of it behind the clear either.
    assert not any(json.loads(text).get("event") == "error" for _, text in call.texts)


cases = st.builds(
    Case,
    name=st.sampled_from(sorted(PLANS)),
    chunks=st.lists(chunk, min_size=1, max_size=12),
    cut_ms=st.floats(0, 900),
    how=st.sampled_from(("all", "current", "pause, interrupt", "pause, discard")),
    delay_ms=st.sampled_from((0.0, 10.0, 120.0)),
    jitter_ms=st.sampled_from((0.0, 40.0)),
    lead_ms=st.sampled_from((400.0, 0.0, None)),
)


@settings(max_examples=40, deadline=None)
@given(cases)
def test_not_one_sample_of_an_interrupted_reply_leaves_after_the_clear(case: Case) -> None:
    check(case)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(cases)
def test_not_one_sample_of_an_interrupted_reply_leaves_after_the_clear_at_length(case: Case) -> None:
    check(case)


@pytest.mark.long
@pytest.mark.hours
@settings(max_examples=3000, deadline=None)
@given(cases)
def test_not_one_sample_of_an_interrupted_reply_leaves_after_the_clear_in_all_cases(case: Case) -> None:
    check(case)
