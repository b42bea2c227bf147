"""How a stream starts, changes its format, and ends; and the events without audio."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from rtpcodec import MediaSession, StreamPlan, codec, events
from rtpcodec.codecs import registry
from rtpcodec.errors import LocalProtocolError, StreamEnded
from rtpcodec.stream.messages import MediaFormat
from tests.stream import carrier

pytestmark = pytest.mark.usefixtures("dialect")

ALLOWED_HZ = "allowed are 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100 and 48000"


def test_started_tells_who_and_what_and_when() -> None:
    session = MediaSession(utc_offset_ms=1_700_000_000_000.0)
    session.receive(carrier.CONNECTED, 5.0)
    members = {"from": "+15550100001", "to": "+15550100002", "client_state": "e30=", "user_id": "u"}
    start = carrier.start(
        call_control_id="v3:x", call_session_id="s", tags=["a"], custom_parameters={"k": "v"}, **members
    )
    session.receive(start, 7.5)
    assert session.events(8.0) == [
        events.Started(
            stream_id="stream-1",
            call_control_id="v3:x",
            call_session_id="s",
            user_id="u",
            from_number="+15550100001",
            to_number="+15550100002",
            tags=("a",),
            client_state="e30=",
            custom_parameters={"k": "v"},
            media_format=MediaFormat("PCMU", 8000, 1),
            monotonic_ms=7.5,
            utc_ms=1_700_000_000_007.5,
        )
    ]
    assert session.events(9.0) == []


def test_without_an_offset_no_utc() -> None:
    session = MediaSession()
    session.receive(carrier.start(), 0.0)
    (event,) = session.events(0.0)
    assert isinstance(event, events.Started)
    assert event.utc_ms is None


def test_only_the_encoding_is_needed() -> None:
    session = MediaSession()
    assert (session.streaming, session.media_format, session.next_deadline_ms) == (False, None, None)
    session.receive('{"event":"start","start":{"media_format":{"encoding":"PCMU"}}}', 0.0)
    (event,) = session.events(0.0)
    assert isinstance(event, events.Started)
    assert (event.stream_id, event.from_number, event.custom_parameters) == (None, None, {})
    assert (session.streaming, session.media_format) == (True, MediaFormat("PCMU"))
    assert carrier.kinds(carrier.fed(session, ['{"event":"media","media":{"payload":"//8="}}'])) == ["Audio"]


def test_a_second_start_in_another_format_delivers_waiting_chunks_and_makes_a_new_chain() -> None:
    session = carrier.started()
    carrier.fed(session, [carrier.media(chunk=1), carrier.media(chunk=3)])
    found = carrier.fed(session, [carrier.start("L16", 16000), carrier.media(bytes(640), chunk=1)])
    assert carrier.kinds(found) == ["Audio", "FormatChanged", "Started", "Audio"]
    assert found[1] == events.FormatChanged(MediaFormat("PCMU", 8000, 1), MediaFormat("L16", 16000, 1))
    old, new = carrier.audio_of(found)
    assert (old.chunk, old.sample_rate_hz, new.chunk, new.sample_rate_hz, new.media_ms) == (3, 8000, 1, 16000, 0.0)
    assert session.media_format == MediaFormat("L16", 16000, 1)


def test_second_start_in_the_same_format_is_only_a_start() -> None:
    session = carrier.started()
    carrier.fed(session, [carrier.media(chunk=chunk) for chunk in range(1, 9)])
    found = carrier.fed(session, [carrier.start(), carrier.media(chunk=1)])
    assert carrier.kinds(found) == ["Started", "Audio"]


def test_sending_continues_over_a_second_start() -> None:
    session = carrier.started(lead_ms=None)
    session.play(bytes(320 + 100))
    carrier.fed(session, [carrier.start("PCMA")])
    session.play(bytes(220))
    assert len(carrier.sent_octets(session.outgoing(50.0))) == 320


@pytest.mark.parametrize("receive_pcm_hz", ["native", 16000, None])
@pytest.mark.parametrize(("encoding", "rate"), [("G729", 8000), ("OPUS-X", None)])
def test_unknown_codec_is_reported_with_its_remedy_and_payloads_are_delivered(
    encoding: str, rate: int | None, receive_pcm_hz: Any
) -> None:
    session = MediaSession(receive_pcm_hz=receive_pcm_hz)
    found = carrier.fed(session, [carrier.start(encoding, rate), carrier.media(b"abc"), carrier.media(b"de")])
    assert carrier.kinds(found) == ["Started", "UnsupportedCodec", "Audio", "Audio"]
    remedy = "request another codec by stream_codec in the command, or by preferred_codecs of dial and answer"
    assert found[1] == events.UnsupportedCodec(encoding, rate, remedy)
    assert [(audio.payload, audio.pcm) for audio in carrier.audio_of(found)] == [(b"abc", b""), (b"de", b"")]
    told_hz = 16000 if receive_pcm_hz == 16000 else rate or 0
    assert {audio.sample_rate_hz for audio in carrier.audio_of(found)} == {told_hz}
    assert session.describe().startswith(f"receive {encoding} (not decoded); ")
    session.play(bytes(320))
    assert carrier.sent_octets(session.outgoing(60.0)) == carrier.FRAME


def test_a_rate_that_cannot_be_decoded_is_reported_with_its_remedy() -> None:
    session = MediaSession()
    found = carrier.fed(session, [carrier.start("L16", 11025), carrier.media(bytes(4))])
    assert carrier.kinds(found) == ["Started", "UnsupportedCodec", "Audio"]
    told = found[1]
    assert isinstance(told, events.UnsupportedCodec)
    assert told.remedy.startswith("L16 has no sample rate of 11025 Hz, only 16000, 8000, ")


def test_a_rate_that_cannot_be_resampled_is_reported_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    # All codecs have rates of the resampler; a later codec might have others.
    monkeypatch.setitem(registry.CODECS, "L16", dataclasses.replace(codec("L16"), sample_rates_hz=(16000, 6000)))
    session = MediaSession(receive_pcm_hz=16000)
    found = carrier.fed(session, [carrier.start("L16", 6000), carrier.media(bytes(4))])
    assert carrier.kinds(found) == ["Started", "UnsupportedCodec", "Audio"]
    told = found[1]
    assert isinstance(told, events.UnsupportedCodec)
    assert told.remedy.endswith("; request another rate, or receive payloads only (receive_pcm_hz=None)")
    session = MediaSession(receive_pcm_hz=None)
    assert carrier.kinds(carrier.fed(session, [carrier.start("L16", 6000)])) == ["Started"]


@pytest.mark.parametrize(("last", "reason"), [(carrier.STOP, "stop"), (None, "closed")])
def test_the_end_delivers_waiting_chunks_and_is_reported_once(last: str | None, reason: Any) -> None:
    session = carrier.started()
    session.play(bytes(320))
    name = session.mark()
    carrier.fed(session, [carrier.media(chunk=1), carrier.media(chunk=3)])
    if last is None:
        session.closed(60.0)
    else:
        session.receive(last, 60.0)
    session.receive(carrier.media(chunk=4), 80.0)
    session.receive("{", 80.0)
    session.closed(80.0)
    found = session.events(80.0)
    assert carrier.kinds(found) == ["Audio", "MarkCleared", "Stopped"]
    assert found[1:] == [events.MarkCleared(name, "stop"), events.Stopped(reason)]
    assert (session.ended, session.streaming, session.queued_ms) == (True, False, 0.0)
    assert (session.outgoing(99.0), session.next_deadline_ms) == ([], None)


def test_after_the_end_nothing_can_be_sent() -> None:
    session = carrier.started()
    session.receive(carrier.STOP, 0.0)
    for call in (
        lambda: session.play(bytes(320)),
        lambda: session.play_payload(bytes(160)),
        session.flush,
        session.mark,
        lambda: session.interrupt(1.0),
    ):
        with pytest.raises(StreamEnded, match=r"^the stream has stopped, nothing can be sent any more$"):
            call()
    assert issubclass(StreamEnded, LocalProtocolError)


def test_end_before_start() -> None:
    session = MediaSession()
    session.play(bytes(320))
    session.closed(0.0)
    assert session.events(0.0) == [events.Stopped("closed")]


def test_events_without_audio() -> None:
    session = carrier.started()
    found = carrier.fed(
        session,
        [
            carrier.CONNECTED,
            carrier.text("dtmf", occurred_at="2026-01-02T03:04:05.678901Z", dtmf={"digit": "5"}),
            carrier.text("error", payload={"code": 100004, "title": "invalid_media", "detail": "not base64"}),
            carrier.text("error"),
            carrier.text("later", x=1),
            carrier.text("clear"),
            carrier.mark("nobody's"),
        ],
    )
    assert session.events(190.0) == [events.Dtmf("5", "2026-01-02T03:04:05.678901Z")]
    assert found == [
        events.CarrierError(100004, "invalid_media", "not base64"),
        events.CarrierError(None, None, None),
        events.Unknown("later", '{"event": "later", "x": 1}'),
        events.Unknown("clear", ""),
        events.UnexpectedMark("nobody's"),
    ]


def test_before_anything_all_counters_are_zero() -> None:
    statistics = dataclasses.asdict(MediaSession().statistics(0.0))
    unknown = ("round_trip_ms", "hold_ms", "jitter_ms", "received_level", "sent_level")
    absent = ("turns", "end_reason", "last_interruption")
    assert [statistics.pop(name) for name in (*unknown, *absent)] == [None] * 8
    assert set(statistics.values()) == {0}
    with pytest.raises(dataclasses.FrozenInstanceError):
        MediaSession().statistics(0.0).malformed = 1  # type: ignore[misc]


def test_describe_names_every_conversion() -> None:
    session = MediaSession(StreamPlan(send_codec="L16", send_rate_hz=16000), receive_pcm_hz=16000, send_pcm_hz=24000)
    assert session.describe() == "receive not started; send 24000 Hz -> L16 16000 Hz"
    session.receive(carrier.start(), 0.0)
    assert session.describe() == "receive PCMU 8000 Hz -> 16000 Hz; send 24000 Hz -> L16 16000 Hz"
    session.receive(carrier.start("L16", 16000), 0.0)
    assert session.describe() == "receive L16 16000 Hz little-endian; send 24000 Hz -> L16 16000 Hz"
    session = carrier.started(
        StreamPlan(l16_byte_order="big"), receive_pcm_hz=None, start_text=carrier.start("L16", 48000)
    )
    assert session.describe() == "receive L16 48000 Hz big-endian, payloads only; send PCMU 8000 Hz"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_queue_ms": 0}, "max_queue_ms is 0, a positive number is needed"),
        ({"max_queue_ms": math.nan}, "max_queue_ms is nan, a positive number is needed"),
        ({"stall_ms": -1}, "stall_ms is -1, a positive number is needed"),
        ({"lead_ms": -20}, "lead_ms is -20, 0 or more is needed, or None"),
        ({"receive_pcm_hz": 22000}, f"receive_pcm_hz is 22000, {ALLOWED_HZ}"),
        ({"receive_pcm_hz": "16000"}, f"receive_pcm_hz is '16000', {ALLOWED_HZ}"),
        ({"send_pcm_hz": 44000}, f"send_pcm_hz is 44000, {ALLOWED_HZ}"),
    ],
)
def test_wrong_settings_are_refused_at_once(options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        MediaSession(**options)


# Odd members of `start` and of errors

PAIRS = [{"name": "tenant", "value": "t1"}, {"name": "n", "value": 5}, {"name": "empty"}]


@pytest.mark.parametrize(
    ("parameters", "read"),
    [
        (PAIRS, {"tenant": "t1", "n": "5", "empty": ""}),
        ([], {}),
        ({}, {}),
        (None, {}),
        ({"a": {"b": [1, None]}, "c": [], "d": True}, {"a": '{"b":[1,null]}', "c": "[]", "d": "true"}),
    ],
)
def test_custom_parameters_are_read_in_each_shape(parameters: object, read: dict[str, str]) -> None:
    session = MediaSession()
    (started,) = carrier.fed(session, [carrier.start(custom_parameters=parameters)])
    assert isinstance(started, events.Started)
    assert started.custom_parameters == read


ODD: dict[str, Any] = {
    "custom_parameters": "tenant=t1",
    "tags": "demo",
    "client_state": {"a": 1},
    "from": {"number": "+15550100001"},
    "to": 15550100002,
    "call_control_id": ["v3:x"],
    "call_session_id": 7,
    "user_id": {},
    "stream_id": 5.5,
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_member_of_start_is_left_out_and_readable(name: str) -> None:
    session = MediaSession()
    found = carrier.fed(session, [carrier.start(**{name: ODD[name]}), *[carrier.media()] * 3])
    assert carrier.kinds(found) == ["Started", "Malformed", "Audio", "Audio", "Audio"]
    started, odd = found[:2]
    assert isinstance(started, events.Started)
    assert isinstance(odd, events.Malformed)
    assert (odd.rule, odd.dropped) == ("type", False)
    assert started.media_format == MediaFormat("PCMU", 8000, 1)
    field = {"from": "from_number", "to": "to_number"}.get(name, name)
    empty: object = {"tags": (), "custom_parameters": {}, "stream_id": "stream-1"}.get(name)
    assert getattr(started, field) == empty
    assert ODD[name] in [value for body in started.raw.values() if isinstance(body, dict) for value in body.values()]


def test_all_odd_members_at_once() -> None:
    session = MediaSession()
    found = carrier.fed(session, [carrier.start(sequence=1.5, **ODD), carrier.start(sequence=1.5, **ODD)])
    assert carrier.kinds(found) == ["Started", *["Malformed"] * (len(ODD) + 1), "Started"]
    assert session.statistics(0.0).odd_messages == 2
    assert session.streaming


def test_raw_has_the_whole_start_and_is_in_no_repr() -> None:
    session = MediaSession()
    (started,) = carrier.fed(session, [carrier.start(client_state="c2VjcmV0", later={"a": [1]})])
    assert isinstance(started, events.Started)
    (body,) = (body for body in started.raw.values() if isinstance(body, dict))
    assert body["later"] == {"a": [1]}
    assert "c2VjcmV0" in body.values()
    assert "raw" not in repr(started)
    assert "c2VjcmV0" not in repr(started)


# Declared properties

REFUSED_CHANNELS = "only 1 is decoded; request another codec by stream_codec in the command, or decode the payloads"


@pytest.mark.parametrize("receive_pcm_hz", ["native", 16000, None])
@pytest.mark.parametrize("channels", [2, "2", 6])
@pytest.mark.parametrize("encoding", ["L16", "PCMU", "PCMA", "G722", "AMR-WB"])
def test_several_channels_are_refused_and_payloads_keep_their_length(
    encoding: str, channels: object, receive_pcm_hz: Any
) -> None:
    session = MediaSession(receive_pcm_hz=receive_pcm_hz)
    rate_hz = 16000 if encoding in ("L16", "AMR-WB") else 8000
    media_format = {"encoding": encoding, "sample_rate": rate_hz, "channels": channels}
    count = int(str(channels))
    chunk = bytes({"L16": 640, "AMR-WB": 0}.get(encoding, 160) * count) or bytes.fromhex("f7c0")
    found = carrier.fed(session, [carrier.start(media_format=media_format), carrier.media(chunk)])
    assert carrier.kinds(found) == ["Started", "UnsupportedCodec", "Audio"]
    refused = found[1]
    assert isinstance(refused, events.UnsupportedCodec)
    assert refused.remedy.startswith(f"{encoding} is declared with {count} channels, {REFUSED_CHANNELS}")
    (audio,) = carrier.audio_of(found)
    assert (audio.payload, audio.pcm, audio.duration_ms) == (chunk, b"", 20.0)
    session.play(bytes(320))
    assert carrier.sent_octets(session.outgoing(60.0)) == carrier.FRAME


@pytest.mark.parametrize(
    ("encoding", "channels"), [("PCMU", 1), ("L16", "1"), ("L16", None), ("PCMA", 0), ("OPUS", 2), ("OPUS", 1)]
)
def test_one_channel_is_decoded_and_the_two_that_opus_always_declares(encoding: str, channels: object) -> None:
    """RFC 7587 section 7: the number of channels in the description must be 2, whatever is sent."""
    session = MediaSession(receive_pcm_hz=None)
    media_format = {"encoding": encoding, "sample_rate": 16000 if encoding in ("L16", "OPUS") else 8000}
    if channels is not None:
        media_format["channels"] = channels  # type: ignore[assignment]  # of any type
    assert carrier.kinds(carrier.fed(session, [carrier.start(media_format=media_format)])) == ["Started"]


@pytest.mark.parametrize(
    ("encoding", "rate_hz", "decoded_hz"),
    [("PCMU", 16000, 8000), ("PCMA", 48000, 8000), ("G722", 32000, 16000), ("AMR-WB", 24000, 16000)],
)
def test_a_rate_that_a_codec_does_not_have_is_reported_once(encoding: str, rate_hz: int, decoded_hz: int) -> None:
    session = MediaSession(receive_pcm_hz=None)
    found = carrier.fed(session, [carrier.start(encoding, rate_hz)] * 3)
    assert carrier.kinds(found) == ["Started", "Malformed", "Started", "Started"]
    detail = f"start declares {encoding} with {rate_hz} Hz, which it does not have: {decoded_hz} Hz"
    assert found[1] == events.Malformed("value", detail, dropped=False)
    assert f"{encoding} {decoded_hz} Hz" in session.describe()


@pytest.mark.parametrize(("encoding", "rate_hz"), [("G722", 8000), ("G722", 16000), ("AMR-WB", 8000), ("OPUS", 48000)])
def test_each_rate_by_which_a_codec_is_named_is_fine(encoding: str, rate_hz: int) -> None:
    session = MediaSession(receive_pcm_hz=None)
    assert carrier.kinds(carrier.fed(session, [carrier.start(encoding, rate_hz)])) == ["Started"]


@pytest.mark.parametrize("rate_hz", [11025, 32000, 12000, 96000, 1])
def test_odd_rates_of_l16_are_refused(rate_hz: int) -> None:
    found = carrier.fed(MediaSession(receive_pcm_hz=None), [carrier.start("L16", rate_hz), carrier.media(bytes(640))])
    assert carrier.kinds(found) == ["Started", "UnsupportedCodec", "Audio"]
