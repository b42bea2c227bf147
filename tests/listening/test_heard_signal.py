"""HeardSignal: readers, cuts, levels, references and bounds."""

from __future__ import annotations

import gc
from math import inf
from typing import Any

import numpy as np
import pytest

from rtpcodec import codec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.sim.media.timing import Link, Timing
from rtpcodec.sim.media.variations import Restart, Variations
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from rtpcodec.stream.speaking.parts import parts_of
from tests.listening.heard_truth import CHUNKS, HeardCall
from tests.speaking.conversation import EXACT, Conversation, pattern

DELAYS: dict[str, Any] = {"up": Link(delay_ms=20), "down": Link(delay_ms=60), "hold_ms": 40.0}


def call_of(plan: StreamPlan = EXACT, variations: Variations = CHUNKS) -> Conversation:
    call = Conversation(plan, variations=variations, **DELAYS)
    call.run(0)
    call.session.heard_signal()
    call.run(300)
    return call


def spoken(call: Conversation, length_ms: float) -> None:
    reply = call.session.reply()
    reply.play(pattern(0, call.samples(length_ms)))
    reply.end()


def test_it_is_made_once_and_costs_nothing_before() -> None:
    session = MediaSession(EXACT)
    speech = session.speech
    assert speech is not None
    assert (parts_of(speech).sent_sinks, parts_of(speech).on_cut, session._sinks) == ((), None, None)
    assert session.heard_signal() is session.heard_signal()


def test_mode_mp3_has_no_heard_signal() -> None:
    with pytest.raises(LocalProtocolError, match="the plan's mode is 'mp3', heard_signal needs 'rtp'"):
        MediaSession(StreamPlan(mode="mp3")).heard_signal()


def test_readers_are_independent_and_read_each_sample_once() -> None:
    call = call_of()
    signal = call.session.heard_signal()
    often, seldom = signal.reader(), signal.reader()
    spoken(call, 2000)
    found = []
    for _ in range(30):
        call.wait(100)
        found += often.take(inf)
    call.wait(3000)
    found += often.take(inf)
    at_once = seldom.take(inf)
    joined = b"".join(span.pcm for span in found)
    assert joined == b"".join(span.pcm for span in at_once) == pattern(0, call.samples(2000))
    assert len(at_once) == 1
    assert seldom.take(inf) == [] == seldom.take_rest()


def test_it_takes_no_more_than_was_asked_for() -> None:
    call = call_of()
    reader = call.session.heard_signal().reader()
    spoken(call, 1000)
    call.wait(4000)
    begin_ms = 300 + 20 + 40
    (span,) = reader.take(begin_ms + 400)
    assert (round(span.media_ms), span.samples) == (begin_ms, 3200)
    (span,) = reader.take(inf)
    assert (round(span.media_ms), span.samples) == (begin_ms + 400, 4800)


def test_audio_behind_an_unsettled_cut_is_not_final() -> None:
    # The fence cannot return for 2 s; it is waited for 1 s and the round trip.
    down = Link(delay_ms=60, stalls_ms=((4300, 6300),))
    call = Conversation(EXACT, variations=CHUNKS, up=Link(delay_ms=20), down=down, hold_ms=40.0)
    call.run(0)
    reader = call.session.heard_signal().reader()
    call.run(300)
    spoken(call, 9000)
    call.wait(4000)
    call.session.interrupt(call.now_ms)
    call.wait(1000)
    assert reader.final_until_ms <= 4300 - 60
    call.wait(4000)
    assert sum(span.samples for span in reader.take(inf)) == pytest.approx(call.heard_samples(), abs=call.samples(20))


def test_before_inbound_audio_nothing_is_read_and_media_times_are_negative() -> None:
    call = Conversation(EXACT, variations=Variations(chunk_ms=2000), **DELAYS)
    heard = HeardCall(call)
    call.run(100)
    spoken(call, 1000)
    call.run(1900)
    assert heard.reader.final_until_ms == -inf
    assert heard.spans == []
    call.wait(4000)
    assert heard.spans[0].media_ms == pytest.approx(100 + 20 + 40)


def test_without_inbound_audio_the_rest_is_placed_by_its_own_begin() -> None:
    call = Conversation(EXACT, variations=Variations(chunk_ms=30_000), **DELAYS)
    call.run(0)
    reader = call.session.heard_signal().reader()
    call.run(100)
    spoken(call, 1000)
    call.run(3000)
    assert reader.take(inf) == []
    call.carrier.end("hang_up", call.now_ms)
    call.wait(500)
    (span,) = reader.take_rest()
    assert (span.media_ms, span.samples) == (0.0, 8000)


def test_the_rest_ends_where_the_call_ended() -> None:
    call = call_of()
    reader = call.session.heard_signal().reader()
    spoken(call, 9000)
    call.wait(3000)
    call.carrier.end("hang_up", call.now_ms)
    truth = call.heard_samples()
    call.wait(500)
    spans = reader.take_rest()
    assert sum(span.samples for span in spans) == pytest.approx(truth, abs=call.samples(1))
    assert reader.take_rest() == []


def test_a_second_start_begins_the_media_time_again() -> None:
    restart = Restart(at_ms=3000, codec="PCMA", sample_rate_hz=8000, renumbers=True)
    call = call_of(variations=Variations(chunk_ms=20, restarts=(restart,)))
    reader = call.session.heard_signal().reader()
    call.wait(1700)  # 2000
    spoken(call, 2000)
    call.wait(6000)
    spans = reader.take(inf)
    assert [(round(span.media_ms), span.samples) for span in spans] == [(2060, 7520), (0, 8480)]
    assert {span.run for span in spans} == {1, 2}


def test_an_abandoned_reader_holds_no_more_than_a_minute() -> None:
    call = call_of(variations=Variations(chunk_ms=500))
    signal = call.session.heard_signal()
    reader = signal.reader()
    for _ in range(16):
        call.session.play(pattern(0, call.samples(5000)))
        call.wait(5000)
    assert 60 * 50 <= len(signal.log) <= 63 * 50
    call.wait(5000)
    spans = reader.take(inf)
    assert reader.dropped_ms == pytest.approx(80_000 - sum(span.samples for span in spans) / 8, abs=100)
    del reader
    gc.collect()
    call.wait(3000)
    assert len(signal.log) <= 5 * 50


def test_the_level_is_that_of_the_loudest_20_ms() -> None:
    call = call_of()
    signal = call.session.heard_signal()
    assert signal.level_dbov(0, 1000) == -127
    quiet, loud = np.full(8000, 328, np.int16), np.full(160, 16384, np.int16)
    call.session.play(np.concatenate([quiet, loud, quiet]).tobytes())
    call.session.flush()
    call.wait(2600)
    begin_ms = 300 + 60
    for from_ms, to_ms, level_dbov in (
        (begin_ms - 300, begin_ms - 1, -127),
        (begin_ms, begin_ms + 500, -40),
        (begin_ms + 900, begin_ms + 1010, -6.02),
        (begin_ms + 1021, begin_ms + 1500, -40),
        (begin_ms + 2021, begin_ms + 3000, -127),
    ):
        assert signal.level_dbov(from_ms, to_ms) == pytest.approx(level_dbov, abs=0.1)


def test_the_level_of_payloads_is_that_of_their_audio() -> None:
    call = call_of(StreamPlan(send_codec="PCMU"))
    signal = call.session.heard_signal()
    call.session.play_payload(codec("PCMU").encoder().encode(np.full(8000, 16384, np.int16).tobytes()))
    call.wait(1500)
    assert signal.level_dbov(400, 900) == pytest.approx(-6.02, abs=0.2)


def test_the_level_behind_a_cut_is_silence() -> None:
    call = call_of()
    call.session.play(np.full(24000, 16384, np.int16).tobytes())
    call.wait(1000)
    call.session.interrupt(call.now_ms)
    call.wait(1000)
    signal = call.session.heard_signal()
    assert signal.level_dbov(1350, 2000) == -127
    assert signal.level_dbov(1000, 2000) == pytest.approx(-6.02, abs=0.1)


@pytest.mark.parametrize("duration_ms", [20.0, 160.0])
def test_the_reference_is_what_was_heard_at_the_time_of_inbound_audio(duration_ms: float) -> None:
    call = call_of()
    spoken(call, 4000)
    call.wait(2000)
    call.session.interrupt(call.now_ms)
    call.wait(600)
    signal, truth = call.session.heard_signal(), call.heard()
    for media_ms in np.arange(300, call.now_ms - 200, duration_ms):
        pcm = np.frombuffer(signal.reference(float(media_ms), duration_ms), np.int16)
        first = call.samples(media_ms)
        assert np.array_equal(pcm, truth[first : first + call.samples(duration_ms)])


def test_references_at_another_rate_fit_together() -> None:
    call = call_of()
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(16000) / 8000)).astype(np.int16)
    call.session.play(tone.tobytes())
    call.wait(2500)
    signal = call.session.heard_signal()
    pieces = [signal.reference(float(media_ms), 20, 16000) for media_ms in range(600, 1600, 20)]
    assert {len(piece) for piece in pieces} == {640}
    joined = np.frombuffer(b"".join(pieces), np.int16)
    expected = 8000 * np.sin(2 * np.pi * 440 * (np.arange(16000) / 16000 + (600 - 360) / 1000))
    assert np.abs(joined - expected).max() < 8
    with pytest.raises(ValueError, match="pcm_hz is 11, allowed are"):
        signal.reference(0, 20, 11)


def test_a_reference_of_nothing_is_silence() -> None:
    assert call_of().session.heard_signal().reference(100, 20) == bytes(320)
    assert MediaSession(EXACT).heard_signal().reference(0, 20) == bytes(320)


def test_a_signal_that_begins_late_has_what_is_sent_from_then_on() -> None:
    call = Conversation(EXACT, variations=CHUNKS, timing=Timing(), **DELAYS)
    call.run(300)
    spoken(call, 3000)
    call.wait(1000)
    reader = call.session.heard_signal().reader()
    sent = parts_of(call.session.speech).far_end.sent_position  # type: ignore[arg-type]
    call.wait(6000)
    (span,) = reader.take(inf)
    assert span.pcm == pattern(sent, 24000 - sent)
    assert span.media_ms == pytest.approx(300 + 60 + sent / 8)
