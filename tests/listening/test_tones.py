"""Tones in the audio of a call: ToneHeard among the events of a session and of a call, off by default."""

from __future__ import annotations

import pytest

import rtpcodec
from rtpcodec import DualTone, MediaSession, StreamPlan, ToneSettings
from rtpcodec.audio.key_sequence import key_sequence, tone_spans
from rtpcodec.errors import LocalProtocolError
from rtpcodec.server import Call
from rtpcodec.stream.events import Audio, Dtmf, ToneHeard
from tests.audio.tone_sounds import cadence, silence, special_information
from tests.listening.test_voice_calls import called
from tests.listening.voice_line import PcmCarrier
from tests.stream import carrier


def line(settings: ToneSettings | None = None) -> PcmCarrier:
    session = MediaSession(StreamPlan(send_codec="PCMU"), receive_pcm_hz=8000)
    session.receive(carrier.start(), 0.0)
    session.tones(settings)
    return PcmCarrier(session)


def heard(made: PcmCarrier) -> list[tuple[str, str]]:
    return [(event.kind, event.digit) for event in made.of(ToneHeard)]


def test_keys_in_the_audio_of_a_session() -> None:
    made = line()
    made.say(key_sequence("4711#", 8000))
    made.wait(1000)
    assert heard(made) == [("dtmf", digit) for digit in "4711#"]
    for event, (begin, end) in zip(made.of(ToneHeard), tone_spans("4711#", 8000), strict=True):
        assert abs(event.media_ms - begin / 8) < 3
        assert abs(event.duration_ms - (end - begin) / 8) < 3
    assert not made.of(Dtmf)


def test_no_tones_are_detected_by_default() -> None:
    session = MediaSession(StreamPlan(send_codec="PCMU"), receive_pcm_hz=8000)
    session.receive(carrier.start(), 0.0)
    made = PcmCarrier(session)
    made.say(key_sequence("5", 8000))
    assert made.of(Audio)
    assert not made.of(ToneHeard)


def test_a_key_at_the_end_of_audio_is_reported_by_the_clock() -> None:
    made = line()
    made.say(DualTone("9", 8000).samples(800))
    assert not heard(made)
    made.wait(1000)
    assert heard(made) == [("dtmf", "9")]


def test_a_beep_before_silence_that_is_not_sent() -> None:
    made = line()
    made.say(silence(8000, 200) + cadence(8000, (1000,), 400))
    made.wait(1000)
    made.say(silence(8000, 40))
    assert heard(made) == [("beep", "")]


@pytest.mark.parametrize("lose", [(7,), (7, 8), (6, 9)])
def test_a_key_across_lost_chunks_is_one_key(lose: tuple[int, ...]) -> None:
    made = line()
    made.say(key_sequence("6", 8000, 160), lose=lose)
    assert heard(made) == [("dtmf", "6")]


def test_the_kinds_of_the_settings_alone() -> None:
    made = line(ToneSettings(kinds=["sit"]))
    made.say(key_sequence("5", 8000) + special_information(8000))
    assert heard(made) == [("sit", "")]
    assert ToneSettings(kinds=["sit", "dtmf", "sit"]).kinds == ("dtmf", "sit")


def test_a_repr_shows_no_key() -> None:
    made = line()
    made.say(key_sequence("5", 8000))
    (event,) = made.of(ToneHeard)
    assert repr(event).count("5") == repr(event.media_ms).count("5") + repr(event.duration_ms).count("5") + repr(
        event.level_dbm0
    ).count("5")
    assert "digit" not in repr(event)
    assert "frequencies" not in repr(event)


def test_a_private_section_hides_no_key_from_the_handler() -> None:
    made = line()
    made.session.privacy.enter("pin", made.now_ms)
    made.say(key_sequence("42", 8000))
    assert heard(made) == [("dtmf", "4"), ("dtmf", "2")]


def test_a_key_by_message_and_in_the_audio_is_reported_both_ways() -> None:
    made = line()
    made.session.receive(carrier.text("dtmf", dtmf={"digit": "3"}), made.now_ms)
    made.say(key_sequence("3", 8000))
    made.wait(500)
    assert [event.digit for event in made.of(Dtmf)] == ["3"]
    assert heard(made) == [("dtmf", "3")]


def test_another_track_and_an_end_of_listening() -> None:
    session = MediaSession(StreamPlan(send_codec="PCMU", tracks="both_tracks"), receive_pcm_hz=8000)
    session.receive(carrier.start(), 0.0)
    listener = session.tones()
    made = PcmCarrier(session, track="outbound")
    made.say(key_sequence("5", 8000))
    assert not heard(made)
    session.stop_listening(listener)
    made.track = "inbound"
    made.say(key_sequence("5", 8000))
    assert not heard(made)


def test_wrong_settings() -> None:
    session = MediaSession(StreamPlan(send_codec="PCMU"), receive_pcm_hz=8000)
    with pytest.raises(TypeError, match=r"^settings is of type str, ToneSettings or None is needed$"):
        session.tones("dtmf")  # type: ignore[arg-type]
    with pytest.raises(
        ValueError, match=r"^kind is 'fax', dtmf, dial, ringback, busy, congestion, sit, beep are allowed$"
    ):
        ToneSettings(kinds=("fax",))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^kinds has 0 items, at least 1 of dtmf, .* is needed$"):
        ToneSettings(kinds=())
    without = MediaSession(StreamPlan(send_codec="PCMU"), receive_pcm_hz=None)
    with pytest.raises(LocalProtocolError):
        without.tones()


def test_a_busy_tone_in_a_call_of_the_simulator() -> None:
    found: list[str] = []

    async def handler(call: Call) -> None:
        tones = call.tones()
        async for event in call.events():
            if isinstance(event, rtpcodec.events.ToneHeard):
                found.append(event.kind)
                tones.stop()
                tones.stop()

    called(handler, cadence(8000, (480, 620), 500, 500, 500, 500, 500, 500) + key_sequence("1", 8000))
    assert found == ["busy"]
