"""Voice activity of a session: where speech begins and ends, its pre-roll, and everything that interrupts it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from rtpcodec import MediaSession, StreamPlan, VoiceSettings
from rtpcodec.audio.levels import rms_dbov, rms_of_dbov
from rtpcodec.codecs import codec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.kernels.noise import white_noise
from rtpcodec.stream.events import Audio, Event, FormatChanged, Gap, SpeechEnded, SpeechStarted, Stopped
from rtpcodec.stream.listening.voice import VoiceDetector
from rtpcodec.stream.octets import octets_of
from tests.stream import carrier

RATE_HZ: Final = 8000


def sound(level_dbov: float, duration_ms: int, rate_hz: int = RATE_HZ) -> bytes:
    """A steady noise of a level."""
    return white_noise(1, 0, duration_ms * rate_hz // 1000, rms_of_dbov(level_dbov))


def silence(duration_ms: int, rate_hz: int = RATE_HZ) -> bytes:
    return bytes(2 * duration_ms * rate_hz // 1000)


@dataclass
class Line:
    """A carrier that sends PCM in chunks on a clock of its own, each when it is over."""

    session: MediaSession
    chunk_ms: int = 20
    encoding: str = "PCMU"
    rate_hz: int = RATE_HZ
    track: str = "inbound"
    now_ms: float = 0.0
    number: int = 0
    at_ms: int = 0
    found: list[tuple[float, Event]] = field(default_factory=list)

    def say(self, pcm: bytes, *, lose: tuple[int, ...] = ()) -> None:
        """Send all of it. lose: numbers of chunks that are lost, counted from here."""
        options = {"byte_order": "little"} if self.encoding == "L16" else {}
        encoder = codec(self.encoding).encoder(self.rate_hz, **options)
        step = 2 * self.chunk_ms * self.rate_hz // 1000
        for number, begin in enumerate(range(0, len(pcm), step)):
            payload = encoder.encode(pcm[begin : begin + step])
            self.number += 1
            self.now_ms += self.chunk_ms
            if number not in lose:
                text = carrier.media(payload, self.number, track=self.track, timestamp=str(self.at_ms))
                self.session.receive(text, self.now_ms)
                self.look()
            self.at_ms += self.chunk_ms

    def wait(self, duration_ms: int) -> None:
        """Let time pass without audio, with a look at each deadline."""
        end_ms = self.now_ms + duration_ms
        while (deadline_ms := self.session.next_deadline_ms) is not None and deadline_ms <= end_ms:
            self.now_ms = max(self.now_ms, deadline_ms)
            self.look()
        self.now_ms = end_ms
        self.at_ms += duration_ms

    def look(self) -> None:
        self.found += [(self.now_ms, event) for event in self.session.events(self.now_ms)]

    def of(self, kind: type) -> list[Any]:
        return [event for _, event in self.found if type(event) is kind]

    def when(self, kind: type) -> list[float]:
        return [at_ms for at_ms, event in self.found if type(event) is kind]

    def received(self, from_ms: float, to_ms: float) -> bytes:
        """The PCM of a time, of all chunks."""
        first = self.of(Audio)[0]
        per_ms = 2 * first.sample_rate_hz // 1000
        pcm = b"".join(chunk.pcm for chunk in self.of(Audio))
        return pcm[int(from_ms) * per_ms : int(to_ms) * per_ms]


def line(
    settings: VoiceSettings | None = None,
    *,
    voice: dict[str, Any] | None = None,
    chunk_ms: int = 20,
    encoding: str = "PCMU",
    rate_hz: int = RATE_HZ,
    **options: Any,
) -> tuple[Line, VoiceDetector]:
    session = carrier.started(start_text=carrier.start(encoding, rate_hz), **options)
    detector = session.voice(0.0, settings, **(voice or {}))
    return Line(session, chunk_ms, encoding, rate_hz), detector


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


def test_short_pauses_belong_to_the_speech_and_clicks_are_none() -> None:
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


def test_a_pause_of_the_timestamps_ends_speech_where_it_stood() -> None:
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
    # 160 ms behind its begin, 40 ms are missing.
    assert not any(pre_roll.pcm[2 * 160 * 8 : 2 * 200 * 8])
    assert any(pre_roll.pcm[2 * 140 * 8 : 2 * 160 * 8])
    assert any(pre_roll.pcm[2 * 200 * 8 : 2 * 220 * 8])


def test_concealed_audio_is_heard_like_any_other() -> None:
    made, _ = line(conceal=True)
    made.say(silence(500) + sound(-26, 1000) + silence(800), lose=(40, 41))
    assert [event.concealed for event in made.of(Audio)].count(True) == 2
    (started,), (ended,) = made.of(SpeechStarted), made.of(SpeechEnded)
    assert (started.media_ms, ended.media_ms) == (500, 1500)


def test_a_detector_that_comes_later_hears_what_follows() -> None:
    session = carrier.started()
    made = Line(session)
    made.say(sound(-26, 3000))
    detector = session.voice(made.now_ms)
    made.say(silence(500) + sound(-26, 500))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [3500]
    session.stop_listening(detector)
    made.say(silence(1000) + sound(-26, 1000))
    assert len(made.of(SpeechStarted)) == 1
    assert not made.of(SpeechEnded)


# What it refuses


def test_payloads_alone_are_refused() -> None:
    session = carrier.started(receive_pcm_hz=None)
    with pytest.raises(
        LocalProtocolError, match=r"^receive_pcm_hz is None, so nothing is decoded; 'native' or a rate is needed$"
    ):
        session.voice(0.0)


def test_a_plan_without_the_caller_is_refused() -> None:
    session = carrier.started(StreamPlan(tracks="outbound_track"))
    with pytest.raises(
        LocalProtocolError, match=r"^the plan's tracks are 'outbound_track', the inbound track is needed$"
    ):
        session.voice(0.0)


def test_a_codec_that_is_not_decoded_is_silence() -> None:
    session = carrier.started(start_text=carrier.start("SPEEX", 8000))
    session.voice(0.0)
    made = Line(session)
    made.say(sound(-26, 500))
    assert made.of(Audio)
    assert not made.of(SpeechStarted)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"onset_ms": 0}, "onset_ms is 0, 20 to 1000 in steps of 20 is needed"),
        ({"onset_ms": 50}, "onset_ms is 50, 20 to 1000 in steps of 20 is needed"),
        ({"onset_while_playing_ms": 40}, "onset_while_playing_ms is 40, 60 to 1000 in steps of 20 is needed"),
        ({"hangover_ms": 10_020}, "hangover_ms is 10020, 20 to 10000 in steps of 20 is needed"),
        ({"pre_roll_ms": -20}, "pre_roll_ms is -20, 0 to 2000 in steps of 20 is needed"),
        ({"threshold_dbov": 0.0}, "threshold_dbov is 0, -80 to -10 is needed"),
        ({"noise_margin_db": float("nan")}, "noise_margin_db is nan, 3 to 30 is needed"),
        ({"return_loss_db": 5.0}, "return_loss_db is 5, 6 to 60 is needed"),
        ({"probability": 0.0}, "probability is 0, above 0 and at most 1 is needed"),
        ({"echo_delay_ms": (300, 200)}, r"echo_delay_ms is \(300, 200\), two rising times of 0 to 2000 are needed"),
        ({"echo_delay_ms": (0, 2001)}, r"echo_delay_ms is \(0, 2001\), two rising times of 0 to 2000 are needed"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        VoiceSettings(**wrong)


# The reference


class Played:
    """A reference that was as loud as a test says, from one media time to another."""

    def __init__(self, level_dbov: float, from_ms: float, to_ms: float) -> None:
        self.level, self.from_ms, self.to_ms = level_dbov, from_ms, to_ms

    def level_dbov(self, from_media_ms: float, to_media_ms: float) -> float:
        return self.level if from_media_ms < self.to_ms and to_media_ms > self.from_ms else -127.0


def test_what_is_not_louder_than_an_echo_does_not_begin_speech_while_we_play() -> None:
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


def test_a_detector_made_in_a_private_section_keeps_none_either() -> None:
    session = carrier.started()
    session.privacy.enter("card", 0.0)
    session.voice(0.0)
    made = Line(session)
    made.say(silence(500) + sound(-26, 200))
    assert made.of(SpeechStarted)[0].pre_roll.pcm == b""


def test_the_pre_roll_counts_as_memory_and_is_not_in_the_repr() -> None:
    made, _ = line()
    made.say(silence(500) + sound(-26, 200))
    (started,) = made.of(SpeechStarted)
    assert octets_of(started) > len(started.pre_roll.pcm)
    assert "pre_roll" not in repr(started)
    assert rms_dbov(started.pre_roll.pcm[-320:]) > -30


# A detector of the user's own


class Judge:
    """Returns the answers of a test in turn, and keeps what it was asked."""

    def __init__(self, *answers: bool | float | None) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, int]] = []

    def is_speech(self, pcm: bytes, sample_rate_hz: int) -> bool | float | None:
        self.asked.append((len(pcm), sample_rate_hz))
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.mark.parametrize("chunk_ms", [10, 20, 30, 100])
def test_a_judge_gets_blocks_of_20_ms_and_decides(chunk_ms: int) -> None:
    judge = Judge(*[False] * 20, *[True] * 30, False)
    made, _ = line(voice={"judge": judge}, chunk_ms=chunk_ms, receive_pcm_hz=16000)
    made.say(silence(1800))
    assert set(judge.asked) == {(640, 16000)}
    assert len(judge.asked) == 90
    assert [event.media_ms for event in made.of(SpeechStarted)] == [400]
    assert [event.media_ms for event in made.of(SpeechEnded)] == [1000]


@pytest.mark.parametrize(("probability", "starts"), [(0.4, 0), (0.5, 1), (0.9, 1)])
def test_a_probability_is_compared_with_that_of_the_settings(probability: float, starts: int) -> None:
    made, _ = line(voice={"judge": Judge(probability)})
    made.say(silence(400))
    assert len(made.of(SpeechStarted)) == starts


def test_a_judge_without_an_opinion_leaves_it_to_the_level() -> None:
    made, _ = line(voice={"judge": Judge(None)})
    made.say(silence(400) + sound(-26, 200))
    assert [event.media_ms for event in made.of(SpeechStarted)] == [400]


def test_the_bound_of_the_echo_remains_above_a_judge() -> None:
    made, _ = line(voice={"judge": Judge(True), "reference": Played(-12, 0, 2000)})
    made.say(sound(-40, 1000))
    assert not made.of(SpeechStarted)


def test_what_a_judge_raises_is_raised_by_events() -> None:
    class Broken:
        def is_speech(self, pcm: bytes, sample_rate_hz: int) -> bool:
            raise RuntimeError("no model")

    made, _ = line(voice={"judge": Broken()})
    with pytest.raises(RuntimeError, match=r"^no model$"):
        made.say(silence(20))
