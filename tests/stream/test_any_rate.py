"""PCM of any rate, and Audio at its own: one result however it is cut, whatever is played between, or waits."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan, codec, pcmu_decode, pcmu_encode
from rtpcodec.audio.resample import Resampler
from rtpcodec.carriers.telnyx.commands import SAMPLING_RATES_HZ
from rtpcodec.errors import QueueFull
from rtpcodec.stream.any_rate import AnyRate
from rtpcodec.stream.events import Audio
from rtpcodec.stream.play_queue import PlayQueue
from tests.server.conversation import tone
from tests.stream import carrier

RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
L16 = StreamPlan(send_codec="L16", send_rate_hz=16000)


def audio(pcm: bytes, rate_hz: int) -> Audio:
    return Audio("inbound", b"", pcm, rate_hz, 0.0, len(pcm) / 2 / rate_hz * 1000)


def sent(session: MediaSession) -> bytes:
    return carrier.sent_octets(session.outgoing(0.0))


def resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    if from_hz == to_hz:
        return pcm
    resampler = Resampler(from_hz, to_hz)
    return resampler.resample(pcm) + resampler.flush()


@pytest.mark.parametrize("from_hz", RATES_HZ)
@settings(max_examples=20)
@given(cuts=st.lists(st.integers(0, 3200), max_size=8), send_pcm_hz=st.sampled_from((None, *RATES_HZ)))
def test_an_audio_keeps_its_rate_however_it_is_cut(from_hz: int, cuts: list[int], send_pcm_hz: int | None) -> None:
    pcm = tone(1, 3200)
    edges = [0, *sorted(cuts), 3200]
    session = carrier.started(L16, lead_ms=None, send_pcm_hz=send_pcm_hz)
    for at, (begin, end) in enumerate(pairwise(edges)):
        piece = pcm[2 * begin : 2 * end]
        if at % 2:
            session.play(piece, pcm_hz=from_hz)
        else:
            session.play(audio(piece, from_hz))
    session.flush()
    expected = resampled(pcm, from_hz, 16000)
    got = sent(session)
    assert got[: len(expected)] == expected
    assert not any(got[len(expected) :])
    assert len(got) - len(expected) < 640


@settings(max_examples=30)
@given(pieces=st.lists(st.tuples(st.sampled_from(RATES_HZ), st.integers(0, 400)), max_size=12))
def test_each_source_rate_has_a_history_of_its_own(pieces: list[tuple[int, int]]) -> None:
    rates, alone = AnyRate(16000), {rate_hz: Resampler(rate_hz, 16000) for rate_hz in RATES_HZ}
    for at, (rate_hz, samples) in enumerate(pieces):
        pcm = tone(at, samples)
        assert rates.resample(pcm, rate_hz) == (pcm if rate_hz == 16000 else alone[rate_hz].resample(pcm))
    last_used = {rate_hz: at for at, (rate_hz, samples) in enumerate(pieces) if rate_hz != 16000 and samples}
    assert rates.flush() == b"".join(alone[rate_hz].flush() for rate_hz in sorted(last_used, key=last_used.__getitem__))
    assert rates.flush() == b""


@pytest.mark.parametrize("from_hz", RATES_HZ)
def test_audio_that_waits_for_room_keeps_its_rate_too(from_hz: int) -> None:
    pcm = tone(1, 2 * from_hz)
    session = carrier.started(L16, lead_ms=None, max_queue_ms=500)
    plays = PlayQueue(session, may_wait=True)
    octets = 2 * math.ceil(1.5 * from_hz)
    assert plays.play(audio(pcm[:octets], from_hz)) is not None
    assert plays.play(pcm[octets:], from_hz) is not None
    assert plays.waiting_ms == pytest.approx(2000, abs=1)
    got = b""
    while plays.feed():
        got += sent(session)
    session.flush()
    got += sent(session)
    expected = resampled(pcm, from_hz, 16000)
    assert got[: len(expected)] == expected


@pytest.mark.parametrize(
    ("source", "pcm_hz", "text"),
    [
        (b"\0\0", 11000, "PCM of 11000 Hz cannot be sent at 16000 Hz: from_hz is 11000, allowed are"),
        (audio(b"\0\0", 22000), None, "PCM of 22000 Hz cannot be sent at 16000 Hz"),
        (b"\0\0", 0, "pcm_hz is 0, a positive number is needed"),
        (b"\0\0", -8000, "pcm_hz is -8000, a positive number is needed"),
        (audio(b"\0\0", 8000), 16000, "pcm_hz is 16000, the Audio has 8000 Hz"),
        (b"\0", 8000, "pcm has 1 octets, 16-bit samples need an even number"),
    ],
)
@pytest.mark.parametrize("waits", [False, True])
def test_what_cannot_be_resampled_is_refused_and_queues_nothing(
    source: Any, pcm_hz: int | None, text: str, waits: bool
) -> None:
    session = carrier.started(L16, lead_ms=None, max_queue_ms=200)
    plays = PlayQueue(session, may_wait=True)
    if waits:
        plays.play(tone(1, 16000))
    before = session.queued_ms, plays.waiting_ms
    with pytest.raises(ValueError, match=text):
        plays.play(source, pcm_hz)
    assert (session.queued_ms, plays.waiting_ms) == before


def test_a_refusal_for_room_leaves_the_history_as_it_was() -> None:
    session = carrier.started(L16, lead_ms=None, max_queue_ms=200)
    session.play(tone(1, 800), pcm_hz=8000)
    with pytest.raises(QueueFull, match="100 ms are queued and 150 ms would follow"):
        session.play(tone(9, 1200), pcm_hz=8000)
    session.play(tone(801, 400), pcm_hz=8000)
    session.flush()
    expected = resampled(tone(1, 1200), 8000, 16000)
    assert sent(session)[: len(expected)] == expected


def test_an_interruption_drops_the_history_of_every_rate() -> None:
    session = carrier.started(L16, lead_ms=None)
    for rate_hz in RATES_HZ:
        session.play(b"\xff\x7f" * rate_hz, pcm_hz=rate_hz)
    session.interrupt(0.0)
    for rate_hz in RATES_HZ:
        session.play(bytes(2 * (rate_hz // 50)), pcm_hz=rate_hz)
    session.flush()
    assert not any(sent(session))


@pytest.mark.parametrize("rate_hz", [0, 8000, 22050])
def test_an_audio_that_was_not_decoded_plays_nothing(rate_hz: int) -> None:
    session = carrier.started(L16, lead_ms=None)
    session.play(Audio("inbound", b"octets", b"", rate_hz, 0.0, 20.0))
    assert session.queued_ms == 0


def test_in_mode_mp3_an_audio_keeps_its_rate_as_well() -> None:
    session = carrier.started(StreamPlan(mode="mp3"), lead_ms=None)
    session.play(audio(tone(1, 8000), 8000))
    assert session.queued_ms == pytest.approx(1000, abs=1)


# The rates of a session


@pytest.mark.parametrize(
    ("name", "rate_hz"),
    [("PCMU", 8000), ("PCMA", 8000), ("G722", 16000), *[("L16", rate_hz) for rate_hz in codec("L16").sample_rates_hz]],
)
def test_a_session_sends_and_receives_every_rate_with_every_codec(name: str, rate_hz: int) -> None:
    # A command names no 44100 Hz; the carrier may start such a stream all the same.
    plan = StreamPlan(send_codec=name, send_rate_hz=rate_hz if rate_hz in SAMPLING_RATES_HZ else 0)
    info, options = codec(name), plan.codec_options(name)
    for pcm_hz in RATES_HZ:
        session = carrier.started(
            plan, lead_ms=None, send_pcm_hz=pcm_hz, receive_pcm_hz=pcm_hz, start_text=carrier.start(name, rate_hz)
        )
        pcm = tone(1, pcm_hz // 5)
        session.play(pcm)
        session.flush()
        expected = resampled(pcm, pcm_hz, plan.send_sample_rate_hz)
        expected = info.encoder(plan.send_sample_rate_hz, **options).encode(expected[: len(expected) // 4 * 4])
        assert sent(session)[: len(expected)] == expected
        payload = info.encoder(rate_hz, **options).encode(tone(3, rate_hz // 50 * 2))
        (audio,) = carrier.audio_of(carrier.fed(session, [carrier.media(payload)]))
        decoded = info.decoder(rate_hz, **options).decode(payload)
        assert audio.sample_rate_hz == pcm_hz
        assert audio.pcm == (decoded if pcm_hz == rate_hz else Resampler(rate_hz, pcm_hz).resample(decoded))


def test_pcmu_with_44100_hz_to_send_and_11025_hz_received() -> None:
    session = carrier.started(send_pcm_hz=44100, receive_pcm_hz=11025, lead_ms=None)
    for start in range(0, 44100, 882):
        session.play(tone(start, 882))
    session.flush()
    expected = pcmu_encode(resampled(tone(0, 44100), 44100, 8000))
    assert sent(session)[: len(expected)] == expected
    heard = pcmu_encode(tone(7, 8000))
    found = carrier.fed(session, [carrier.media(heard[at : at + 160], at // 160 + 1) for at in range(0, 8000, 160)])
    received = carrier.audio_of(found)
    assert b"".join(one.pcm for one in received) == Resampler(8000, 11025).resample(pcmu_decode(heard))
    assert {len(one.pcm) // 2 for one in received} == {220, 221}
    assert [one.media_ms for one in received] == [20.0 * at for at in range(50)]
