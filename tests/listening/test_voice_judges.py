"""Detectors of the user in place of the level test, and what voice activity refuses."""

from __future__ import annotations

from typing import Any

import pytest

from rtpcodec import StreamPlan, VoiceSettings
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.events import Audio, SpeechEnded, SpeechStarted
from tests.listening.voice_line import PcmCarrier, Played, line, silence, sound
from tests.stream import carrier

# What it refuses


def test_payloads_alone_are_refused() -> None:
    session = carrier.started(receive_pcm_hz=None)
    with pytest.raises(
        LocalProtocolError, match=r"^receive_pcm_hz is None, so nothing is decoded; 'native' or a rate is needed$"
    ):
        session.voice(0.0)


@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_a_plan_without_the_caller_is_refused() -> None:
    session = carrier.started(StreamPlan(tracks="outbound_track"))
    with pytest.raises(
        LocalProtocolError, match=r"^the plan's tracks are 'outbound_track', the inbound track is needed$"
    ):
        session.voice(0.0)


def test_a_codec_that_is_not_decoded_is_silence() -> None:
    session = carrier.started(start_text=carrier.start("SPEEX", 8000))
    session.voice(0.0)
    made = PcmCarrier(session)
    made.say(sound(-26, 500))
    assert made.of(Audio)
    assert not made.of(SpeechStarted)


def test_times_may_be_floats() -> None:
    made, _ = line(VoiceSettings(onset_ms=60.0, hangover_ms=500.0))  # type: ignore[arg-type]
    made.say(silence(400) + sound(-26, 200) + silence(600))
    assert [event.media_ms for event in made.of(SpeechEnded)] == [600]


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


# A detector of the user's own


class Judge:
    """Returns the answers of a test in turn, and records its inputs."""

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


def test_a_judge_gets_whole_blocks_after_a_stall() -> None:
    """Speech ends at its deadline within a block; the audio that was late follows without a gap."""
    judge = Judge(True)
    made, _ = line(voice={"judge": judge}, chunk_ms=30)
    made.say(silence(630))
    made.wait(2000)
    made.at_ms -= 2000
    assert len(made.of(SpeechEnded)) == 1
    made.say(silence(600))
    assert set(judge.asked) == {(320, 8000)}
    assert len(made.of(SpeechStarted)) == 2


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
