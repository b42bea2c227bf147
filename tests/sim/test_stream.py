"""One stream without sockets: each sent message and its time; the clock is an argument."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from rtpcodec import Resampler, codec, pcma_decode, pcma_encode, pcmu_decode, pcmu_encode
from rtpcodec.sim.media.chunk_faults import Faults
from rtpcodec.sim.media.stream import CarrierStream
from rtpcodec.sim.media.variations import Variations
from rtpcodec.stream.messages import MediaFormat
from tests.sim.streams import START_MS, STREAM_ID, events, media, open_stream, payloads, ramp, run, sent

CHUNK = ramp(160)


def whole_stream() -> CarrierStream:
    """50 ms of speech and one key."""
    wishes = {"auth_token": "tok", "client_state": "eyJzIjoxfQ==", "custom_parameters": {"tenant": "t1"}}
    return open_stream(ramp(400), settings=wishes, dtmf=((30.0, "5"),))


def test_a_whole_stream_is_exactly_this() -> None:
    gone = run(whole_stream())
    assert [(at, message["event"], message.get("sequence_number")) for at, message in gone] == [
        (0, "connected", None),
        (0, "start", "1"),
        (20, "media", "2"),
        (30, "dtmf", "3"),
        (40, "media", "4"),
        (60, "media", "5"),
        (80, "stop", "6"),
    ]
    media_of = [message["media"] for _, message in gone if message["event"] == "media"]
    assert [(m["track"], m["chunk"], m["timestamp"]) for m in media_of] == [
        ("inbound", "1", "0"),
        ("inbound", "2", "20"),
        ("inbound", "3", "40"),
    ]
    assert payloads(message for _, message in gone) == pcmu_encode(ramp(400) + bytes(160))


def test_every_message_is_exactly_this() -> None:
    gone = run(whole_stream())
    assert gone[0][1] == {
        "event": "connected",
        "version": "1.0.0",
        "connected": {"x-telnyx-streaming-auth-token": "tok"},
    }
    assert gone[1][1] == {
        "event": "start",
        "sequence_number": "1",
        "stream_id": STREAM_ID,
        "start": {
            "user_id": "user",
            "call_control_id": "v3:call",
            "call_session_id": "session",
            "from": "+15550100001",
            "to": "+15550100002",
            "client_state": "eyJzIjoxfQ==",
            "custom_parameters": {"tenant": "t1"},
            "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
        },
    }
    assert gone[3][1] == {
        "event": "dtmf",
        "sequence_number": "3",
        "stream_id": STREAM_ID,
        "occurred_at": "2026-01-03T03:04:05.708000Z",
        "dtmf": {"digit": "5"},
    }
    assert gone[6][1] == {
        "event": "stop",
        "sequence_number": "6",
        "stream_id": STREAM_ID,
        "stop": {"user_id": "user", "call_control_id": "v3:call"},
    }


def test_without_a_token_connected_says_none() -> None:
    assert sent(open_stream(), 0)[0] == {"event": "connected", "version": "1.0.0"}


@pytest.mark.parametrize(
    ("name", "rate_hz", "wish", "encoding", "sample_rate"),
    [
        ("PCMA", 8000, "default", "PCMA", 8000),
        ("PCMA", 8000, "PCMU", "PCMU", 8000),
        ("PCMU", 8000, "G729", "PCMU", 8000),
        ("L16", 24000, "default", "L16", 24000),
    ],
)
def test_start_says_what_is_sent(name: str, rate_hz: int, wish: str, encoding: str, sample_rate: int) -> None:
    stream = open_stream(ramp(rate_hz // 50), name=name, rate_hz=rate_hz, settings={"codec": wish})
    start = sent(stream, 0)[1]
    assert start["start"]["media_format"] == {"encoding": encoding, "sample_rate": sample_rate, "channels": 1}
    (chunk,) = sent(stream, 20)
    encode = {"PCMU": pcmu_encode, "PCMA": pcma_encode, "L16": bytes}[encoding]
    assert payloads([chunk]) == encode(ramp(rate_hz // 50))


@pytest.mark.parametrize("announced_hz", [8000, 16000])
def test_start_can_name_either_rate_of_g722(announced_hz: int) -> None:
    other = MediaFormat("G722", 16000, 1) if announced_hz == 16000 else None
    variations = Variations(announced_format=other, timestamp_unit="rtp_clock")
    stream = open_stream(ramp(640), name="G722", rate_hz=16000, variations=variations)
    start = sent(stream, 0)[1]
    assert start["start"]["media_format"] == {"encoding": "G722", "sample_rate": announced_hz, "channels": 1}
    chunks = sent(stream, 20) + sent(stream, 40)
    assert payloads(chunks) == codec("G722").encoder().encode(ramp(640))
    assert [chunk["media"]["timestamp"] for chunk in chunks] == ["0", "160"], "the RTP clock is 8000"


def test_speech_is_resampled_to_the_wished_codec() -> None:
    stream = open_stream(ramp(320), settings={"codec": "L16"})
    gone = run(stream)
    reference = Resampler(8000, 16000)
    expected = reference.resample(ramp(320)) + reference.flush()
    assert payloads(message for _, message in gone) == expected.ljust(3 * 640, b"\0")
    assert stream.report().source_pcm == expected.ljust(3 * 640, b"\0")


def test_the_deadlines_are_absolute() -> None:
    stream = open_stream(ramp(160 * 10))
    sent(stream, 0)
    assert len(sent(stream, 20)) == 1
    assert stream.next_deadline_ms == START_MS + 40
    late = sent(stream, 109.0)
    assert [m["media"]["timestamp"] for m in late] == ["20", "40", "60", "80"], "all that is due, in a burst"
    assert stream.next_deadline_ms == START_MS + 120
    assert len(sent(stream, 119.9)) == 0
    assert len(sent(stream, 120)) == 1
    stream.end("hang_up", START_MS + 120)
    report = stream.report()
    assert (report.ticks, report.late_ticks, report.worst_late_ms) == (6, 4, 69.0)


def test_an_hour_of_ticks_does_not_drift() -> None:
    def silence() -> Iterator[bytes]:
        while True:
            yield bytes(320)

    stream = open_stream(silence(), variations=Variations(chunk_ms=1000), max_call_ms=3_600_000)
    gone = run(stream, 4e6)
    assert [at for at, message in gone if message["event"] == "media"] == [1000.0 * n for n in range(1, 3601)]
    assert gone[-1][0] == 3_600_000
    assert stream.end_reason == "time_limit"
    assert gone[-1][1]["event"] == "stop"


def test_the_caller_continues_to_listen_after_speaking() -> None:
    gone = run(open_stream(CHUNK, tail_ms=50))
    assert events(gone) == ["connected", "start", "media", "media", "media", "media", "stop"]
    assert payloads(message for _, message in gone) == pcmu_encode(CHUNK + bytes(3 * 320))


def test_a_pause_of_the_generator_is_silence() -> None:
    gone = run(open_stream(iter([CHUNK, b"", b"", CHUNK])))
    assert payloads(message for _, message in gone) == pcmu_encode(CHUNK + bytes(2 * 320) + CHUNK)


def test_an_error_of_the_generator_ends_the_stream() -> None:
    def broken() -> Iterator[bytes]:
        yield CHUNK
        raise KeyError("script")

    stream = open_stream(broken())
    gone = run(stream)
    assert events(gone) == ["connected", "start", "media", "stop"]
    assert stream.end_reason == "speech_failed"
    assert isinstance(stream.ending.speech_error, KeyError)


# Tracks


def test_both_tracks_are_numbered_each_and_share_the_sequence() -> None:
    stream = open_stream(ramp(320), settings={"tracks": "both_tracks"})
    answer = pcmu_encode(ramp(320, 11))
    stream.receive(media(answer), START_MS)
    gone = run(stream)
    assert [
        (m["sequence_number"], m["media"]["track"], m["media"]["chunk"], m["media"]["timestamp"])
        for _, m in gone
        if m["event"] == "media"
    ] == [
        ("2", "inbound", "1", "0"),
        ("3", "outbound", "1", "0"),
        ("4", "inbound", "2", "20"),
        ("5", "outbound", "2", "20"),
    ]
    texts = [message for _, message in gone]
    assert payloads(texts) == pcmu_encode(ramp(320))
    assert payloads(texts, "outbound") == pcmu_encode(pcmu_decode(answer))


def test_the_outbound_track_is_what_the_caller_hears_with_silence_while_dry() -> None:
    stream = open_stream(ramp(160 * 5), settings={"tracks": "outbound_track", "return_codec": "PCMA"})
    answer = pcma_encode(ramp(240, 11))
    stream.receive(media(answer), START_MS + 10)
    gone = run(stream)
    assert all(message["media"]["track"] == "outbound" for _, message in gone if message["event"] == "media")
    heard = bytes(10 * 16) + pcma_decode(answer) + bytes(60 * 16)
    assert payloads((message for _, message in gone), "outbound") == pcmu_encode(heard)
    report = stream.report()
    assert report.heard_pcm == heard + bytes(20 * 16), "the caller is there one tick longer than the speech"
    assert len(report.source_pcm) == 160 * 5 * 2, "the caller speaks, though nobody asked for it"
    assert report.latencies_ms == ()


def test_the_outbound_track_is_resampled() -> None:
    request = {"tracks": "outbound_track", "return_codec": "L16", "return_rate_hz": 16000}
    stream = open_stream(ramp(320), settings=request)
    stream.receive(media(ramp(640, 11)), START_MS)
    gone = run(stream)
    expected = Resampler(16000, 8000).resample(ramp(640, 11))
    assert payloads((message for _, message in gone), "outbound") == pcmu_encode(expected)


def test_the_outbound_track_is_resampled_from_a_rate_that_is_not_a_multiple() -> None:
    request = {"tracks": "outbound_track", "return_codec": "L16", "return_rate_hz": 22050}
    stream = open_stream(ramp(320), settings=request)
    stream.receive(media(ramp(882, 11)), START_MS)
    gone = run(stream)
    expected = Resampler(22050, 8000).resample(ramp(882, 11))
    assert payloads((message for _, message in gone), "outbound") == pcmu_encode(expected)


# Faults, variations, the end


def test_dropped_chunks_leave_their_numbers_missing() -> None:
    def arrived(seed: str) -> list[str]:
        stream = open_stream(ramp(160 * 100), faults=Faults(drop=0.1, duplicate=0.1, reorder=0.1), seed=seed)
        gone = run(stream)
        report = stream.report()
        chunks = [m["media"]["chunk"] for _, m in gone if m["event"] == "media"]
        assert report.media_sent == len(chunks) == 100 - report.chunks_dropped + report.chunks_duplicated
        assert report.messages_sent == len(gone)
        assert report.octets_sent == 160 * len(chunks)
        assert min(report.chunks_dropped, report.chunks_duplicated, report.chunks_reordered) > 0
        assert len(set(chunks)) == 100 - report.chunks_dropped
        assert len(report.source_pcm) == 160 * 100 * 2, "the caller said all of it"
        assert gone[-1][1]["event"] == "stop"
        assert int(gone[-1][1]["sequence_number"]) == 102
        return chunks

    assert arrived("7/0") == arrived("7/0")
    assert arrived("7/0") != arrived("8/0")


def test_a_stall_is_a_burst_afterwards() -> None:
    stream = open_stream(ramp(160 * 20), faults=Faults(stall_ms=100, stall_every_s=0.2))
    gone = run(stream)
    assert [at for at, m in gone if m["event"] == "media"] == [
        *(20.0 * n for n in range(1, 10)),
        *[300.0] * 6,
        *(20.0 * n for n in range(16, 20)),
        500.0,
    ]
    assert gone[-1][0] == 500, "the call is over at 420, in a stall"
    chunks = [int(m["media"]["chunk"]) for _, m in gone if m["event"] == "media"]
    assert chunks == list(range(1, 21)), "nothing lost, all in order"
    assert stream.report().late_ticks == 0


def test_a_carrier_that_closes_waits_for_no_stall() -> None:
    stream = open_stream(ramp(160 * 20), faults=Faults(stall_ms=100, stall_every_s=0.2))
    sent(stream, 190)
    assert sent(stream, 220) == []
    stream.end("hang_up", START_MS + 220)
    assert not stream.finished
    stream.end("carrier_closed", START_MS + 221)
    assert [m["event"] for m in sent(stream, 221)] == ["media", "media", "stop"]
    assert stream.finished
    assert stream.end_reason == "hang_up"


def test_variations_of_the_stream() -> None:
    gone = run(
        open_stream(
            ramp(320),
            name="L16",
            rate_hz=16000,
            variations=Variations(
                timestamp_unit="rtp_clock",
                uppercase_stream_id=True,
                unknown_event="quality",
                sends_stop=False,
                leave_out=("track",),
                announced_format=MediaFormat("L16", 8000),
                extra_members={"region": "x"},
            ),
            faults=Faults(drop=0.0),
        )
    )
    assert events(gone) == ["connected", "start", "quality", "media"]
    assert gone[1][1]["start"]["media_format"] == {"encoding": "L16", "sample_rate": 8000}
    assert gone[2][1] == {"event": "quality", "sequence_number": "2", "region": "x"}
    assert "track" not in gone[3][1]["media"]
    assert all(message["region"] == "x" for _, message in gone)
    assert gone[3][1]["stream_id"] == STREAM_ID.upper()


def test_rtp_clock_timestamps_and_longer_chunks() -> None:
    gone = run(open_stream(ramp(800), variations=Variations(chunk_ms=40, timestamp_unit="rtp_clock")))
    chunks = [(at, m["media"]["timestamp"]) for at, m in gone if m["event"] == "media"]
    assert chunks == [(40, "0"), (80, "320"), (120, "640")]
    assert len(payloads(m for _, m in gone)) == 960, "the last chunk is filled up"


def test_the_longest_chunk_has_its_3840000_characters() -> None:
    pcm = ramp(48000 * 30)
    stream = open_stream(pcm, name="L16", rate_hz=48000, variations=Variations(chunk_ms=30_000))
    stream.receive(json.dumps({"event": "mark", "mark": {"name": "m"}}), START_MS)
    sent(stream, 0)
    (chunk,) = sent(stream, 30_000)
    assert len(chunk["media"]["payload"]) == 3_840_000
    assert payloads([chunk]) == pcm


def test_hang_up_sends_what_is_due_then_stop() -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 0)
    stream.end("hang_up", START_MS + 45)
    assert [m["event"] for m in sent(stream, 45)] == ["media", "media", "stop"]
    assert stream.finished
    assert stream.hangup == 1000
    stream.hung_up()
    assert stream.next_deadline_ms == START_MS + 1045, "the app must have answered the close frame by then"
    stream.end("streaming_stop", START_MS + 60)
    stream.peer_closed(1000, START_MS + 60)
    stream.receive(media(b"\xff" * 160), START_MS + 60)
    stream.reject("binary", "message is a binary frame", START_MS + 60)
    assert sent(stream, 100) == []
    assert stream.next_deadline_ms is None
    report = stream.report()
    assert (report.end_reason, report.messages_received, report.ticks) == ("hang_up", 0, 2)
    assert len(report.heard_pcm) == 45 * 16


def test_a_socket_that_is_gone_gets_nothing() -> None:
    stream = open_stream(ramp(160 * 50))
    sent(stream, 20)
    stream.peer_closed(1000, START_MS + 30)
    assert stream.finished
    assert sent(stream, 50) == []
    assert stream.report().end_reason == "app_closed"
    assert len(stream.report().heard_pcm) == 30 * 16


def test_there_is_no_report_while_the_stream_runs() -> None:
    with pytest.raises(RuntimeError, match="the stream still runs, there is no report yet"):
        open_stream(CHUNK).report()


def test_the_latency_of_an_echo_goes_by_position_not_by_chunk() -> None:
    stream = open_stream(ramp(160 * 10))
    sent(stream, 0)
    for number in range(1, 11):
        sent(stream, 20 * number)
        if number % 2 == 0:  # two chunks in one, 5 ms later
            stream.receive(media(b"\xff" * 320), START_MS + 20 * number + 5)
    run(stream)
    assert stream.report().latencies_ms == (5, 5, 5, 5, 5)


def test_the_latency_of_an_echo_in_smaller_chunks_at_another_rate() -> None:
    stream = open_stream(
        ramp(800), variations=Variations(chunk_ms=100), settings={"return_codec": "L16", "return_rate_hz": 22050}
    )
    sent(stream, 100)
    for number in range(5):
        stream.receive(media(bytes(882)), START_MS + 100 + number)
    run(stream)
    assert stream.report().latencies_ms == (0, 1, 2, 3, 4)


def test_the_latency_ignores_duplicates_and_lost_chunks() -> None:
    stream = open_stream(ramp(160 * 60), faults=Faults(drop=0.2, duplicate=0.2))
    last = ""
    for number in range(1, 61):
        for message in sent(stream, 20 * number):
            if message["event"] == "media" and message["media"]["chunk"] != last:
                last = message["media"]["chunk"]
                stream.receive(media(b"\xff" * 160), START_MS + 20 * number + 3)
    run(stream)
    report = stream.report()
    assert report.latencies_ms == (3.0,) * (60 - report.chunks_dropped)


def test_no_secret_is_in_a_repr() -> None:
    stream = open_stream(CHUNK, settings={"auth_token": "secret-token"}, dtmf=((5.0, "7"),))
    run(stream)
    shown = repr(stream) + repr(stream._facts) + repr(stream.report())
    for secret in ("secret-token", "+1555", "'7'"):
        assert secret not in shown
