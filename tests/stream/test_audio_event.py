"""Audio, the most frequent event: the fields of its reader are shown, copied and pickled like the others."""

from __future__ import annotations

import copy
import pickle

import pytest

from rtpcodec.stream.events import Audio

CHUNK = Audio("inbound", b"\xff" * 160, bytes(320), 8000, 40.0, 20.0, 3, 320)


def facts(audio: Audio) -> tuple[object, ...]:
    return (
        *(audio.track, audio.payload, audio.pcm, audio.sample_rate_hz, audio.media_ms, audio.duration_ms, audio.chunk),
        *(audio.timestamp, audio.concealed, audio.dropped_before_ms, audio.late_ms),
    )


def test_a_session_sets_neither_drops_nor_delay() -> None:
    assert (CHUNK.dropped_before_ms, CHUNK.late_ms) == (0.0, 0.0)


def test_the_fields_of_the_reader_are_added_to_the_same_chunk() -> None:
    late = CHUNK.handed_over(dropped_before_ms=60.0, late_ms=1.5)
    assert facts(late) == (*facts(CHUNK)[:-2], 60.0, 1.5)
    assert facts(late.handed_over()) == facts(CHUNK)


@pytest.mark.parametrize("chunk", [CHUNK, CHUNK.handed_over(60.0, 1.5)])
def test_copies_keep_all_fields(chunk: Audio) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert facts(pickle.loads(pickle.dumps(chunk, protocol))) == facts(chunk)
    assert facts(copy.copy(chunk)) == facts(chunk)


def test_the_repr_shows_drops_and_delay_if_not_0() -> None:
    plain = "payload=<160 octets>, pcm=<160 samples at 8000 Hz>"
    assert repr(CHUNK).endswith(f"{plain})")
    assert repr(CHUNK.handed_over(60.0, 1.5)).endswith(f"{plain}, dropped_before_ms=60, late_ms=1.5)")
    assert repr(CHUNK.handed_over(late_ms=20.0)).endswith(f"{plain}, late_ms=20)")
