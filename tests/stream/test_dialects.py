"""Dialects keep their contract, sessions respect the abilities of the carrier, and only dialects know its names."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

import rtpcodec.stream
from rtpcodec import MediaSession, StreamPlan
from rtpcodec.errors import LocalProtocolError, PlanError
from rtpcodec.kernels.media_text import MediaText
from rtpcodec.stream import messages
from rtpcodec.stream.plan import MODES, TRACKS
from rtpcodec.stream.wire import TELNYX, TWILIO, Dialect
from rtpcodec.stream.wire.telnyx import TelnyxDialect
from rtpcodec.stream.wire.twilio import TwilioDialect
from tests.stream import carrier, twilio_texts
from tests.stream.fictional_dialect import FICTIONAL, FictionalDialect, spelled

STREAM = Path(str(rtpcodec.stream.__file__)).parent
SPELLED: dict[str, Callable[[str], object]] = {
    "telnyx": str,
    "twilio": twilio_texts.spelled,
    "fictional": spelled,
    "poor": spelled,
}
dialects = pytest.mark.parametrize("spoken", [TELNYX, TWILIO, FICTIONAL], ids=lambda dialect: dialect.name)


def text_of(spoken: Dialect, text: str) -> str:
    """Return a message in the carrier's spelling."""
    return str(SPELLED[spoken.name](text))


@dialects
def test_a_dialect_has_the_abilities_that_it_declares(spoken: Dialect) -> None:
    assert spoken.tracks.keys() == set(TRACKS)
    assert set(spoken.modes) <= set(MODES)
    connected = spoken.parse(
        text_of(spoken, carrier.text("connected", connected={"x-telnyx-streaming-auth-token": "t"}))
    )
    assert isinstance(connected, messages.Connected)
    assert (connected.auth_token == "t") is spoken.token_in_connected
    digit = spoken.parse(text_of(spoken, carrier.text("dtmf", dtmf={"digit": "5"})))
    assert isinstance(digit, messages.Dtmf) is spoken.digits
    media = spoken.parse(text_of(spoken, carrier.media(chunk="7", track="inbound", timestamp="120", sequence="9")))
    assert media == messages.Media(carrier.FRAME, "inbound", 7, 120, 9)
    assert spoken.counters


@dialects
def test_the_messages_of_the_app_are_parsed_again(spoken: Dialect) -> None:
    name = "turn-7 \N{SNOWMAN}"
    for stream_id in (None, "s-1"):
        media = spoken.parse(spoken.media_text(carrier.FRAME, stream_id))
        mark = spoken.parse(spoken.mark_text(name, stream_id))
        assert isinstance(media, messages.Media)
        assert isinstance(mark, messages.Mark)
        assert (media.payload, mark.name) == (carrier.FRAME, name)
        assert spoken.parse(spoken.clear_text(stream_id)) == messages.Clear()


@dialects
@pytest.mark.parametrize("stream_id", [None, "s-1", 's"\\1', "s-\N{SNOWMAN}"])
def test_head_and_tail_of_media_texts_are_those_of_every_media_text(spoken: Dialect, stream_id: str | None) -> None:
    parts = spoken.media_texts(stream_id)
    if parts is None:
        assert not spoken.media_text(b"", stream_id).isascii()
        return
    text = MediaText(*parts)
    for octets in range(5):
        payload = carrier.FRAME[:octets]
        assert text.of_payload(payload) == spoken.media_text(payload, stream_id)
    assert text.of_payload(carrier.FRAME) == spoken.media_text(carrier.FRAME, stream_id)


@dialects
def test_a_session_writes_the_id_of_the_last_start_if_the_dialect_needs_it(spoken: Dialect) -> None:
    session = MediaSession(dialect=spoken, lead_ms=None)
    for stream_id in ("stream-1", "stream-2"):
        start = carrier.text("start", stream_id=stream_id, start={"media_format": {"encoding": "PCMU"}})
        session.receive(text_of(spoken, start), 0.0)
        session.interrupt(0.0)
        session.play_payload(carrier.FRAME)
        session.mark()
        texts = session.outgoing(0.0)
        # A fence after the clear of sent audio; after the audio an internal mark and the caller's mark.
        assert len(texts) == (4 if stream_id == "stream-1" else 5)
        assert [stream_id in text for text in texts] == [spoken is not TELNYX] * len(texts)


class Poor(FictionalDialect):
    """A carrier with audio and no other feature."""

    name = "poor"
    modes = ("rtp",)
    marks = False
    clear = False
    tracks: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "inbound_track": ("left",),
        "outbound_track": ("right",),
        "both_tracks": ("right", "left"),
    }


def test_a_session_requests_nothing_that_the_carrier_does_not_support() -> None:
    with pytest.raises(PlanError, match=r"^mode is 'mp3', poor has rtp$"):
        MediaSession(StreamPlan(mode="mp3"), dialect=Poor())
    session = MediaSession(dialect=Poor(), lead_ms=None)
    session.receive(text_of(FICTIONAL, carrier.start()), 0.0)
    session.play_payload(carrier.FRAME)
    with pytest.raises(LocalProtocolError, match=r"^poor does not return marks$"):
        session.mark()
    session.interrupt(0.0)
    assert session.outgoing(1.0) == []
    assert session.queued_ms == 0.0


@pytest.mark.parametrize(
    ("asked", "track"), [("inbound_track", "left"), ("outbound_track", "right"), ("both_tracks", "right")]
)
@pytest.mark.filterwarnings("ignore::rtpcodec.errors.PlanWarning")
def test_a_chunk_without_a_track_belongs_to_the_requested_one(asked: Any, track: str) -> None:
    session = MediaSession(StreamPlan(tracks=asked), dialect=Poor())
    session.receive(text_of(FICTIONAL, carrier.start()), 0.0)
    session.receive(text_of(FICTIONAL, carrier.media()), 1.0)
    assert [audio.track for audio in carrier.audio_of(session.events(1.0))] == [track]


def test_both_dialects_are_complete() -> None:
    """The type checker requires it as well; a test dialect with less would prove less."""
    assert isinstance(TELNYX, TelnyxDialect)
    public = {name for name in vars(Dialect) if not name.startswith("_")}
    for made in (TelnyxDialect, TwilioDialect, FictionalDialect):
        assert {name for name in vars(made) if not name.startswith("_")} == public


def test_only_the_plan_and_the_dialect_know_the_carrier() -> None:
    knowing = {
        path.relative_to(STREAM).as_posix()
        for path in STREAM.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rtpcodec.carriers")
    }
    assert knowing == {
        "plan.py",
        "texml.py",
        "twiml.py",
        "wire/telnyx/__init__.py",
        "wire/telnyx/reading.py",
        "wire/telnyx/writing.py",
        "wire/twilio.py",
    }


EVERY_MEMBER: list[messages.Message] = [
    messages.Connected("1.0.0", "token"),
    messages.Start(
        media_format=messages.MediaFormat("L16", 16000, 1),
        stream_id="s",
        sequence_number=1,
        call_control_id="c",
        call_session_id="session",
        user_id="u",
        from_number="+1",
        to_number="+2",
        tags=("a",),
        client_state="e30=",
        custom_parameters={"new_own": "1"},
    ),
    messages.Media(b"\xff", "inbound", 1, 20, 2, "s"),
    messages.Dtmf("5", "2026-01-02T03:04:05.678901Z", 3, "s"),
    messages.Mark("m", 4, "s"),
    messages.Clear(),
    messages.Stop(5, "s", "u", "c"),
    messages.Error(100003, "t", "d", "s"),
]
"""A message of each kind with all that it can have."""

RENAME = """
import json, sys
from rtpcodec.carriers.telnyx import members, streaming
new = {}
for module in (members, streaming):
    for name, value in list(vars(module).items()):
        if name.isupper() and isinstance(value, str) and name not in ("INBOUND", "OUTBOUND", "PROTOCOL_VERSION"):
            setattr(module, name, new.setdefault(value, "new_" + value))
from rtpcodec.stream import messages
from rtpcodec.stream.wire import build, parse
from tests.stream.test_dialects import EVERY_MEMBER


def members_of(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from members_of(inner)


for message in EVERY_MEMBER:
    text = build(message)
    assert parse(text) == message, text
    old = {name for name in members_of(json.loads(text)) if not name.startswith("new_")}
    assert not old, old
print("renamed", len(new))
"""


def test_a_renamed_member_is_one_line_in_carriers() -> None:
    """All names of messages are changed where they are defined, and both directions follow."""
    ran = subprocess.run(
        [sys.executable, "-c", RENAME], check=False, capture_output=True, text=True, cwd=Path(__file__).parents[2]
    )
    assert (ran.returncode, ran.stdout.split()[:1]) == (0, ["renamed"]), ran.stderr
