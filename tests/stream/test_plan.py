"""Plans: safe defaults, checked once, and the same for the command and the session."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
import warnings
from typing import Any

import pytest

from rtpcodec import StreamPlan, codec
from rtpcodec.carriers.telnyx import commands
from rtpcodec.errors import PlanError, PlanWarning, RtpcodecError
from tests.stream import carrier


def test_defaults_are_those_of_an_agent() -> None:
    plan = StreamPlan()
    assert (plan.send_codec, plan.send_rate_hz, plan.mode, plan.tracks) == ("PCMU", 8000, "rtp", "inbound_track")
    assert (plan.target_legs, plan.receive_codec, plan.l16_byte_order) == ("self", "default", "little")
    assert plan.send_info is codec("PCMU")


@pytest.mark.parametrize(
    ("options", "fields"),
    [
        (
            {},
            {
                "stream_track": "inbound_track",
                "stream_bidirectional_mode": "rtp",
                "stream_bidirectional_target_legs": "self",
                "stream_bidirectional_codec": "PCMU",
                "stream_bidirectional_sampling_rate": 8000,
            },
        ),
        (
            {"send_codec": "L16", "tracks": "both_tracks", "target_legs": "both", "receive_codec": "PCMA"},
            {
                "stream_track": "both_tracks",
                "stream_bidirectional_mode": "rtp",
                "stream_bidirectional_target_legs": "both",
                "stream_bidirectional_codec": "L16",
                "stream_bidirectional_sampling_rate": 16000,
                "stream_codec": "PCMA",
            },
        ),
        (
            {"mode": "mp3", "target_legs": "opposite", "tracks": "outbound_track"},
            {
                "stream_track": "outbound_track",
                "stream_bidirectional_mode": "mp3",
                "stream_bidirectional_target_legs": "opposite",
            },
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_command_fields(options: dict[str, Any], fields: dict[str, object]) -> None:
    assert StreamPlan(**options).command_fields() == fields


ONE_LEG = "StreamPlan: target_legs is 'opposite': a call of one leg hears nothing of it, add 'self'"
UNHEARD = (
    "StreamPlan: tracks is 'outbound_track': it has the audio that the phone plays, which may include ours, "
    "but not the speech into that phone; add 'inbound_track' or 'both_tracks' to hear it"
)


@pytest.mark.parametrize("mode", commands.MODES)
@pytest.mark.parametrize(("tracks", "target_legs", "expected"), [
    ("inbound_track", "self", []), ("inbound_track", "both", []), ("inbound_track", "opposite", [ONE_LEG]),
    ("both_tracks", "self", []), ("both_tracks", "both", []), ("both_tracks", "opposite", [ONE_LEG]),
    ("outbound_track", "self", [UNHEARD]), ("outbound_track", "both", [UNHEARD]),
    ("outbound_track", "opposite", [ONE_LEG]),
])  # fmt: skip
def test_legs_and_tracks_that_no_stream_can_show_are_warnings(
    tracks: Any, target_legs: Any, expected: list[str], mode: Any
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        plan = StreamPlan(tracks=tracks, target_legs=target_legs, mode=mode)
        copies = [copy.copy(plan), copy.deepcopy(plan), pickle.loads(pickle.dumps(plan))]
    assert copies == [plan] * 3
    assert [str(each.message) for each in caught] == expected
    assert {each.category for each in caught} <= {PlanWarning}
    assert {each.filename for each in caught} <= {__file__}


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 48000])
def test_every_rate_of_the_command_can_be_planned_and_sent(rate: int) -> None:
    plan = StreamPlan(send_codec="L16", send_rate_hz=rate)
    assert plan.command_fields()["stream_bidirectional_sampling_rate"] == rate
    session = carrier.started(plan, lead_ms=None)
    assert session.send_pcm_hz == rate
    session.play(bytes(2 * rate // 50))
    assert carrier.sent_octets(session.outgoing(0.0)) == bytes(2 * rate // 50)


@pytest.mark.parametrize(("rate", "named"), [(0, 8000), (8000, 8000), (16000, 16000)])
def test_g722_has_two_rates_in_a_command_and_one_in_its_pcm(rate: int, named: int) -> None:
    plan = StreamPlan(send_codec="G722", send_rate_hz=rate)
    assert plan.command_fields()["stream_bidirectional_sampling_rate"] == plan.send_rate_hz == named
    assert (plan.send_sample_rate_hz, plan.send_info.rtp_clock_hz(plan.send_sample_rate_hz)) == (16000, 8000)
    session = carrier.started(plan, lead_ms=None)
    assert session.send_pcm_hz == 16000
    session.play(bytes(640))
    assert carrier.sent_octets(session.outgoing(0.0)) == codec("G722").encoder().encode(bytes(640))
    assert "G722 16000 Hz" in session.describe()


@pytest.mark.parametrize(("rate", "named"), [(0, 16000), (8000, 8000), (16000, 16000)])
@pytest.mark.usefixtures("opus", "amrwb")
def test_amrwb_has_two_rates_in_a_command_and_one_in_its_pcm(rate: int, named: int) -> None:
    plan = StreamPlan(send_codec="AMR-WB", send_rate_hz=rate)
    assert plan.command_fields()["stream_bidirectional_sampling_rate"] == plan.send_rate_hz == named
    assert plan.send_sample_rate_hz == carrier.started(plan).send_pcm_hz == 16000


@pytest.mark.parametrize("rate", [0, 8000, 16000, 24000, 48000])
@pytest.mark.usefixtures("opus", "amrwb")
def test_opus_is_encoded_at_the_rate_of_the_command(rate: int) -> None:
    plan = StreamPlan(send_codec="OPUS", send_rate_hz=rate)
    assert carrier.started(plan).send_pcm_hz == plan.send_sample_rate_hz == (rate or 16000)
    assert plan.command_fields()["stream_bidirectional_sampling_rate"] == (rate or 16000)


RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


@pytest.mark.parametrize("rate", RATES_HZ)
@pytest.mark.parametrize("name", commands.SEND_CODECS)
def test_a_plan_has_the_rates_that_a_command_can_carry_and_the_codec_has(name: str, rate: int) -> None:
    info = codec(name)
    if rate in commands.SAMPLING_RATES_HZ and rate in (info.command_rates_hz or info.sample_rates_hz):
        fields = StreamPlan(send_codec=name, send_rate_hz=rate).command_fields()
        assert fields["stream_bidirectional_sampling_rate"] == rate
        return
    with pytest.raises(PlanError, match=rf"^send_rate_hz: .*{name}.* {rate}\b") as caught:
        StreamPlan(send_codec=name, send_rate_hz=rate)
    _, _, known = str(caught.value).partition("with" if "command" in str(caught.value) else "only")
    for named in re.findall(r"\d+", known.partition("not with")[0]):
        StreamPlan(send_codec=name, send_rate_hz=int(named))


def test_the_refusal_of_a_rate_that_no_command_carries_names_the_others() -> None:
    with pytest.raises(PlanError) as caught:
        StreamPlan(send_codec="L16", send_rate_hz=44100)
    assert str(caught.value) == (
        "send_rate_hz: a command names L16 with 16000, 8000, 22050, 24000, 48000 Hz, not with 44100"
    )
    # A command in mode mp3 carries no rate.
    assert StreamPlan(send_codec="L16", mode="mp3", send_rate_hz=44100).send_sample_rate_hz == 44100


@pytest.mark.parametrize("name", commands.SEND_CODECS)
def test_the_default_rate_of_every_codec_is_one_that_a_command_carries(name: str) -> None:
    assert StreamPlan(send_codec=name).send_rate_hz in commands.SAMPLING_RATES_HZ


@pytest.mark.parametrize(("rate", "file_hz"), [(0, 16000), (8000, 8000), (44100, 44100)])
def test_in_mode_mp3_the_rate_is_that_of_the_files(rate: int, file_hz: int) -> None:
    plan = StreamPlan(mode="mp3", send_rate_hz=rate)
    assert plan.send_sample_rate_hz == carrier.started(plan).send_pcm_hz == file_hz
    assert "stream_bidirectional_sampling_rate" not in plan.command_fields()


@pytest.mark.parametrize("name", ["PCMU", "PCMA", "L16"])
def test_other_codecs_have_one_rate(name: str) -> None:
    plan = StreamPlan(send_codec=name)
    assert plan.send_sample_rate_hz == plan.send_rate_hz == codec(name).sample_rate_hz()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"mode": "RTP"}, "mode is 'RTP', one of rtp, mp3 is needed"),
        ({"tracks": "inbound"}, "tracks is 'inbound', one of inbound_track, outbound_track, both_tracks is needed"),
        ({"target_legs": ""}, "target_legs is '', one of both, self, opposite is needed"),
        ({"l16_byte_order": "native"}, "l16_byte_order is 'native', one of little, big is needed"),
        ({"send_codec": "pcmu"}, "no codec is named 'pcmu'; known: PCMU, PCMA, G722, L16"),
        ({"receive_codec": "MP3"}, "no codec is named 'MP3'; known: PCMU, PCMA, G722, L16"),
        ({"send_rate_hz": 16000}, "send_rate_hz: PCMU has no sample rate of 16000 Hz, only 8000"),
        (
            {"send_codec": "G722", "send_rate_hz": 48000},
            "send_rate_hz: a command names G722 with 8000 or 16000 Hz, not with 48000",
        ),
        (
            {"send_codec": "OPUS", "send_rate_hz": 22050},
            "send_rate_hz: OPUS has no sample rate of 22050 Hz, only 16000",
        ),
        ({"mode": "mp3", "send_rate_hz": 9000}, "send_rate_hz: MP3 has no sample rate of 9000 Hz, only 8000, 11025"),
        (
            {"amrwb_packing": "storage"},
            "amrwb_packing is 'storage', one of auto, bandwidth-efficient, octet-aligned is",
        ),
        ({"send_codec": "L16", "send_rate_hz": -1}, "send_rate_hz: L16 has no sample rate of -1 Hz, only 16000, 8000"),
    ],
)
def test_plans_that_no_carrier_knows_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(PlanError) as caught:
        StreamPlan(**options)
    assert str(caught.value).startswith(text)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, RtpcodecError)


@pytest.mark.usefixtures("opus", "amrwb")
@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            {"send_codec": "OPUS", "send_options": {"frame_ms": 10}},
            "send_options: frame_ms is 10, a message holds at least 20 ms",
        ),
        (
            {"send_codec": "OPUS", "send_options": {"bitrate": 5}},
            "send_options: bitrate is 5, 6000 to",
        ),
        ({"send_codec": "AMR-WB", "send_options": {"mode": 9}}, "send_options: mode is 9, 0 to 8 are allowed"),
        (
            {"send_codec": "AMR-WB", "send_options": {"bitrate": 9}},
            "send_options: AMR-WB has no option 'bitrate', only mode, dtx",
        ),
        ({"send_options": {"dtx": True}}, "send_options: PCMU has no option 'dtx'"),
        (
            {"send_codec": "L16", "send_options": {"byte_order": "big"}},
            "send_options: L16 has no option 'byte_order'",
        ),
        ({"send_codec": "OPUS", "send_options": {1: 2}}, "send_options: OPUS has no option 1, only bitrate, comp"),
        ({"send_options": None}, "send_options is of type NoneType, a mapping is needed"),
        ({"send_options": [("mode", 1)]}, "send_options is of type list, a mapping is needed"),
        (
            {"mode": "mp3", "send_options": {"bitrate": 9}},
            "send_options are for the encoder of mode 'rtp', mode 'mp3' has no encoder",
        ),
    ],
)
def test_options_that_the_encoder_does_not_take_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(PlanError) as caught:
        StreamPlan(**options)
    assert str(caught.value).startswith(text)


def test_plans_are_values() -> None:
    plan = StreamPlan(send_codec="L16")
    assert plan == StreamPlan(send_codec="L16", send_rate_hz=16000)
    assert {plan, dataclasses.replace(plan)} == {plan}
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.mode = "mp3"  # type: ignore[misc]
    assert dataclasses.replace(plan, send_rate_hz=8000).command_fields()["stream_bidirectional_sampling_rate"] == 8000


@pytest.mark.usefixtures("opus", "amrwb")
def test_options_reach_the_encoder_and_are_not_in_the_command() -> None:
    options = {"mode": 0}
    plan = StreamPlan(send_codec="AMR-WB", send_options=options)
    options["mode"] = 3
    assert plan.send_options == {"mode": 0}
    assert plan.new_encoder().encode(bytes(640))[0] >> 3 == 0
    assert plan.command_fields() == StreamPlan(send_codec="AMR-WB").command_fields()
    assert plan != StreamPlan(send_codec="AMR-WB")
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert hash(plan) == hash(dataclasses.replace(plan))


def test_byte_order_is_an_option_of_l16_alone() -> None:
    plan = StreamPlan(l16_byte_order="big")
    assert plan.codec_options("L16") == {"byte_order": "big"}
    assert plan.codec_options("PCMU") == {}


def test_only_dial_and_answer_ask_the_carrier_for_silence() -> None:
    plan, plain = StreamPlan(send_silence_when_idle=True), StreamPlan().command_fields()
    assert plan.command_fields("dial") == plan.command_fields("answer") == {**plain, "send_silence_when_idle": True}
    assert plan.command_fields("start_streaming") == plain
    for command in ("dial", "answer", "start_streaming"):
        assert StreamPlan().command_fields(command) == plain


def test_the_wish_for_silence_is_not_lost_for_want_of_the_command() -> None:
    plan = StreamPlan(send_silence_when_idle=True)
    with pytest.raises(PlanError) as lost:
        plan.command_fields()
    assert str(lost.value) == (
        'send_silence_when_idle is a field of dial and answer only: name the command, plan.command_fields("dial")'
    )
    with pytest.raises(ValueError, match=r"^command is 'bridge', one of start_streaming, dial, answer is needed$"):
        plan.command_fields("bridge")  # type: ignore[call-overload]
    with pytest.raises(PlanError, match=r"^send_silence_when_idle is 'yes', True or False is needed$"):
        StreamPlan(send_silence_when_idle="yes")  # type: ignore[arg-type]
