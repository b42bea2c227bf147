"""Captures: their privacy, their replay, and the errors for broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import MediaSession, events
from rtpcodec.errors import CaptureError, StreamEnded
from rtpcodec.stream.capture.reading import MAX_LINE_OCTETS
from rtpcodec.stream.plan import StreamPlan
from tests.stream import carrier
from tests.stream.fictional_dialect import FictionalSession
from tests.stream.test_secrets import NEVER, TEXTS

SPEECH = bytes(range(1, 161))


def captured(path: Path, texts: list[str], *, audio: bool = False, private: bool = False) -> MediaSession:
    """Feed a session that is captured."""
    session = MediaSession(StreamPlan())
    session.capture(path, 0.0, audio=audio)
    if private:
        session.privacy.enter("card", 0.0)
    for at, text in enumerate(texts):
        session.receive(text, 20.0 * at)
        session.events(20.0 * at)
    return session


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


# Privacy


@pytest.mark.parametrize("audio", [False, True])
@pytest.mark.parametrize("of", [MediaSession, FictionalSession])
def test_no_secret_is_in_a_capture(tmp_path: Path, of: Callable[[], MediaSession], audio: bool) -> None:
    path = tmp_path / "call.jsonl"
    session = of()
    session.capture(path, 0.0, audio=audio)
    complaints = [
        carrier.text("error", payload={"code": 1, "title": "bad", "detail": f"{secret} cannot be reached"})
        for secret in NEVER
        if len(secret) > 4 and "digit" not in secret
    ]
    unknown = carrier.text("news", digits="4711", number="+1 555 010 0001", nested={"to": "+15550100002"})
    broken = '{"event":"dtmf","dtmf":{"digit":"4711"},"from":"+15550100001"'
    called = carrier.text("error", payload={"detail": "+49 30 901820 did not answer"})
    for at, text in enumerate([*TEXTS[:-1], *complaints, unknown, broken, called]):
        session.receive(text, 20.0 * at)
    session.mark("call of +15550100001")
    session.receive(TEXTS[-1], 1000.0)
    session.events(1000.0)
    text = path.read_text("utf-8")
    found = [secret for secret in (*NEVER, "901820", "555 010") if secret in text.replace('"t_ms"', "")]
    assert found == []
    assert '"redacted"' in text
    assert '"digit"' not in text


@pytest.mark.parametrize(("audio", "private"), [(False, False), (True, True), (False, True)])
def test_audio_is_silent_by_default_and_in_private_sections(tmp_path: Path, audio: bool, private: bool) -> None:
    path = tmp_path / "call.jsonl"
    session = captured(path, [carrier.start(), carrier.media(SPEECH, 1)], audio=audio, private=private)
    session.play_payload(SPEECH)
    session.outgoing(30.0)
    session.closed(40.0)
    session.events(40.0)
    heard = [event for event in rtpcodec.replay(path).events if isinstance(event, events.Audio)]
    assert [(len(one.payload), set(one.pcm)) for one in heard] == [(160, {0})]
    assert carrier.FRAME.hex() not in path.read_text()
    assert "AQIDBAUGBwgJCgsM" not in path.read_text()  # of SPEECH in base64


def test_audio_is_kept_on_request(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    session = captured(path, [carrier.start(), carrier.media(SPEECH, 1)], audio=True)
    session.play_payload(SPEECH)
    session.outgoing(30.0)
    session.closed(40.0)
    session.events(40.0)
    assert [one.payload for one in rtpcodec.replay(path).events if isinstance(one, events.Audio)] == [SPEECH]
    assert path.read_text().count("AQIDBAUGBwgJCgsM") == 3  # received, queued, sent


# As a fixture


def test_a_capture_is_a_fixture_in_three_lines(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    captured(path, [carrier.start(), carrier.media(SPEECH, 1), carrier.media(SPEECH, 2), carrier.text("stop")])

    replay = rtpcodec.replay(path)
    assert [type(event).__name__ for event in replay.events] == ["Started", "Audio", "Audio", "Stopped"]
    assert replay.statistics.media_received == 2

    assert replay.times_ms == [0.0, 20.0, 40.0, 60.0]
    assert replay.session.ended
    assert (replay.differences, replay.truncated, replay.lost_lines) == ([], False, 0)


def test_several_captures_and_their_end(tmp_path: Path) -> None:
    session = MediaSession(StreamPlan())
    first = session.capture(tmp_path / "first.jsonl", 0.0)
    session.receive(carrier.start(), 0.0)
    second = session.capture(tmp_path / "second.jsonl", 10.0)
    session.receive(carrier.media(SPEECH, 1), 20.0)
    first.stop()
    first.stop()
    session.receive(carrier.media(SPEECH, 2), 40.0)
    second.stop()
    assert (first.stopped, second.stopped) == (True, True)
    assert session._inputs is None
    assert session._speech is not None
    assert session._speech._parts.actions is None
    kinds = [[one.get("in") for one in lines_of(tmp_path / f"{name}.jsonl")] for name in ("first", "second")]
    assert kinds == [[None, "start", "media", None], [None, "start", "media", "media", None]]
    session.closed(50.0)
    with pytest.raises(StreamEnded):
        session.capture(tmp_path / "third.jsonl", 60.0)


# Broken captures


def whole(tmp_path: Path) -> bytes:
    path = tmp_path / "whole.jsonl"
    captured(path, [carrier.start(), *(carrier.media(SPEECH, at + 1) for at in range(5)), carrier.text("stop")])
    return path.read_bytes()


def test_every_truncated_capture_replays_up_to_its_end(tmp_path: Path) -> None:
    """As after `kill -9`."""
    octets, path = whole(tmp_path), tmp_path / "cut.jsonl"
    first = octets.index(b"\n") + 1
    counts = []
    for end in range(first, len(octets), 7):
        path.write_bytes(octets[:end])
        replay = rtpcodec.replay(path)
        assert replay.truncated is (b"\n" not in (octets[end - 1 : end], octets[end : end + 1]))
        counts.append(len(replay.events))
    assert counts == sorted(counts)
    assert counts[-1] in (6, 7)


def sent_at_once(tmp_path: Path) -> list[bytes]:
    """The lines of a capture in which one call of `outgoing` returned several texts."""
    path = tmp_path / "sent.jsonl"
    session = captured(path, [carrier.start(), carrier.media(SPEECH, 1)])
    session.play(bytes(2 * 160 * 5))
    assert len(session.outgoing(40.0)) > 4
    session.receive(carrier.media(SPEECH, 2), 60.0)
    session.receive(carrier.STOP, 80.0)
    session.events(80.0)
    return path.read_bytes().splitlines(keepends=True)


def test_a_capture_that_ends_between_texts_of_one_call_replays_up_to_its_end(tmp_path: Path) -> None:
    lines, path = sent_at_once(tmp_path), tmp_path / "cut.jsonl"
    begin = next(at for at, line in enumerate(lines) if b'"out"' in line)
    count = sum(b'"out"' in line for line in lines)
    for whole_lines in range(begin, len(lines) + 1):
        path.write_bytes(b"".join(lines[:whole_lines]))
        replay = rtpcodec.replay(path)
        assert replay.truncated is (begin < whole_lines < begin + count)
        assert replay.differences == []
        path.write_bytes(b"".join(lines[:whole_lines]) + b'{"t_ms":1')
        assert rtpcodec.replay(path).truncated


def test_a_capture_that_lacks_texts_of_one_call_replays(tmp_path: Path) -> None:
    """As after a disk that was too slow."""
    lines, path = sent_at_once(tmp_path), tmp_path / "lost.jsonl"
    begin = next(at for at, line in enumerate(lines) if b'"out"' in line)
    path.write_bytes(b"".join([*lines[: begin + 2], b'{"t_ms":40,"do":"lost","lines":2}\n', *lines[begin + 4 :]]))
    replay = rtpcodec.replay(path)
    assert (replay.lost_lines, replay.differences) == (2, [])
    assert [type(event).__name__ for event in replay.events if type(event).__name__ != "Gap"][-2:] == [
        "Audio", "Stopped",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("number", "line", "rule"),
    [
        (1, b'{"rtpcodec_capture":2}', "line 1 of the capture: the capture has version 2, 1 can be read"),
        (1, b"{}", "line 1 of the capture: it is not the first line of a capture"),
        (1, b'{"rtpcodec_capture":1}', "line 1 of the capture: the header is not valid: 'session'"),
        (3, b"{", "line 3 of the capture: it is not a JSON object"),
        (3, b'{"t_ms":"0","in":"media"}', "line 3 of the capture: its member 't_ms' is not a number"),
        (3, b'{"t_ms":0}', "line 3 of the capture: it has 0 of the members in, out and do as a string, 1 is needed"),
        (3, b'{"t_ms":0,"in":"media"}', "line 3 of the capture: KeyError: 'payload'"),
        (3, b'{"t_ms":0,"in":"media","payload":"AA==","octets":9000000}', "octets is 9000000, at most 4194304"),
        (
            3,
            b'{"t_ms":0,"out":"media","payload":"AA==","count":1,"characters":99999999999999}',
            "characters is 99999999999999, at",
        ),
        (3, b'{"t_ms":0,"in":"mark","name":7}', "name is of type int, a string is needed"),
        (3, b'{"t_ms":0,"in":"media","payload":"AA==","chunk":-1}', "chunk is not a whole number from 0"),
        (3, b'{"t_ms":0,"do":"dance"}', "do is 'dance', which this version does not know"),
        (3, b'{"t_ms":0,"do":"play","reply":1,"samples":99999999,"hz":8000}', "samples is 99999999, 0 to 16777216"),
        (3, b'{"t_ms":0,"in":"' + b"x" * MAX_LINE_OCTETS + b'"}', "octets or more, at most 4259840 are allowed"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, number: int, line: bytes, rule: str) -> None:
    lines = whole(tmp_path).splitlines()
    lines[number - 1] = line
    path = tmp_path / "broken.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(CaptureError) as caught:
        rtpcodec.replay(path)
    assert rule in str(caught.value)
    assert caught.value.line == number


def test_the_replay_says_where_it_differs(tmp_path: Path) -> None:
    path = tmp_path / "call.jsonl"
    session = captured(path, [carrier.start()])
    session.play(bytes(640))
    session.outgoing(30.0)
    session.closed(40.0)
    session.events(40.0)
    text = path.read_text().replace('"do":"play","reply":1,"samples":320', '"do":"play","reply":1,"samples":160')
    path.write_text(text)
    differences = rtpcodec.replay(path).differences
    assert "the capture has 2 texts (media, media" in differences[0] or "the capture has" in differences[0]
