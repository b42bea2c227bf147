"""Payloads that are not valid in the codec of `start`: the stream continues, and a codec may be found."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtpcodec import StreamPlan, codec, events
from rtpcodec.rtp.payloads import AmrWbFormat
from rtpcodec.stream.codec_detection import IN_A_ROW
from rtpcodec.stream.messages import MediaFormat
from rtpcodec.stream.session import MediaSession
from tests.stream import carrier
from tests.stream.test_frame_codecs import speech
from tests.stream.test_receiving_frames import amrwb_frames, numbered, opus_packets

pytestmark = pytest.mark.usefixtures("dialect", "opus", "amrwb")

OPUS = opus_packets(speech(16000 * 2))
AMRWB = [AmrWbFormat("bandwidth-efficient").payload([frame]) for frame in amrwb_frames(speech(16000), mode=2)]
ALIGNED = [AmrWbFormat("octet-aligned").payload([frame]) for frame in amrwb_frames(speech(16000), mode=2)]
PCMU = [codec("PCMU").encoder().encode(speech(160, seed)) for seed in range(60)]
ODD_L16 = [bytes(641)] * 40


def sent_by(session: MediaSession, now_ms: float) -> bytes:
    session.play(bytes(320))
    return carrier.sent_octets(session.outgoing(now_ms))


def changes(found: list[events.Event]) -> list[events.FormatChanged]:
    return [event for event in found if isinstance(event, events.FormatChanged)]


def test_opus_that_became_pcmu_is_one_event_and_the_call_continues() -> None:
    session = carrier.started(start_text=carrier.start("OPUS", 48000))
    found = carrier.fed(session, numbered([b"\xff" * 160] * 40))
    misfit = found[0]
    assert isinstance(misfit, events.PayloadMisfit)
    assert (misfit.encoding, misfit.track) == ("OPUS", "inbound")
    assert misfit.reason.startswith("Opus packet has ")
    assert misfit.remedy.startswith(
        "it would be valid in PCMU, PCMA, G722, L16: if the call has changed its codec without a start,"
    )
    assert carrier.kinds(found) == ["PayloadMisfit"] + ["Audio"] * 40
    assert {(audio.payload, audio.pcm, audio.duration_ms) for audio in carrier.audio_of(found)} == {
        (b"\xff" * 160, b"", 20.0)
    }
    assert carrier.audio_of(found)[-1].media_ms == 39 * 20.0
    assert session.statistics(0.0).misfit_payloads == 40
    assert not session.ended
    assert sent_by(session, 900.0) == carrier.FRAME


CASES: dict[str, tuple[StreamPlan, str, Any, list[bytes]]] = {
    "OPUS, PCMU of speech": (StreamPlan(), "OPUS", 48000, PCMU),
    "AMR-WB, PCMU of speech": (StreamPlan(), "AMR-WB", 16000, PCMU),
    "AMR-WB, G722": (StreamPlan(), "AMR-WB", 16000, [codec("G722").encoder().encode(speech(320))] * 40),
    "OPUS, PCMA silence": (StreamPlan(), "OPUS", 16000, [b"\xd5" * 160] * 40),
    "odd L16": (StreamPlan(), "L16", 16000, ODD_L16),
    "odd L16 of a tone": (StreamPlan(), "L16", 16000, [speech(320)[1:]] * 40),
    "odd L16, one octet": (StreamPlan(), "L16", 8000, [b"\0"] * 40),
    "AMR-WB with a stray octet": (StreamPlan(), "AMR-WB", 16000, [payload + b"\1" for payload in AMRWB]),
    "AMR-WB without its last octet": (StreamPlan(), "AMR-WB", 16000, [payload[:-1] for payload in AMRWB]),
    "AMR-WB behind an RTP header": (StreamPlan(), "AMR-WB", 16000, [b"\x80" + bytes(11) + one for one in AMRWB]),
    "OPUS of 1,276 octets": (StreamPlan(), "OPUS", 48000, [b"\x58" + bytes(1276)] * 40),
}


@pytest.mark.parametrize("name", CASES)
def test_no_payload_ends_a_call_and_all_are_delivered(name: str) -> None:
    plan, encoding, rate_hz, payloads = CASES[name]
    session = carrier.started(plan, start_text=carrier.start(encoding, rate_hz), stall_ms=1e9)
    found = carrier.fed(session, numbered(payloads), step_ms=300.0)
    assert [audio.payload for audio in carrier.audio_of(found)] == payloads
    assert Counter(carrier.kinds(found)).keys() == {"PayloadMisfit", "Audio"}
    assert carrier.kinds(found).count("PayloadMisfit") == 1
    silent = sum(not audio.pcm for audio in carrier.audio_of(found))
    assert session.statistics(0.0).misfit_payloads == silent > 0
    assert session.media_format == MediaFormat(encoding, rate_hz, 1)
    assert (session.ended, sent_by(session, 99_999.0)) == (False, carrier.FRAME)


def test_between_valid_payloads_a_misfit_takes_their_place_and_length() -> None:
    packets = opus_packets(speech(16000), frame_ms=60)
    texts = numbered([packets[0], b"\x49\x00", packets[1]])
    found = carrier.fed(carrier.started(start_text=carrier.start("OPUS", 16000)), texts, step_ms=60.0)
    assert carrier.kinds(found) == ["Audio", "PayloadMisfit", "Audio", "Audio"]
    assert [(audio.media_ms, audio.duration_ms) for audio in carrier.audio_of(found)] == [
        (0.0, 60.0),
        (60.0, 60.0),
        (120.0, 60.0),
    ]


# Another codec without a start


def test_a_wrong_packing_is_found_after_ten_and_sending_keeps_the_plan() -> None:
    plan = StreamPlan(send_codec="AMR-WB", amrwb_packing="octet-aligned")
    session = carrier.started(plan, start_text=carrier.start("AMR-WB", 16000), lead_ms=None)
    found = carrier.fed(session, numbered(AMRWB[:20]))
    assert carrier.kinds(found) == ["PayloadMisfit", *["Audio"] * 9, "FormatChanged", *["Audio"] * 11]
    assert isinstance(found[0], events.PayloadMisfit)
    assert found[0].remedy == "it is valid AMR-WB in another packing: leave amrwb_packing of the plan at its default"
    (changed,) = changes(found)
    assert (changed.before, changed.after, changed.announced) == (session.media_format, session.media_format, False)
    assert changed.reason == "10 payloads in a row fit AMR-WB, in another packing than before"
    assert [len(audio.pcm) for audio in carrier.audio_of(found)] == [0] * 9 + [640] * 11
    assert [audio.media_ms for audio in carrier.audio_of(found)] == [20.0 * at for at in range(20)]
    session.play(speech(320))
    (payload,) = (carrier.payload_of(text) for text in session.outgoing(400.0))
    assert payload is not None
    assert AmrWbFormat("octet-aligned").frames(payload)


def test_another_codec_without_a_start_discards_a_pause() -> None:
    session = carrier.started(StreamPlan(send_codec="AMR-WB"), start_text=carrier.start("AMR-WB", 16000))
    pause = session.pause_playback(0.0)
    found = carrier.fed(session, numbered(OPUS[:20]))
    assert len(changes(found)) == 1
    assert pause.resolved is not None
    assert pause.resolved.outcome == "discarded"


def test_a_packing_that_the_plan_gives_returns_when_it_fits_again() -> None:
    plan = StreamPlan(send_codec="AMR-WB", amrwb_packing="octet-aligned")
    session = carrier.started(plan, start_text=carrier.start("AMR-WB", 16000))
    found = carrier.fed(session, numbered(ALIGNED[:5] + AMRWB[:20] + ALIGNED[:30]))
    assert [change.announced for change in changes(found)] == [False, False]
    assert session.statistics(0.0).misfit_payloads == 9 + 1
    assert sum(not audio.pcm for audio in carrier.audio_of(found)) == 9


@pytest.mark.parametrize("wanted", ["native", 16000, None])
def test_amrwb_that_became_opus_is_found_and_returns(wanted: Any) -> None:
    session = carrier.started(start_text=carrier.start("AMR-WB", 16000), receive_pcm_hz=wanted)
    assert len({len(packet) for packet in OPUS[:IN_A_ROW]}) > 1
    found = carrier.fed(session, numbered(AMRWB[:5] + OPUS[:30] + AMRWB[:30]))
    there, back = changes(found)
    assert (there.before.encoding, there.after.encoding, there.track) == ("AMR-WB", "OPUS", "inbound")
    assert (back.before.encoding, back.after) == ("OPUS", MediaFormat("AMR-WB", 16000, 1))
    assert carrier.kinds(found).count("PayloadMisfit") == 1
    assert len(carrier.audio_of(found)) == 65
    assert session.statistics(0.0).misfit_payloads == 10
    assert session.describe().startswith("receive AMR-WB 16000 Hz bandwidth-efficient")
    if wanted is not None:
        assert sum(not audio.pcm for audio in carrier.audio_of(found)) == 9


def test_each_track_is_judged_by_itself() -> None:
    plan = StreamPlan(tracks="both_tracks")
    session = carrier.started(plan, start_text=carrier.start("AMR-WB", 16000))
    texts = []
    for at in range(30):
        texts.append(carrier.media(AMRWB[at], at + 1, track="inbound"))
        texts.append(carrier.media(OPUS[at], at + 1, track="outbound"))
    found = carrier.fed(session, texts, step_ms=10.0)
    (changed,) = changes(found)
    assert (changed.track, changed.after.encoding, session.media_format) == (
        "outbound",
        "OPUS",
        MediaFormat("AMR-WB", 16000, 1),
    )
    assert all(audio.pcm for audio in carrier.audio_of(found) if audio.track == "inbound")


def test_nine_in_a_row_change_nothing() -> None:
    plan = StreamPlan(amrwb_packing="octet-aligned")
    session = carrier.started(plan, start_text=carrier.start("AMR-WB", 16000))
    found = carrier.fed(session, numbered((AMRWB[:9] + ALIGNED[:1]) * 5))
    assert changes(found) == []
    assert sum(not audio.pcm for audio in carrier.audio_of(found)) == 45


@pytest.mark.parametrize("encoding", ["PCMU", "PCMA", "G722", "L16"])
@pytest.mark.parametrize("payloads", [OPUS, AMRWB, PCMU, ODD_L16], ids=["OPUS", "AMR-WB", "PCMU", "odd L16"])
def test_a_sample_codec_is_never_chosen_and_changes_only_to_a_frame_codec(encoding: str, payloads: list[bytes]) -> None:
    rate_hz = 16000 if encoding == "L16" else 8000
    session = carrier.started(start_text=carrier.start(encoding, rate_hz))
    found = carrier.fed(session, numbered(payloads[:40]))
    assert {change.after.encoding for change in changes(found)} <= {"OPUS", "AMR-WB"}
    assert [audio.payload for audio in carrier.audio_of(found)] == payloads[:40]
    if encoding != "L16":
        assert carrier.kinds(found) == ["Audio"] * 40


def test_l16_that_became_amrwb_returns_to_l16() -> None:
    session = carrier.started(start_text=carrier.start("L16", 16000))
    pcm = speech(320)
    found = carrier.fed(session, numbered([pcm] * 3 + AMRWB[:20] + [pcm] * 20))
    assert [change.after.encoding for change in changes(found)] == ["AMR-WB", "L16"]
    assert [audio.pcm for audio in carrier.audio_of(found)][-10:] == [pcm] * 10


def test_a_start_ends_the_codec_that_the_payloads_showed() -> None:
    session = carrier.started(start_text=carrier.start("AMR-WB", 16000))
    carrier.fed(session, numbered(OPUS[:20]))
    assert session.media_format == MediaFormat("OPUS", 16000, 1)
    found = carrier.fed(session, [carrier.start("OPUS", 48000), *numbered(OPUS[20:30])])
    assert carrier.kinds(found) == ["FormatChanged", "Started", *["Audio"] * 10]
    assert changes(found)[0].announced
    assert session.statistics(0.0).misfit_payloads == 10


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.sampled_from(["OPUS", "AMR-WB", "L16", "PCMU", "G722"]))
def test_any_mixture_of_payloads_is_delivered_in_full_and_never_ends_a_call(seed: int, encoding: str) -> None:
    rng = random.Random(seed)
    pools = [OPUS, AMRWB, ALIGNED, PCMU, ODD_L16, [bytes(640)], [b""], [rng.randbytes(rng.randrange(1, 300))]]
    payloads: list[bytes] = []
    while len(payloads) < 300:
        pool = rng.choice(pools)
        payloads += [rng.choice(pool) for _ in range(rng.choice([1, 9, 10, 25]))]
    session = carrier.started(start_text=carrier.start(encoding, 16000 if encoding != "PCMU" else 8000))
    found = carrier.fed(session, numbered(payloads)) + carrier.fed(session, [carrier.STOP], from_ms=99_999.0)
    assert [audio.payload for audio in carrier.audio_of(found)] == [payload for payload in payloads if payload]
    assert found[-1] == events.Stopped("stop")
    statistics = session.statistics(0.0)
    assert statistics.misfit_payloads >= sum(not audio.pcm for audio in carrier.audio_of(found))
    assert statistics.malformed == 0
    assert {change.after.encoding for change in changes(found)} <= {"OPUS", "AMR-WB", encoding}
