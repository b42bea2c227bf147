"""Audio is encoded when it is due: no event loop is blocked, and dropped audio is never sent."""

from __future__ import annotations

import tracemalloc
from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, codec
from rtpcodec.audio import mp3
from rtpcodec.audio.resample import Resampler
from rtpcodec.codecs.info import FrameEncoder
from rtpcodec.rtp.payloads import AmrWbFormat
from rtpcodec.stream.machine import CallMachine
from rtpcodec.stream.packing import FRAMES_TURN_MS, SAMPLES_TURN_MS
from rtpcodec.stream.packing_mp3 import TURN_SAMPLES
from tests.stream import carrier
from tests.stream.test_frame_codecs import speech

pytestmark = pytest.mark.usefixtures("opus", "amrwb")

PLANS = {
    "PCMU": StreamPlan(),
    "PCMA": StreamPlan(send_codec="PCMA"),
    "G722": StreamPlan(send_codec="G722"),
    "L16": StreamPlan(send_codec="L16", send_rate_hz=16000),
    "OPUS": StreamPlan(send_codec="OPUS"),
    "OPUS 48 kHz": StreamPlan(send_codec="OPUS", send_rate_hz=48000),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
    "AMR-WB mode 8": StreamPlan(send_codec="AMR-WB", send_options={"mode": 8}),
}
plans = pytest.mark.parametrize("name", PLANS)


def tone(samples: int, hz: float, sample_rate_hz: int) -> bytes:
    """A full-scale tone."""
    return (32767 * np.sin(2 * np.pi * hz * np.arange(samples) / sample_rate_hz)).astype(np.int16).tobytes()


def sent(session: MediaSession, now_ms: float) -> list[bytes]:
    return [payload for payload in map(carrier.payload_of, session.outgoing(now_ms)) if payload is not None]


def decoded(plan: StreamPlan, payloads: list[bytes], *, before: list[bytes] | None = None) -> Any:
    """Return the samples of payloads, by a decoder that has decoded other payloads before."""
    info = codec(plan.send_codec)
    decoder = info.decoder(plan.send_sample_rate_hz, **plan.codec_options(plan.send_codec))
    form = AmrWbFormat() if info.name == "AMR-WB" else None
    pcm = b""
    for payload in [*(before or []), *payloads]:
        frame = payload if form is None else form.frames(payload)[0]
        pcm += decoder.decode(frame)
    return np.frombuffer(pcm, np.int16).astype(int)


# Interruption


@plans
@pytest.mark.parametrize("hz", [300, 440, 1000, 3000])
def test_dropped_audio_leaves_no_sound(name: str, hz: int) -> None:
    """A full-scale tone that was never sent, then silence. Encoded at once, it was heard with a peak of 19,772."""
    plan = PLANS[name]
    rate_hz = plan.send_sample_rate_hz
    session = MediaSession(plan)
    session.play(tone(2 * rate_hz + 7, hz, rate_hz))
    session.interrupt(0.0)
    session.receive(carrier.start(), 0.0)
    session.play(bytes(2 * rate_hz // 5))
    samples = decoded(plan, sent(session, 0.0))
    assert np.abs(samples).max() <= 8


@plans
@pytest.mark.parametrize("cut_ms", [0.0, 130.0, 990.0])
def test_after_an_interruption_nothing_is_louder_than_the_ring_out_of_the_sent_audio(name: str, cut_ms: float) -> None:
    """Dropped audio changes no octet: the result is as if the audio had ended with the last sent item."""
    plan = PLANS[name]
    rate_hz = plan.send_sample_rate_hz
    pcm, silence = tone(2 * rate_hz, 440, rate_hz), bytes(2 * rate_hz // 5)
    session = carrier.started(plan)
    session.play(pcm)
    before = sent(session, 0.0)
    for now_ms in np.arange(20.0, cut_ms, 20.0):
        before += sent(session, float(now_ms))
    session.interrupt(cut_ms)
    session.play(silence)
    after = sent(session, cut_ms)
    ended = carrier.started(plan, lead_ms=None)
    ended.play(pcm[: 2 * rate_hz // 50 * len(before)])
    assert sent(ended, 0.0) == before
    if plan.send_codec == "OPUS":
        ended.interrupt(0.0)  # its encoder predicts nothing from audio before an interruption
    ended.play(silence)
    expected = sent(ended, 0.0)
    assert after == expected[: len(after)]
    tail = np.abs(decoded(plan, after, before=before))[len(before) * rate_hz // 50 :]
    assert tail[rate_hz // 50 :].max(initial=0) < 1000
    assert tail[3 * rate_hz // 50 :].max(initial=0) < 200


@pytest.mark.parametrize("pcm_hz", [8000, 24000, 48000])
def test_the_resampler_has_no_history_of_dropped_audio(pcm_hz: int) -> None:
    session = carrier.started(StreamPlan(send_codec="L16", send_rate_hz=16000), send_pcm_hz=pcm_hz)
    session.play(tone(pcm_hz, 440, pcm_hz))
    sent(session, 0.0)
    session.interrupt(10.0)
    session.play(bytes(2 * pcm_hz // 10))
    session.flush()
    assert set(b"".join(sent(session, 10.0))) == {0}


# The loop is held for a short time


def turns_of(machine: CallMachine, now_ms: float = 0.0) -> list[list[bytes]]:
    """Return the texts of each turn of the loop, until nothing is due; turns without texts included."""
    turns = []
    while True:
        texts = machine.outgoing(now_ms)
        turns.append([payload for payload in map(carrier.payload_of, texts) if payload is not None])
        deadline_ms = machine.next_deadline_ms
        if deadline_ms is None or deadline_ms > now_ms:
            return turns


def machine_of(plan: StreamPlan, **options: Any) -> CallMachine:
    machine = CallMachine(MediaSession(plan, **options), 0.0)
    machine.receive(carrier.start(), 0.0)
    machine.events(0.0)
    return machine


@plans
@pytest.mark.parametrize("max_queue_ms", [60_000.0, 500.0])
def test_a_turn_of_the_loop_encodes_a_bounded_part_of_a_long_play(name: str, max_queue_ms: float) -> None:
    plan = PLANS[name]
    machine = machine_of(plan, lead_ms=None, max_queue_ms=max_queue_ms)
    pcm = speech(3 * plan.send_sample_rate_hz)
    machine.plays.play(pcm)
    turns = turns_of(machine)
    limit_ms = FRAMES_TURN_MS if codec(plan.send_codec).kind == "frame" else SAMPLES_TURN_MS
    assert max(map(len, turns)) <= limit_ms / 20
    whole = carrier.started(plan, lead_ms=None)
    whole.play(pcm)
    assert [payload for turn in turns for payload in turn] == sent(whole, 0.0)


@plans
def test_nothing_is_encoded_before_it_is_due(name: str) -> None:
    """The encoder has encoded the sent audio only: 400 ms of a minute, then one frame per 20 ms."""
    plan = PLANS[name]
    machine = machine_of(plan)
    machine.plays.play(speech(55 * plan.send_sample_rate_hz))
    assert machine.queued_ms == 55_000.0
    assert sum(map(len, turns_of(machine))) == 20
    for at in range(1, 6):
        assert sum(map(len, turns_of(machine, 20.0 * at))) == 1
    assert machine.queued_ms == 55_000.0 - 25 * 20


def test_an_mp3_is_encoded_in_bounded_pieces_and_is_the_same() -> None:
    machine = machine_of(StreamPlan(mode="mp3"))
    pcm = speech(14 * 16000)
    machine.plays.play(pcm)
    machine.session.flush()
    machine.session.mark("end")
    turns = turns_of(machine)
    assert len(turns) >= 14 * 16000 / TURN_SAMPLES
    assert [payload for turn in turns for payload in turn] == [mp3.encode(pcm, 16000)]
    assert turns[-1], "it goes in the turn that ends it"


def test_glued_mp3_parts_that_must_be_encoded_again_are_encoded_in_pieces() -> None:
    machine = machine_of(StreamPlan(mode="mp3"))
    machine.plays.play_mp3(mp3.encode(speech(16000), 16000) + mp3.encode(speech(24000), 24000))
    assert machine.queued_ms == 2000.0
    turns = turns_of(machine)
    assert len(turns) >= 2 * 16000 / TURN_SAMPLES
    assert sum(map(len, turns)) == 1
    assert machine.queued_ms == 0.0


def test_an_interruption_drops_a_half_encoded_mp3() -> None:
    machine = machine_of(StreamPlan(mode="mp3"))
    machine.plays.play(speech(10 * 16000))
    machine.session.flush()
    machine.outgoing(0.0)
    assert machine.next_deadline_ms == float("-inf")
    assert machine.interrupt(1.0).dropped_ms == 10_000.0
    machine.outgoing(1.0)
    assert (machine.queued_ms, machine.next_deadline_ms) == (0.0, 10_000.0)
    pcm = speech(1600, seed=2)
    machine.plays.play(pcm)
    machine.session.flush()
    assert [payload for turn in turns_of(machine, 2.0) for payload in turn] == [mp3.encode(pcm, 16000)]


@pytest.mark.parametrize("plays", [20_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_many_small_plays_need_little_more_memory_than_their_audio(plays: int) -> None:
    session = MediaSession(send_pcm_hz=24000)
    tracemalloc.start()
    for at in range(plays):
        session.play(array("h", [at % 1000]))
    _, peak_octets = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_octets < 6 * plays, peak_octets
    assert session.queued_ms == pytest.approx(plays / 24, abs=0.125)


# Resampled audio and payloads


@pytest.mark.parametrize("pcm_hz", [8000, 11025, 16000, 24000, 44100, 48000])
@pytest.mark.parametrize("name", ["PCMU", "G722", "L16"])
@pytest.mark.parametrize("samples", [1, 481, 4801])
def test_the_resamplers_tail_comes_before_a_payload(name: str, pcm_hz: int, samples: int) -> None:
    plan = PLANS[name]
    rate_hz = plan.send_sample_rate_hz
    session = carrier.started(plan, lead_ms=None, send_pcm_hz=pcm_hz)
    pcm, payload = speech(samples), bytes(range(1, 201))
    turned = pcm
    if pcm_hz != rate_hz:
        resampler = Resampler(pcm_hz, rate_hz)
        turned = resampler.resample(pcm) + resampler.flush()
    turned += bytes(2) * (len(turned) // 2 % codec(plan.send_codec).samples_per_unit)
    encoder = codec(plan.send_codec).encoder(rate_hz, **plan.codec_options(plan.send_codec))
    expected = encoder.encode(turned) + payload
    session.play(pcm)
    session.play_payload(payload)
    assert session.queued_ms == pytest.approx(codec(plan.send_codec).samples_in(expected) * 1000 / rate_hz)
    got = b"".join(sent(session, 0.0))
    session.flush()
    got += b"".join(sent(session, 0.0))
    assert got[: len(expected)] == expected
    assert len(got) - len(expected) < len(sent_payload(plan))


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
def test_the_resamplers_tail_comes_before_a_frame_payload(name: str) -> None:
    plan = PLANS[name]
    encoder = codec(name).encoder(16000)
    assert isinstance(encoder, FrameEncoder)
    payload = sent_payload(plan)
    session = carrier.started(plan, lead_ms=None, send_pcm_hz=24000)
    session.play(speech(480 * 2))
    session.play_payload(payload)
    session.flush()
    payloads = sent(session, 0.0)
    assert len(payloads) == 4, "two frames, one with the tail, the payload; the flush adds nothing"
    assert payloads[-1] == payload


def sent_payload(plan: StreamPlan) -> bytes:
    session = carrier.started(plan, lead_ms=None)
    session.play(speech(plan.send_sample_rate_hz // 50, seed=3))
    return sent(session, 0.0)[0]


@plans
@pytest.mark.parametrize("pcm_hz", [8000, 24000, 48000])
def test_a_flush_after_payloads_alone_adds_nothing(name: str, pcm_hz: int) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None, send_pcm_hz=pcm_hz)
    for payload in (sent_payload(plan),) * 2:
        session.play_payload(payload)
        session.flush()
        assert sent(session, 0.0) == [payload]
        session.flush()
        assert (sent(session, 0.0), session.queued_ms) == ([], 0.0)


@given(
    name=st.sampled_from(list(PLANS)),
    pcm_hz=st.sampled_from([8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000]),
    steps=st.lists(st.tuples(st.sampled_from(["play", "payload", "flush"]), st.integers(0, 3000)), max_size=10),
    looks=st.lists(st.booleans(), min_size=10, max_size=10),
)
@settings(max_examples=60, deadline=None)
def test_it_does_not_matter_when_audio_is_encoded(
    name: str, pcm_hz: int, steps: list[tuple[str, int]], looks: list[bool]
) -> None:
    """Encoded after each step, after some, or at the end: equal octets, and equal counts at each step."""
    plan = PLANS[name]
    at_once, sometimes, last = (carrier.started(plan, lead_ms=None, send_pcm_hz=pcm_hz) for _ in range(3))
    got: dict[int, list[bytes]] = {0: [], 1: [], 2: []}
    for (what, amount), look in zip(steps, looks, strict=False):
        for session in (at_once, sometimes, last):
            if what == "play":
                session.play(speech(amount, seed=amount))
            elif what == "flush":
                session.flush()
            else:
                session.play_payload(
                    sent_payload(plan) if codec(plan.send_codec).kind == "frame" else bytes(2 * amount)
                )
        got[0] += sent(at_once, 0.0)
        if look:
            got[1] += sent(sometimes, 0.0)
        assert at_once.position_ms == pytest.approx(last.position_ms)
        assert sometimes.position_ms == pytest.approx(last.position_ms)
    for number, session in enumerate((at_once, sometimes, last)):
        session.flush()
        got[number] += sent(session, 0.0)
        assert session.queued_ms == 0.0
    assert got[0] == got[1] == got[2]
