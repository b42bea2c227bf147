"""A gap has the duration of the timestamps, which need not be a multiple of frames."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rtpcodec import StreamPlan, events
from rtpcodec.codecs import CodecInfo
from tests.stream import carrier

FORMATS = {"PCMU": 8000, "G722": 8000, "OPUS": 48000, "AMR-WB": 16000}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    ("lost", "gap_ms", "pieces"), [(1, 27, 1), (1, 13, 1), (1, 6, 1), (2, 59, 2), (8, 230, 8), (3, 7, 1)]
)
def test_a_gap_of_any_length_is_concealed(
    name: str, lost: int, gap_ms: int, pieces: int, usable_codec: Callable[[str], CodecInfo]
) -> None:
    usable_codec(name)
    sender = carrier.started(StreamPlan(send_codec=name), lead_ms=None)
    sender.play(bytes(2 * sender.send_pcm_hz // 50))
    payload = carrier.sent_octets(sender.outgoing(0.0))
    session = carrier.started(start_text=carrier.start(name, FORMATS[name]), conceal=True)
    before = [carrier.media(payload, 1 + at, timestamp=20 * at) for at in range(60)]
    resumed_ms = 1200 + gap_ms
    after = [carrier.media(payload, 61 + lost + at, timestamp=resumed_ms + 20 * at) for at in range(10)]
    carrier.fed(session, before)
    found = carrier.fed(session, after, from_ms=resumed_ms + 20.0)
    concealed = [audio for audio in carrier.audio_of(found) if audio.concealed]
    assert events.Gap("inbound", lost, 1200.0, gap_ms) in found
    assert len(concealed) == pieces
    assert sum(audio.duration_ms for audio in concealed) == pytest.approx(gap_ms)
    assert all(len(one.pcm) == 2 * round(one.duration_ms * one.sample_rate_hz / 1000) for one in concealed)
