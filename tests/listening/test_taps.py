"""`call.tap`: every stage of both chains as a file, sample by sample, silent in private sections."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import rtpcodec
from rtpcodec.audio.files import WavReader
from rtpcodec.errors import LocalProtocolError
from rtpcodec.sim import Faults
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from tests.listening.goertzel import keys_in
from tests.server.conversation import L16, tone
from tests.server.virtual_call import carried
from tests.stream import carrier


def pcm_of(path: Path) -> tuple[bytes, int]:
    with WavReader(path) as reader:
        return b"".join(reader), reader.sample_rate_hz


def keys(text: str) -> bytes:
    return b"".join(rtpcodec.DualTone(key, 8000).samples(800) + bytes(2 * 800) for key in text)


def test_spoken_audio_is_mixed_encoded_and_decoded(tmp_path: Path) -> None:
    speech = tone(1, 8000)

    async def speak(call: rtpcodec.Call) -> None:
        taps = [call.tap(stage, tmp_path / f"{stage}.wav") for stage in ("spoken", "mixed", "encoded")]
        async with call.reply() as reply:
            await reply.play(speech)
        assert await reply.played()
        call.background(tone(9000, 8000), pcm_hz=8000, level_dbov=-30)
        await asyncio.sleep(0.5)
        for tap in taps:
            tap.stop()
            tap.stop()
            assert tap.stopped
            assert tap.error is None

    carried(speak)
    spoken, rate_hz = pcm_of(tmp_path / "spoken.wav")
    mixed, _ = pcm_of(tmp_path / "mixed.wav")
    encoded, _ = pcm_of(tmp_path / "encoded.wav")
    assert rate_hz == 8000
    assert spoken[: len(speech)] == mixed[: len(speech)] == encoded[: len(speech)] == speech
    assert len(spoken) == len(mixed) == len(encoded)
    assert not any(spoken[len(speech) :])
    assert any(mixed[len(speech) :])
    assert mixed == encoded  # L16 loses nothing


def test_received_payloads_and_the_reader_s_pcm(tmp_path: Path) -> None:
    seen: list[bytes] = []

    async def listen(call: rtpcodec.Call) -> None:
        call.tap("received", tmp_path / "received.wav")
        call.tap("pcm", tmp_path / "pcm.wav")
        seen.extend([audio.pcm async for audio in call.audio()])

    carried(listen, receive_pcm_hz=16000, phone={"faults": Faults(drop=0.05)})
    received, received_hz = pcm_of(tmp_path / "received.wav")
    pcm, pcm_hz = pcm_of(tmp_path / "pcm.wav")
    assert (received_hz, pcm_hz) == (8000, 16000)
    assert len(pcm) > len(b"".join(seen))  # what was lost is silence
    assert len(pcm) == 2 * len(received)
    assert abs(len(received) - 2 * 8 * 3000) <= 2 * 8 * 40


def test_contiguous_chunks_have_no_gap(tmp_path: Path) -> None:
    """Even if their lengths are not whole milliseconds."""
    session = MediaSession(StreamPlan())
    session.receive(carrier.start(), 0.0)
    tap = session.tap("pcm", tmp_path / "pcm.wav")
    payloads = [bytes([at % 100]) * 161 for at in range(300)]
    for at, payload in enumerate(payloads):
        session.receive(carrier.media(payload, at + 1, timestamp=at * 161), 20.125 * at)
        session.events(20.125 * at)
    tap.stop()
    assert pcm_of(tmp_path / "pcm.wav")[0] == rtpcodec.pcmu_decode(b"".join(payloads))


def test_private_sections_are_silent_at_every_stage(tmp_path: Path) -> None:
    async def speak(call: rtpcodec.Call) -> None:
        for stage in ("received", "pcm", "spoken", "mixed", "encoded"):
            call.tap(stage, tmp_path / f"{stage}.wav")
        privacy = call._pump.machine.session.privacy
        await asyncio.sleep(1.0)
        privacy.enter("card", call._pump.now_ms())
        async with call.reply() as reply:
            await reply.play(keys("4711"))
        await asyncio.sleep(1.5)
        privacy.leave("card", call._pump.now_ms())
        async with call.reply() as reply:
            await reply.play(keys("99"))
        await asyncio.sleep(1.5)

    carried(speak, speech=keys("12") + bytes(16 * 700) + keys("4711") + bytes(16 * 1000) + keys("88"))
    for stage in ("spoken", "mixed", "encoded"):
        assert keys_in(pcm_of(tmp_path / f"{stage}.wav")[0], 8000) == "99"
    for stage in ("received", "pcm"):
        assert keys_in(pcm_of(tmp_path / f"{stage}.wav")[0], 8000) == "1288"


def test_wrong_taps_are_refused(tmp_path: Path) -> None:
    session = MediaSession(StreamPlan())
    with pytest.raises(ValueError, match="stage is 'sent', one of received, pcm, spoken, mixed, encoded, heard"):
        session.tap("sent", tmp_path / "tap.wav")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="track is 'outbound', stage 'mixed' has no tracks"):
        session.tap("mixed", tmp_path / "tap.wav", track="outbound")
    with pytest.raises(OSError, match="No such file"):
        session.tap("mixed", tmp_path / "none" / "tap.wav")
    files = MediaSession(StreamPlan(mode="mp3"))
    with pytest.raises(LocalProtocolError, match="the plan's mode is 'mp3', a tap of stage 'mixed' needs 'rtp'"):
        files.tap("mixed", tmp_path / "tap.wav")


def test_taps_cost_nothing_once_they_are_stopped(tmp_path: Path) -> None:
    session = MediaSession(L16)
    for stage in ("received", "spoken"):
        session.tap(stage, tmp_path / f"{stage}.wav").stop()
    assert session._sinks is None
    assert session._speech is not None
    assert session._speech._parts.sent_sinks == ()
