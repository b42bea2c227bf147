"""PCM of any rate, and Audio at its own: the result does not depend on cuts, on other plays, or on waiting."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import MediaSession, StreamPlan
from rtpcodec.audio.resample import Resampler
from rtpcodec.errors import QueueFull
from rtpcodec.stream.events import Audio
from rtpcodec.stream.play_queue import PlayQueue
from rtpcodec.stream.rate_conversion import MultiRateResampler
from tests.server.conversation import tone
from tests.stream import carrier

RATES_HZ = (8000, 16000, 24000, 48000)
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
    rates, alone = MultiRateResampler(16000), {rate_hz: Resampler(rate_hz, 16000) for rate_hz in RATES_HZ}
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
    assert plays.play(audio(pcm[: 3 * from_hz], from_hz)) is not None
    assert plays.play(pcm[3 * from_hz :], from_hz) is not None
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
        (b"\0\0", 11000, "pcm_hz is 11000, allowed are 8000, "),
        (audio(b"\0\0", 22000), None, "pcm_hz is 22000, allowed are 8000, "),
        (b"\0\0", 0, "pcm_hz is 0, a positive number is needed"),
        (b"\0\0", -8000, "pcm_hz is -8000, a positive number is needed"),
        (audio(b"\0\0", 8000), 16000, "pcm_hz is 16000, the Audio has 8000 Hz"),
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
    plays.play(b"\1")
    before = session.queued_ms, plays.waiting_ms
    with pytest.raises(ValueError, match=text):
        plays.play(source, pcm_hz)
    assert (session.queued_ms, plays.waiting_ms) == before
    plays.play(b"\2")
    assert session.queued_ms + plays.waiting_ms == pytest.approx(sum(before) + 1 / 16), "its first octet still waits"


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
        session.play(bytes(rate_hz // 25), pcm_hz=rate_hz)
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


def test_in_mode_mp3_a_refused_rate_leaves_the_waiting_octet_and_flush_drops_it() -> None:
    session = carrier.started(StreamPlan(mode="mp3"), lead_ms=None)
    session.play(b"\1")
    with pytest.raises(ValueError, match="cannot be sent at 16000 Hz"):
        session.play(b"\0\0\0", 11000)
    session.play(b"\2" + bytes(318))
    assert session.queued_ms == 10.0, "160 samples: the first octet has met its partner"
    session.play(b"\1")
    session.flush()
    session.play(bytes(2))
    assert session.queued_ms == pytest.approx(10.0625)
