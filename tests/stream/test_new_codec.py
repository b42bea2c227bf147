"""The recipe for a new codec in CONTRIBUTING.md, followed: its own files, one registry line, one payload format.

ZIP16 is in tests/codecs/example_codec.py and tests/rtp/payloads/example_codec_format.py. The fixture adds the two
lines; no other file of the package changes.
"""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec import MediaSession, Packetizer, StreamPlan, codec, events, payload_format
from rtpcodec.cli.codecs import codecs
from rtpcodec.codecs import FrameEncoder, registry
from rtpcodec.errors import PayloadError, PlanError
from rtpcodec.rtp import payloads
from rtpcodec.rtp.profile import RtpMap, rtpmap_of
from tests.codecs import example_codec
from tests.rtp.payloads.example_codec_format import Zip16Format
from tests.stream import carrier
from tests.stream.test_frame_codecs import speech


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.CODECS, "ZIP16", example_codec.ZIP16)
    monkeypatch.setitem(payloads.FRAME_FORMATS, "ZIP16", Zip16Format)


START = carrier.start("zip16", 90000)
PLAN: dict[str, Any] = {"send_codec": "ZIP16"}


def sent(session: MediaSession) -> list[bytes]:
    return [payload for payload in map(carrier.payload_of, session.outgoing(1.0)) if payload is not None]


def test_audio_flows_both_ways() -> None:
    ours = carrier.started(StreamPlan(**PLAN), start_text=START, lead_ms=None)
    theirs = carrier.started(StreamPlan(**PLAN), start_text=START, lead_ms=None)
    pcm = speech(5 * 320)
    for here, there in ((ours, theirs), (theirs, ours)):
        here.play(pcm + bytes(100))
        here.flush()
        heard = carrier.audio_of(carrier.fed(there, here.outgoing(1.0)))
        assert b"".join(audio.pcm for audio in heard) == pcm + bytes(640)
        assert [(audio.sample_rate_hz, audio.duration_ms) for audio in heard] == [(16000, 20.0)] * 6
    assert ours.describe() == "receive ZIP16 16000 Hz big; send ZIP16 16000 Hz big"


def test_rates_options_and_library_are_taken_from_its_facts(capsys: pytest.CaptureFixture[str]) -> None:
    plan = StreamPlan(**PLAN)
    assert plan.command_fields()["stream_bidirectional_sampling_rate"] == 90000
    assert (plan.send_sample_rate_hz, StreamPlan(send_rate_hz=16000, **PLAN).send_sample_rate_hz) == (16000, 16000)
    with pytest.raises(PlanError, match=r"^send_rate_hz: a command names ZIP16 with 90000 or 16000 Hz, not with 8000$"):
        StreamPlan(send_rate_hz=8000, **PLAN)
    with pytest.raises(PlanError, match=r"^send_options: level is 10, 0 to 9 are allowed$"):
        StreamPlan(send_options={"level": 10}, **PLAN)
    with pytest.raises(PlanError, match=r"^send_options: ZIP16 has no option 'bitrate', only level$"):
        StreamPlan(send_options={"bitrate": 1}, **PLAN)
    assert isinstance(plan.new_encoder(), FrameEncoder)
    assert rtpmap_of(codec("ZIP16")) == RtpMap("zip", 90000, 1)
    codecs(as_json=True)
    row = json.loads(capsys.readouterr().out)[-2]
    assert (row["name"], row["works"], row["libraries"][0]["name"]) == ("ZIP16", True, "libz")


def test_its_payloads_are_checked_cut_and_sent_in_packets() -> None:
    session = carrier.started(StreamPlan(**PLAN), start_text=START)
    misfit, audio = carrier.fed(session, [carrier.media(b"\x00\x09x", 1)])
    assert isinstance(misfit, events.PayloadMisfit)
    assert misfit.reason == "ZIP16 payload of 3 octets is not made of whole frames"
    assert isinstance(audio, events.Audio)
    assert (audio.payload, audio.pcm) == (b"\x00\x09x", b"")
    encoder = codec("ZIP16").encoder()
    payload = Zip16Format().payload([encoder.encode(speech(320, n)) for n in range(2)])
    assert session.payload_ms(payload) == 40.0
    packets = Packetizer(payload_format(codec("ZIP16")), 97, timestamp=0, max_octets=700).packetize(payload)
    assert [packet.timestamp for packet in packets] == [0, 1800]


def test_it_follows_the_far_end_if_its_payload_format_does() -> None:
    session = carrier.started(StreamPlan(**PLAN), start_text=START, lead_ms=None)
    far_end = Zip16Format()
    far_end.packing = "little"
    encoder = codec("ZIP16").encoder()
    two = far_end.payload([encoder.encode(speech(320)), encoder.encode(bytes(640))])
    carrier.fed(session, [carrier.media(two)])
    session.play(bytes(640))
    (payload,) = sent(session)
    assert payload[:2] == len(payload[2:]).to_bytes(2, "little")
    assert len(payload) > 640, "a level of 0 was asked for"
    with pytest.raises(PayloadError, match=r"^ZIP16 payload is in little-endian packing, which others write by mis"):
        session.play_payload(payload)
    carrier.fed(session, [carrier.start("PCMU")])
    session.play(bytes(640))
    assert len(sent(session)[0]) > 640, "what was learnt holds on"


def test_a_lost_frame_is_a_gap_and_is_concealed() -> None:
    session = carrier.started(StreamPlan(**PLAN), start_text=START, conceal=True)
    encoder, form = codec("ZIP16").encoder(), Zip16Format()
    texts = [carrier.media(form.payload([encoder.encode(speech(320, n))]), n) for n in range(1, 80) if n != 60]
    found = carrier.fed(session, texts)
    (gap,) = [event for event in found if isinstance(event, events.Gap)]
    assert (gap.lost_chunks, gap.duration_ms) == (1, 20.0)
    assert [audio.pcm for audio in carrier.audio_of(found) if audio.concealed] == [bytes(640)]


def test_a_chunk_in_order_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A payload that waited is measured again, because its packing may have been learnt meanwhile."""
    measured: list[bytes] = []
    ticks = Zip16Format.ticks

    def counted(form: Zip16Format, payload: bytes) -> int:
        measured.append(payload)
        return ticks(form, payload)

    monkeypatch.setattr(Zip16Format, "ticks", counted)
    session = carrier.started(StreamPlan(**PLAN), start_text=START)
    payload = Zip16Format().payload([codec("ZIP16").encoder().encode(bytes(640))])
    for chunks, times in (([1, 2, 3], 3), ([5, 6, 4], 5)):
        measured.clear()
        found = carrier.fed(session, [carrier.media(payload, chunk) for chunk in chunks])
        assert [audio.duration_ms for audio in carrier.audio_of(found)] == [20.0] * 3
        assert len(measured) == times


def test_without_its_library_it_is_reported_and_payloads_come(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = dataclasses.replace(example_codec.LIBRARY, name="libthatisnothere")
    payload = Zip16Format().payload([codec("ZIP16").encoder().encode(bytes(640))])
    monkeypatch.setattr(example_codec, "LIBRARY", missing)
    session = carrier.started()
    unsupported, audio = carrier.fed(session, [START, carrier.media(payload, 1)])[-2:]
    assert isinstance(unsupported, events.UnsupportedCodec)
    assert "apt install zlib1g" in unsupported.remedy
    assert isinstance(audio, events.Audio)
    assert (audio.pcm, audio.payload, audio.duration_ms) == (b"", payload, 20.0)


SOURCES = Path(str(rtpcodec.__file__)).parent


def branches(tree: ast.AST) -> Iterator[ast.AST]:
    """Return the expressions that decide: conditions, isinstance, and keys of tables."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare():
                yield from ast.walk(node)
            case ast.Dict(keys=keys):
                yield from (key for key in keys if key is not None)
            case ast.Call(func=ast.Name(id="isinstance"), args=[_, kind]):
                yield from ast.walk(kind)


def test_no_other_file_checks_for_the_codec() -> None:
    """stream and rtp, whose files a new codec would otherwise have to touch."""
    names = {"PCMU", "PCMA", "G722", "L16", "OPUS", "AMR-WB"}
    found = []
    for path in sorted([*(SOURCES / "stream").rglob("*.py"), *(SOURCES / "rtp").glob("*.py")]):
        for node in branches(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Constant(value=str(name)) if name in names:
                    found.append(f"{path.name}:{node.lineno} {name}")
                case ast.Name(id=name) if re.match(r"(AmrWb|Opus|G722|L16|Pcm[ua])", name):
                    found.append(f"{path.name}:{node.lineno} {name}")
    assert found == []
