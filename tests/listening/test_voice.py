"""Voice activity of a session: where speech begins and ends, its pre-roll, and everything that interrupts it."""

from __future__ import annotations

from typing import Any

import pytest

from rtpcodec import StreamPlan, VoiceSettings
from rtpcodec.audio.levels import rms_dbov
from rtpcodec.stream.event_octets import octets_of
from rtpcodec.stream.events import Audio, FormatChanged, Gap, SpeechEnded, SpeechStarted, Stopped
from tests.listening.voice_line import PcmCarrier, Played, line, silence, sound
from tests.stream import carrier


def test_speech_begins_and_ends_where_the_sound_does() -> None:
    made, detector = line()
    made.say(silence(1000) + sound(-26, 1000) + silence(1000))
    ((started_at_ms, started),) = [(at, event) for at, event in made.found if isinstance(event, SpeechStarted)]
    assert (started.track, started.media_ms, started.while_playing) == ("inbound", 1000.0, False)
    assert started.level_dbov == pytest.approx(-26, abs=1)
    assert started_at_ms == 1060
    assert (started.pre_roll.media_ms, started.pre_roll.duration_ms) == (700.0, 360.0)
    assert started.pre_roll.pcm == made.received(700, 1060)
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 2000.0, 1000.0)]
    assert made.when(SpeechEnded) == [2500]
    assert not detector.speaking
    assert detector.silent_since_ms == 2000


@pytest.mark.parametrize("chunk_ms", [10, 20, 30, 40, 60, 100, 500])
@pytest.mark.parametrize("pcm_hz", ["native", 16000, 24000, 48000])
def test_chunks_and_rates_do_not_matter(chunk_ms: int, pcm_hz: Any) -> None:
    made, _ = line(chunk_ms=chunk_ms, receive_pcm_hz=pcm_hz)
    made.say(silence(1500) + sound(-26, 1500) + silence(1500))
    (started,), (ended,) = made.of(SpeechStarted), made.of(SpeechEnded)
    assert started.media_ms == pytest.approx(1500, abs=20)
    assert ended.media_ms == pytest.approx(3000, abs=20)
    # Whatever the chunks are, the pre-roll ends where the next chunk begins.
    pre_roll = started.pre_roll
    assert pre_roll.sample_rate_hz == made.of(Audio)[0].sample_rate_hz
    end_ms = pre_roll.media_ms + pre_roll.duration_ms
    assert pre_roll.media_ms == pytest.approx(started.media_ms - 300, abs=0.1)
    assert end_ms == made.when(SpeechStarted)[0]
    assert pre_roll.pcm == made.received(pre_roll.media_ms, end_ms)


@pytest.mark.parametrize(("encoding", "rate_hz"), [("PCMA", 8000), ("G722", 16000), ("L16", 16000)])
def test_every_sample_codec_is_heard(encoding: str, rate_hz: int) -> None:
    made, _ = line(encoding=encoding, rate_hz=8000 if encoding == "G722" else rate_hz)
    made.rate_hz = rate_hz
    made.say(silence(1000, rate_hz) + sound(-30, 1000, rate_hz) + silence(1000, rate_hz))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [pytest.approx(1000, abs=20)]
    assert [event.media_ms for event in made.of(SpeechEnded)] == [pytest.approx(2000, abs=20)]


def test_short_pauses_belong_to_the_speech_and_clicks_are_not_speech() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-20, 40) + silence(500))
    made.say((sound(-26, 200) + silence(400)) * 3 + silence(200))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [1040]
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 2440.0, 1400.0)]


def test_settings_move_onset_hang_over_and_pre_roll() -> None:
    made, _ = line(VoiceSettings(onset_ms=200, onset_while_playing_ms=200, hangover_ms=100, pre_roll_ms=0))
    made.say(silence(1000) + sound(-26, 180) + silence(420) + sound(-26, 300) + silence(300))
    (started,) = made.of(SpeechStarted)
    assert (started.media_ms, started.pre_roll.media_ms) == (1600, 1600)
    assert made.when(SpeechStarted) == [1800]
    assert made.when(SpeechEnded) == [2000]


def test_the_outbound_track_is_not_listened_to() -> None:
    made, _ = line(plan=StreamPlan(tracks="both_tracks"))
    made.track = "outbound"
    made.say(silence(500) + sound(-26, 1000))
    assert made.of(Audio)
    assert not made.of(SpeechStarted)


# Ends that are not silence


def test_speech_ends_when_no_audio_comes() -> None:
    made, detector = line()
    made.say(silence(500) + sound(-26, 1000))
    assert detector.speaking
    made.wait(5000)
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 1500.0, 1000.0)]
    # The hang-over, and what audio may be late.
    assert made.when(SpeechEnded) == [1500 + 20 + 500 + 200]
    assert detector.silent_since_ms == 1500
    # The speech behind the pause is another one.
    made.say(sound(-26, 400))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [500, 6500]


def test_a_pause_of_the_timestamps_ends_speech_at_its_begin() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-26, 1000))
    made.now_ms += 3000
    made.at_ms += 3000
    made.say(silence(100))
    assert [event.reason for event in made.of(Gap)] == ["pause"]
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 1500.0, 1000.0)]


def test_the_end_of_the_stream_ends_speech_before_it() -> None:
    made, detector = line()
    made.say(silence(500) + sound(-26, 1000))
    made.session.receive(carrier.STOP, made.now_ms)
    made.look()
    assert [type(event) for _, event in made.found[-2:]] == [SpeechEnded, Stopped]
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 1500.0, 1000.0)]
    assert not detector.speaking


def test_another_format_ends_speech_and_is_listened_to() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-26, 1000))
    made.session.receive(carrier.start("L16", 16000, sequence=None), made.now_ms)
    made.encoding, made.rate_hz, made.number, made.at_ms = "L16", 16000, 0, 0
    made.say(silence(500, 16000) + sound(-26, 1000, 16000) + silence(600, 16000))
    assert made.of(FormatChanged)
    assert made.of(SpeechEnded) == [SpeechEnded("inbound", 1500.0, 1000.0), SpeechEnded("inbound", 1500.0, 1000.0)]
    first, second = made.of(SpeechStarted)
    assert (first.media_ms, second.media_ms) == (500, 500)
    assert second.pre_roll.sample_rate_hz == 16000
    assert second.pre_roll.media_ms == 200


def test_lost_chunks_do_not_end_speech_and_are_silence_in_the_pre_roll() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-50, 400) + sound(-26, 1000) + silence(800), lose=(38, 39, 60, 61))
    (started,), (ended,) = made.of(SpeechStarted), made.of(SpeechEnded)
    assert (started.media_ms, ended.media_ms) == (900, 1900)
    pre_roll = started.pre_roll
    assert (pre_roll.media_ms, pre_roll.duration_ms) == (600, 360)
    # 160 ms behind its start, 40 ms are missing.
    assert not any(pre_roll.pcm[2 * 160 * 8 : 2 * 200 * 8])
    assert any(pre_roll.pcm[2 * 140 * 8 : 2 * 160 * 8])
    assert any(pre_roll.pcm[2 * 200 * 8 : 2 * 220 * 8])


def test_concealed_audio_is_heard_like_any_other() -> None:
    made, _ = line(conceal=True)
    made.say(silence(500) + sound(-26, 1000) + silence(800), lose=(40, 41))
    assert [event.concealed for event in made.of(Audio)].count(True) == 2
    (started,), (ended,) = made.of(SpeechStarted), made.of(SpeechEnded)
    assert (started.media_ms, ended.media_ms) == (500, 1500)


def test_a_later_detector_hears_what_follows() -> None:
    session = carrier.started()
    made = PcmCarrier(session)
    made.say(sound(-26, 3000))
    detector = session.voice(made.now_ms)
    made.say(silence(500) + sound(-26, 500))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [3500]
    session.stop_listening(detector)
    made.say(silence(1000) + sound(-26, 1000))
    assert len(made.of(SpeechStarted)) == 1
    assert not made.of(SpeechEnded)


# The reference


def test_sound_that_is_not_louder_than_an_echo_does_not_begin_speech_while_we_play() -> None:
    made, detector = line(voice={"reference": Played(-12, 1000, 3000)})
    # 18 dB below us, for as long as an echo may come back.
    made.say(silence(1060) + sound(-30, 2540) + silence(1000))
    assert not made.of(SpeechStarted)
    assert detector.return_loss_db == pytest.approx(15, abs=1)
    # The same sound behind it is a caller.
    made.say(sound(-30, 500))
    (started,) = made.of(SpeechStarted)
    assert (started.media_ms, started.while_playing) == (4600, False)


def test_a_caller_over_us_needs_the_longer_onset() -> None:
    made, _ = line(voice={"reference": Played(-20, 1000, 9000)})
    made.say(silence(2000) + sound(-26, 1000))
    (started,) = made.of(SpeechStarted)
    assert (started.media_ms, started.while_playing) == (2000, True)
    assert made.when(SpeechStarted) == [2160]
    assert started.pre_roll.media_ms == 1700


def test_the_noise_floor_does_not_learn_while_we_play() -> None:
    made, detector = line(voice={"reference": Played(-12, 0, 4000)})
    made.say(sound(-40, 4000))
    assert detector.noise_dbov == -55
    assert not made.of(SpeechStarted)


# Privacy, memory


def test_a_private_section_keeps_no_audio() -> None:
    made, _ = line()
    made.say(silence(500))
    made.session.privacy.enter("card", made.now_ms)
    made.say(silence(200) + sound(-26, 400))
    (started,) = made.of(SpeechStarted)
    assert started.media_ms == 700
    assert (started.pre_roll.pcm, started.pre_roll.duration_ms) == (b"", 0)
    made.session.privacy.leave("card", made.now_ms)
    made.say(silence(600) + sound(-26, 400))
    second = made.of(SpeechStarted)[1]
    assert second.pre_roll.media_ms == second.media_ms - 300


def test_a_detector_made_in_a_private_section_keeps_no_audio_either() -> None:
    session = carrier.started()
    session.privacy.enter("card", 0.0)
    session.voice(0.0)
    made = PcmCarrier(session)
    made.say(silence(500) + sound(-26, 200))
    assert made.of(SpeechStarted)[0].pre_roll.pcm == b""


def test_the_pre_roll_counts_as_memory_and_is_not_in_the_repr() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-26, 200))
    (started,) = made.of(SpeechStarted)
    assert octets_of(started) > len(started.pre_roll.pcm)
    assert "pre_roll" not in repr(started)
    assert rms_dbov(started.pre_roll.pcm[-320:]) > -30
