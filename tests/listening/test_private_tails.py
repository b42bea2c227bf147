"""Audio of a private section that arrives after it, because of the network or a held key, is not kept."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.audio.files import WavReader
from rtpcodec.sim import Link, Timing
from rtpcodec.stream.listening.privacy import PRIVATE_TAIL_MS, Privacy
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from tests.listening.goertzel import keys_in
from tests.listening.recorded_call import wav_frames
from tests.server.virtual_call import carried
from tests.stream import carrier

PIN_FROM_MS = 1500
HELD_MS, PAUSE_MS = 350, 60
SECTION_MS = 1000.0


def keys(text: str, held_ms: int = 100) -> bytes:
    pause = bytes(16 * PAUSE_MS)
    return b"".join(rtpcodec.DualTone(key, 8000).samples(8 * held_ms) + pause for key in text)


def speech(pin: str) -> bytes:
    """Two keys before the PIN, which is held longer than its messages take, and two keys long after it."""
    return keys("22").ljust(16 * PIN_FROM_MS, b"\0") + keys(pin, HELD_MS) + bytes(16 * 4000) + keys("88")


def keys_of_wav(path: Path) -> str:
    with WavReader(path) as reader:
        return keys_in(b"".join(reader), reader.sample_rate_hz)


def keys_of_capture(path: Path) -> str:
    payloads = b""
    for line in path.read_text().splitlines()[1:]:
        members = json.loads(line)
        if members.get("in") == "media":
            payload = base64.b64decode(members["payload"])
            payloads += payload.ljust(members.get("octets", 0), payload[-1:])
    return keys_in(rtpcodec.pcmu_decode(payloads), 8000)


def kept(folder: Path, timing: Timing) -> dict[str, str]:
    """Run a call in which a PIN is collected in private, and return the keys that are audible in each file."""

    async def collect(call: rtpcodec.Call) -> None:
        call.record(folder / "record.wav")
        call.tap("received", folder / "received.wav")
        call.tap("pcm", folder / "pcm.wav")
        call.capture(folder / "call.jsonl", audio=True)
        await asyncio.sleep(SECTION_MS / 1000)
        async with call.private("pin"):
            await call.collect_dtmf(max=3, first_timeout_s=1.5)
        call.record(folder / "later.wav")
        call.tap("pcm", folder / "later-pcm.wav")
        call.capture(folder / "later.jsonl", audio=True)
        async for _ in call.audio():
            pass

    pressed = tuple((float(PIN_FROM_MS + at * (HELD_MS + PAUSE_MS)), key) for at, key in enumerate("735"))
    carried(collect, speech=speech("735"), plan=rtpcodec.StreamPlan(), phone={"dtmf": pressed, "timing": timing})
    found = {path.name: keys_of_wav(path) for path in folder.glob("*pcm.wav")}
    found["received.wav"] = keys_of_wav(folder / "received.wav")
    found |= {name: keys_in(wav_frames(folder / name), 8000, 2) for name in ("record.wav", "later.wav")}
    return found | {path.name: keys_of_capture(path) for path in folder.glob("*.jsonl")}


@pytest.mark.parametrize(
    "to_app",
    [Link(delay_ms=20), Link(delay_ms=120, jitter_ms=40), Link(delay_ms=60, stalls_ms=((1700, 4700),))],
    ids=["near", "far", "stalled"],
)
def test_the_end_of_the_last_key_is_not_kept(tmp_path: Path, to_app: Link) -> None:
    found = kept(tmp_path, Timing(to_app=to_app))
    later = {name: keys for name, keys in found.items() if name.startswith("later")}
    assert len(later) == 3
    assert set(later.values()) == {"88"}
    assert {keys for name, keys in found.items() if name not in later} == {"2288"}


@pytest.mark.parametrize("delay_ms", [20, 150])
def test_audio_sent_in_a_section_is_not_kept_when_heard_after_it(tmp_path: Path, delay_ms: int) -> None:
    """It is interrupted at the end of the section, and heard until the clear has arrived."""

    async def speak(call: rtpcodec.Call) -> None:
        call.record(tmp_path / "record.wav")
        call.tap("heard", tmp_path / "heard.wav")
        await call.say([keys("11")])
        await asyncio.sleep(1.0)
        async with call.private("card"):
            await call.say([keys("7" * 20)])
            await asyncio.sleep(1.0)
            call.interrupt()
        await asyncio.sleep(0.5)
        await call.say([keys("22")])
        async for _ in call.audio():
            pass

    link = Link(delay_ms=delay_ms)
    carried(speak, speech_ms=5000, phone={"timing": Timing(to_app=link, from_app=link)})
    assert keys_in(wav_frames(tmp_path / "record.wav"), 8000, 2, 1) == "1122"
    assert keys_of_wav(tmp_path / "heard.wav") == "1122"


def test_a_track_that_has_stopped_hides_no_other_one(tmp_path: Path) -> None:
    session = MediaSession(StreamPlan(tracks="both_tracks"))
    session.capture(tmp_path / "call.jsonl", 0.0, audio=True)
    session.receive(carrier.start(), 0.0)
    for number in range(1, 201):
        now_ms = 20.0 * number
        if number == 50:
            session.privacy.enter("pin", now_ms)
        elif number == 60:
            session.privacy.leave("pin", now_ms)
        session.receive(carrier.media(bytes([number]) * 160, number, track="outbound", timestamp=20 * number), now_ms)
        session.events(now_ms)
    session.closed(4020.0)
    session.events(4020.0)
    lines = [json.loads(line) for line in (tmp_path / "call.jsonl").read_text().splitlines()]
    kept = [base64.b64decode(line["payload"])[0] for line in lines if line.get("in") == "media"]
    told = [number for number, first in enumerate(kept, 1) if first == number]
    assert told == [*range(1, 50), *range(62 + int(PRIVATE_TAIL_MS / 20), 201)]  # one more: known when it was read


@pytest.mark.parametrize("delay_ms", [20, 250])
def test_audio_sent_in_a_section_is_not_kept_when_the_outbound_track_returns_it(tmp_path: Path, delay_ms: int) -> None:
    async def speak(call: rtpcodec.Call) -> None:
        call.record(tmp_path / "record.wav")
        call.tap("pcm", tmp_path / "outbound.wav", track="outbound")
        await call.say([keys("11")])
        await asyncio.sleep(1.2)
        async with call.private("card"):
            await call.say([keys("7" * 20)])
            await asyncio.sleep(1.0)
            call.interrupt()
        await asyncio.sleep(1.0)
        await call.say([keys("22")])
        async for _ in call.audio():
            pass

    link = Link(delay_ms=delay_ms)
    plan = StreamPlan(tracks="both_tracks", send_codec="PCMU")
    carried(speak, speech_ms=6000, plan=plan, phone={"timing": Timing(to_app=link, from_app=link)})
    assert json.loads((tmp_path / "record.json").read_text("utf-8"))["heard_from"] == "outbound"
    assert keys_in(wav_frames(tmp_path / "record.wav"), 8000, 2, 1) == "1122"
    assert keys_of_wav(tmp_path / "outbound.wav") == "1122"


def test_which_audio_after_a_section_is_hidden() -> None:
    privacy = Privacy()
    assert not privacy.hides(0.0, None)
    assert not privacy.hides(0.0, -1000.0)
    privacy.enter("card", 0.0)
    assert privacy.hides(5000.0, 5000.0)
    privacy.leave("card", 5000.0)
    end_ms = 5000.0 + PRIVATE_TAIL_MS
    assert privacy.hides(end_ms - 1, None)
    assert not privacy.hides(end_ms, None)
    assert privacy.hides(end_ms + 3000.0, end_ms - 1)  # it waited in a buffer
    assert not privacy.hides(end_ms, end_ms)
