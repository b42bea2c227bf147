"""Sending OPUS and AMR-WB: whole frames, one payload per message, in the requested packing and mode."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, codec, events
from rtpcodec.errors import PayloadError, QueueFull
from rtpcodec.rtp.payloads import AmrWbFormat, OpusFormat
from tests.stream import carrier
from tests.stream.test_marks import order_of

pytestmark = pytest.mark.usefixtures("dialect", "opus", "amrwb")

PLANS = {
    "OPUS": StreamPlan(send_codec="OPUS"),
    "OPUS 8 kHz, 60 ms": StreamPlan(send_codec="OPUS", send_rate_hz=8000, send_options={"frame_ms": 60}),
    "AMR-WB": StreamPlan(send_codec="AMR-WB"),
    "AMR-WB octet-aligned": StreamPlan(send_codec="AMR-WB", amrwb_packing="octet-aligned", send_options={"mode": 2}),
}
plans = pytest.mark.parametrize("name", PLANS)


def speech(samples: int, seed: int = 1) -> bytes:
    """A voice-like sound: harmonics of a wandering pitch, with noise."""
    rng = np.random.default_rng(seed)
    pitch = 0.05 + 0.01 * np.sin(np.arange(samples) / 3000)
    tone = sum(np.sin(n * np.cumsum(pitch)) / n for n in range(1, 9))
    return (6000 * tone + rng.normal(0, 200, samples)).clip(-32768, 32767).astype(np.int16).tobytes()


def sent(session: MediaSession) -> list[bytes]:
    return [payload for payload in map(carrier.payload_of, session.outgoing(1.0)) if payload is not None]


def frame_samples(plan: StreamPlan) -> int:
    return int(plan.send_options.get("frame_ms", 20)) * plan.send_sample_rate_hz // 1000


def reference(plan: StreamPlan, pcm: bytes) -> list[bytes]:
    """Return the payloads made with codec and payload format alone; the last frame is padded with silence."""
    size = 2 * frame_samples(plan)
    encoder = codec(plan.send_codec).encoder(plan.send_sample_rate_hz, **plan.send_options)
    packing: Any = "octet-aligned" if plan.amrwb_packing == "octet-aligned" else "bandwidth-efficient"
    form = OpusFormat() if plan.send_codec == "OPUS" else AmrWbFormat(packing)
    return [form.payload([encoder.encode(pcm[at : at + size].ljust(size, b"\0"))]) for at in range(0, len(pcm), size)]


@given(st.sampled_from(list(PLANS)), st.lists(st.integers(0, 1500), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_any_cut_gives_the_same_messages(name: str, cuts: list[int]) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    pcm = speech(sum(cuts))
    at = 0
    got: list[bytes] = []
    for count in cuts:
        session.play(pcm[2 * at : 2 * (at + count)])
        at += count
        got += sent(session)
        assert session.queued_ms == pytest.approx(at % frame_samples(plan) * 1000 / plan.send_sample_rate_hz)
    session.flush()
    assert got + sent(session) == reference(plan, pcm)
    assert session.queued_ms == 0.0


@plans
def test_a_message_holds_one_payload_of_one_frame(name: str) -> None:
    """An Opus packet does not contain its length, so two in one message are noise."""
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    session.play(speech(16000))
    session.flush()
    info = codec(plan.send_codec)
    decoder = info.decoder(plan.send_sample_rate_hz)
    form = OpusFormat() if plan.send_codec == "OPUS" else AmrWbFormat()
    for payload in sent(session):
        (frame,) = form.frames(payload)
        assert len(decoder.decode(frame)) == 2 * frame_samples(plan)


@plans
def test_only_flush_pads(name: str) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    pcm = speech(frame_samples(plan) + 7)
    session.play(pcm)
    assert sent(session) == reference(plan, pcm)[:1]
    assert (session.outgoing(500_000.0), session.next_deadline_ms) == ([], None)
    session.flush()
    assert sent(session) == reference(plan, pcm)[1:]
    session.flush()
    assert sent(session) == []


@plans
def test_long_frames_are_paced_by_their_length(name: str) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=120.0)
    frame_ms = frame_samples(plan) * 1000 / plan.send_sample_rate_hz
    session.play(speech(plan.send_sample_rate_hz))
    assert len(session.outgoing(0.0)) == 120 / frame_ms
    assert session.next_deadline_ms == frame_ms
    assert session.outgoing(frame_ms - 1) == []
    assert len(session.outgoing(frame_ms)) == 1


@pytest.mark.parametrize("name", ["OPUS", "OPUS 8 kHz, 60 ms"])
def test_after_an_interruption_opus_restarts(name: str) -> None:
    """No dropped audio is left, neither in the encoder's look-ahead nor in its predictions."""
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    session.play(speech(5 * frame_samples(plan) + 100))
    sent(session)
    session.interrupt(1.0)
    assert session.queued_ms == 0.0
    pcm = speech(3 * frame_samples(plan), seed=2)
    session.play(pcm)
    assert sent(session) == reference(plan, pcm)


@pytest.mark.parametrize("name", ["AMR-WB", "AMR-WB octet-aligned"])
def test_after_an_interruption_amrwb_continues(name: str) -> None:
    """The partial frame is dropped; the encoder predicts from the last encoded frame, as the far end's decoder does."""
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    dropped, pcm = speech(5 * 320), speech(3 * 320, seed=2)
    session.play(dropped + bytes(200))
    sent(session)
    session.interrupt(1.0)
    assert session.queued_ms == 0.0
    session.play(pcm)
    assert sent(session) == reference(plan, dropped + pcm)[5:]


@plans
def test_a_mark_in_a_partial_frame_is_sent_after_it(name: str) -> None:
    plan = PLANS[name]
    session = carrier.started(plan)
    session.play(speech(10))
    session.mark("m")
    assert order_of(session.outgoing(0.0)) == ["m", "m"], "nothing plays, so the frame is filled up at once"
    session.play(speech(frame_samples(plan) + 5))
    session.mark("n")
    session.play(speech(frame_samples(plan)))
    texts = session.outgoing(0.0)
    assert [carrier.payload_of(text) is not None for text in texts] == [True, True, False]


def payloads_of(name: str) -> list[bytes]:
    return reference(PLANS[name], speech(1600))


@plans
def test_play_payload_sends_one_payload_unchanged(name: str) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, lead_ms=None)
    first, second = payloads_of(name)[:2]
    session.play(speech(10))
    session.play_payload(memoryview(first))
    session.play_payload(second)
    pending, *given_ones = sent(session)
    assert given_ones == [first, second]
    assert pending == reference(plan, speech(10))[0], "what was partial goes before it, filled up"
    assert session.payload_ms(first) == frame_samples(plan) * 1000 / plan.send_sample_rate_hz


@pytest.mark.parametrize(
    ("name", "wrong", "text"),
    [
        ("OPUS", b"", "0 octets"),
        ("OPUS", b"\x4b", "R6"),
        ("AMR-WB", b"", "0 octets"),
        ("AMR-WB", b"\xff" * 40, "bandwidth-efficient"),
        ("AMR-WB octet-aligned", bytes.fromhex("f04c12345678"), "octet-aligned"),
    ],
)
def test_an_invalid_payload_is_refused_and_changes_nothing(name: str, wrong: bytes, text: str) -> None:
    session = carrier.started(PLANS[name], lead_ms=None)
    session.play(speech(10))
    position_ms = session.position_ms
    with pytest.raises(PayloadError, match=text):
        session.play_payload(wrong)
    assert session.position_ms == position_ms
    with pytest.raises(TypeError, match="payload has items of format 'h'"):
        session.play_payload(array("h", bytes(4)))


@plans
def test_the_queue_is_bounded_in_ms(name: str) -> None:
    plan = PLANS[name]
    session = carrier.started(plan, max_queue_ms=60.0)
    payload = payloads_of(name)[0]
    while session.room_ms:
        session.play_payload(payload)
    with pytest.raises(QueueFull, match=r"^60 ms are queued and \d+ ms would follow, at most 60 ms are allowed$"):
        session.play_payload(payload)
    with pytest.raises(QueueFull):
        session.play(bytes(2))


@pytest.mark.parametrize("name", ["OPUS", "AMR-WB"])
def test_silence_that_may_be_left_out_is_sent(name: str) -> None:
    """Our audio has no timestamps: each omitted frame would shorten the far end's time."""
    plan = StreamPlan(send_codec=name, send_options={"dtx": True})
    session = carrier.started(plan, start_text=carrier.start(name, 16000), lead_ms=None)
    for piece in (speech(16000), bytes(2 * 32000), speech(16000)):
        session.play(piece)
    texts = session.outgoing(1.0)
    small = [len(carrier.payload_of(text) or b"") <= 7 for text in texts]
    assert sum(small) > 50, "the encoder says nothing in silence"
    heard = carrier.audio_of(carrier.fed(session, texts))
    assert (len(texts), sum(audio.duration_ms for audio in heard)) == (200, 4000.0)
    pcm = np.frombuffer(b"".join(audio.pcm for audio in heard), np.int16)
    loud = np.abs(pcm.reshape(200, 320)).max(axis=1) > 1000
    assert loud[2:49].all()
    assert not loud[60:150].any()
    assert loud[153:].all()


def amrwb_start() -> str:
    return carrier.start("AMR-WB", 16000)


def amrwb_media(packing: str, *, cmr: int = 15, frame: bytes | None = None) -> str:
    frame = codec("AMR-WB").encoder().encode(bytes(640)) if frame is None else frame
    return carrier.media(AmrWbFormat(packing, cmr=cmr).payload([frame]))  # type: ignore[arg-type]  # of a parametrization


@pytest.mark.parametrize("packing", ["bandwidth-efficient", "octet-aligned"])
def test_amrwb_is_sent_in_the_received_packing(packing: str) -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None)
    session.play(speech(320))
    first = AmrWbFormat()
    first.frames(sent(session)[0])
    assert first.detected == "bandwidth-efficient", "nothing was heard yet"
    carrier.fed(session, [amrwb_media(packing)])
    session.play(speech(320))
    second = AmrWbFormat()
    second.frames(sent(session)[0])
    assert second.detected == packing
    assert session.describe() == f"receive AMR-WB 16000 Hz {packing}; send AMR-WB 16000 Hz {packing}"


def test_the_packing_is_learnt_where_nothing_is_decoded() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None, receive_pcm_hz=None)
    carrier.fed(session, [amrwb_media("octet-aligned")])
    session.play(speech(320))
    assert len(sent(session)[0]) == 34


def test_a_plan_that_says_the_packing_is_obeyed() -> None:
    session = carrier.started(PLANS["AMR-WB octet-aligned"], start_text=amrwb_start(), lead_ms=None)
    found, _ = carrier.fed(session, [amrwb_media("bandwidth-efficient")])
    assert isinstance(found, events.PayloadMisfit)
    assert found.remedy == "it is valid AMR-WB in another packing: leave amrwb_packing of the plan at its default"
    session.play(speech(320))
    assert sent(session) == reference(PLANS["AMR-WB octet-aligned"], speech(320))


def test_storage_form_is_heard_and_not_repeated() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None)
    encoder = codec("AMR-WB").encoder()
    found = carrier.fed(session, [carrier.media(encoder.encode(speech(320, n))) for n in range(3)])
    assert [audio.duration_ms for audio in carrier.audio_of(found)] == [20.0] * 3
    session.play(speech(320))
    assert sent(session) == reference(PLANS["AMR-WB"], speech(320))


@pytest.mark.parametrize("frames", [1, 3])
def test_storage_form_is_refused_as_a_payload(frames: int) -> None:
    session = carrier.started(PLANS["AMR-WB"], lead_ms=None)
    encoder = codec("AMR-WB").encoder()
    stored = [encoder.encode(speech(320, n)) for n in range(frames)]
    for call in (session.play_payload, session.payload_ms):
        with pytest.raises(
            PayloadError,
            match=r"^AMR-WB payload is in storage form, which is for files: AmrWbFormat\.payload packs frames$",
        ):
            call(b"".join(stored))
    session.play_payload(AmrWbFormat().payload(stored))
    assert session.queued_ms == frames * 20.0


def test_a_mode_request_is_followed() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None)
    lengths = []
    for cmr in (15, 0, 2, 15, 8):
        carrier.fed(session, [amrwb_media("bandwidth-efficient", cmr=cmr)])
        session.play(speech(320))
        lengths += [len(payload) for payload in sent(session)]
    assert lengths == [33, 18, 33, 33, 61]


def test_a_mode_request_counts_from_the_next_frame_of_a_long_play() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=100.0)
    session.play(speech(10 * 16000))
    assert [len(carrier.payload_of(text) or b"") for text in session.outgoing(0.0)] == [33] * 5
    carrier.fed(session, [amrwb_media("bandwidth-efficient", cmr=1)], from_ms=10.0)
    assert [len(carrier.payload_of(text) or b"") for text in session.outgoing(60.0)] == [24] * 3


@pytest.mark.parametrize("given", [None, 0, 1, 8])
def test_no_higher_mode_is_sent_than_is_received_unless_it_was_given(given: int | None) -> None:
    plan = StreamPlan(send_codec="AMR-WB", send_options={} if given is None else {"mode": given})
    session = carrier.started(plan, start_text=amrwb_start(), lead_ms=None)
    octets = {0: 18, 1: 24, 2: 33, 8: 61}
    lengths = []
    for mode in (None, 0, 1, 0, 8, 2):
        if mode is not None:
            frame = codec("AMR-WB").encoder(mode=mode).encode(speech(320))
            carrier.fed(session, [amrwb_media("bandwidth-efficient", frame=frame)])
        session.play(speech(320))
        lengths += [len(payload) for payload in sent(session)]
    if given is None:
        assert lengths == [octets[2], octets[0], octets[1], octets[1], octets[2], octets[2]]
    else:
        assert lengths == [octets[given]] * 6


def test_comfort_noise_says_nothing_about_the_mode() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None)
    encoder = codec("AMR-WB").encoder(mode=0, dtx=True)
    quiet = [frame for frame in (encoder.encode(bytes(640)) for _ in range(30)) if frame[0] >> 3 >= 9]
    carrier.fed(session, [amrwb_media("bandwidth-efficient", frame=frame) for frame in quiet])
    session.play(speech(320))
    assert [len(payload) for payload in sent(session)] == [33]


def test_another_start_restarts_the_following() -> None:
    session = carrier.started(PLANS["AMR-WB"], start_text=amrwb_start(), lead_ms=None)
    carrier.fed(session, [amrwb_media("octet-aligned", cmr=0), carrier.start("PCMU")])
    session.play(speech(320))
    assert [len(payload) for payload in sent(session)] == [19], "the last that was known holds on"
    carrier.fed(session, [amrwb_start(), amrwb_media("bandwidth-efficient", cmr=1)])
    session.play(speech(320))
    assert [len(payload) for payload in sent(session)] == [24]
