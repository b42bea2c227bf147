"""Impossible arguments are refused at once, with the rule: no result is silently empty."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

import rtpcodec
from rtpcodec.errors import LocalProtocolError
from rtpcodec.stream.plan import StreamPlan
from rtpcodec.stream.session import MediaSession
from tests.server.virtual_call import carried

WRONG: list[tuple[Callable[[Any, Path], object], type[Exception], str]] = [
    (
        lambda call, _: call.audio("inbound_track"),
        ValueError,
        "track is 'inbound_track', 'inbound' or 'outbound' is needed, or None",
    ),
    (
        lambda call, path: call.tap("pcm", path, track="caller"),
        ValueError,
        "track is 'caller', 'inbound' or 'outbound' is needed, or None",
    ),
    (lambda call, _: call.voice(5), TypeError, "settings is of type int, VoiceSettings or None is needed"),
    (
        lambda call, _: call.voice(judge=5),
        TypeError,
        "judge is of type int, an object with is_speech is needed, or None",
    ),
    (lambda call, _: call.reference(0, -5), ValueError, "duration_ms is -5, 0 to 3000 is needed"),
    (lambda call, _: call.reference(0, 1e9), ValueError, "duration_ms is 1e+09, 0 to 3000 is needed"),
    (lambda call, _: call.reference(0, nan), ValueError, "duration_ms is nan, 0 to 3000 is needed"),
    (lambda call, _: call.reference(inf), ValueError, "media_ms is inf, a media time in ms is needed"),
    (
        lambda call, _: call.collect_dtmf("Your PIN, please").send(None),
        TypeError,
        "the reply of collect_dtmf is of type str, a Reply of this call is needed",
    ),
]


def test_arguments_that_are_refused(tmp_path: Path) -> None:
    async def try_all(call: rtpcodec.Call) -> None:
        for wrong, error, words in WRONG:
            with pytest.raises(error, match=f"^{re.escape(words)}$"):
                wrong(call, tmp_path / "tap.wav")
        await asyncio.sleep(0)
        assert call.reference(0, 3000) == bytes(2 * 8 * 3000)

    carried(try_all, speech_ms=100, plan=StreamPlan(send_codec="PCMU"))
    assert not list(tmp_path.iterdir())


def test_a_tap_that_is_refused_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "tap.wav"
    session = MediaSession(StreamPlan(), receive_pcm_hz=None)
    with pytest.raises(
        LocalProtocolError, match="receive_pcm_hz is None, nothing is decoded: tap the stage 'received'"
    ):
        session.tap("pcm", path)
    with pytest.raises(ValueError, match="stage is 'sent'"):
        session.tap("sent", path)  # type: ignore[arg-type]

    async def tap(call: rtpcodec.Call) -> None:
        with pytest.raises(ValueError, match="stage is 'sent'"):
            call.tap("sent", path)  # type: ignore[arg-type]
        with pytest.raises(OSError, match="No such file"):
            call.tap("pcm", tmp_path / "none" / "tap.wav")

    carried(tap, speech_ms=100)
    assert not list(tmp_path.iterdir())


def test_files_that_exist_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    path.write_bytes(b"kept")

    async def keep(call: rtpcodec.Call) -> None:
        for begin in (lambda: call.tap("pcm", path), lambda: call.capture(path)):
            with pytest.raises(FileExistsError):
                begin()

    carried(keep, speech_ms=100)
    session = MediaSession(StreamPlan())
    for begin in (lambda: session.tap("pcm", path), lambda: session.capture(path, 0.0)):
        with pytest.raises(FileExistsError):
            begin()
    assert path.read_bytes() == b"kept"


def test_recordings_need_pcm(tmp_path: Path) -> None:
    async def record(call: rtpcodec.Call) -> None:
        with pytest.raises(LocalProtocolError, match=r"^receive_pcm_hz is None, so the received audio"):
            call.record(tmp_path / "call.wav")

    carried(record, speech_ms=100, receive_pcm_hz=None)
