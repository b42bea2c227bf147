"""Truncated files: each kind whose header has the length has a note and returns all whole samples."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest

import rtpcodec
from rtpcodec.codecs import CodecInfo
from tests.mp3_files import noise

PCM = noise(16_000, 48_000)
NOTES = {
    "wav": "the header says",
    "flac": "the header says 48000 samples, the file has",
    "mp3": "the header frame says",
    "ogg": "the file ends inside a page",
    "awb": "the file ends inside a frame, which is left out",
}


@pytest.mark.parametrize("kind", NOTES)
@pytest.mark.parametrize("lost_octets", [1, 20, 1000])
def test_a_truncated_file_has_a_note(kind: str, lost_octets: int, usable_codec: Callable[[str], CodecInfo]) -> None:
    if kind in ("awb", "ogg"):
        usable_codec({"awb": "AMR-WB", "ogg": "OPUS"}[kind])
    whole = io.BytesIO()
    with rtpcodec.create_audio(whole, sample_rate_hz=16_000, kind=kind) as target:
        target.write(PCM)
    _, facts = rtpcodec.read_audio(io.BytesIO(whole.getvalue()))
    assert facts.notes == ()
    _, facts = rtpcodec.read_audio(io.BytesIO(whole.getvalue()[:-lost_octets]))
    assert any(note.startswith(NOTES[kind]) for note in facts.notes), facts.notes
